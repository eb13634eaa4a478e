package crypto

import (
	"bufio"
	"bytes"
	"strings"

	"filippo.io/age"
)

// SealedTo returns what kinds of keys an age file is sealed to, as its header says: "hybrid",
// "x25519", "passphrase", "ssh-ed25519", "ssh-rsa", and for a plugin the name that it gives to
// its kind. Nothing in a header is authentic to who has no key. ErrDamaged.
func SealedTo(sealed []byte) ([]string, error) {
	header, err := age.ExtractHeader(bytes.NewReader(sealed))
	if err != nil {
		return nil, sortOpenError(err)
	}
	var kinds []string
	lines := bufio.NewScanner(bytes.NewReader(header))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != "->" || strings.HasSuffix(fields[1], "-grease") {
			continue
		}
		kinds = append(kinds, stanzaKind(fields[1]))
	}
	return kinds, nil
}

func stanzaKind(stanza string) string {
	switch stanza {
	case "X25519":
		return "x25519"
	case "mlkem768x25519":
		return "hybrid"
	case "scrypt":
		return "passphrase"
	}
	return stanza
}
