package telegram

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"telekeep/telegram/simulator/world"
)

func TestLogout(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{HomeDC: 2}))
	logout := func() error {
		c, end := i.client()
		defer end()
		return c.Logout(t.Context())
	}
	if err := logout(); !errors.Is(err, ErrNotSignedIn) {
		t.Errorf("nobody is signed in: error %v", err)
	}
	file := filepath.Join(i.dir, "a.session")
	i.login()
	i.fault("auth.logOut error=500:RPC_CALL_FAIL count=1")
	if err := logout(); err == nil {
		t.Error("the server refused, and there is no error")
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("the server refused, and the session is gone: %v", err)
	}
	if err := logout(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil || i.sim.Revoke() != 0 {
		t.Errorf("the session is still there: %v", err)
	}
	i.login()
	i.sim.Revoke() // ended elsewhere: only the file is left to remove
	if err := logout(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the file of a session that was ended is still there")
	}
}
