package resultjson

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// laidOut is an export of one chat with these messages, as Telegram Desktop writes it at a depth.
func laidOut(depth int, messages []string) string {
	indent := strings.Repeat(" ", depth)
	var b strings.Builder
	fmt.Fprintf(&b, "{\n%s\"name\": \"N\",\n%s\"type\": \"private_supergroup\",\n%s\"id\": 7,\n%s\"messages\": [", indent, indent, indent, indent)
	for i, m := range messages {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strings.ReplaceAll("\n"+m, "\n", "\n"+indent))
	}
	return b.String() + "\n" + indent + "]\n}"
}

func someMessage(id int, text string) string {
	return fmt.Sprintf("  {\n   \"id\": %d,\n   \"type\": \"message\",\n   \"date_unixtime\": \"1606039872\",\n   \"from\": \"A\",\n   \"from_id\": \"user9\",\n   \"text\": %q,\n   \"text_entities\": [\n    {\n     \"type\": \"plain\",\n     \"text\": %q\n    }\n   ]\n  }", id, text, text)
}

// A remembering visitor passes over the stretches that it was told of before.
type remembering struct {
	t        testing.TB
	messages map[string]int // by stretch
	raw      string         // the one that is read
	since    int            // messages since it began
	read     []int          // ids of messages that were read
	lines    []int          // where they stood
	passed   int
}

func (r *remembering) visitor() Visitor {
	return Visitor{
		Message: func(_ *Chat, m *Message) error {
			r.since++
			r.read, r.lines = append(r.read, int(m.ID)), append(r.lines, m.Line)
			return nil
		},
		Known: func(_ *Chat, raw []byte) (int, error) {
			if len(raw) > stretchBuffer {
				r.t.Errorf("a stretch of %d bytes", len(raw))
			}
			r.raw, r.since = string(raw), 0
			n := r.messages[r.raw]
			r.passed += n
			return n, nil
		},
		Whole: func(*Chat) error {
			r.messages[r.raw] = r.since
			// Alone they are what they were: so they may be passed over wherever they stand.
			alone := &remembering{t: r.t, messages: map[string]int{}}
			_, err := Read("result.json", strings.NewReader(`{"type": "private_supergroup", "id": 7, "messages": [`+r.raw+`]}`), Options{}, Visitor{Message: alone.visitor().Message})
			if err != nil || !reflect.DeepEqual(alone.read, r.read[len(r.read)-r.since:]) {
				r.t.Errorf("a stretch with %d messages has %v, %v", r.since, alone.read, err)
			}
			return nil
		},
	}
}

func (r *remembering) reads(text string) error {
	r.read, r.lines, r.passed = nil, nil, 0
	_, err := Read("result.json", strings.NewReader(text), Options{}, r.visitor())
	return err
}

// What was read before is passed over wherever it stands, whatever was added, taken away and
// changed beside it, and nothing else is.
func TestStretches(t *testing.T) {
	for _, depth := range []int{0, 1, 3} {
		random := rand.New(rand.NewPCG(uint64(depth), 1))
		var ids []int
		text := map[int]string{}
		for id := 1; id < 4000; id += 1 + random.IntN(3) {
			ids, text[id] = append(ids, id), strings.Repeat("word ", random.IntN(60))
		}
		written := func() string {
			messages := make([]string, len(ids))
			for i, id := range ids {
				messages[i] = someMessage(id, text[id])
			}
			return laidOut(depth, messages)
		}
		r := &remembering{t: t, messages: map[string]int{}}
		if err := r.reads(written()); err != nil || r.passed != 0 || len(r.messages) < 4 {
			t.Fatalf("%d stretches, %d passed over, %v", len(r.messages), r.passed, err)
		}
		if err := r.reads(written()); err != nil || len(r.read) != 1 || r.passed != len(ids)-1 {
			t.Errorf("depth %d: again: read %d, passed over %d of %d, %v", depth, len(r.read), r.passed, len(ids), err)
		}
		for round := range 12 {
			changed := map[int]bool{}
			switch at := random.IntN(len(ids)); round % 4 {
			case 0:
				changed[ids[at]], text[ids[at]] = true, "edited"
			case 1:
				ids = append(ids[:at:at], ids[at+1:]...)
			case 2:
				id := ids[len(ids)-1] + 1
				ids, text[id], changed[id] = append(ids, id), "new", true
			default:
				id := 100_000 + round
				ids, text[id], changed[id] = append(ids[:at:at], append([]int{id}, ids[at:]...)...), "between", true
			}
			whole := written()
			if err := r.reads(whole); err != nil || len(r.read)+r.passed != len(ids) || r.passed < len(ids)/2 {
				t.Fatalf("depth %d, round %d: read %d, passed over %d of %d, %v", depth, round, len(r.read), r.passed, len(ids), err)
			}
			lines := strings.Split(whole, "\n")
			for i, id := range r.read {
				delete(changed, id)
				if !strings.Contains(lines[r.lines[i]], fmt.Sprintf("\"id\": %d,", id)) {
					t.Fatalf("message %d is said to stand in line %d", id, r.lines[i])
				}
			}
			if len(changed) > 0 {
				t.Errorf("depth %d, round %d: %v was passed over", depth, round, changed)
			}
		}
	}
}

// Where a file is laid out in another way, or made to look like ends that are none, everything
// is read all the same.
func TestOddStretches(t *testing.T) {
	var plain, tricky []string
	for id := 1; id < 3000; id++ {
		plain = append(plain, someMessage(id, "x"))
		m := someMessage(id, "x")
		if id%7 == 0 { // a string over several lines, which Telegram Desktop once wrote
			m = strings.Replace(m, `"x"`, "\"x\n  },\n  {\n   \\\"id\\\": 1,\n \"", 1)
		}
		tricky = append(tricky, m)
	}
	for name, text := range map[string]string{
		"in one line":       strings.ReplaceAll(laidOut(1, plain), "\n", " "),
		"false ends":        laidOut(1, tricky),
		"other indentation": strings.ReplaceAll(laidOut(1, plain), "\n  {", "\n\t\t\t {"),
		"Windows":           strings.ReplaceAll(laidOut(1, plain), "\n", "\r\n"),
		"no end":            laidOut(1, append(plain[:5:5], someMessage(6, strings.Repeat("long ", maxStretch/2)))),
	} {
		var want remembering
		_, err := Read("result.json", strings.NewReader(text), Options{}, Visitor{Message: want.visitor().Message})
		if err != nil {
			t.Fatal(name, err)
		}
		r := &remembering{t: t, messages: map[string]int{}}
		for range 2 {
			if err := r.reads(text); err != nil || len(r.read)+r.passed != len(want.read) {
				t.Errorf("%s: read %d, passed over %d of %d: %v", name, len(r.read), r.passed, len(want.read), err)
			}
		}
	}
	// An error of the visitor's is told as it is; one in the file where it is.
	own := errors.New("own")
	v := Visitor{Known: func(*Chat, []byte) (int, error) { return 0, own }}
	if _, err := Read("result.json", strings.NewReader(laidOut(1, plain)), Options{}, v); err != own { //nolint:errorlint // as it is
		t.Errorf("%v", err)
	}
	broken := laidOut(1, append(plain[:2000:2000], "  {\n   \"id\": ?\n  }"))
	r := &remembering{t: t, messages: map[string]int{}}
	first := r.reads(broken)
	again := r.reads(broken)
	if first == nil || again == nil || first.Error() != again.Error() || !strings.Contains(again.Error(), "messages[2000]: ") || r.passed == 0 {
		t.Errorf("%v, then %v with %d passed over", first, again, r.passed)
	}
}

// FuzzStretches: what is passed over and what is read is together what there is, for every file.
func FuzzStretches(f *testing.F) {
	f.Fuzz(func(t *testing.T, text []byte) {
		var want remembering
		_, wantErr := Read("result.json", bytes.NewReader(text), Options{}, Visitor{Message: want.visitor().Message})
		r := &remembering{t: t, messages: map[string]int{}}
		for range 2 {
			err := r.reads(string(text))
			if fmt.Sprint(err) != fmt.Sprint(wantErr) || len(r.read)+r.passed != len(want.read) {
				t.Errorf("read %d, passed over %d of %d: %v and %v", len(r.read), r.passed, len(want.read), err, wantErr)
			}
		}
	})
}
