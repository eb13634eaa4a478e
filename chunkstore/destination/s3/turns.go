package s3

import (
	"context"
	"sync"
)

// Turns let one Put at a time have a name: of two with other bytes one wins, whether the
// server knows conditions or not, as long as one Destination makes both. The zero value is
// ready; it may be used from many goroutines.
type turns struct {
	mu    sync.Mutex
	taken map[string]chan struct{} // closed when the name is free
}

// begin waits until nobody has name; the caller ends its turn with done.
func (t *turns) begin(ctx context.Context, name string) (done func(), err error) {
	for {
		t.mu.Lock()
		wait := t.taken[name]
		if wait == nil {
			defer t.mu.Unlock()
			if t.taken == nil {
				t.taken = make(map[string]chan struct{})
			}
			mine := make(chan struct{})
			t.taken[name] = mine
			return func() { t.end(name, mine) }, nil
		}
		t.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (t *turns) end(name string, mine chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.taken, name)
	close(mine)
}
