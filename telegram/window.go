package telegram

import (
	"context"
	"slices"
	"sync"
)

// A window is how many calls to one data centre may be under way: few at first,
// one more for every call that goes through, and half as many when the server
// asks for a pause or does not answer. From then on it grows slowly, one more
// for every round of calls. Safe for concurrent use.
type window struct {
	most int // it never grows larger

	mu     sync.Mutex
	size   float64 // 1 to most
	gentle float64 // from this size on it grows slowly
	used   int
	wait   []chan struct{} // whoever waits for a place, in order; closed when it has one
}

// windowStart is how many calls may be under way before any has gone through.
const windowStart = 2

func newWindow(most int) *window {
	return &window{most: most, size: float64(min(most, windowStart)), gentle: float64(most)}
}

// take waits for a place, which is to be given back.
func (w *window) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	place := make(chan struct{})
	w.mu.Lock()
	w.wait = append(w.wait, place)
	w.admit()
	w.mu.Unlock()
	select {
	case <-place:
		return nil
	case <-ctx.Done():
		w.cancel(place)
		return ctx.Err()
	}
}

// give gives a place back.
func (w *window) give() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used--
	w.admit()
}

// cancel gives up waiting, or the place that came at the same moment.
func (w *window) cancel(place chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at := slices.Index(w.wait, place); at >= 0 {
		w.wait = slices.Delete(w.wait, at, at+1)
		return
	}
	w.used--
	w.admit()
}

// admit lets in whoever there is room for. The caller holds w.mu.
func (w *window) admit() {
	for len(w.wait) > 0 && w.used < int(w.size) {
		close(w.wait[0])
		w.wait = w.wait[1:]
		w.used++
	}
}

// grow says that a call went through.
func (w *window) grow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	step := 1.0
	if w.size >= w.gentle {
		step = 1 / w.size
	}
	w.size = min(w.size+step, float64(w.most))
	w.admit()
}

// shrink says that a call did not, because the server has enough.
func (w *window) shrink() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.size = max(1, w.size/2)
	w.gentle = w.size
}
