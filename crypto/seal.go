package crypto

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// Seal starts an age file in dst that each of the recipients can open. The file
// is whole only after Close has returned nil; Close does not close dst. An error
// of dst is passed on wrapped. Recipients that age keeps apart are
// ErrMixedRecipients; a missing or zero recipient is ErrBadKey.
func Seal(dst io.Writer, to ...Recipient) (io.WriteCloser, error) {
	recipients, err := ageRecipients(to)
	if err != nil {
		return nil, err
	}
	w, err := age.Encrypt(dst, recipients...)
	if failed, ok := errors.AsType[*pluginError](err); ok {
		return nil, fmt.Errorf("seal: %w", failed.err)
	}
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &sealer{w}, nil
}

// SealBytes returns plaintext as one age file.
func SealBytes(plaintext []byte, to ...Recipient) ([]byte, error) {
	var sealed bytes.Buffer
	sealed.Grow(len(plaintext) + len(plaintext)/1024 + 4096) // tags and header
	w, err := Seal(&sealed, to...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plaintext); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}

// ageRecipients checks the combination before age does, to say it in our words.
func ageRecipients(to []Recipient) ([]age.Recipient, error) {
	if len(to) == 0 {
		return nil, fmt.Errorf("%w: there is nobody to seal to", ErrBadKey)
	}
	recipients := make([]age.Recipient, len(to))
	for i, r := range to {
		switch {
		case r.IsZero():
			return nil, fmt.Errorf("%w: recipient %d is empty", ErrBadKey, i+1)
		case r.class == classPassphrase && len(to) > 1:
			return nil, fmt.Errorf("%w: a passphrase must be the only recipient", ErrMixedRecipients)
		case r.class == classPlugin && len(to) > 1:
			return nil, fmt.Errorf("%w: the key of a plugin must be the only recipient", ErrMixedRecipients)
		case r.class != to[0].class:
			return nil, fmt.Errorf("%w: post-quantum and classic keys in one file would make it classic", ErrMixedRecipients)
		}
		recipients[i] = r.age
	}
	return recipients, nil
}

// A sealer gives age's writer errors a context.
type sealer struct{ age io.WriteCloser }

func (s *sealer) Write(p []byte) (int, error) {
	n, err := s.age.Write(p)
	if err != nil {
		err = fmt.Errorf("seal: %w", err)
	}
	return n, err
}

func (s *sealer) Close() error {
	if err := s.age.Close(); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return nil
}
