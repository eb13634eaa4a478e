package main

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"telekeep/internal/keyring"
)

// The writer's key may be in the kernel's keyring and on no disk.
func TestKeyring(t *testing.T) {
	prefix := "telekeep-test-" + rand.Text()
	if _, err := keyring.Read(prefix); errors.Is(err, keyring.ErrUnsupported) {
		t.Skip("the kernel's keyring cannot be used here: ", err)
	}
	dir := filepath.Join(t.TempDir(), "t")
	mustCall(t, "", "init", "--dir", dir)
	config := filepath.Join(dir, "telekeep.toml")
	before, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	settings := "keyring = \"" + prefix + "\"\n" + string(before)
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	export := filepath.Join(t.TempDir(), "result.json")
	if err := os.WriteFile(export, []byte(`{"name": "Ann", "type": "personal_chat", "id": 9, "messages": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	adds := func(want int, says string) {
		t.Helper()
		o := call(t, "", "import", "--dir", dir, "--account", "user7", export)
		if o.code != want || !strings.Contains(o.err+o.out, says) {
			t.Errorf("code %d, want %d\n%s%s", o.code, want, o.out, o.err)
		}
	}
	adds(0, "0 messages") // the file is there, and the keyring has no key

	path := filepath.Join(dir, "secrets", "writer.key")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	adds(exitConfig, "chmod 600")
	key, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	adds(exitKey, "the writer's key is not there")
	id, err := unix.AddKey("user", prefix+":writer.key", key, unix.KEY_SPEC_USER_KEYRING)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_USER_KEYRING, 0, 0) //nolint:errcheck // the key is this test's own
	adds(0, "0 messages")
	o := call(t, "", "keys", "rotate", "--dir", dir, "-i", filepath.Join(dir, "owner.key"))
	if o.code != exitUsage || !strings.Contains(o.err, "cannot be written") || !strings.Contains(o.err, "--out FILE") {
		t.Errorf("a rotation: %d\n%s%s", o.code, o.out, o.err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the key came back to the disk")
	}
	mustCall(t, "", "verify", "--dir", dir)
}
