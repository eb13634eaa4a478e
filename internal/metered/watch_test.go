package metered

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"telekeep/internal/metered/fakebus"
)

// A watcher is a Watch under way.
type watcher struct {
	t     *testing.T
	now   atomic.Int32 // 0: nothing was told, 1: not metered, 2: metered
	calls atomic.Int32
	errs  atomic.Int32
	end   func()
}

func startWatch(t *testing.T, b *fakebus.Bus) *watcher {
	t.Helper()
	w := &watcher{t: t}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		watch(ctx, b.Connect, func(metered bool) {
			w.calls.Add(1)
			w.now.Store(1)
			if metered {
				w.now.Store(2)
			}
		}, func(error) { w.errs.Add(1) }, 10*time.Millisecond)
	}()
	w.end = func() { cancel(); <-done }
	t.Cleanup(w.end)
	return w
}

func (w *watcher) until(what string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("never: %s; it says %d after %d calls and %d errors", what, w.now.Load(), w.calls.Load(), w.errs.Load())
		}
	}
}

func (w *watcher) untilMetered(want bool, what string) {
	w.t.Helper()
	number := int32(1)
	if want {
		number = 2
	}
	w.until(what, func() bool { return w.now.Load() == number })
}

// What NetworkManager says is known at the start, and each change at once, without asking
// again and again.
func TestWatchFollowsTheProperty(t *testing.T) {
	b := fakebus.Start(t)
	m := b.Manage(1)
	w := startWatch(t, b)
	w.untilMetered(true, "metered at the start")
	for i, c := range []struct {
		value uint32
		want  bool
	}{{2, false}, {3, true}, {4, false}, {1, true}, {0, false}, {3, true}} {
		m.Set(c.value)
		w.untilMetered(c.want, fmt.Sprintf("change %d to %d", i, c.value))
	}
	asked := m.Asked.Load()
	time.Sleep(200 * time.Millisecond)
	if more := m.Asked.Load() - asked; more > 0 || asked > 9 {
		t.Errorf("asked %d times, and %d times while nothing happened", asked, more)
	}
	m.Broken.Store(true)
	m.Set(1)
	w.untilMetered(false, "an error means that nobody knows")
	w.end()
	if w.now.Load() != 1 {
		t.Error("at the end it is still metered")
	}
}

// NetworkManager comes, ends, and comes again.
func TestWatchWithoutManager(t *testing.T) {
	b := fakebus.Start(t)
	w := startWatch(t, b)
	w.untilMetered(false, "nobody is there")
	m := b.Manage(1)
	w.untilMetered(true, "it has come")
	m.End()
	w.untilMetered(false, "it has gone")
	b.Manage(3)
	w.untilMetered(true, "it has come again")
	if w.errs.Load() > 0 {
		t.Errorf("%d errors, though the bus was there", w.errs.Load())
	}
}

// A bus that is not there, and one that ends, mean that nobody knows; it is tried again.
func TestWatchWithoutBus(t *testing.T) {
	b := fakebus.Start(t)
	b.Manage(1)
	w := startWatch(t, b)
	w.untilMetered(true, "metered")
	b.End()
	w.untilMetered(false, "the bus is gone")
	w.until("two more tries", func() bool { return w.errs.Load() > 2 })
}

// Others cannot say what only NetworkManager can.
func TestWatchBelievesNobodyElse(t *testing.T) {
	b := fakebus.Start(t)
	m := b.Manage(2)
	w := startWatch(t, b)
	w.untilMetered(false, "not metered")
	other, err := b.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	before := m.Asked.Load()
	for range 10 {
		fakebus.Emit(t, other, 1)
	}
	m.Set(4) // behind all of them
	w.until("it is asked again", func() bool { return m.Asked.Load() > before })
	if n := m.Asked.Load() - before; n > 1 || w.now.Load() != 1 {
		t.Errorf("asked %d times", n)
	}
}
