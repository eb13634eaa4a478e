package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telekeep/daemon"
	"telekeep/internal/metered/fakebus"
)

// On a link that NetworkManager calls metered messages come and files wait; status, sync and
// the settings say so and are obeyed at once.
func TestDaemonOnAMeteredLink(t *testing.T) {
	t.Parallel()
	bus := fakebus.Start(t)
	link := bus.Manage(1)
	sim := startSimulator(t, "--seed", "16", "--messages", "60", "--media", "1MiB")
	dir := sim.install(t)
	k := startDaemon(t, dir, "DBUS_SYSTEM_BUS_ADDRESS="+bus.Address)
	s := k.until("held", func(s *daemon.Status) bool {
		return s.Held != nil && s.Accounts[0].Messages > 0 && s.Accounts[0].State == daemon.StateLive
	})
	if s.Well || s.Held.What != "media" || len(s.Held.Why) != 1 || s.Held.Why[0] != "metered" || s.Accounts[0].Media > 0 {
		t.Errorf("metered: %+v, %+v", s.Held, s.Accounts)
	}
	if o := call(t, "", "sync", "--dir", dir); o.code != exitBusy || !strings.Contains(o.err, "metered") || !strings.Contains(o.err, "[daemon]") {
		t.Errorf("sync ends with %d: %s", o.code, o.err)
	}
	if o := mustCall(t, "", "status", "--dir", dir); !strings.Contains(o.out, "media waits for a link that is not metered") {
		t.Errorf("status says\n%s", o.out)
	}
	link.Set(2)
	s = k.until("well", isWell)
	if s.Held != nil || s.Accounts[0].Media == 0 {
		t.Errorf("not metered: %+v, %+v", s.Held, s.Accounts)
	}
	link.Set(3)
	k.until("held again", func(s *daemon.Status) bool { return s.Held != nil })
	path := filepath.Join(dir, "telekeep.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "[daemon]\n", "[daemon]\nmetered = \"ignore\"\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	k.until("not held, as the settings say", func(s *daemon.Status) bool { return s.Held == nil && s.Well })
}
