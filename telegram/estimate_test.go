package telegram

import (
	"context"
	"testing"

	"telekeep/telegram/simulator/world"
)

// estimate asks what a sync would fetch, and makes sure that asking changes
// nothing.
func (i *installation) estimate(rules Rules) *Estimate {
	i.t.Helper()
	c, endClient := i.client()
	defer endClient()
	w, endArchive := i.archive()
	defer endArchive()
	i.sim.ResetStats()
	e, err := c.Estimate(i.t.Context(), Into(w), rules)
	if err != nil {
		i.t.Fatal(err)
	}
	if n := i.sim.Stats(); n.Requests["upload.getFile"] != 0 || n.Requests["messages.getHistory"] > len(e.Chats) {
		i.t.Fatalf("an estimate made the calls %v", n.Requests)
	}
	if s, err := w.Commit(i.t.Context()); err != nil || s.Commit != nil {
		i.t.Fatalf("an estimate left something to commit: %+v, %v", s, err)
	}
	return e
}

// What an estimate says is what the sync then fetches: exactly of small chats,
// about right of large ones, and nothing once all is there.
func TestEstimate(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	i.login()
	before := i.estimate(Rules{})
	rules := Rules{Exclude: []string{"personal"}, Kinds: []string{"photo"}}
	fewer := i.estimate(rules)
	some, err := i.sync(t.Context(), SyncOptions{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	rest := i.estimate(Rules{}) // of what is archived, the files that those rules left out
	if n := i.estimate(Rules{Exclude: []string{"channel", "supergroup"}}).PendingFiles; n == 0 || n >= rest.PendingFiles {
		t.Errorf("%d files are left over without some chats, %d with them", n, rest.PendingFiles)
	}
	r := i.mustSync()
	if got := rest.PendingFiles + rest.Total().Files; rest.PendingFiles == 0 || got < r.Media*8/10 || got > r.Media*12/10 {
		t.Errorf("after other rules %d files were foreseen, %d of them left over; %d came", got, rest.PendingFiles, r.Media)
	}
	r.Messages, r.Media, r.MediaBytes = r.Messages+some.Messages, r.Media+some.Media, r.MediaBytes+some.MediaBytes

	sum := before.Total()
	if sum.New != r.Messages {
		t.Errorf("%d messages were foreseen, %d came", sum.New, r.Messages)
	}
	if sum.Files < r.Media*8/10 || sum.Files > r.Media*12/10 || sum.Bytes < r.MediaBytes/2 || sum.Bytes > r.MediaBytes*2 {
		t.Errorf("%d files, %d bytes were foreseen; %d files, %d bytes came", sum.Files, sum.Bytes, r.Media, r.MediaBytes)
	}
	for _, c := range before.Chats {
		if small := c.New <= pageSize; c.Exact != small {
			t.Errorf("%s: %d messages, exact = %v", c.ID, c.New, c.Exact)
		}
	}
	if less := fewer.Total(); len(fewer.Chats) >= len(before.Chats) || less.Files >= sum.Files || less.New >= sum.New {
		t.Errorf("with rules %+v, without %+v", less, sum)
	}
	after := i.estimate(Rules{})
	if done := after.Total(); done.New != 0 || done.Files != 0 || !done.Exact || after.PendingFiles != 0 || after.Calls() != 0 {
		t.Errorf("after the sync: %+v, %d pending", done, after.PendingFiles)
	}
}

// In the middle of a first pull what is there already is not foreseen again.
func TestEstimateInTheMiddle(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	i.login()
	all := i.estimate(Rules{}).Total()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := i.sync(ctx, SyncOptions{Progress: func(e Event) {
		if e.Messages >= 300 {
			cancel()
		}
	}})
	if err == nil {
		t.Fatal("the sync was not stopped")
	}
	e := i.estimate(Rules{})
	rest := e.Total()
	if got := rest.New + r.Messages; rest.Exact || got < all.New*8/10 || got > all.New*12/10 {
		t.Errorf("%d messages came, %d are foreseen, of %d", r.Messages, rest.New, all.New)
	}
	if e.PendingFiles == 0 || e.Calls() == 0 {
		t.Errorf("no file is pending: %+v", e)
	}
}
