package telegram

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"telekeep/archive"
	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// syncWatching is sync with a look at what the server had been asked for when all text
// was there; nil if it never was. Each is called at every event.
func (i *installation) syncWatching(each func(Event)) (before *simulator.Stats, r *Result, err error) {
	ctx, cancel := context.WithCancel(i.t.Context())
	defer cancel()
	r, err = i.sync(ctx, SyncOptions{Progress: func(e Event) {
		if e.Phase == PhaseMedia && before == nil {
			stats := i.sim.Stats()
			before = &stats
		}
		if each != nil {
			each(e)
			if e.Media > 5 {
				cancel()
			}
		}
	}})
	return before, r, err
}

// The text of all chats comes before media, in the first sync and in one after a
// sync that left media behind; only what was just sent goes along.
func TestTextBeforeMedia(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	i.login()
	i.fault("messages.getHistory latency=30ms")
	i.fault("upload.getFile latency=150ms") // so that what is counted when the text is there was asked for before
	const fresh = 1000
	i.add("user101", "new", fresh, false)
	before, r, err := i.syncWatching(func(Event) {})
	if !errors.Is(err, context.Canceled) || r.Media == 0 {
		t.Fatalf("error %v, result %+v", err, r)
	}
	if before == nil || before.BytesServed > fresh {
		t.Errorf("when all text was there, this had been served: %+v", before)
	}
	if messages := r.Messages; messages < 700 {
		t.Errorf("only %d messages", messages)
	}
	// What the earlier sync asked for is still served after its end, so it is not the bytes that tell.
	for i.sim.Stats().Open > 0 {
		time.Sleep(time.Millisecond)
	}
	i.sim.ResetStats()
	for range 3 {
		i.add("user101", "late", 0, false)
		i.add("channel105", "late", 0, false)
	}
	before, r, err = i.syncWatching(nil)
	if err != nil || !r.Complete() || r.Media == 0 {
		t.Fatalf("error %v, result %+v", err, r)
	}
	if before == nil || before.Requests["upload.getFile"] > 0 {
		t.Errorf("when all text was there, files of the earlier sync had been asked for: %+v", before)
	}
}

// While messages are read older media waits, unless the server has the messages
// wait. A file that is urgent never waits.
func TestHold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f, a := newFakeFiles(100, 100, 100, 100, 100), newFakeArchive()
		r := newFakeRun(t, newFakeServer(f.answer), a)
		var b batch
		files := f.work().Files
		put := func(n int, date, vanishes int64) {
			files[n].Date, files[n].Vanishes, files[n].Message = date, vanishes, n+1
			c := &chat{id: "channel9", peer: &archive.Peer{ID: "channel9"}}
			if err := r.lists(&b, c, "page", &sorted{fetch: files[n : n+1]}); err != nil {
				t.Fatal(err)
			}
		}
		now, day := r.now(), int64(24*3600)
		put(0, now-day+60, 0)
		put(1, now-20*day, now+day)
		put(2, now-day-60, 0)
		put(3, now-20*day, now+10*day)
		if err := r.apply(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- r.media.fetch(t.Context()) }()
		fetched := func(want int, when string) {
			t.Helper()
			time.Sleep(time.Second)
			synctest.Wait()
			r.count(func(res *Result) {
				if res.Media != want {
					t.Fatalf("%s: %d files are fetched, want %d", when, res.Media, want)
				}
			})
		}
		fetched(2, "while text is read")
		r.flood(FloodError{Method: "messages.getHistory", Wait: holdPause - time.Second})
		r.flood(FloodError{Method: "messages.getHistory", Wait: r.options.LongestWait + time.Second})
		r.flood(FloodError{Method: "upload.getFile", Wait: 30 * time.Second})
		fetched(2, "pauses that do not stop the text for long")
		r.flood(FloodError{Method: "messages.getHistory", Wait: 30 * time.Second})
		fetched(4, "while the text waits")
		time.Sleep(time.Minute)
		b = batch{}
		put(4, now-3*day, 0)
		if err := r.apply(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		fetched(4, "when text is read again")
		r.hold.end()
		fetched(5, "when all text is there")
		r.media.close()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}
