package crypto

import (
	"bytes"
	"io"
	"testing"

	"telekeep/internal/vector"
)

// Every fuzz target starts from the vectors, and vector.Load fails on an empty folder:
// a target without seeds would test nothing and say nothing.

// FuzzOpen feeds damaged age files. What opens must be what was sealed to this key;
// what does not must be told in this package's errors.
func FuzzOpen(f *testing.F) {
	var ids []Identity
	for _, v := range vector.Load(f, "testdata/vectors/open") {
		if _, scrypt := v.Headers["passphrase"]; scrypt {
			continue // a fuzzer would find expensive work factors
		}
		f.Add(v.Body, true)
		ids = append(ids, vectorKeys(f, v)...)
	}
	f.Fuzz(func(t *testing.T, sealed []byte, at bool) {
		content, err := OpenBytes(sealed, ids...)
		checkSorted(t, err)
		if !at {
			return
		}
		r, n, atErr := OpenAt(bytes.NewReader(sealed), int64(len(sealed)), ids...)
		checkSorted(t, atErr)
		if atErr != nil {
			return
		}
		contentAt, atErr := io.ReadAll(io.NewSectionReader(r, 0, n))
		checkSorted(t, atErr)
		if (err == nil) != (atErr == nil) || err == nil && !bytes.Equal(content, contentAt) {
			t.Errorf("Open: %v, OpenAt: %v, or different bytes", err, atErr)
		}
	})
}

func checkSorted(t *testing.T, err error) {
	t.Helper()
	if err != nil && !isSorted(err) {
		t.Errorf("an error of no kind: %v", err)
	}
}

// FuzzParseIdentities: native keys that parse must survive their own text.
func FuzzParseIdentities(f *testing.F) {
	for _, v := range vector.Load(f, "testdata/vectors/identities") {
		f.Add(v.Body)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		ids, err := ParseIdentities(bytes.NewReader(file), nil)
		if err != nil {
			checkSorted(t, err)
			return
		}
		for _, id := range ids {
			if id.String() == "" {
				continue // an SSH key
			}
			again, err := ParseIdentity(id.String())
			if err != nil || again.Recipient().String() != id.Recipient().String() {
				t.Errorf("an identity does not survive its text: %v", err)
			}
		}
	})
}

// FuzzParseRecipient: what parses must survive its own text and be fit to seal to.
func FuzzParseRecipient(f *testing.F) {
	for _, v := range vector.Load(f, "testdata/vectors/identities") {
		f.Add(v.Headers["recipients"])
		f.Add(string(v.Body))
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRecipient(s)
		if err != nil {
			checkSorted(t, err)
			return
		}
		again, err := ParseRecipient(r.String())
		if err != nil || again.String() != r.String() {
			t.Errorf("%q does not survive its text: %v", s, err)
		}
		if _, err := SealBytes(nil, r); err != nil {
			t.Errorf("cannot seal to %q: %v", s, err)
		}
	})
}

// FuzzFrames feeds damaged segments, some behind a good head.
func FuzzFrames(f *testing.F) {
	vectors := vector.Load(f, "testdata/vectors/frames")
	for _, v := range vectors {
		f.Add(v.Body, false)
	}
	ids := vectorKeys(f, vectors[0])
	head, ends := segment(f, ids[0], []byte("one"), []byte("two"))
	f.Add(head[ends[0]:], true)
	f.Fuzz(func(t *testing.T, data []byte, behindHead bool) {
		if behindHead {
			data = append(head[:ends[0]:ends[0]], data...)
		}
		frames, r, err := readFrames(bytes.NewReader(data), ids...)
		checkSorted(t, err)
		if err == nil && r.Offset() > int64(len(data)) {
			t.Errorf("%d bytes hold %d frames up to offset %d", len(data), len(frames), r.Offset())
		}
		if err == nil && !r.Torn() && r.Offset() != int64(len(data)) {
			t.Errorf("not torn, but %d of %d bytes read", r.Offset(), len(data))
		}
	})
}
