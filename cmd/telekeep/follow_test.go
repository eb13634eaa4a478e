package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A following is sync --follow in a process of its own.
type following struct {
	t     *testing.T
	c     *exec.Cmd
	lines chan string
}

func startFollowing(t *testing.T, dir string, args ...string) *following {
	t.Helper()
	f := &following{t: t, c: program(t, append([]string{"sync", "--follow", "--dir", dir}, args...)...), lines: make(chan string, 1000)}
	out, err := f.c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	f.c.Stderr = os.Stderr
	if err := f.c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			f.lines <- s.Text()
		}
		close(f.lines)
	}()
	t.Cleanup(func() { _ = f.c.Process.Kill(); _ = f.c.Wait() })
	return f
}

// until reads lines up to one that holds text.
func (f *following) until(text string) time.Duration {
	f.t.Helper()
	start, limit := time.Now(), time.After(60*time.Second)
	var seen []string
	for {
		select {
		case line, ok := <-f.lines:
			if !ok {
				f.t.Fatalf("it ended before %q; it said %q", text, seen)
			}
			if strings.Contains(line, text) {
				return time.Since(start)
			}
			seen = append(seen, line)
		case <-limit:
			f.t.Fatalf("it does not say %q; it said %q", text, seen)
		}
	}
}

// A message that is sent while sync --follow runs is stored at once: a kill
// behind the line that says so loses nothing, and the signal TERM commits.
func TestFollowCommand(t *testing.T) {
	t.Parallel()
	sim := startSimulator(t, "--seed", "5", "--messages", "60", "--media", "1MiB")
	dir := sim.install(t)
	chat := someChat(t, dir)

	f := startFollowing(t, dir)
	f.until(": live")
	waitFor(t, filepath.Join(dir, "state", "last-sync-main.json")) // what status shows
	sim.control(t, "POST", "/messages", map[string]any{"chat": chat, "text": "pushed before the kill"})
	took := f.until("stored 1 message")
	t.Logf("stored after %v", took)
	if err := f.c.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = f.c.Wait()

	f = startFollowing(t, dir, "--json")
	f.until(`"state":"live"`)
	sim.control(t, "POST", "/messages", map[string]any{"chat": chat, "text": "pushed before the end"})
	f.until(`"messages":1`)
	if err := f.c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	f.until(`"state":"ended"`)
	if err := f.c.Wait(); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	mustCall(t, "", "export", "--dir", dir, "-i", filepath.Join(dir, "owner.key"), "--out", out)
	data, err := os.ReadFile(filepath.Join(out, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"pushed before the kill", "pushed before the end"} {
		if n := strings.Count(string(data), `"text": "`+text+`"`); n != 2 { // as the text, and as its only piece
			t.Errorf("%q stands in the export %d times, want 2", text, n)
		}
	}
}

// someChat is the id of a chat that one can write to.
func someChat(t *testing.T, dir string) string {
	t.Helper()
	ids := chatsOfKind(t, dir, "personal")
	if len(ids) == 0 {
		t.Fatal("no personal chat")
	}
	return ids[0]
}

// chatsOfKind are the ids of all chats of some kinds.
func chatsOfKind(t *testing.T, dir string, kinds ...string) (ids []string) {
	t.Helper()
	var list []struct {
		ID   string `json:"id"`
		Kind string `json:"kind"`
	}
	o := mustCall(t, "", "chats", "--dir", dir, "--json")
	if err := json.Unmarshal([]byte(o.out), &list); err != nil {
		t.Fatalf("%v: %s", err, o.out)
	}
	for _, c := range list {
		if slices.Contains(kinds, c.Kind) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}
