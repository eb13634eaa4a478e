package main

import (
	"sync"

	"telekeep/daemon"
)

// A hub passes events on to those who listen. Who does not keep up misses some.
type hub struct {
	mu        sync.Mutex
	listeners map[chan daemon.Event]bool
}

// listen returns a stream of events, and what ends it.
func (h *hub) listen() (<-chan daemon.Event, func()) {
	c := make(chan daemon.Event, 256)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners == nil {
		h.listeners = map[chan daemon.Event]bool{}
	}
	h.listeners[c] = true
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, c)
	}
}

func (h *hub) send(e daemon.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.listeners {
		select {
		case c <- e:
		default:
		}
	}
}
