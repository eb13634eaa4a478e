package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"telekeep/archive"
)

// A newer archive takes the place of the one that is shown: each answer says from which it is, and
// topics are sorted anew. One that cannot be opened leaves what is there, and is told.
func TestFollows(t *testing.T) {
	first, second := snapshot(t, records()...), snapshot(t, append(records(), message(forum, &archive.Message{ID: 10, Date: 10, From: me, Topic: 3}))...)
	var away atomic.Bool                 // for as long as it is true
	next := make(chan *archive.Snapshot) // what a look at the vault finds
	put := func(s *archive.Snapshot) {
		t.Helper()
		select {
		case next <- s:
		case <-time.After(time.Minute):
			t.Fatal("nobody looks for what is new")
		}
	}
	v := visit(t, Options{
		Open:  func(context.Context, func(done, total int64)) (*archive.Snapshot, error) { return first, nil },
		Every: time.Millisecond,
		Newer: func(context.Context) (*archive.Snapshot, error) {
			if away.Load() {
				return nil, errors.New("the drive is gone")
			}
			select {
			case s := <-next:
				return s, nil
			default:
				return nil, nil
			}
		},
	}).login()
	total := func(path string) (edition string, messages int) {
		t.Helper()
		var w struct{ Total int }
		v.get(path, &w)
		r, _ := v.ask(http.MethodGet, path, "", nil)
		return r.Header.Get(editionHeader), w.Total
	}
	forumTopic := "/api/window?chat=" + string(forum) + "&topic=3"
	if edition, n := total(forumTopic); edition != "1" || n != 3 {
		t.Fatalf("edition %s has %d messages", edition, n)
	}
	put(nil) // nothing is new
	if edition, _ := total(forumTopic); edition != "1" {
		t.Fatalf("without anything new it is edition %s", edition)
	}
	put(second)
	var state struct {
		Edition int
		Trouble string
	}
	wait := func(what string, done func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			state.Trouble = "" // which is left out if there is none
			if v.get("/api/state", &state); done() {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("waited in vain for %s: %+v", what, state)
			}
		}
	}
	wait("the newer archive", func() bool { return state.Edition == 2 })
	if edition, n := total(forumTopic); edition != strconv.Itoa(state.Edition) || n != 4 {
		t.Errorf("edition %s has %d messages", edition, n)
	}
	away.Store(true)
	wait("the trouble", func() bool { return state.Trouble == "the drive is gone" })
	if edition, n := total(forumTopic); edition != "2" || n != 4 {
		t.Errorf("then edition %s has %d messages", edition, n)
	}
	away.Store(false)
	wait("the end of the trouble", func() bool { return state.Trouble == "" })
}
