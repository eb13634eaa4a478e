package normal

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tdp"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// withoutWord says of every constructor that records have no word for why that
// is so. Whatever a new layer brings is mapped or gets a line here.
var withoutWord = map[string]string{
	"community":                        "holds chats and no messages; those are archived by themselves",
	"communityForbidden":               "likewise",
	"messageActionEmpty":               "the server says that the client cannot show it",
	"messageActionPaymentSentMe":       "only a bot gets it",
	"messageActionRequestedPeerSentMe": "only a bot gets it",
	"messageActionSecureValuesSentMe":  "only a bot gets it",
	"messageActionWebViewDataSentMe":   "only a bot gets it",
	"messageEntityUnknown":             "the server's own word for a format of a later layer",
	"messageMediaUnsupported":          "the server says that the client cannot show it",
}

func TestWithoutWord(t *testing.T) {
	list, err := os.ReadFile(rawOnly)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(list)) {
		name := strings.TrimSpace(line)
		if strings.Contains(name, ".") {
			continue // a field
		}
		seen++
		if withoutWord[name] == "" {
			t.Errorf("%s is in the raw bytes alone, and nothing says why", name)
		}
	}
	if seen != len(withoutWord) {
		t.Errorf("%d constructors are listed, %d have a reason", seen, len(withoutWord))
	}
}

// Of every constructor of every family of TL objects in messages, the raw bytes
// are enough to make the record again; and those that there is no word for are
// counted by their names.
func TestRawOfEveryConstructor(t *testing.T) {
	m := newMaker(5)
	looked := map[string]bool{}
	for _, p := range spots() {
		of := []reflect.Type{p.kind}
		if p.kind.Kind() == reflect.Interface {
			of = m.constructors(p.kind)
		}
		for _, c := range of {
			name := reflect.New(c.Elem()).Interface().(interface{ TypeInfo() tdp.Type }).TypeInfo().Name
			for seed := range uint64(8) {
				message, ok := p.in(m.reseed(seed).make(c, 5).Interface()).(tg.MessageClass)
				if !ok {
					continue // a profile
				}
				looked[name] = rawOf(t, name, message) || looked[name]
			}
		}
	}
	for _, family := range []reflect.Type{reflect.TypeFor[tg.MessageMediaClass](), reflect.TypeFor[tg.MessageActionClass](), reflect.TypeFor[tg.MessageEntityClass]()} {
		if n := len(m.constructors(family)); n < 15 {
			t.Errorf("%d constructors of %s: the list is not the layer's", n, family)
		}
	}
	for name, once := range looked {
		if !once {
			t.Errorf("%s was never encoded: nothing is known of it", name)
		}
	}
	if len(looked) < 200 {
		t.Errorf("only %d constructors were looked at", len(looked))
	}
}

// rawOf checks one message through its bytes, completed so that it can be
// encoded; false if its random contents are such that no server can send them.
func rawOf(t *testing.T, name string, message tg.MessageClass) bool {
	t.Helper()
	switch m := message.(type) {
	case *tg.Message:
		if m.PeerID == nil {
			m.PeerID = &tg.PeerUser{UserID: 1}
		}
	case *tg.MessageService:
		if m.PeerID == nil {
			m.PeerID = &tg.PeerUser{UserID: 1}
		}
	}
	wire, err := Raw(message)
	if err != nil {
		return false
	}
	in, err := tg.DecodeMessage(&bin.Buffer{Buf: wire})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return false
	}
	checkRaw(t, in)
	msg, _, ok := Message(in)
	if ok && withoutWord[name] != "" && !slices.Contains(Unknown(in), name) && carries(msg) {
		t.Errorf("%s is not counted: %v", name, Unknown(in))
	}
	return true
}

// carries reports whether a record says that it has something unknown.
func carries(m *archive.Message) bool {
	return isUnknown([]any{m})
}

func TestUnknown(t *testing.T) {
	for _, c := range []struct {
		in   tg.MessageClass
		want []string
	}{
		{&tg.Message{Message: "x"}, nil},
		{&tg.MessageEmpty{}, nil},
		{&tg.Message{Media: &tg.MessageMediaUnsupported{}, Entities: []tg.MessageEntityClass{&tg.MessageEntityUnknown{}, &tg.MessageEntityBold{}}}, []string{"messageMediaUnsupported", "messageEntityUnknown"}},
		{&tg.MessageService{Action: &tg.MessageActionEmpty{}}, []string{"messageActionEmpty"}},
		{&tg.MessageService{Action: &tg.MessageActionPinMessage{}}, nil},
	} {
		if got := Unknown(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v", c.in, got)
		}
	}
}
