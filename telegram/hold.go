package telegram

import (
	"context"
	"strings"
	"sync"
	"time"
)

// Which files are not held: those of messages sent within urgentAge, and those
// of messages that delete themselves within vanishSoon.
const (
	urgentAge  = 24 * time.Hour
	vanishSoon = 48 * time.Hour
)

// holdPause is the shortest pause of the text, asked for by the server, that
// media uses.
const holdPause = 5 * time.Second

// A hold keeps the media of older messages waiting while the text of all chats
// is being read:
//
//	text   ──────────┤ pause ├─────────────┐
//	older  held      ├───────┤ held        ├─────────
//	urgent ────────────────────────────────────────
//
// A file that has begun is not held up. Safe for concurrent use.
type hold struct {
	mu    sync.Mutex
	on    bool
	until time.Time     // the text pauses until then
	off   chan struct{} // closed when waiting ends; nil if nobody waits
}

// begin holds from now on.
func (h *hold) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.on, h.until = true, time.Time{}
}

// end lets everybody go.
func (h *hold) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.on = false
	h.wake()
}

// pause lets everybody go for a time.
func (h *hold) pause(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.until = time.Now().Add(d)
	h.wake()
}

// wake is called with the lock.
func (h *hold) wake() {
	if h.off != nil {
		close(h.off)
		h.off = nil
	}
}

// wait waits until nothing is held.
func (h *hold) wait(ctx context.Context) error {
	for {
		h.mu.Lock()
		if !h.on || time.Now().Before(h.until) {
			h.mu.Unlock()
			return ctx.Err()
		}
		if h.off == nil {
			h.off = make(chan struct{})
		}
		off := h.off
		h.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-off:
		}
	}
}

// paused lets media go on while the text waits, if the server asked for that. A
// pause that is longer than anybody waits stops no text: it is passed over.
func (r *run) paused(f FloodError) {
	if f.Wait >= holdPause && f.Wait <= r.options.LongestWait && !strings.HasPrefix(f.Method, "upload.") {
		r.hold.pause(f.Wait)
	}
}

// urgent reports whether a file is fetched beside the text: the message is new, or
// goes away by itself.
func (f workFile) urgent(now int64) bool {
	if f.Source != "" || f.Emoji {
		return false // in no message
	}
	return now-f.Date < int64(urgentAge/time.Second) || f.Vanishes != 0 && f.Vanishes-now < int64(vanishSoon/time.Second)
}
