package crypto

import (
	"bytes"
	"fmt"
	"io"

	"filippo.io/age"
)

// Open reads the header of the age file in src and returns its content. All
// identities are tried. Bytes are authenticated before they are handed out, in
// steps of 64 KiB; only io.EOF says that the content is whole.
func Open(src io.Reader, ids ...Identity) (io.Reader, error) {
	identities, err := ageIdentities(ids)
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(source{src}, identities...)
	if err != nil {
		return nil, sortOpenError(err)
	}
	return &opened{age: r}, nil
}

// OpenBytes returns the content of one whole age file.
func OpenBytes(sealed []byte, ids ...Identity) ([]byte, error) {
	r, err := Open(bytes.NewReader(sealed), ids...)
	if err != nil {
		return nil, err
	}
	var plaintext bytes.Buffer
	plaintext.Grow(len(sealed)) // always a little more than the content
	if _, err := plaintext.ReadFrom(r); err != nil {
		return nil, err
	}
	return plaintext.Bytes(), nil
}

// OpenAt is Open with random access: size is the length of the age file in src
// in bytes, the result is its content and the content's length. The end of the
// file is authenticated at once, every other part when it is read, so a file that
// is cut off is ErrDamaged here and a flipped bit in the middle is ErrDamaged in
// ReadAt. Small reads cost a 64 KiB read below; the result may be used from many
// goroutines if src may.
func OpenAt(src io.ReaderAt, size int64, ids ...Identity) (io.ReaderAt, int64, error) {
	identities, err := ageIdentities(ids)
	if err != nil {
		return nil, 0, err
	}
	r, n, err := age.DecryptReaderAt(sourceAt{src}, size, identities...)
	if err != nil {
		return nil, 0, sortOpenError(err)
	}
	return &openedAt{age: r, size: n}, n, nil
}

func ageIdentities(ids []Identity) ([]age.Identity, error) {
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: no key was given", ErrWrongKey)
	}
	identities := make([]age.Identity, len(ids))
	for i, id := range ids {
		if id.IsZero() {
			return nil, fmt.Errorf("%w: key %d is empty", ErrBadKey, i+1)
		}
		identities[i] = id.age
	}
	return identities, nil
}

// An opened sorts the errors of age's sequential reader.
type opened struct {
	age io.Reader
	off int64 // plaintext bytes handed out
}

func (o *opened) Read(p []byte) (int, error) {
	n, err := o.age.Read(p)
	o.off += int64(n)
	return n, sortReadError(err, o.off)
}

// An openedAt sorts the errors of age's random-access reader and keeps to the
// rules of io.ReaderAt beyond the end, where age returns an error of its own.
type openedAt struct {
	age  io.ReaderAt
	size int64
}

func (o *openedAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at negative offset %d", off)
	}
	if off >= o.size {
		return 0, io.EOF
	}
	n, err := o.age.ReadAt(p, off)
	return n, sortReadError(err, off+int64(n))
}
