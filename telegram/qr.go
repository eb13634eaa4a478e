package telegram

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// How long a QR code is shown at least and at most, whatever the two clocks say,
// and how many are shown before the sign-in is given up.
const (
	qrShownLeast = 2 * time.Second
	qrShownMost  = time.Minute
	qrCodes      = 20
)

// A QR is a request to be let in: an app that is signed in scans it (Settings,
// Devices, Link Desktop Device) and agrees.
type QR struct {
	Link  string        // tg://login?token=…, what the code holds
	Valid time.Duration // from now on; then another one is shown
	Try   int           // 1 for the first one
}

// LoginQR signs in by QR codes, which show is called with: one after the other
// as they run out. phone is that of the account it should be, "" for any. ask is
// asked for the password alone. Where the session is signed in already, the
// account is returned with ErrSignedIn.
//
// Errors: those of Login, ErrQRNotScanned, ErrAccountOther.
func (c *Client) LoginQR(ctx context.Context, phone string, show func(QR) error, ask Asker) (*Self, error) {
	if self, err := c.signedIn(ctx); err != nil {
		return nil, err
	} else if self != nil {
		return self, ErrSignedIn
	}
	c.options.Session.begin(nil)
	return c.signInWith(ctx, func(ctx context.Context, l *link) (*Self, error) {
		err := c.orPassword(ctx, l.once, c.letIn(ctx, l, show), ask)
		if err != nil {
			return nil, signInError(err)
		}
		return c.expected(ctx, l, phone)
	})
}

// expected is whose session this is now, if it is who it should be. A stranger's
// is ended again.
func (c *Client) expected(ctx context.Context, l *link, phone string) (*Self, error) {
	self, err := whoami(ctx, l)
	if err != nil {
		return nil, err
	}
	err = samePhone(self, phone)
	if before := c.Account(); before != "" && before != self.ID {
		err = ErrAccountOther
	}
	if err != nil {
		_, end := l.once.AuthLogOut(ctx)
		return nil, errors.Join(err, end)
	}
	return self, nil
}

// letIn shows codes until one of them was agreed to. A password may be needed
// still: SESSION_PASSWORD_NEEDED.
func (c *Client) letIn(ctx context.Context, l *link, show func(QR) error) error {
	for try := 1; try <= qrCodes; try++ {
		token, err := c.askIn(ctx, l)
		if token == nil || err != nil {
			return err
		}
		valid := min(max(time.Until(time.Unix(int64(token.Expires), 0)), qrShownLeast), qrShownMost)
		link := "tg://login?token=" + base64.RawURLEncoding.EncodeToString(token.Token)
		if err := show(QR{Link: link, Valid: valid, Try: try}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.agreed:
		case <-time.After(valid): // agreed to or not: the next call tells
		}
	}
	return ErrQRNotScanned
}

// askIn asks for a token to show: nil if the one before was agreed to and the
// sign-in is done.
func (c *Client) askIn(ctx context.Context, l *link) (*tg.AuthLoginToken, error) {
	answer, err := l.api.AuthExportLoginToken(ctx, &tg.AuthExportLoginTokenRequest{
		APIID: c.options.APIID, APIHash: c.options.APIHash,
	})
	if err != nil {
		return nil, err
	}
	if elsewhere, ok := answer.(*tg.AuthLoginTokenMigrateTo); ok {
		if err := l.move(ctx, elsewhere.DCID); err != nil {
			return nil, fmt.Errorf("move to data centre %d: %w", elsewhere.DCID, err)
		}
		answer, err = l.once.AuthImportLoginToken(ctx, elsewhere.Token)
		if tgerr.Is(err, "AUTH_TOKEN_EXPIRED", "AUTH_TOKEN_INVALID", "AUTH_TOKEN_INVALIDX") {
			return c.askIn(ctx, l) // it took too long; from here on the code is of the right data centre
		}
		if err != nil {
			return nil, err
		}
	}
	switch answer := answer.(type) {
	case *tg.AuthLoginToken:
		return answer, nil
	case *tg.AuthLoginTokenSuccess:
		return nil, accepted(answer.Authorization)
	}
	return nil, fmt.Errorf("the server answers a sign-in by QR code with %s", answer.TypeName())
}

// agreedTo tells, by a channel that holds one value, that a code was agreed to.
func agreedTo(agreed chan<- struct{}, u tg.UpdatesClass) {
	var list []tg.UpdateClass
	switch u := u.(type) {
	case *tg.UpdateShort:
		list = []tg.UpdateClass{u.Update}
	case *tg.Updates:
		list = u.Updates
	case *tg.UpdatesCombined:
		list = u.Updates
	}
	for _, one := range list {
		if _, ok := one.(*tg.UpdateLoginToken); !ok {
			continue
		}
		select {
		case agreed <- struct{}{}:
		default: // nobody has looked at the last one yet
		}
	}
}
