package telegram

import (
	"context"
	"log/slog"

	"github.com/gotd/log"
)

// gotdLog passes gotd's log on: the messages, which are constant texts, and the
// numbers of connections. All else is left out, since it can hold names.
type gotdLog struct{ log *slog.Logger }

// Enabled implements log.Logger. Everything gotd says is for debugging: what
// matters comes back as an error.
func (g gotdLog) Enabled(ctx context.Context, _ log.Level) bool {
	return g.log.Enabled(ctx, slog.LevelDebug)
}

// Log implements log.Logger.
func (g gotdLog) Log(ctx context.Context, _ log.Level, msg string, attrs ...log.Attr) {
	var kept []slog.Attr
	for _, a := range attrs {
		if a.Key == "dc_id" || a.Key == "conn_id" || a.Key == "attempt" {
			kept = append(kept, slog.Int64(a.Key, a.Value.Int64()))
		}
	}
	g.log.LogAttrs(ctx, slog.LevelDebug, "gotd: "+msg, kept...)
}
