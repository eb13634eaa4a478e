package simulator

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"telekeep/telegram/simulator/mtproto"
	"telekeep/telegram/simulator/world"
)

// A Troublemaker is a World whose files can go wrong.
type Troublemaker interface{ Faults() *world.Faults }

// A Changer is a World that changes while it is served; user 0 is the first account.
type Changer interface {
	AddMessage(user int64, m world.NewMessage) (id int, err error)
	EditMessage(user int64, chat string, id int, text string, silent bool) error
	DeleteMessages(user int64, chat string, ids []int, silent bool) (int, error)
}

// An Eventful is a World in which more happens than messages come and go, and
// whose updates can go wrong.
type Eventful interface {
	React(user int64, chat string, id int, emoji string, silent bool) error
	Vote(user int64, chat string, id, option int, silent bool) error
	PinMessage(user int64, chat string, id int, pinned, silent bool) error
	Rename(user int64, chat, name string, silent bool) error
	SpoilPushes(how string, n int) error
	TooLong(n int)
}

// Fault adds rules of what goes wrong, or lets it happen at once where that is
// not a matter of requests.
func (s *Simulator) Fault(all ...Fault) error {
	for _, f := range all {
		if err := f.check(); err != nil {
			return fmt.Errorf("simulator: %w", err)
		}
		if f.ofWorld() && f.Method == "" {
			if err := s.befall(f); err != nil {
				return fmt.Errorf("simulator: %w", err)
			}
			continue
		}
		s.faults.mu.Lock()
		s.faults.rules = append(s.faults.rules, &rule{Fault: f})
		s.faults.mu.Unlock()
	}
	return nil
}

// ClearFaults takes all rules back, sets the clocks right and opens all data centres.
func (s *Simulator) ClearFaults() {
	for _, c := range s.centres {
		c.SetAway(false)
		c.SetAhead(0)
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rules = nil
}

// Drop closes all connections and returns how many.
func (s *Simulator) Drop() int {
	n := 0
	for _, c := range s.centres {
		n += c.Drop(nil)
	}
	return n
}

// LoseKeys forgets all auth keys and returns how many: clients are told -404.
func (s *Simulator) LoseKeys() int {
	n := 0
	for _, c := range s.centres {
		n += c.keys.Forget(func(mtproto.KeyID) bool { return true })
	}
	return n
}

// Revoke signs everybody out and returns how many sessions that were.
func (s *Simulator) Revoke() int { return s.logins.remove(func(*login) bool { return true }) }

// VoidSalts makes all server salts invalid.
func (s *Simulator) VoidSalts() {
	for _, c := range s.centres {
		c.keys.VoidSalts()
	}
}

// Stats counts requests and bytes.
func (s *Simulator) Stats() Stats { return s.stats.snapshot(s.served()) }

// ResetStats begins to count anew.
func (s *Simulator) ResetStats() { s.stats.reset(s.served()) }

func (s *Simulator) served() mtproto.Stats {
	var sum mtproto.Stats
	for _, c := range s.centres {
		one := c.Server.Stats()
		sum.Open += one.Open
		sum.Accepted += one.Accepted
		sum.Exchanges += one.Exchanges
	}
	return sum
}

// maxControl is the most a control request may hold, in bytes.
const maxControl = 1 << 20

// An action is one call of the control API: its body is decoded into in, which
// do is then called with.
type action[T any] func(in T) (any, error)

// control is the control API.
func (s *Simulator) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, controlHelp, "\n", FaultHelp, "\n")
	})
	handle(mux, "GET /stats", func(struct{}) (any, error) { return s.Stats(), nil })
	handle(mux, "DELETE /stats", func(struct{}) (any, error) { s.ResetStats(); return nil, nil })
	handle(mux, "GET /faults", func(struct{}) (any, error) { return map[string]any{"faults": texts(s.faults.list())}, nil })
	handle(mux, "DELETE /faults", func(struct{}) (any, error) { s.ClearFaults(); return nil, nil })
	handle(mux, "POST /faults", s.postFault)
	handle(mux, "POST /drop", func(struct{}) (any, error) { return count(s.Drop()), nil })
	handle(mux, "POST /lose-keys", func(struct{}) (any, error) { return count(s.LoseKeys()), nil })
	handle(mux, "POST /revoke", func(struct{}) (any, error) { return count(s.Revoke()), nil })
	handle(mux, "POST /void-salts", func(struct{}) (any, error) { s.VoidSalts(); return nil, nil })
	handle(mux, "POST /accept-login", s.postAccept)
	handle(mux, "POST /password", s.postPassword)
	handle(mux, "POST /sessions", s.postSession)
	handle(mux, "POST /messages", s.postMessage)
	handle(mux, "PATCH /messages", s.patchMessage)
	handle(mux, "DELETE /messages", s.deleteMessages)
	handle(mux, "PATCH /chats", s.patchChat)
	handle(mux, "POST /pushes", s.postPushes)
	handle(mux, "POST /too-long", s.postTooLong)
	return mux
}

const controlHelp = `Control API of the simulator. Bodies and answers are JSON.

GET    /stats         what was asked and served; DELETE begins to count anew
GET    /faults        the rules in force, as text; DELETE takes them back, and clock and away too
POST   /faults        {"fault": "upload.getFile flood=3 count=2"}
POST   /drop          closes all connections
POST   /lose-keys     forgets all auth keys (-404)
POST   /revoke        signs every session out (401)
POST   /void-salts    makes all server salts invalid
POST   /accept-login  {"token": "base64url or tg://login?token=…"}  what a phone does with a QR code
POST   /password      {"password": "…", "hint": "…"}  of two-step verification; "" removes it
POST   /sessions      {"tdata": "FOLDER", "passcode": ""}  signs in as other programs do: a folder of Telegram Desktop, strings of
                      Telethon, GramJS and Pyrogram
POST   /messages      {"chat": "channel1", "from": "user2", "text": "…", "file_name": "…", "file_mime": "…", "file_size": 0, "poll": ["…"], "silent": false}
PATCH  /messages      {"chat": "channel1", "id": 5, "silent": false} with "text": "…", "reaction": "👍", "vote": 0 or "pinned": true
DELETE /messages      {"chat": "channel1", "ids": [5, 6], "silent": false}
PATCH  /chats         {"chat": "channel1", "name": "…", "silent": false}  another title, or a person's first name
POST   /pushes        {"do": "lost", "count": 3}  what becomes of the next pushes: lost, twice, late (behind the next one) or too-long
POST   /too-long      {"count": 1}  so many differences that tell something are too long

"user" (an account's id) chooses another account than the first. "silent": nothing
is pushed, clients find it by a difference or not at all.
`

func count(n int) any { return map[string]int{"count": n} }

func texts(all []Fault) []string {
	text := []string{}
	for _, f := range all {
		text = append(text, f.String())
	}
	return text
}

func handle[T any](mux *http.ServeMux, pattern string, do action[T]) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		var in T
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil && r.ContentLength != 0 {
			reply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		out, err := do(in)
		if err != nil {
			reply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		if out == nil {
			out = struct{}{}
		}
		reply(w, http.StatusOK, out)
	})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone needs no answer
}

func (s *Simulator) postFault(in struct {
	Fault string `json:"fault"`
}) (any, error) {
	f, err := ParseFault(in.Fault)
	if err != nil {
		return nil, err
	}
	return nil, s.Fault(f)
}

func (s *Simulator) postAccept(in struct {
	User  int64  `json:"user"`
	Token string `json:"token"`
}) (any, error) {
	text := strings.TrimRight(strings.TrimPrefix(in.Token, "tg://login?token="), "=")
	value, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return nil, s.AcceptLogin(value, in.User)
}

func (s *Simulator) postPassword(in struct {
	User     int64  `json:"user"`
	Password string `json:"password"`
	Hint     string `json:"hint"`
}) (any, error) {
	return nil, s.SetPassword(in.User, in.Password, in.Hint)
}

func (s *Simulator) postSession(in struct {
	User     int64  `json:"user"`
	TData    string `json:"tdata"`
	Passcode string `json:"passcode"`
}) (any, error) {
	made, err := s.NewSession(in.User)
	if err != nil {
		return nil, err
	}
	if in.TData != "" {
		if err := WriteTData(in.TData, in.Passcode, made); err != nil {
			return nil, err
		}
	}
	return map[string]string{
		"telethon": made.Telethon(), "gramjs": made.GramJS(), "pyrogram": made.Pyrogram(s.o.APIID),
	}, nil
}

func (s *Simulator) changer() (Changer, error) {
	c, ok := s.world.(Changer)
	if !ok {
		return nil, errors.New("this world does not change")
	}
	return c, nil
}

func (s *Simulator) eventful() (Eventful, error) {
	w, ok := s.world.(Eventful)
	if !ok {
		return nil, errors.New("nothing but messages changes in this world")
	}
	return w, nil
}

func (s *Simulator) postMessage(in struct {
	User     int64    `json:"user"`
	Chat     string   `json:"chat"`
	From     string   `json:"from"`
	Text     string   `json:"text"`
	FileName string   `json:"file_name"`
	FileMIME string   `json:"file_mime"`
	FileSize int64    `json:"file_size"`
	Poll     []string `json:"poll"`
	Silent   bool     `json:"silent"`
}) (any, error) {
	c, err := s.changer()
	if err != nil {
		return nil, err
	}
	id, err := c.AddMessage(in.User, world.NewMessage{
		Chat: in.Chat, From: in.From, Text: in.Text, Silent: in.Silent,
		FileName: in.FileName, FileMIME: in.FileMIME, FileSize: in.FileSize, Poll: in.Poll,
	})
	return map[string]int{"id": id}, err
}

func (s *Simulator) patchMessage(in struct {
	User     int64  `json:"user"`
	Chat     string `json:"chat"`
	ID       int    `json:"id"`
	Text     string `json:"text"`
	Reaction string `json:"reaction"`
	Vote     *int   `json:"vote"`
	Pinned   *bool  `json:"pinned"`
	Silent   bool   `json:"silent"`
}) (any, error) {
	if in.Reaction == "" && in.Vote == nil && in.Pinned == nil {
		c, err := s.changer()
		if err != nil {
			return nil, err
		}
		return nil, c.EditMessage(in.User, in.Chat, in.ID, in.Text, in.Silent)
	}
	w, err := s.eventful()
	switch {
	case err != nil:
		return nil, err
	case in.Reaction != "":
		return nil, w.React(in.User, in.Chat, in.ID, in.Reaction, in.Silent)
	case in.Vote != nil:
		return nil, w.Vote(in.User, in.Chat, in.ID, *in.Vote, in.Silent)
	}
	return nil, w.PinMessage(in.User, in.Chat, in.ID, *in.Pinned, in.Silent)
}

func (s *Simulator) patchChat(in struct {
	User   int64  `json:"user"`
	Chat   string `json:"chat"`
	Name   string `json:"name"`
	Silent bool   `json:"silent"`
}) (any, error) {
	w, err := s.eventful()
	if err != nil {
		return nil, err
	}
	return nil, w.Rename(in.User, in.Chat, in.Name, in.Silent)
}

func (s *Simulator) postPushes(in struct {
	Do    string `json:"do"`
	Count int    `json:"count"`
}) (any, error) {
	w, err := s.eventful()
	if err != nil {
		return nil, err
	}
	return nil, w.SpoilPushes(in.Do, in.Count)
}

func (s *Simulator) postTooLong(in struct {
	Count int `json:"count"`
}) (any, error) {
	w, err := s.eventful()
	if err != nil {
		return nil, err
	}
	w.TooLong(in.Count)
	return nil, nil
}

func (s *Simulator) deleteMessages(in struct {
	User   int64  `json:"user"`
	Chat   string `json:"chat"`
	IDs    []int  `json:"ids"`
	Silent bool   `json:"silent"`
}) (any, error) {
	c, err := s.changer()
	if err != nil {
		return nil, err
	}
	n, err := c.DeleteMessages(in.User, in.Chat, in.IDs, in.Silent)
	return count(n), err
}
