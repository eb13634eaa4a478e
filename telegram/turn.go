package telegram

import "context"

// A turn is a lock that is held while waiting for a server: whoever waits for it
// gives up when its context ends.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// take waits for the turn.
func (t turn) take(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case t <- struct{}{}:
		return nil
	}
}

// give ends it.
func (t turn) give() { <-t }
