package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An init that is killed at any moment leaves nothing that keeps the next one from
// doing its work.
func TestInitAfterAKill(t *testing.T) {
	dir, killed := filepath.Join(t.TempDir(), "t"), 0
	for i := range 12 {
		c := program(t, "init", "--dir", dir, "--vault", filepath.Join(dir, "drive", "v"))
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i*i) * time.Millisecond / 2)
		_ = c.Process.Kill()
		_ = c.Wait()
		if _, err := os.Stat(filepath.Join(dir, "telekeep.toml")); err == nil {
			break // it was done before it was killed
		}
		killed++
	}
	if killed == 0 {
		t.Error("no init was killed half way: the test shows nothing")
	}
	if _, err := os.Stat(filepath.Join(dir, "telekeep.toml")); err != nil {
		mustCall(t, "", "init", "--dir", dir, "--vault", filepath.Join(dir, "drive", "v"))
	}
	mustCall(t, "", "verify", "--dir", dir, "--deep", "-i", filepath.Join(dir, "owner.key"))
}

// What a killed command has made is taken away, and nothing else.
func TestUndoAfterAKill(t *testing.T) {
	dir := t.TempDir()
	marker := filepath.Join(dir, "m")
	in := func(name string) string { return filepath.Join(dir, name) }
	u, leftover, err := beginUndo(marker, nil)
	if err != nil || leftover {
		t.Fatal(leftover, err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := beginUndo(marker, nil); err == nil {
		t.Error("two commands at once were not noticed")
	}
	for _, folder := range []string{"empty/inner", "used", "vault", "grown"} {
		must(u.mkdir(in(folder)))
	}
	must(u.write(in("mine"), []byte("a")))
	must(u.write(in("changed"), []byte("b")))
	must(u.vault(in("vault")))
	must(u.vault(in("grown")))
	for _, file := range []string{"used/theirs", "changed", "vault/keys/owner.age", "vault/vault.json", "vault/.Trash", "grown/vault.json", "grown/packs/p"} {
		must(os.MkdirAll(filepath.Dir(in(file)), 0o700))
		must(os.WriteFile(in(file), []byte("theirs"), 0o600))
	}
	must(u.log.Close()) // as the end of the process does

	if _, leftover, err = beginUndo(marker, nil); err == nil || !leftover {
		t.Errorf("a vault with backups was no reason to stop: %v %v", leftover, err)
	}
	for name, there := range map[string]bool{
		"empty": false, "used/theirs": true, "mine": false, "changed": true, "vault/vault.json": false, "vault/keys": false,
		"vault/.Trash": true, "grown/vault.json": true, "grown/packs/p": true,
	} {
		if _, err := os.Stat(in(name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
}
