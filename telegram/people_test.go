package telegram

import (
	"testing"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// A profile is recorded when it is new or changed, never because the server
// sent a part of it.
func TestPeople(t *testing.T) {
	a := newFakeArchive()
	full := &tg.User{ID: 5, FirstName: "Ann", Status: &tg.UserStatusOnline{Expires: 1}}
	cases := []struct {
		name    string
		user    tg.UserClass
		again   bool // with a new run, which knows only the state
		records int
	}{
		{"a part, the first time", &tg.User{ID: 5, FirstName: "A", Min: true}, false, 1},
		{"a part again", &tg.User{ID: 5, FirstName: "An", Min: true}, true, 0},
		{"the whole", full, false, 1},
		{"the whole again", full, false, 0},
		{"the whole again, later", full, true, 0},
		{"seen at another time", &tg.User{ID: 5, FirstName: "Ann", Status: &tg.UserStatusOffline{WasOnline: 9}}, false, 0},
		{"a part, afterwards", &tg.User{ID: 5, FirstName: "A", Min: true}, true, 0},
		{"a new name", &tg.User{ID: 5, FirstName: "Anna"}, true, 1},
		{"the old name again", full, true, 1},
		{"nobody", &tg.UserEmpty{ID: 5}, false, 0},
	}
	r := newFakeRun(t, newFakeServer(nil), a)
	for _, c := range cases {
		if c.again {
			r = newFakeRun(t, newFakeServer(nil), a)
		}
		before := len(a.of(archive.KindPeer))
		var b batch
		if err := r.peers(&b, []tg.UserClass{c.user}, nil); err != nil {
			t.Fatal(err)
		}
		if err := r.apply(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if n := len(a.of(archive.KindPeer)) - before; n != c.records {
			t.Errorf("%s: %d records, want %d", c.name, n, c.records)
		}
	}
}

// The memory that is kept of profiles is bounded, and forgetting changes
// nothing.
func TestPeopleForget(t *testing.T) {
	a := newFakeArchive()
	r := newFakeRun(t, newFakeServer(nil), a)
	for range 2 {
		var b batch
		for id := range int64(maxPrints + 10) {
			if err := r.peers(&b, []tg.UserClass{&tg.User{ID: id + 1, FirstName: "x"}}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.apply(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(a.of(archive.KindPeer)); n != maxPrints+10 || len(r.people.prints) > maxPrints {
		t.Fatalf("%d records, %d profiles in memory", n, len(r.people.prints))
	}
}
