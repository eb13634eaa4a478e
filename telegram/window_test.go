package telegram

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotd/td/bin"
)

// A window opens quickly, halves when the server has enough, and opens slowly
// from there; never below one, never above its most.
func TestWindowGrows(t *testing.T) {
	w := newWindow(8)
	sizes := func(change func(), times int) (list []int) {
		for range times {
			change()
			list = append(list, int(w.size))
		}
		return list
	}
	same := func(what string, got []int, want ...int) {
		t.Helper()
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s: %v, want %v", what, got, want)
			}
		}
	}
	same("quick", sizes(w.grow, 8), 3, 4, 5, 6, 7, 8, 8, 8)
	same("halved", sizes(w.shrink, 1), 4)
	same("slow", sizes(w.grow, 9), 4, 4, 4, 4, 5, 5, 5, 5, 5)
	same("least", sizes(w.shrink, 6), 2, 1, 1, 1, 1, 1)
	same("from the least", sizes(w.grow, 4), 2, 2, 2, 3)
}

// Never more calls are under way than the window allows, everybody gets a turn,
// and who stops waiting takes no place with him.
func TestWindowPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(3)
		w.grow()
		var mu sync.Mutex
		under, most, served := 0, 0, 0
		for i := range 50 {
			go func() {
				ctx := t.Context()
				if i%5 == 0 {
					short, cancel := context.WithTimeout(ctx, time.Duration(i)*100*time.Millisecond)
					defer cancel()
					ctx = short
				}
				if err := w.take(ctx); err != nil {
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
					}
					return
				}
				defer w.give()
				mu.Lock()
				under, served = under+1, served+1
				most = max(most, under)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				under--
				mu.Unlock()
			}()
		}
		time.Sleep(time.Hour)
		if most != 3 || served < 40 || w.used != 0 || len(w.wait) != 0 {
			t.Fatalf("%d at once, %d served, %d places lost, %d waiting", most, served, w.used, len(w.wait))
		}
	})
}

// A flood wait makes the calls to a data centre fewer, and the file still comes.
func TestFloodNarrowsTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFakeFiles(20*fakePart), newFakeArchive()
		var r *run
		var mu sync.Mutex
		parts := 0
		var before, after float64
		r = newFakeRun(t, newFakeServer(func(in any) (bin.Encoder, error) {
			if _, ok := in.(fileRequest); ok {
				slots := r.link.pool(place{dc: 2}).slots
				slots.mu.Lock()
				size := slots.size
				slots.mu.Unlock()
				mu.Lock()
				parts++
				n := parts
				if n == 10 {
					before = size
				}
				if n > 10 && after == 0 && size < before {
					after = size
				}
				mu.Unlock()
				if n == 10 {
					return nil, rpcError(420, "FLOOD_PREMIUM_WAIT_3")
				}
			}
			return f.answer(in)
		}), a)
		w := f.work()
		if err := r.download(t.Context(), w.Files[0], r.origin(w)); err != nil {
			t.Fatal(err)
		}
		f.check(t, a, 1, true)
		if int(before) != r.options.Connections || after == 0 {
			t.Fatalf("%v places before the pause, %v after", before, after)
		}
	})
}
