package keyring

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Read returns the payload of the key of type "user" with a description, from the session's
// keyring or the user's. Errors: ErrNone, ErrUnsupported, or what the system says.
func Read(description string) ([]byte, error) {
	// A key can be read by a thread that has it in a keyring of its own, and a service's session
	// has no link to its user's keyring: this thread gets one for as long as it reads.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, err := unix.KeyctlInt(unix.KEYCTL_LINK, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_THREAD_KEYRING, 0, 0); err == nil {
		defer func() {
			_, _ = unix.KeyctlInt(unix.KEYCTL_UNLINK, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_THREAD_KEYRING, 0, 0)
		}()
	}
	var id int
	var err error
	for _, ring := range []int{unix.KEY_SPEC_SESSION_KEYRING, unix.KEY_SPEC_THREAD_KEYRING, unix.KEY_SPEC_USER_KEYRING} {
		if id, err = unix.KeyctlSearch(ring, "user", description, 0); err == nil {
			return payload(id)
		}
		if !isNone(err) {
			break
		}
	}
	return nil, told(err)
}

// payload reads a key, which may be replaced by a longer one meanwhile.
func payload(id int) ([]byte, error) {
	for size := 4 << 10; ; {
		buf := make([]byte, size)
		n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, id, buf, 0)
		switch {
		case err != nil:
			clear(buf)
			return nil, told(err)
		case n <= size:
			return buf[:n], nil
		}
		clear(buf)
		size = n
	}
}

// isNone reports whether an error says that a key is not there, or not any more.
func isNone(err error) bool {
	for _, none := range []error{unix.ENOKEY, unix.EKEYEXPIRED, unix.EKEYREVOKED} {
		if errors.Is(err, none) {
			return true
		}
	}
	return false
}

func told(err error) error {
	switch {
	case isNone(err):
		return ErrNone
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return fmt.Errorf("read the kernel's keyring: %w", err)
}
