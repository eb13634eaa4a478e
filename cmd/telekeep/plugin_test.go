package main

import (
	"encoding/base64"
	"os"
	"slices"

	"filippo.io/age"
	"filippo.io/age/plugin"
)

// agePlugin is an age plugin for the scripts: a "token" that keeps file keys behind an XOR
// with its data, and says something each time it is used.
func agePlugin() {
	p, err := plugin.New("tktest")
	if err != nil {
		os.Exit(3)
	}
	p.HandleRecipient(func(data []byte) (age.Recipient, error) { return token(data), nil })
	p.HandleIdentity(func(data []byte) (age.Identity, error) {
		if err := p.DisplayMessage("touch the token"); err != nil {
			return nil, err
		}
		return token(data), nil
	})
	switch {
	case slices.Contains(os.Args, "--age-plugin=recipient-v1"):
		os.Exit(p.RecipientV1())
	case slices.Contains(os.Args, "--age-plugin=identity-v1"):
		os.Exit(p.IdentityV1())
	}
	// Called by a script, it prints a pair of keys.
	os.Stdout.WriteString("# public key: " + plugin.EncodeRecipient("tktest", []byte("token")) + "\n" + plugin.EncodeIdentity("tktest", []byte("token")) + "\n") //nolint:errcheck // the script misses it
	os.Exit(0)
}

type token []byte

func (k token) mix(b []byte) []byte {
	out := slices.Clone(b)
	for i := range out {
		out[i] ^= k[i%len(k)]
	}
	return out
}

func (k token) name() []string { return []string{base64.RawStdEncoding.EncodeToString(k)} }

func (k token) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{Type: "tktest", Args: k.name(), Body: k.mix(fileKey)}}, nil
}

func (k token) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type == "tktest" && slices.Equal(s.Args, k.name()) {
			return k.mix(s.Body), nil
		}
	}
	return nil, age.ErrIncorrectIdentity
}
