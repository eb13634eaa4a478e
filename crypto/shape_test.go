package crypto

import (
	"bytes"
	"errors"
	"testing"
)

func TestContentLength(t *testing.T) {
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 500, payloadBlock - 1, payloadBlock, payloadBlock + 1, 3 * payloadBlock} {
		sealed, err := SealBytes(make([]byte, n), id.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		got, err := ContentLength(sealed)
		if err != nil || got != int64(n) {
			t.Errorf("%d bytes of content: %d, %v", n, got, err)
		}
		header := bytes.Index(sealed, []byte("\n---"))
		for _, at := range []int{0, 10, header - 100, header + 10, header + 60} {
			if _, err := ContentLength(sealed[:at]); !errors.Is(err, ErrDamaged) {
				t.Errorf("cut off at %d: %v", at, err)
			}
		}
	}
	whole, err := SealBytes(make([]byte, 2*payloadBlock), id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	for _, lost := range []int{payloadBlock, payloadBlock + 1, payloadBlock + payloadTag - 1} {
		if _, err := ContentLength(whole[:len(whole)-lost]); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d bytes short: %v", lost, err)
		}
	}
	for _, flip := range []int{0, 25} { // the version line, the first stanza
		other := bytes.Clone(whole)
		other[flip] ^= 1
		if n, err := ContentLength(other); flip == 0 && !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d flipped: %d, %v", flip, n, err)
		}
	}
}

// FuzzContentLength: no bytes give a length that they do not have.
func FuzzContentLength(f *testing.F) {
	id, err := NewIdentity()
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := SealBytes([]byte("content"), id.Recipient())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed[:len(sealed)-8])
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := ContentLength(data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if n < 0 || n > int64(len(data)) {
			t.Fatalf("%d bytes of content in %d", n, len(data))
		}
	})
}
