package systemd

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"

	"github.com/coreos/go-systemd/v22/journal"
)

// StderrIsJournal reports whether standard error goes to journald, which then reads
// the level of each line from its beginning.
func StderrIsJournal() bool {
	is, err := journal.StderrIsJournalStream()
	return err == nil && is
}

// A Handler writes each record of a log as one line that begins with its level as
// journald takes it: <7> debug, <6> info, <4> warning, <3> error. There is no time in
// the line, journald has its own.
type Handler struct {
	to   *sink
	text slog.Handler
}

// sink is what one or more handlers share: a line is made in line, then written at once.
type sink struct {
	mu   sync.Mutex
	w    io.Writer
	line bytes.Buffer
}

// NewHandler returns a handler that writes records of at least level to w.
func NewHandler(w io.Writer, level slog.Leveler) *Handler {
	to := &sink{w: w}
	return &Handler{to: to, text: slog.NewTextHandler(&to.line, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTimeAndLevel})}
}

func withoutTimeAndLevel(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
		return slog.Attr{}
	}
	return a
}

// Enabled reports whether a record of that level is written.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.text.Enabled(ctx, level)
}

// Handle writes one record, in one write.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	h.to.mu.Lock()
	defer h.to.mu.Unlock()
	h.to.line.Reset()
	h.to.line.WriteString(prefix(r.Level))
	if err := h.text.Handle(ctx, r); err != nil {
		return err
	}
	_, err := h.to.w.Write(h.to.line.Bytes())
	return err
}

// WithAttrs returns a handler that adds attrs to every record.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{to: h.to, text: h.text.WithAttrs(attrs)}
}

// WithGroup returns a handler that puts what is added into the group name.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{to: h.to, text: h.text.WithGroup(name)}
}

func prefix(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	case level >= slog.LevelInfo:
		return "<6>"
	}
	return "<7>"
}
