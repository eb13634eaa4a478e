package keyring

import (
	"bytes"
	"crypto/rand"
	"errors"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// put makes a key for the time of a test.
func put(t *testing.T, description string, payload []byte) {
	t.Helper()
	id, err := unix.AddKey("user", description, payload, unix.KEY_SPEC_USER_KEYRING)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip("the kernel's keyring cannot be used here: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_USER_KEYRING, 0, 0)
	})
}

func TestRead(t *testing.T) {
	name := "telekeep-test:" + rand.Text()
	if _, err := Read(name); !errors.Is(err, ErrNone) && !errors.Is(err, ErrUnsupported) {
		t.Errorf("no such key: %v", err)
	}
	long := bytes.Repeat([]byte("secret "), 1000)
	put(t, name, long)
	var all sync.WaitGroup
	for range 20 { // from whichever thread
		all.Go(func() {
			if got, err := Read(name); err != nil || !bytes.Equal(got, long) {
				t.Errorf("%d bytes came back of %d: %v", len(got), len(long), err)
			}
		})
	}
	all.Wait()
	put(t, name, []byte("short"))
	if got, err := Read(name); err != nil || string(got) != "short" {
		t.Errorf("%q, %v", got, err)
	}
}
