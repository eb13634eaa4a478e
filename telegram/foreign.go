package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gotd/td/crypto"
	"github.com/gotd/td/session"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// A Foreign is a session that another program made. What it holds lets whoever
// has it into the account.
type Foreign struct {
	Program string         // that made it, such as "Telethon"
	Account archive.PeerID // "" where the program does not note it
	DC      int            // the account's data centre
	Server  string         // host:port of it, "" where the program does not note it
	Test    bool           // it belongs to Telegram's test servers
	Bot     bool           // it belongs to a bot

	key crypto.Key
}

// String says what it is without giving it away.
func (f *Foreign) String() string {
	text := "session of " + f.Program
	if f.Account != "" {
		text += " of " + string(f.Account)
	}
	if text += fmt.Sprintf(" at data centre %d", f.DC); f.Server != "" {
		text += " (" + f.Server + ")"
	}
	if f.Test {
		text += " of the test servers"
	}
	return text
}

// Import makes a session of another program this client's own, once the server
// has said whose it is; phone is that of the account it should be, "" for any.
// Until then nothing changes, and neither does the other program's session. The
// two must not be used at once. Where the session is signed in already, the
// account is returned with ErrSignedIn.
//
// Errors: ErrForeign, ErrForeignEnded, ErrPhoneOther, ErrAccountOther and those
// of every connection.
func (c *Client) Import(ctx context.Context, f *Foreign, phone string) (*Self, error) {
	if err := c.suits(f); err != nil {
		return nil, err
	}
	if self, err := c.signedIn(ctx); err != nil {
		return nil, err
	} else if self != nil {
		return self, ErrSignedIn
	}
	centres, err := c.centres(ctx, f)
	if err != nil {
		return nil, err
	}
	data, err := f.data(centres)
	if err != nil {
		return nil, err
	}
	c.options.Session.begin(data)
	self, err := c.signInWith(ctx, func(ctx context.Context, l *link) (*Self, error) {
		self, err := whoami(ctx, l)
		if err != nil {
			return nil, err
		}
		if before := c.Account(); before != "" && before != self.ID {
			return nil, ErrAccountOther
		}
		return self, samePhone(self, phone)
	})
	switch {
	case errors.Is(err, ErrSessionLost):
		return nil, fmt.Errorf("%w: %v, and the server at %s does not know it", ErrForeign, f, c.where())
	case errors.Is(err, ErrSessionRevoked):
		return nil, fmt.Errorf("%w: %v: %w", ErrForeignEnded, f, err)
	}
	return self, err
}

// suits finds out what cannot work without asking anybody.
func (c *Client) suits(f *Foreign) error {
	switch {
	case f.Bot:
		return fmt.Errorf("%w: %v belongs to a bot, and bots have no history to back up", ErrForeign, f)
	case f.Test && c.server.ID == 0:
		return fmt.Errorf("%w: %v, and the settings name Telegram's own", ErrForeign, f)
	case c.Account() != "" && f.Account != "" && f.Account != c.Account():
		return ErrAccountOther
	}
	return nil
}

// where is the server of the settings in words.
func (c *Client) where() string {
	if c.server.ID == 0 {
		return "Telegram's own addresses"
	}
	return c.options.Server
}

// centres are the data centres of the configured server, if the session belongs
// to another one than is configured: only the server knows its others.
func (c *Client) centres(ctx context.Context, f *Foreign) ([]tg.DCOption, error) {
	if c.server.ID == 0 || c.server.ID == f.DC {
		return nil, nil
	}
	var list []tg.DCOption
	c.options.Session.begin(nil)
	defer c.options.Session.abandon()
	err := c.connect(ctx, c.newGates(nil), func(_ context.Context, l *link) error {
		list = l.config().DCOptions
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		if one.ID == f.DC {
			return list, nil
		}
	}
	return nil, fmt.Errorf("%w: %v, and the server at %s has no such data centre", ErrForeign, f, c.where())
}

// data is the session in gotd's form.
func (f *Foreign) data(centres []tg.DCOption) ([]byte, error) {
	id := f.key.ID()
	data, err := json.Marshal(struct {
		Version int
		Data    session.Data
	}{1, session.Data{
		DC: f.DC, AuthKey: f.key[:], AuthKeyID: id[:], Config: session.Config{ThisDC: f.DC, DCOptions: centres},
	}})
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	return data, nil
}
