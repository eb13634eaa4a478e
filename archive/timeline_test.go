package archive

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"telekeep/chunkstore/destination/memory"
)

func TestTimeline(t *testing.T) {
	v := newFakeVault()
	var first, edits []*Record
	for id := 2; id <= 3000; id += 2 {
		r := text(id, "as sent")
		r.Message.Date = int64(10 * id)
		first = append(first, r)
		if id%20 == 0 {
			e := text(id, "edited")
			e.Message.Date = int64(10 * id)
			edits = append(edits, e)
		}
	}
	slices.Reverse(first) // as they are fetched
	commitRecords(t, v, time.Unix(10, 0), first...)
	commitRecords(t, v, time.Unix(20, 0), edits...)
	var heard []int64
	s, err := openSnapshot(t.Context(), v, SnapshotOptions{Progress: func(done, total int64) { heard = append(heard, done, total) }})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(heard); n < 4 || heard[n-2] != heard[n-1] || heard[n-1] == 0 || heard[1] != heard[n-1] || heard[0] >= heard[1] {
		t.Errorf("the progress was told as %v", heard)
	}
	if newest := s.Chats("user1")[0].Newest; newest != 30000 {
		t.Errorf("the newest message is of %d", newest)
	}
	line := s.Timeline("user1", "user5")
	if line.Len() != 1500 || line.ID(0) != 2 || line.ID(1499) != 3000 {
		t.Fatalf("%d messages from %d on", line.Len(), line.ID(0))
	}
	for _, want := range []struct {
		id, position int
		found        bool
	}{{2, 0, true}, {1, 0, false}, {3, 1, false}, {3000, 1499, true}, {9999, 1500, false}} {
		if position, found := line.Find(want.id); position != want.position || found != want.found {
			t.Errorf("message %d is at %d, %v", want.id, position, found)
		}
	}
	for _, want := range []struct{ date, position int }{{0, 0}, {20, 0}, {21, 1}, {30000, 1499}, {30001, 1500}, {15000, 749}} {
		if position, err := line.FindDate(t.Context(), int64(want.date)); position != want.position || err != nil {
			t.Errorf("the first message since %d is at %d, not %d (%v)", want.date, position, want.position, err)
		}
	}
	var got []*StoredMessage
	for m, err := range line.Read(t.Context(), 1499, 9, 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m)
	}
	if len(got) != 3 || got[0].ID != 3000 || got[0].Versions != 2 || got[0].Text.Text != "edited" || got[1].ID != 20 || got[1].Version != 2 || got[2].ID != 2 || got[2].Versions != 1 {
		t.Errorf("read %v", got)
	}
	if none := s.Timeline("user1", "user6"); none.Len() != 0 {
		t.Errorf("a chat that is not there has %d messages", none.Len())
	}
	if at, err := s.Timeline("user2", "user6").FindDate(t.Context(), 5); at != 0 || err != nil {
		t.Errorf("its first is at %d: %v", at, err)
	}
}

func TestOpenMediaAt(t *testing.T) {
	dst := memory.New()
	i, o := install(t, dst), mediumWorld()
	if err := i.pull(t.Context(), o, 20); err != nil {
		t.Fatal(err)
	}
	s := i.snapshot(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, key := range o.keys {
		m, err := s.OpenMediaAt(t.Context(), key)
		if err != nil || m.Size() != int64(len(o.files[key])) {
			t.Fatalf("%s: %v", key, err)
		}
		for range 30 {
			off := random.Int64N(m.Size() + 10)
			want := o.files[key][min(off, m.Size()):]
			want = want[:min(len(want), random.IntN(3<<20))]
			got := make([]byte, len(want))
			if n, err := m.ReadAt(got, off); n != len(want) || err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: %d bytes at %d: %d, %v", key, len(want), off, n, err)
			}
		}
		if n, err := m.ReadAt(make([]byte, 10), m.Size()-4); n != 4 || err != io.EOF {
			t.Errorf("at the end: %d, %v", n, err)
		}
		if _, err := m.ReadAt(make([]byte, 10), -1); err == nil {
			t.Error("it reads before the beginning")
		}
	}
	if _, err := s.OpenMediaAt(t.Context(), "photo:404"); !errors.Is(err, ErrUnknownMedia) {
		t.Errorf("a file that is not there: %v", err)
	}
}
