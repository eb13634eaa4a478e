package systemd

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// listen makes the socket that a manager would listen on; next returns what is sent to it.
func listen(t *testing.T, name string) (next func() string) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Skip("no datagram socket can be made here: ", err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return func() string {
		t.Helper()
		p := make([]byte, 4096)
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(p)
		if err != nil {
			t.Fatal("nothing was sent: ", err)
		}
		return string(p[:n])
	}
}

func TestManager(t *testing.T) {
	names := map[string]string{
		"file":     filepath.Join(t.TempDir(), "notify"),
		"abstract": fmt.Sprintf("@telekeep-test-%d", os.Getpid()),
	}
	for kind, name := range names {
		t.Run(kind, func(t *testing.T) {
			next := listen(t, name)
			var m Manager
			for _, c := range []struct {
				say  func() error
				want string
			}{
				{func() error { return m.Ready("live") }, "READY=1\nSTATUS=live"},
				{func() error { return m.Ready("") }, "READY=1"},
				{func() error { return m.Status("two\nREADY=1") }, "STATUS=two READY=1"},
				{func() error { return m.Stopping("the last commit") }, "STOPPING=1\nSTATUS=the last commit"},
				{m.Watchdog, "WATCHDOG=1"},
				{func() error { return m.Extend(90 * time.Second) }, "EXTEND_TIMEOUT_USEC=90000000"},
			} {
				if err := c.say(); err != nil {
					t.Fatal(err)
				}
				if got := next(); got != c.want {
					t.Errorf("sent %q, want %q", got, c.want)
				}
			}
			if err := m.Reloading(); err != nil {
				t.Fatal(err)
			}
			first, at, _ := strings.Cut(next(), "\n")
			number, ok := strings.CutPrefix(at, "MONOTONIC_USEC=")
			if usec, err := strconv.ParseInt(number, 10, 64); first != "RELOADING=1" || !ok || err != nil || usec <= 0 {
				t.Errorf("sent %q and %q", first, at)
			}
		})
	}
}

func TestNoManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := (Manager{}).Ready("live"); err != nil {
		t.Errorf("without a manager: %v", err)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	if err := (Manager{}).Ready("live"); err == nil {
		t.Error("a manager that is gone was told")
	}
}

func TestWatchdogInterval(t *testing.T) {
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
		fails     bool
	}{
		{"", "", 0, false},
		{"300000000", "", 5 * time.Minute, false},
		{"300000000", strconv.Itoa(os.Getpid()), 5 * time.Minute, false},
		{"300000000", "1", 0, false},
		{"soon", "", 0, true},
	} {
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		if got, err := (Manager{}).WatchdogInterval(); got != c.want || (err != nil) != c.fails {
			t.Errorf("%q for process %q: %v, %v", c.usec, c.pid, got, err)
		}
	}
}
