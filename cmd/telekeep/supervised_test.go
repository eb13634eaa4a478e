package main

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telekeep/daemon"
)

// systemd is told to wait when the end begins, and again each time that it got on.
func TestSystemdWaitsWhileTheEndGetsOn(t *testing.T) {
	dir, err := os.MkdirTemp("", "notify") // the name of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "socket")
	socket, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	m := managed{log: slog.New(slog.DiscardHandler)}
	for _, kind := range []daemon.NoteKind{daemon.NoteStopping, daemon.NoteDraining, daemon.NoteDraining} {
		m.Notify(daemon.Note{Kind: kind})
	}
	if err := socket.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	stopping, extended := 0, 0
	for buffer := make([]byte, 4096); extended < 3; {
		n, _, err := socket.ReadFrom(buffer)
		if err != nil {
			t.Fatalf("%v; stopping %d times, extended %d times", err, stopping, extended)
		}
		stopping += strings.Count(string(buffer[:n]), "STOPPING=1")
		extended += strings.Count(string(buffer[:n]), "EXTEND_TIMEOUT_USEC=170000000")
	}
	if stopping != 1 {
		t.Errorf("stopping %d times", stopping)
	}
}
