package chunkstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"telekeep/crypto"
)

// The first field of the secrets of a writer. The second format has the two fields that
// say whom the owners are; telekeep before that made the first one. The last is that of a
// writer that has taken a later vault key than the first.
const (
	secretsFormat        = "telekeep writer secrets 1"
	secretsFormatOwners  = "telekeep writer secrets 3"
	secretsFormatRotated = "telekeep writer secrets 4"
)

// WriterSecrets is everything that one writer needs to add to a vault: what lies on
// the machine that writes, in a file that only the daemon can read. It opens the
// writer's own indexes (ids, sizes, resume state) and no message and no media.
type WriterSecrets struct {
	VaultID        string            // 32 lower-case hex digits
	VaultRecipient crypto.Recipient  // of the vault's first key, which its id belongs to
	WriterID       string            // 32 lower-case hex digits: fingerprint of the signing key
	SigningKey     crypto.SigningKey // signs commits
	IndexIdentity  crypto.Identity   // opens the writer's own indexes and its journal
	IDKey          crypto.Key        // names chunks
	ChunkerKey     crypto.Key        // places cuts

	// OwnerKey verifies what owners say of key files (KeyNote); zero if the secrets were
	// made before there was one. SealTo is whom packs and indexes are sealed to. Both
	// belong to the newest vault key, and only an owner on this machine changes them:
	// what stands in the vault could be somebody's who is no owner any more.
	OwnerKey crypto.VerifyKey
	SealTo   crypto.Recipient
	// EarlierOwners verify the notes under earlier vault keys, newest first: other copies get
	// those too, for machines that have not taken the newest key. This one believes none.
	EarlierOwners []crypto.VerifyKey
}

// sealTo returns whom packs and indexes are sealed to.
func (s *WriterSecrets) sealTo() crypto.Recipient {
	if s.SealTo.IsZero() {
		return s.VaultRecipient
	}
	return s.SealTo
}

// sameWriter reports whether s and other are secrets of one writer, who may have taken different
// vault keys since.
func (s *WriterSecrets) sameWriter(other *WriterSecrets) bool {
	return s.VaultID == other.VaultID && s.WriterID == other.WriterID && s.SigningKey.String() == other.SigningKey.String() &&
		s.IndexIdentity.String() == other.IndexIdentity.String() && s.IDKey == other.IDKey && s.ChunkerKey == other.ChunkerKey
}

// Take takes over who the owners are from a vault key that one of them opened, and reports
// whether anything changed. ErrOtherVault, and ErrKeyConflict if the key is not a later one
// of what the writer seals to.
func (s *WriterSecrets) Take(key *VaultKey) (changed bool, err error) {
	switch {
	case s.VaultID != key.VaultID:
		return false, fmt.Errorf("%w: the key is of vault %s, the writer of %s", ErrOtherVault, key.VaultID, s.VaultID)
	case key.conflict:
		return false, ErrKeyConflict
	case !key.has(s.sealTo()):
		return false, fmt.Errorf("%w: the writer seals to %s, which the key does not open", ErrKeyConflict, key.short(s.sealTo()))
	}
	newest := key.Identity.Recipient()
	earlier := key.earlierOwners()
	changed = s.OwnerKey != key.OwnerKey() || s.sealTo().String() != newest.String() || !slices.Equal(s.EarlierOwners, earlier)
	s.OwnerKey, s.SealTo, s.EarlierOwners = key.OwnerKey(), newest, earlier
	return changed, nil
}

// newWriterSecrets makes a new writer for a vault.
func newWriterSecrets(key *VaultKey) (*WriterSecrets, error) {
	index, err := crypto.NewIdentity()
	if err != nil {
		return nil, err
	}
	signing := crypto.NewSigningKey()
	return &WriterSecrets{
		VaultID:        key.VaultID,
		VaultRecipient: key.first().Recipient(),
		WriterID:       signing.VerifyKey().Fingerprint(),
		SigningKey:     signing,
		IndexIdentity:  index,
		IDKey:          key.IDKey,
		ChunkerKey:     key.ChunkerKey,
		OwnerKey:       key.OwnerKey(),
		SealTo:         key.Identity.Recipient(),
	}, nil
}

// Marshal returns the secrets as commented text. It is for a file of mode 0600, and
// for sealing.
func (s *WriterSecrets) Marshal() []byte {
	var b bytes.Buffer
	b.WriteString(secretsComment)
	for _, f := range s.fields() {
		fmt.Fprintf(&b, "%s: %s\n", f.key, f.value)
	}
	fmt.Fprintf(&b, "check: %s\n", fieldsCheck(s.fields()))
	return b.Bytes()
}

const secretsComment = `# Secrets of one telekeep writer. Whoever has this file can add to the vault as this
# writer and see ids and sizes, but cannot read any message or media: that takes an
# owner key. Keep it readable for the daemon only. A sealed copy lies in the vault;
# an owner key opens it on a new machine.
`

// A field is one "key: value" line.
type field struct{ key, value string }

func (s *WriterSecrets) fields() []field {
	fields := []field{
		{"format", secretsFormat},
		{"vault", s.VaultID},
		{"vault-recipient", s.VaultRecipient.String()},
		{"writer", s.WriterID},
		{"signing-key", s.SigningKey.String()},
		{"index-identity", s.IndexIdentity.String()},
		{"id-key", s.IDKey.String()},
		{"chunker-key", s.ChunkerKey.String()},
	}
	if !s.OwnerKey.IsZero() {
		fields[0].value = secretsFormatOwners
		fields = append(fields, field{"owner-key", s.OwnerKey.String()}, field{"seal-to", s.sealTo().String()})
	}
	if len(s.EarlierOwners) > 0 {
		var texts []string
		for _, k := range s.EarlierOwners {
			texts = append(texts, k.String())
		}
		fields[0].value = secretsFormatRotated
		fields = append(fields, field{"earlier-owner-keys", strings.Join(texts, " ")})
	}
	return fields
}

// fieldsCheck is the first 16 bytes, in hex, of the SHA-256 of the fields as they
// are written: it notices a slip of the hand, not an attacker.
func fieldsCheck(fields []field) string {
	h := sha256.New()
	for _, f := range fields {
		fmt.Fprintf(h, "%s: %s\n", f.key, f.value)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// ParseWriterSecrets reads what Marshal wrote. Comments, empty lines and spaces
// around the lines do not matter; the order of the fields does. Errors are
// crypto.ErrDamaged or ErrUnknownFormat, name the line, and never repeat a value.
func ParseWriterSecrets(data []byte) (*WriterSecrets, error) {
	values, err := parseFields(data)
	if err != nil {
		return nil, fmt.Errorf("writer secrets: %w", err)
	}
	s, err := secretsFrom(values)
	if err != nil {
		return nil, fmt.Errorf("writer secrets: %w: %w", crypto.ErrDamaged, err)
	}
	return s, nil
}

// parseFields reads the lines and returns the values by key, after the check.
func parseFields(data []byte) (map[string]string, error) {
	want := (&WriterSecrets{}).fields()
	var got []field
	check := ""
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, ": ")
		switch {
		case !ok:
			return nil, fmt.Errorf("line %d: %w: no \"key: value\"", number, crypto.ErrDamaged)
		case len(got) < len(want) && key == want[len(got)].key:
			got = append(got, field{key, value})
		case len(got) == len(want) && key == "check" && check == "":
			check = value
		default:
			return nil, fmt.Errorf("line %d: %w: a field that does not belong here", number, crypto.ErrDamaged)
		}
		switch {
		case key != "format" || value == secretsFormat:
		case value == secretsFormatOwners:
			want = (&WriterSecrets{OwnerKey: crypto.VerifyKey{1}}).fields()
		case value == secretsFormatRotated:
			want = (&WriterSecrets{OwnerKey: crypto.VerifyKey{1}, EarlierOwners: []crypto.VerifyKey{{1}}}).fields()
		default:
			return nil, fmt.Errorf("line %d: %w: expected %q, %q or %q", number, ErrUnknownFormat, secretsFormat, secretsFormatOwners, secretsFormatRotated)
		}
	}
	if check == "" {
		return nil, fmt.Errorf("%w: the text ends before its check line", crypto.ErrDamaged)
	}
	if check != fieldsCheck(got) {
		return nil, fmt.Errorf("%w: the check line does not fit: a value was changed", crypto.ErrDamaged)
	}
	values := make(map[string]string)
	for _, f := range got {
		values[f.key] = f.value
	}
	return values, nil
}

// secretsFrom turns the texts into values and checks that they belong together.
func secretsFrom(values map[string]string) (*WriterSecrets, error) {
	s := &WriterSecrets{VaultID: values["vault"], WriterID: values["writer"]}
	var err error
	if s.VaultRecipient, err = crypto.ParseRecipient(values["vault-recipient"]); err != nil {
		return nil, fmt.Errorf("vault-recipient: %w", err)
	}
	if s.SigningKey, err = crypto.ParseSigningKey(values["signing-key"]); err != nil {
		return nil, fmt.Errorf("signing-key: %w", err)
	}
	if s.IndexIdentity, err = crypto.ParseIdentity(values["index-identity"]); err != nil {
		return nil, fmt.Errorf("index-identity: %w", err)
	}
	if s.IDKey, err = crypto.ParseKey(values["id-key"]); err != nil {
		return nil, fmt.Errorf("id-key: %w", err)
	}
	if s.ChunkerKey, err = crypto.ParseKey(values["chunker-key"]); err != nil {
		return nil, fmt.Errorf("chunker-key: %w", err)
	}
	if values["format"] != secretsFormat {
		if s.OwnerKey, err = crypto.ParseVerifyKey(values["owner-key"]); err != nil {
			return nil, fmt.Errorf("owner-key: %w", err)
		}
		if s.SealTo, err = crypto.ParseRecipient(values["seal-to"]); err != nil {
			return nil, fmt.Errorf("seal-to: %w", err)
		}
	}
	if values["format"] == secretsFormatRotated {
		for _, text := range strings.Split(values["earlier-owner-keys"], " ") {
			k, err := crypto.ParseVerifyKey(text)
			if err != nil {
				return nil, fmt.Errorf("earlier-owner-keys: %w", err)
			}
			s.EarlierOwners = append(s.EarlierOwners, k)
		}
	}
	if s.VaultID != vaultID(s.VaultRecipient) {
		return nil, fmt.Errorf("the vault id does not belong to the vault recipient")
	}
	if s.WriterID != s.SigningKey.VerifyKey().Fingerprint() {
		return nil, fmt.Errorf("the writer id does not belong to the signing key")
	}
	return s, nil
}

// RecoverSecrets reads the sealed secrets of one writer with the vault key: how a
// new machine takes over.
func RecoverSecrets(ctx context.Context, dst Destination, key *VaultKey, writerID string) (*WriterSecrets, error) {
	w, err := readWriter(ctx, dst, key.VaultID, writerID)
	if err != nil {
		return nil, err
	}
	if err := w.CheckMAC(key.IDKey); err != nil {
		return nil, err
	}
	sealed, err := w.readSecrets(ctx, dst)
	if err != nil {
		return nil, err
	}
	s, err := openSecrets(sealed, key, writerID)
	if err == nil {
		_, err = s.Take(key)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", secretsName(writerID), err)
	}
	return s, nil
}

// openSecrets opens the sealed secrets of one writer.
func openSecrets(sealed []byte, key *VaultKey, writerID string) (*WriterSecrets, error) {
	text, err := crypto.OpenBytes(sealed, key.identities()...)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	s, err := ParseWriterSecrets(text)
	if err != nil {
		return nil, err
	}
	if s.WriterID != writerID || s.VaultID != key.VaultID {
		return nil, fmt.Errorf("%w: it is of another writer", crypto.ErrDamaged)
	}
	return s, nil
}
