package chunkstore

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"telekeep/crypto"
)

func TestSecretsText(t *testing.T) {
	s := newFixture(t, nil).secrets
	text := s.Marshal()
	again, err := ParseWriterSecrets(text)
	check(t, err)
	if !bytes.Equal(again.Marshal(), text) || again.SigningKey != s.SigningKey || again.IDKey != s.IDKey || again.ChunkerKey != s.ChunkerKey ||
		again.IndexIdentity.String() != s.IndexIdentity.String() || again.VaultID != s.VaultID || again.WriterID != s.WriterID {
		t.Error("secrets do not survive their text")
	}
	if !strings.HasPrefix(string(text), "# ") {
		t.Error("the text does not begin with a comment")
	}
	// What editors do does not matter.
	edited := strings.ReplaceAll("\n# my note\n"+string(text), "\n", " \r\n")
	again, err = ParseWriterSecrets([]byte(edited))
	check(t, err)
	if !bytes.Equal(again.Marshal(), text) {
		t.Error("an edited file gives other secrets")
	}
}

func TestSecretsRefuse(t *testing.T) {
	s, other := newFixture(t, nil).secrets, newFixture(t, nil).secrets
	text := string(s.Marshal())
	line := func(key string) string {
		_, rest, _ := strings.Cut(text, "\n"+key+": ")
		value, _, _ := strings.Cut(rest, "\n")
		return key + ": " + value + "\n"
	}
	replaced := func(change func(s *WriterSecrets)) string {
		c := *s
		change(&c)
		return string(c.Marshal())
	}
	for what, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":            {"", crypto.ErrDamaged},
		"only comments":      {secretsComment, crypto.ErrDamaged},
		"prose":              {"hello\n", crypto.ErrDamaged},
		"newer":              {strings.Replace(text, secretsFormatOwners, "telekeep writer secrets 5", 1), ErrUnknownFormat},
		"an identity file":   {s.IndexIdentity.String() + "\n", crypto.ErrDamaged},
		"no check":           {strings.Replace(text, line("check"), "", 1), crypto.ErrDamaged},
		"check twice":        {text + line("check"), crypto.ErrDamaged},
		"no writer":          {strings.Replace(text, line("writer"), "", 1), crypto.ErrDamaged},
		"writer twice":       {strings.Replace(text, line("writer"), line("writer")+line("writer"), 1), crypto.ErrDamaged},
		"other order":        {strings.Replace(text, line("vault")+line("vault-recipient"), line("vault-recipient")+line("vault"), 1), crypto.ErrDamaged},
		"unknown field":      {strings.Replace(text, line("check"), "colour: red\n"+line("check"), 1), crypto.ErrDamaged},
		"changed value":      {strings.Replace(text, s.IDKey.String(), other.IDKey.String(), 1), crypto.ErrDamaged},
		"other vault":        {replaced(func(c *WriterSecrets) { c.VaultID = other.VaultID }), crypto.ErrDamaged},
		"other recipient":    {replaced(func(c *WriterSecrets) { c.VaultRecipient = other.VaultRecipient }), crypto.ErrDamaged},
		"other signing key":  {replaced(func(c *WriterSecrets) { c.SigningKey = other.SigningKey }), crypto.ErrDamaged},
		"no signing key":     {replaced(func(c *WriterSecrets) { c.SigningKey = crypto.SigningKey{} }), crypto.ErrDamaged},
		"no index key":       {replaced(func(c *WriterSecrets) { c.IndexIdentity = crypto.Identity{} }), crypto.ErrDamaged},
		"no vault recipient": {replaced(func(c *WriterSecrets) { c.VaultRecipient = crypto.Recipient{} }), crypto.ErrDamaged},
	} {
		got, err := ParseWriterSecrets([]byte(c.text))
		if !errors.Is(err, c.want) || got != nil {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
		for _, secret := range []string{s.IDKey.String(), s.ChunkerKey.String(), s.IndexIdentity.String()[20:], s.SigningKey.String()[20:]} {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error repeats a secret: %v", what, err)
			}
		}
	}
}

// Every letter of every value is covered by the check line.
func TestSecretsTypingMistakes(t *testing.T) {
	text := newFixture(t, nil).secrets.Marshal()
	for i := len(secretsComment); i < len(text)-1; i++ {
		mistyped := bytes.Clone(text)
		if mistyped[i] == 'x' {
			mistyped[i] = 'y'
		} else {
			mistyped[i] = 'x'
		}
		if _, err := ParseWriterSecrets(mistyped); err == nil {
			t.Errorf("byte %d mistyped: accepted", i)
		}
	}
	for n := range len(text) - 1 {
		if _, err := ParseWriterSecrets(text[:n]); err == nil {
			t.Errorf("the first %d bytes alone are accepted", n)
		}
	}
}

func TestRecoverSecrets(t *testing.T) {
	f := newFixture(t, nil)
	key, err := OpenVaultKey(t.Context(), f.dst, []crypto.Identity{f.owner})
	check(t, err)
	s, err := RecoverSecrets(t.Context(), f.dst, key, f.secrets.WriterID)
	check(t, err)
	if !bytes.Equal(s.Marshal(), f.secrets.Marshal()) {
		t.Error("other secrets were recovered")
	}
	_, err = RecoverSecrets(t.Context(), f.dst, key, strings.Repeat("0", 32))
	wantError(t, err, ErrMissing)

	name := secretsName(f.secrets.WriterID)
	damaged := f.dst.CrashClone()
	damaged.Damage(name, func(data []byte) []byte { data[len(data)-1] ^= 1; return data })
	_, err = RecoverSecrets(t.Context(), damaged, key, f.secrets.WriterID)
	wantError(t, err, crypto.ErrDamaged)

	// Sealed to the right key, but other bytes than the entry names: not even the same text.
	for _, text := range [][]byte{newFixture(t, nil).secrets.Marshal(), f.secrets.Marshal()} {
		replaced := f.dst.CrashClone()
		forged, err := crypto.SealBytes(text, f.secrets.VaultRecipient)
		check(t, err)
		replaced.Damage(name, func([]byte) []byte { return forged })
		_, err = RecoverSecrets(t.Context(), replaced, key, f.secrets.WriterID)
		wantError(t, err, crypto.ErrDamaged)
	}

	gone := f.dst.CrashClone()
	gone.Delete(name)
	_, err = RecoverSecrets(t.Context(), gone, key, f.secrets.WriterID)
	wantError(t, err, ErrMissing)
}
