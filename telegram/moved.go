package telegram

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"
)

// A movedError says that the account's own data centre is another one now. To
// gotd that is no error: it goes there with a key that is not signed in. Whoever
// does not know what to do with it has lost the session: errors.Is
// ErrSessionLost.
type movedError struct{ dc int }

func (e *movedError) Error() string {
	return fmt.Sprintf("the account has moved to data centre %d", e.dc)
}
func (e *movedError) Unwrap() error { return ErrSessionLost }

// follow takes the login along to data centre dc:
//
//	old home   exportAuthorization ─ ticket ─▶ importAuthorization   new home, new key
//
// The old key is kept until the new one has shown whose it is.
func (c *Client) follow(ctx context.Context, g *gates, dc int) error {
	var ticket *tg.AuthExportedAuthorization
	// gotd asks who it is as soon as it is connected, unless it shall not take
	// updates; and the answer to that would send it away again.
	quiet := func(o *telegram.Options) { o.NoUpdates, o.UpdateHandler = true, nil }
	err := c.connectTo(ctx, c.server, g, func(ctx context.Context, l *link) (err error) {
		ticket, err = l.api.AuthExportAuthorization(ctx, dc)
		return err
	}, quiet)
	if err != nil {
		return err
	}
	c.options.Session.begin(nil)
	defer c.options.Session.abandon()
	there := func(o *telegram.Options) { o.DC = dc }
	return c.connectTo(ctx, c.server, g, func(ctx context.Context, l *link) error {
		if _, err := l.once.AuthImportAuthorization(ctx, &tg.AuthImportAuthorizationRequest{ID: ticket.ID, Bytes: ticket.Bytes}); err != nil {
			return err
		}
		self, err := whoami(ctx, l)
		if err != nil {
			return err
		}
		if self.ID != c.Account() {
			return errors.New("another account is there")
		}
		return c.options.Session.adopt(ctx, self.ID, dc)
	}, there)
}
