package telegram

import (
	"context"
	"reflect"
	"testing"
	"time"

	"telekeep/telegram/simulator/world"
)

const (
	takeoutBegin = "account.initTakeoutSession"
	takeoutEnd   = "account.finishTakeoutSession"
)

// The first sync runs inside a takeout, which ends with it; later ones do without.
func TestSyncInsideATakeout(t *testing.T) {
	plain := settled(t)

	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	i.login()
	mode := SyncOptions{Takeout: TakeoutFirst}
	for range 2 {
		if r, err := i.sync(t.Context(), mode); err != nil || !r.Complete() || len(r.Warnings) > 0 {
			t.Fatalf("result %+v, error %v", r, err)
		}
		if n := i.sim.Stats().Requests; n[takeoutBegin] != 1 || n[takeoutEnd] != 1 {
			t.Fatalf("%d takeouts began, %d ended", n[takeoutBegin], n[takeoutEnd])
		}
	}
	if !reflect.DeepEqual(digestOf(t, i.snapshot()), digestOf(t, plain.snapshot())) {
		t.Fatal("the backup differs from one outside of a takeout")
	}
	mode.Takeout = TakeoutAgain
	if _, err := i.sync(t.Context(), mode); err != nil {
		t.Fatal(err)
	}
	if n := i.sim.Stats().Requests; n[takeoutBegin] != 2 || n[takeoutEnd] != 2 {
		t.Fatalf("again: %d takeouts began, %d ended", n[takeoutBegin], n[takeoutEnd])
	}
}

// A takeout that the server puts off is not asked for again before its time,
// whatever happens in between; the sync goes on without it.
func TestTakeoutIsPutOff(t *testing.T) {
	t.Parallel()
	now := time.Now()
	clock := func() time.Time { return now }
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}, TakeoutDelay: 5 * time.Hour, Now: clock}))
	i.options.Now = clock
	i.login()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := i.sync(ctx, SyncOptions{Takeout: TakeoutFirst, Progress: func(e Event) {
		if e.Messages > 100 {
			cancel()
		}
	}})
	if err == nil {
		t.Fatal("the first sync was not stopped")
	}
	for _, c := range []struct {
		later  time.Duration
		begins int
		after  time.Time // what the result says
	}{
		{0, 1, now.Add(5 * time.Hour).Truncate(time.Second)},
		{4 * time.Hour, 1, now.Add(5 * time.Hour).Truncate(time.Second)},
		{2 * time.Hour, 2, time.Time{}},
	} {
		now = now.Add(c.later)
		r, err := i.sync(t.Context(), SyncOptions{Takeout: TakeoutAgain})
		if err != nil || !r.Complete() {
			t.Fatalf("result %+v, error %v", r, err)
		}
		late := r.TakeoutAfter.Sub(c.after)
		if n := i.sim.Stats().Requests[takeoutBegin]; n != c.begins || late < 0 || late > 2*time.Second {
			t.Fatalf("asked %d times, want %d; allowed after %v, want %v", n, c.begins, r.TakeoutAfter, c.after)
		}
	}
}

// A sync that was stopped goes on in the same takeout. One that the server ended
// meanwhile is done without, and nothing is lost by it.
func TestTakeoutGoesOn(t *testing.T) {
	plain := settled(t)

	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	i.login()
	stop := func(messages int) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := i.sync(ctx, SyncOptions{Takeout: TakeoutFirst, Progress: func(e Event) {
			if e.Messages > messages {
				cancel()
			}
		}})
		if err == nil {
			t.Fatal("the sync was not stopped")
		}
	}
	stop(50)
	stop(50)
	if n := i.sim.Stats().Requests; n[takeoutBegin] != 1 || n[takeoutEnd] != 0 {
		t.Fatalf("%d takeouts began, %d ended", n[takeoutBegin], n[takeoutEnd])
	}
	i.world.EndTakeouts()
	r, err := i.sync(t.Context(), SyncOptions{Takeout: TakeoutFirst})
	if err != nil || !r.Complete() || len(r.Warnings) != 1 {
		t.Fatalf("result %+v, error %v", r, err)
	}
	refused := i.sim.Stats().Errors
	if refused["messages.getDialogs TAKEOUT_INVALID"] == 0 {
		t.Fatalf("no call was made inside the takeout: %v", refused)
	}
	if !reflect.DeepEqual(digestOf(t, i.snapshot()), digestOf(t, plain.snapshot())) {
		t.Fatal("the backup differs from an undisturbed one")
	}
}

// Where everything is there already, no takeout begins for the first pull.
func TestTakeoutNotNeeded(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}, TakeoutDelay: time.Hour}))
	i.login()
	for range 3 {
		if r, err := i.sync(t.Context(), SyncOptions{Takeout: TakeoutFirst}); err != nil || !r.Complete() {
			t.Fatalf("result %+v, error %v", r, err)
		}
	}
	i.options.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	if r, err := i.sync(t.Context(), SyncOptions{Takeout: TakeoutFirst}); err != nil || !r.TakeoutAfter.IsZero() {
		t.Fatalf("result %+v, error %v", r, err)
	}
	if n := i.sim.Stats().Requests[takeoutBegin]; n != 1 {
		t.Fatalf("asked %d times", n)
	}
}

// A server that knows no takeouts is done without; one that is not wanted any
// more is ended.
func TestTakeoutRefused(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}), mustFault(t, takeoutBegin+" error=400:METHOD_INVALID count=1"))
	i.login()
	r, err := i.sync(t.Context(), SyncOptions{Takeout: TakeoutFirst})
	if err != nil || !r.Complete() || len(r.Warnings) != 1 {
		t.Fatalf("result %+v, error %v", r, err)
	}
	if _, err := i.sync(t.Context(), SyncOptions{Takeout: TakeoutAgain, Rules: Rules{Include: []string{"channel"}}}); err != nil {
		t.Fatal(err)
	}
	if n := i.sim.Stats().Requests; n[takeoutBegin] != 2 || n[takeoutEnd] != 1 {
		t.Fatalf("%d takeouts asked for, %d ended", n[takeoutBegin], n[takeoutEnd])
	}
}
