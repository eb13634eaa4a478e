package archive

import (
	"testing"
	"time"
)

// What a custom emoji is comes back from the stream; the newest record counts.
func TestEmoji(t *testing.T) {
	v := newFakeVault()
	first := &Record{
		Kind: KindEmoji, Account: "user1", Layer: 229, Raw: []byte("tl"),
		Emoji: &Emoji{File: File{Key: "document:9", Size: 5, Name: "a.webm"}, Alt: "🐎", Set: 3, Free: true, TextColor: true},
	}
	commitRecords(t, v, time.Unix(1, 0), first)
	s := openFakeSnapshot(t, v)
	if e, ok := s.Emoji("document:9"); !ok || *e != *first.Emoji || s.Unknown() != (Unknown{}) {
		t.Errorf("%+v, unknown %+v", e, s.Unknown())
	}
	commitRecords(t, v, time.Unix(2, 0), &Record{Kind: KindEmoji, Account: "user1", Emoji: &Emoji{File: File{Key: "document:9"}, Alt: "🐴"}})
	if e, _ := openFakeSnapshot(t, v).Emoji("document:9"); e.Alt != "🐴" {
		t.Errorf("%+v", e)
	}
	if _, ok := s.Emoji("document:10"); ok {
		t.Error("an emoji that no record describes")
	}
	if _, err := AppendRecord(nil, &Record{Kind: KindEmoji, Missing: &Missing{}}); err == nil {
		t.Error("a record of an emoji without one is written")
	}
}
