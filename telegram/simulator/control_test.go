package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"telekeep/telegram/simulator/world"
)

// A town is a hamlet in which things happen: it notes what the API asks of it.
type town struct {
	*hamlet
	notes  []string
	faults world.Faults
}

func (w *town) Faults() *world.Faults { return &w.faults }

func (w *town) AddMessage(user int64, m world.NewMessage) (int, error) {
	w.notes = append(w.notes, fmt.Sprintf("add %d %+v", user, m))
	return 42, nil
}

func (w *town) note(format string, args ...any) error {
	w.notes = append(w.notes, fmt.Sprintf(format, args...))
	return nil
}

func (w *town) React(user int64, chat string, id int, emoji string, silent bool) error {
	return w.note("react %d %s %d %s %v", user, chat, id, emoji, silent)
}

func (w *town) Vote(user int64, chat string, id, option int, silent bool) error {
	return w.note("vote %d %s %d %d %v", user, chat, id, option, silent)
}

func (w *town) PinMessage(user int64, chat string, id int, pinned, silent bool) error {
	return w.note("pin %d %s %d %v %v", user, chat, id, pinned, silent)
}

func (w *town) Rename(user int64, chat, name string, silent bool) error {
	return w.note("rename %d %s %s %v", user, chat, name, silent)
}

func (w *town) SpoilPushes(how string, n int) error { return w.note("pushes %s %d", how, n) }
func (w *town) TooLong(n int)                       { _ = w.note("too long %d", n) }

func (w *town) EditMessage(user int64, chat string, id int, text string, silent bool) error {
	w.notes = append(w.notes, fmt.Sprintf("edit %d %s %d %s %v", user, chat, id, text, silent))
	return nil
}

func (w *town) DeleteMessages(user int64, chat string, ids []int, silent bool) (int, error) {
	w.notes = append(w.notes, fmt.Sprintf("delete %d %s %v %v", user, chat, ids, silent))
	if chat == "channel404" {
		return 0, fmt.Errorf("no such chat")
	}
	return len(ids), nil
}

func TestControlAPI(t *testing.T) {
	w := &town{hamlet: newHamlet("", 2)}
	s := run(t, Options{World: w})
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string // part of the answer
	}{
		{"GET", "/", "", 200, "POST   /faults"},
		{"POST", "/faults", `{"fault":"upload.getFile flood=3 count=2"}`, 200, "{}"},
		{"POST", "/faults", `{"fault":"* latency=1ms"}`, 200, "{}"},
		{"POST", "/faults", `{"fault":"short=2 corrupt=1 wrong-dc=1 unavailable=1 expire"}`, 200, "{}"},
		{"POST", "/faults", `{"fault":"nonsense"}`, 400, "nonsense"},
		{"POST", "/faults", `{"rule":"* drop"}`, 400, "rule"},
		{"POST", "/faults", `{`, 400, "error"},
		{"GET", "/faults", "", 200, `"upload.getFile error=420:FLOOD_WAIT_3 count=2","* latency=1ms"`},
		{"DELETE", "/faults", "", 200, "{}"},
		{"GET", "/faults", "", 200, `"faults":[]`},
		{"GET", "/stats", "", 200, `"requests":{`},
		{"DELETE", "/stats", "", 200, "{}"},
		{"POST", "/drop", "", 200, `"count":0`},
		{"POST", "/lose-keys", "", 200, `"count":0`},
		{"POST", "/revoke", "", 200, `"count":0`},
		{"POST", "/void-salts", "", 200, "{}"},
		{"POST", "/accept-login", `{"token":"tg://login?token=AAAA"}`, 400, "AUTH_TOKEN_INVALID"},
		{"POST", "/accept-login", `{"token":"!"}`, 400, "base64"},
		{"POST", "/messages", `{"chat":"channel1","from":"user2","text":"hello","silent":true}`, 200, `"id":42`},
		{"PATCH", "/messages", `{"chat":"channel1","id":5,"text":"new"}`, 200, "{}"},
		{"PATCH", "/messages", `{"chat":"channel1","id":5,"reaction":"👍"}`, 200, "{}"},
		{"PATCH", "/messages", `{"chat":"channel1","id":5,"vote":0,"silent":true}`, 200, "{}"},
		{"PATCH", "/messages", `{"chat":"channel1","id":5,"pinned":false}`, 200, "{}"},
		{"PATCH", "/chats", `{"chat":"channel1","name":"new"}`, 200, "{}"},
		{"POST", "/pushes", `{"do":"lost","count":2}`, 200, "{}"},
		{"POST", "/too-long", `{"count":3}`, 200, "{}"},
		{"DELETE", "/messages", `{"user":7,"chat":"channel1","ids":[5,6]}`, 200, `"count":2`},
		{"DELETE", "/messages", `{"chat":"channel404","ids":[5]}`, 400, "no such chat"},
		{"GET", "/nothing", "", 404, ""},
		{"GET", "/drop", "", 405, ""},
	} {
		status, body := control(t, test.method, s.Info().Control+test.path, test.body)
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s %s %s: %d %s", test.method, test.path, test.body, status, body)
		}
	}
	want := []string{
		"add 0 " + fmt.Sprintf("%+v", world.NewMessage{Chat: "channel1", From: "user2", Text: "hello", Silent: true}),
		"edit 0 channel1 5 new false", "react 0 channel1 5 👍 false", "vote 0 channel1 5 0 true", "pin 0 channel1 5 false false",
		"rename 0 channel1 new false", "pushes lost 2", "too long 3",
		"delete 7 channel1 [5 6] false", "delete 0 channel404 [5] false",
	}
	if !slices.Equal(w.notes, want) {
		t.Errorf("the world was asked %q, want %q", w.notes, want)
	}
}

func TestControlAPIOfAPlainWorld(t *testing.T) {
	s := run(t, Options{World: newHamlet("", 2)})
	for _, path := range []string{"/messages", "/faults"} {
		body := map[string]string{"/messages": `{"chat":"user1"}`, "/faults": `{"fault":"expire"}`}[path]
		status, text := control(t, http.MethodPost, s.Info().Control+path, body)
		var answer struct{ Error string }
		if err := json.Unmarshal([]byte(text), &answer); status != 400 || err != nil || answer.Error == "" {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}
