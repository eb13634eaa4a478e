// Package fakebus is a real message bus of a test's own, with a NetworkManager on it that says
// what it is told to.
//
//	dbus-daemon <-- Manager (exports the property, emits the signal)
//	     ^--------- whoever is tested
//
// It never touches the machine's own bus.
package fakebus

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/godbus/dbus/v5"
)

// Where NetworkManager is on a bus.
const (
	name       = "org.freedesktop.NetworkManager"
	path       = dbus.ObjectPath("/org/freedesktop/NetworkManager")
	properties = "org.freedesktop.DBus.Properties"
	property   = "Metered"
)

const settings = `<busconfig>
<type>session</type>
<listen>unix:path=%s</listen>
<auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
</busconfig>
`

// A Bus is a real message bus.
type Bus struct {
	Address string // as DBUS_SYSTEM_BUS_ADDRESS takes it

	t testing.TB
	c *exec.Cmd
}

// Start starts a bus that ends with the test. Where there is no dbus-daemon the test is
// skipped.
func Start(t testing.TB) *Bus {
	t.Helper()
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("dbus-daemon is not installed")
	}
	dir, err := os.MkdirTemp("", "bus") // the name of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file, socket := filepath.Join(dir, "conf"), filepath.Join(dir, "bus")
	if err := os.WriteFile(file, fmt.Appendf(nil, settings, socket), 0o600); err != nil {
		t.Fatal(err)
	}
	b := &Bus{t: t, c: exec.Command(program, "--config-file="+file, "--nofork", "--print-address"), Address: "unix:path=" + socket}
	out, err := b.c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.End)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "unix:") {
		t.Fatalf("the bus says %q (%v)", line, err)
	}
	return b
}

// End ends the bus.
func (b *Bus) End() { _ = b.c.Process.Kill(); _ = b.c.Wait() }

// Connect is dbus.ConnectSystemBus for this bus.
func (b *Bus) Connect(o ...dbus.ConnOption) (*dbus.Conn, error) { return dbus.Connect(b.Address, o...) }

// A Manager is a NetworkManager.
type Manager struct {
	// Asked counts how often somebody read the property; while Broken is set that fails.
	Asked  atomic.Int32
	Broken atomic.Bool

	t       testing.TB
	conn    *dbus.Conn
	metered atomic.Uint32
}

// Manage puts a NetworkManager on the bus that says so: 1 is metered, 2 is not, 3 and 4 are
// guesses of the same, 0 is unknown.
func (b *Bus) Manage(metered uint32) *Manager {
	b.t.Helper()
	m := &Manager{t: b.t}
	m.metered.Store(metered)
	var err error
	if m.conn, err = b.Connect(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(m.End)
	if err := m.conn.Export(getter{m}, path, properties); err != nil {
		b.t.Fatal(err)
	}
	if reply, err := m.conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		b.t.Fatalf("%v, %v", reply, err)
	}
	return m
}

// End takes it off the bus.
func (m *Manager) End() { _ = m.conn.Close() }

// A getter is what the bus sees of a Manager.
type getter struct{ m *Manager }

// Get answers who reads a property.
func (g getter) Get(_, what string) (dbus.Variant, *dbus.Error) {
	g.m.Asked.Add(1)
	if what != property || g.m.Broken.Load() {
		return dbus.Variant{}, dbus.MakeFailedError(errors.New("no such property"))
	}
	return dbus.MakeVariant(g.m.metered.Load()), nil
}

// Set changes the property and says so.
func (m *Manager) Set(metered uint32) {
	m.t.Helper()
	m.metered.Store(metered)
	Emit(m.t, m.conn, metered)
}

// Emit says on a connection that the property changed, whoever that is to say.
func Emit(t testing.TB, conn *dbus.Conn, metered uint32) {
	t.Helper()
	if err := conn.Emit(path, properties+".PropertiesChanged", name, map[string]dbus.Variant{property: dbus.MakeVariant(metered)}, []string{}); err != nil {
		t.Fatal(err)
	}
}
