package telegram

import (
	"context"
	"errors"
	"fmt"
)

// Logout ends the session on the server and removes its file. A session that
// the server ended already is removed too; one whose end the server does not
// confirm is kept. Errors: ErrNotSignedIn and those of every connection.
func (c *Client) Logout(ctx context.Context) error {
	if c.Account() == "" {
		return ErrNotSignedIn
	}
	err := c.connect(ctx, c.newGates(nil), func(ctx context.Context, l *link) error {
		if _, err := l.self(ctx); err != nil {
			return err
		}
		if _, err := l.once.AuthLogOut(ctx); err != nil {
			return fmt.Errorf("log out: %w", signInError(err))
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrSessionRevoked) {
		return err
	}
	return c.options.Session.remove()
}
