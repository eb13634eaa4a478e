package telegram

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// tokenOf is what a phone reads from a QR code.
func tokenOf(t *testing.T, q QR) []byte {
	t.Helper()
	text, ok := strings.CutPrefix(q.Link, "tg://login?token=")
	token, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(token) == 0 {
		t.Fatalf("link %q: %v", q.Link, err)
	}
	return token
}

// The first code runs out, the second is scanned by an account that lives at
// another data centre and has a password.
func TestLoginQR(t *testing.T) {
	t.Parallel()
	i := installAt(t, newVillage(t, world.Options{Password: "secret", HomeDC: 4}), simulator.Options{QRLife: time.Second})
	c, end := i.client()
	defer end()
	var shown []QR
	show := func(q QR) error {
		if shown = append(shown, q); q.Try < 2 {
			return nil
		}
		return i.sim.AcceptLogin(tokenOf(t, q), 0)
	}
	self, err := c.LoginQR(t.Context(), "+1 555 0100", show, &answers{passwords: []string{"x", "secret"}})
	if err != nil || self.ID != "user100" {
		t.Fatalf("%+v, error %v", self, err)
	}
	if len(shown) != 2 || shown[0].Link == shown[1].Link || shown[0].Valid < qrShownLeast || shown[0].Valid > qrShownMost {
		t.Errorf("shown: %+v", shown)
	}
	if self, err = c.LoginQR(t.Context(), "", show, nil); !errors.Is(err, ErrSignedIn) || self.ID != "user100" || len(shown) != 2 {
		t.Errorf("signed in already: %+v, error %v, %d codes", self, err, len(shown))
	}
	if err := i.sim.AcceptLogin(tokenOf(t, shown[0]), 0); err == nil {
		t.Error("a code that ran out can still be scanned")
	}
	end()
	i.mustSync()
}

// What goes wrong leaves no session: none here, and none on the server.
func TestLoginQRFails(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{HomeDC: 2}))
	failed := errors.New("the terminal is gone")
	ctx, cancel := context.WithCancel(t.Context())
	for _, c := range []struct {
		name  string
		ctx   context.Context
		phone string
		show  func(QR) error
		want  error
	}{
		{"nothing to show it on", t.Context(), "", func(QR) error { return failed }, failed},
		{"stopped", ctx, "", func(QR) error { cancel(); return nil }, context.Canceled},
		{"a stranger", t.Context(), "+15559999999", func(q QR) error { return i.sim.AcceptLogin(tokenOf(t, q), 0) }, ErrPhoneOther},
	} {
		client, end := i.client()
		self, err := client.LoginQR(c.ctx, c.phone, c.show, &answers{})
		if !errors.Is(err, c.want) || self != nil {
			t.Errorf("%s: %+v, error %v, want %v", c.name, self, err, c.want)
		}
		end()
		if _, err := os.Stat(filepath.Join(i.dir, "a.session")); err == nil {
			t.Errorf("%s: a session is stored", c.name)
		}
	}
	i.fault("auth.exportLoginToken flood=3600")
	client, end := i.client()
	defer end()
	_, err := client.LoginQR(t.Context(), "", nil, &answers{})
	if flood, ok := errors.AsType[*FloodError](err); !ok || flood.Wait != time.Hour {
		t.Errorf("a long pause: error %v", err)
	}
	if n := i.sim.Revoke(); n != 0 {
		t.Errorf("%d sessions are left on the server", n)
	}
}
