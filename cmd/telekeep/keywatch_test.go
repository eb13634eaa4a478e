package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/local"
	"telekeep/crypto"
	"telekeep/daemon"
)

// A keyLook tells what of a vault in a folder was stored since, and which vault keys open it.
type keyLook struct {
	t     *testing.T
	vault string
	owner []crypto.Identity
	known []string // names of the objects that were there
}

func lookAtKeys(t *testing.T, dir string) *keyLook {
	t.Helper()
	text, err := os.Open(filepath.Join(dir, "owner.key"))
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	ids, err := crypto.ParseIdentities(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &keyLook{t: t, vault: filepath.Join(dir, "vault"), owner: ids}
	l.sealed()
	return l
}

// key opens the vault.
func (l *keyLook) key() *chunkstore.VaultKey {
	l.t.Helper()
	d, err := local.Open(l.vault)
	if err != nil {
		l.t.Fatal(err)
	}
	defer d.Close()
	key, err := chunkstore.OpenVaultKey(l.t.Context(), d, l.owner)
	if err != nil {
		l.t.Fatal(err)
	}
	return key
}

// sealed are the packs and indexes that were stored since the last call.
func (l *keyLook) sealed() (since []string) {
	l.t.Helper()
	err := filepath.WalkDir(l.vault, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(l.vault, path)
		if err != nil || d.IsDir() || slices.Contains(l.known, name) || !strings.HasPrefix(name, "packs") && !strings.HasPrefix(name, "index") {
			return err
		}
		l.known, since = append(l.known, name), append(since, name)
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return since
}

// sealedTo checks that something was stored since, all of it to one vault key and not to the one before.
func (l *keyLook) sealedTo(now, before *chunkstore.VaultKey) {
	l.t.Helper()
	since := l.sealed()
	if len(since) < 2 || now.Fingerprint() == before.Fingerprint() {
		l.t.Errorf("stored since: %v, by vault keys %s and %s", since, before.Fingerprint(), now.Fingerprint())
	}
	for _, name := range since {
		data, err := os.ReadFile(filepath.Join(l.vault, name))
		if err != nil {
			l.t.Fatal(err)
		}
		if _, err := crypto.OpenBytes(data, before.Identity); !errors.Is(err, crypto.ErrWrongKey) {
			l.t.Errorf("%s: the vault key before opens it: %v", name, err)
		}
		if _, err := crypto.OpenBytes(data, now.Identity); err != nil {
			l.t.Errorf("%s: the new vault key: %v", name, err)
		}
	}
}

// A daemon that runs through keys rotate stores nothing more to the vault key before, neither what
// was waiting nor what comes, without a restart, and with its vault open all the while; and it
// sees by itself that somebody put another writer's key in place.
func TestDaemonTakesNewKey(t *testing.T) {
	t.Parallel()
	sim := startSimulator(t, "--seed", "41", "--messages", "40", "--media", "64KiB")
	dir := sim.install(t)
	chat := someChat(t, dir)
	owner := filepath.Join(dir, "owner.key")
	k := startDaemon(t, dir)
	k.until("well", isWell)
	mustCall(t, "", "sync", "--dir", dir)
	look := lookAtKeys(t, dir)
	first := look.key()
	post := func(text string) {
		before := strings.Count(k.log.String(), "messages=1\n")
		sim.control(t, "POST", "/messages", map[string]any{"chat": chat, "text": text})
		k.until("told of "+text, func(*daemon.Status) bool { return strings.Count(k.log.String(), "messages=1\n") > before })
	}

	post("waiting")
	var report keyRotateReport
	if err := json.Unmarshal([]byte(mustCall(t, "", "keys", "rotate", "--dir", dir, "-i", owner, "--json").out), &report); err != nil {
		t.Fatal(err)
	}
	second := look.key()
	if report.Daemon != second.Fingerprint() || report.Fingerprint != report.Daemon {
		t.Errorf("the daemon seals to %s, and the new vault key is %s", report.Daemon, second.Fingerprint())
	}
	post("since")
	mustCall(t, "", "sync", "--dir", dir)
	look.sealedTo(second, first)

	// By hand, as one who keeps it elsewhere does.
	elsewhere := filepath.Join(t.TempDir(), "new.key")
	if o := mustCall(t, "", "keys", "rotate", "--dir", dir, "-i", owner, "--out", elsewhere); strings.Contains(o.out, "daemon from now on") {
		t.Errorf("the daemon cannot have the new key yet:\n%s", o.out)
	}
	third := look.key()
	if err := os.Rename(elsewhere, filepath.Join(dir, "secrets", writerKeyName)); err != nil {
		t.Fatal(err)
	}
	k.untilSaid("sealed to vault key " + third.Fingerprint())
	post("then")
	mustCall(t, "", "sync", "--dir", dir)
	look.sealedTo(third, second)

	if n := strings.Count(k.log.String(), "what=open\n"); n != 1 {
		t.Errorf("the vault was opened %d times", n)
	}
	if code := k.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	mustCall(t, "", "verify", "--dir", dir, "--deep", "-i", owner)
	holdsTexts(t, dir, "waiting", "since", "then")
}

// sync --follow takes the new key, too.
func TestFollowTakesNewKey(t *testing.T) {
	t.Parallel()
	sim := startSimulator(t, "--seed", "42", "--messages", "20", "--media", "64KiB")
	dir := sim.install(t)
	chat := someChat(t, dir)
	mustCall(t, "", "sync", "--dir", dir)
	look := lookAtKeys(t, dir)
	first := look.key()
	f := startFollowing(t, dir)
	f.until(": live")
	mustCall(t, "", "keys", "rotate", "--dir", dir, "-i", filepath.Join(dir, "owner.key"))
	second := look.key()
	f.until("sealed to vault key " + second.Fingerprint())
	sim.control(t, "POST", "/messages", map[string]any{"chat": chat, "text": "since"})
	f.until("stored 1 message")
	if err := f.c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	f.until("ended")
	if err := f.c.Wait(); err != nil {
		t.Fatal(err)
	}
	look.sealedTo(second, first)
	holdsTexts(t, dir, "since")
}

// holdsTexts checks that texts stand in an export.
func holdsTexts(t *testing.T, dir string, texts ...string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	mustCall(t, "", "export", "--dir", dir, "-i", filepath.Join(dir, "owner.key"), "--out", out)
	data, err := os.ReadFile(filepath.Join(out, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if !strings.Contains(string(data), `"text": "`+text+`"`) {
			t.Errorf("%q is not in the export", text)
		}
	}
}
