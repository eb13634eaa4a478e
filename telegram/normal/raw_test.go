package normal

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// That the raw bytes of a message are enough to make its record again is the
// promise the archive rests on.
func TestRawIsEnough(t *testing.T) {
	m := newMaker(1)
	encoded := 0
	const tries = 3000
	for seed := range uint64(tries) {
		wire, err := Raw(m.reseed(seed).message(4 + int(seed%5)))
		if err != nil {
			continue
		}
		encoded++
		in, err := tg.DecodeMessage(&bin.Buffer{Buf: wire})
		if err != nil {
			t.Fatalf("seed %d: decode: %v", seed, err)
		}
		checkRaw(t, in)
		if t.Failed() {
			t.Fatalf("seed %d: %v", seed, in)
		}
	}
	if encoded < tries*9/10 {
		t.Fatalf("only %d of %d random messages could be encoded: the generator is broken", encoded, tries)
	}
}

// checkRaw checks that in, as a server sent it, its raw bytes and what is
// decoded from them give one record and one list of files.
func checkRaw(t *testing.T, in tg.MessageClass) {
	t.Helper()
	raw, err := Raw(in)
	if err != nil {
		t.Fatalf("decoded, but cannot be encoded: %v", err)
	}
	again, err := tg.DecodeMessage(&bin.Buffer{Buf: raw})
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	msg, chat, ok := Message(in)
	msg2, chat2, ok2 := Message(again)
	first, second := jsonOf(t, msg), jsonOf(t, msg2)
	if first != second || chat != chat2 || ok != ok2 {
		t.Errorf("the raw bytes give another record:\n%s %v %v\n%s %v %v", first, chat, ok, second, chat2, ok2)
	}
	if first, second := jsonOf(t, Files(in)), jsonOf(t, Files(again)); first != second {
		t.Errorf("the raw bytes give other files:\n%s\n%s", first, second)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Errorf("no record can be written of %T: %v", v, err)
	}
	return string(b)
}

// A server may leave out what this code expects; records are made of what is
// there.
func TestHalfMessages(t *testing.T) {
	m := newMaker(2)
	for _, c := range m.known {
		empty := reflect.New(c.Elem()).Interface()
		var in tg.MessageClass
		switch empty := empty.(type) {
		case tg.MessageMediaClass:
			in = &tg.Message{Media: empty}
		case tg.MessageActionClass:
			in = &tg.MessageService{Action: empty}
		case tg.MessageReplyHeaderClass:
			in = &tg.Message{ReplyTo: empty}
		case tg.ReplyMarkupClass:
			in = &tg.Message{ReplyMarkup: empty}
		case tg.MessageEntityClass:
			in = &tg.Message{Entities: []tg.MessageEntityClass{empty, nil}}
		case tg.PageBlockClass:
			in = &tg.Message{RichMessage: tg.RichMessage{Blocks: []tg.PageBlockClass{empty, nil}}}
		case tg.UserClass:
			if User(empty) == nil {
				t.Errorf("%T: no peer", empty)
			}
			continue
		case tg.ChatClass:
			Chat(empty)
			continue
		default:
			continue
		}
		if _, _, ok := Message(in); !ok {
			t.Errorf("%T: no record", empty)
		}
		Files(in)
	}
	if _, _, ok := Message(nil); ok {
		t.Error("a record of nothing")
	}
	if _, _, ok := Message(&tg.MessageEmpty{ID: 5}); ok {
		t.Error("a record of a message that is not there")
	}
}

const corpus = "testdata/fuzz/FuzzMessage"

func FuzzMessage(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join(corpus, "*"))
	if err != nil || len(seeds) < 20 {
		f.Fatalf("%d seeds in %s (%v): a fuzz target without a corpus finds nothing", len(seeds), corpus, err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := tg.DecodeMessage(&bin.Buffer{Buf: raw})
		if err != nil {
			return
		}
		checkRaw(t, in)
	})
}

// The corpus: messages of every size, written by -u, and whatever fuzzing found.
func TestSeeds(t *testing.T) {
	m := newMaker(3)
	for seed := range uint64(40) {
		if !*update {
			break
		}
		raw, err := Raw(m.reseed(seed).message(3 + int(seed%4)))
		if err != nil || len(raw) > 4096 {
			continue
		}
		name := filepath.Join(corpus, fmt.Sprintf("random-%02d", seed))
		if err := os.WriteFile(name, fmt.Appendf(nil, "go test fuzz v1\n[]byte(%q)\n", raw), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seeds, err := filepath.Glob(filepath.Join(corpus, "random-*"))
	if err != nil || len(seeds) < 20 {
		t.Errorf("%d seeds in %s (%v): write them with -u", len(seeds), corpus, err)
	}
}
