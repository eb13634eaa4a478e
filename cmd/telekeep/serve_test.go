package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A viewing is a telekeep serve that runs.
type viewing struct {
	t      *testing.T
	base   string
	client *http.Client
	end    func() // interrupts it, and fails unless that is how it is meant to end
}

func view(t *testing.T, args ...string) *viewing {
	t.Helper()
	c := program(t, append([]string{"serve"}, args...)...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	link, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("no link: %v\n%s", err, errs.String())
	}
	base, token, ok := strings.Cut(strings.TrimSpace(link), "#token=")
	if !ok || !strings.HasPrefix(base, "http://127.0.0.1:") {
		t.Fatalf("the link is %q", link)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &viewing{t: t, base: base, client: &http.Client{Jar: jar}}
	r, err := v.client.Post(base+"api/session", "application/json", strings.NewReader(`{"token":"`+token+`"}`))
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("the token: %v, %v", r, err)
	}
	_ = r.Body.Close()
	v.end = func() {
		t.Helper()
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(out)
		if err := c.Wait(); err != nil || len(rest) > 0 {
			t.Errorf("serve ended with %v, after %q\n%s", err, rest, errs.String())
		}
	}
	return v
}

func (v *viewing) get(path string, into any) {
	v.t.Helper()
	r, err := v.client.Get(v.base + path)
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		v.t.Fatalf("%s: %d", path, r.StatusCode)
	}
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		v.t.Fatal(err)
	}
}

// ready waits for the archive and for the index.
func (v *viewing) ready() {
	v.t.Helper()
	for range 1500 {
		var state struct {
			Ready bool
			Index struct{ Ready bool }
		}
		if v.get("api/state", &state); state.Ready && state.Index.Ready {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	v.t.Fatal("it does not get ready")
}

// What serve shows of a real backup; that it leaves nothing behind but the index that is asked for.
func TestServe(t *testing.T) {
	sim := startSimulator(t, "--messages", "300", "--chats", "6", "--media", "300KiB")
	dir := sim.install(t)
	mustCall(t, "", "sync", "--dir", dir)
	before := allFiles(t, dir)
	owner := filepath.Join(dir, "owner.key")

	v := view(t, "--dir", dir, "-i", owner)
	v.ready()
	var chats struct {
		Accounts []struct {
			ID    string
			Chats []struct{ Messages int }
		}
	}
	if v.get("api/chats", &chats); len(chats.Accounts) != 1 || len(chats.Accounts[0].Chats) != 6 {
		t.Fatalf("%+v", chats)
	}
	var found struct {
		Total int
		Hits  []struct{ Chat string }
	}
	if v.get("api/search?kind=photo", &found); found.Total == 0 {
		t.Error("no photo was found")
	}
	var health struct {
		Verdict  string
		Accounts []struct {
			ID      string
			Holding struct{ Chats int }
		}
		Faults []problemLine
	}
	if v.get("api/health", &health); !strings.HasPrefix(health.Verdict, "complete up to") || health.Accounts[0].Holding.Chats != 6 || len(health.Faults) != 0 {
		t.Errorf("%+v", health)
	}
	v.end()
	if after := allFiles(t, dir); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("files were %q, and are %q", before, after)
	}

	// The vault alone, and an index that stays.
	words := filepath.Join(t.TempDir(), "words")
	for range 2 {
		v = view(t, "--vault", filepath.Join(dir, "vault"), "-i", owner, "--index", words)
		v.ready()
		v.get("api/health", &health)
		v.end()
	}
	for _, name := range append(allFiles(t, words), ".") {
		info, err := os.Stat(filepath.Join(words, name))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is for others too: %v, %v", name, info, err)
		}
	}
}

// What is committed while somebody looks is shown, without a new start.
func TestServeFollows(t *testing.T) {
	sim := startSimulator(t, "--messages", "60", "--chats", "3", "--media", "0")
	dir := sim.install(t)
	mustCall(t, "", "sync", "--dir", dir)
	v := view(t, "--dir", dir, "-i", filepath.Join(dir, "owner.key"))
	v.ready()
	var chats struct {
		Accounts []struct {
			Chats []struct {
				ID       string
				Messages int
			}
		}
	}
	v.get("api/chats", &chats)
	chat := chats.Accounts[0].Chats[0]
	sim.control(t, "POST", "/messages", map[string]any{"chat": chat.ID, "text": "zebrafinch arrives"})
	mustCall(t, "", "sync", "--dir", dir)
	var found struct{ Total int }
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var state struct {
			Edition int
			Trouble string
		}
		if v.get("api/state", &state); state.Edition > 1 {
			break
		}
		if state.Trouble != "" || time.Now().After(end) {
			t.Fatalf("the new commit is not shown: %+v", state)
		}
	}
	if v.get("api/search?q=zebrafinch", &found); found.Total != 1 {
		t.Errorf("the new message was found %d times", found.Total)
	}
	var window struct{ Total int }
	if v.get("api/window?chat="+chat.ID, &window); window.Total != chat.Messages+1 {
		t.Errorf("%d messages, of %d and a new one", window.Total, chat.Messages)
	}
	v.end()
}

func allFiles(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("no file below %s: %v", dir, err)
	}
	return names
}
