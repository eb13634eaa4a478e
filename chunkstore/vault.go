package chunkstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"telekeep/crypto"
)

// VaultVersion is the format version of vaults that this code makes. It reads
// this version and no other.
const VaultVersion = 1

// Names of the objects that describe a vault. docs/format.md is normative.
const (
	vaultName   = "vault.json"
	readmeName  = "README.txt"
	recoverName = "recover.sh"
	keysPrefix  = "keys/"
	writerDir   = "writers/"
	maxMetadata = 1 << 20 // bytes read of any of these objects at most
)

var (
	// ErrNoVault says that a place holds no vault: an empty mount point, a wrong path.
	ErrNoVault = errors.New("no vault here")
	// ErrVaultExists says that a place already holds a vault.
	ErrVaultExists = errors.New("there is a vault here already")
	// ErrNotEmpty says that a place for a new vault holds something else.
	ErrNotEmpty = errors.New("the place for the new vault is not empty")
	// ErrOtherVault says that the place holds a vault, but not the expected one.
	ErrOtherVault = errors.New("another vault")
	// ErrUnknownFormat says that an object is of a newer version than this code knows.
	ErrUnknownFormat = errors.New("unknown format version")
	// ErrForgedWriter says that a writer's entry was not made by anybody who holds
	// the vault's id key.
	ErrForgedWriter = errors.New("forged writer entry")
)

// A Vault is what the readable objects of a place say about the vault there: no
// key is needed and nothing in it is secret. Only the id binds it to what somebody
// remembers: it is the fingerprint of the recipient, so neither can be changed alone.
type Vault struct {
	ID        string    // 32 lower-case hex digits
	Created   time.Time // UTC, whole seconds
	Recipient crypto.Recipient
	Writers   []*WriterEntry // by id
	Faults    []WriterFault  // entries that could not be read, by id
}

// A WriterFault is a writer's entry that is missing, damaged or forged.
type WriterFault struct {
	WriterID string
	Err      error
}

// vaultJSON is vault.json, field by field in the order of the file.
type vaultJSON struct {
	Telekeep  string `json:"telekeep"`
	Version   int    `json:"version"`
	ID        string `json:"id"`
	Created   string `json:"created"`
	Recipient string `json:"recipient"`
}

// OpenVault reads vault.json and the entries of all writers. ErrNoVault means that
// there is no vault.json, ErrUnknownFormat that it is from a newer telekeep,
// crypto.ErrDamaged that it is not as it was written. An unreadable writer is no
// error: it is in Faults, so that it does not stop the others.
func OpenVault(ctx context.Context, dst Destination) (*Vault, error) {
	v, err := readVault(ctx, dst)
	if err != nil {
		return nil, err
	}
	if err := v.readWriters(ctx, dst); err != nil {
		return nil, err
	}
	return v, nil
}

// readVault reads vault.json alone.
func readVault(ctx context.Context, dst Destination) (*Vault, error) {
	return anywhere(ctx, dst, func(dst Destination) (*Vault, error) {
		data, err := readObject(ctx, dst, vaultName)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: there is no %s", ErrNoVault, vaultName)
		}
		if err != nil {
			return nil, err
		}
		return ParseVault(data)
	})
}

// ParseVault reads the bytes of vault.json. The text must be exactly what Marshal
// writes.
func ParseVault(data []byte) (*Vault, error) {
	if err := checkKind(vaultName, "vault", data); err != nil {
		return nil, err
	}
	var j vaultJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, damagedObject(vaultName, "a field has the wrong type")
	}
	recipient, err := crypto.ParseRecipient(j.Recipient)
	if err != nil {
		return nil, damagedObject(vaultName, "the recipient cannot be read")
	}
	created, err := time.Parse(time.RFC3339, j.Created)
	if err != nil {
		return nil, damagedObject(vaultName, "the date cannot be read")
	}
	if j.ID != vaultID(recipient) {
		return nil, damagedObject(vaultName, "the id does not belong to the recipient")
	}
	v := &Vault{ID: j.ID, Created: created.UTC(), Recipient: recipient}
	if !bytes.Equal(v.Marshal(), data) {
		return nil, damagedObject(vaultName, "it was edited: the text is not as telekeep writes it")
	}
	return v, nil
}

// Marshal returns the bytes of vault.json.
func (v *Vault) Marshal() []byte {
	data, err := json.MarshalIndent(vaultJSON{
		Telekeep:  "vault",
		Version:   VaultVersion,
		ID:        v.ID,
		Created:   v.Created.UTC().Format(time.RFC3339),
		Recipient: v.Recipient.String(),
	}, "", "  ")
	if err != nil {
		panic("chunkstore: internal error: " + err.Error()) // strings and an int
	}
	return append(data, '\n')
}

// Writer returns the entry of one writer.
func (v *Vault) Writer(id string) (*WriterEntry, bool) {
	for _, w := range v.Writers {
		if w.ID == id {
			return w, true
		}
	}
	return nil, false
}

// CheckSecrets returns nil if the secrets belong to this vault: ErrOtherVault if they
// are of another one, ErrForgedWriter if the writer's entry here is not the one that
// was made for these secrets, ErrMissing or the entry's fault if there is none.
func (v *Vault) CheckSecrets(s *WriterSecrets) error {
	if s.VaultID != v.ID {
		return fmt.Errorf("%w: expected %s, found %s", ErrOtherVault, s.VaultID, v.ID)
	}
	for _, f := range v.Faults {
		if f.WriterID == s.WriterID {
			return f.Err
		}
	}
	w, ok := v.Writer(s.WriterID)
	if !ok {
		return fmt.Errorf("%s: %w", writerName(s.WriterID), ErrMissing)
	}
	if w.VerifyKey != s.SigningKey.VerifyKey() || w.IndexRecipient.String() != s.IndexIdentity.Recipient().String() {
		return fmt.Errorf("%w: the keys of writer %s are not those of its secrets", ErrForgedWriter, s.WriterID)
	}
	return w.CheckMAC(s.IDKey)
}

// readWriters fills Writers and Faults from the place.
func (v *Vault) readWriters(ctx context.Context, dst Destination) error {
	ids, err := listWriters(ctx, dst)
	if err != nil {
		return err
	}
	for _, id := range ids {
		w, err := readWriter(ctx, dst, v.ID, id)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			v.Faults = append(v.Faults, WriterFault{id, err})
			continue
		}
		v.Writers = append(v.Writers, w)
	}
	return nil
}

// vaultID makes the id of the vault whose first key has this public half.
func vaultID(recipient crypto.Recipient) string {
	sum := sha256.Sum256([]byte(recipient.String()))
	return hex.EncodeToString(sum[:16])
}

// checkKind looks at what every JSON object starts with, before anything else is
// read: a newer version may have changed all the rest.
func checkKind(name, kind string, data []byte) error {
	var head struct {
		Telekeep string `json:"telekeep"`
		Version  int    `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return damagedObject(name, "it is not the JSON that telekeep writes")
	}
	if head.Telekeep != kind {
		return damagedObject(name, "it does not say that it is a telekeep "+kind)
	}
	if head.Version > VaultVersion {
		return fmt.Errorf("%s: %w: %d, this telekeep knows %d", name, ErrUnknownFormat, head.Version, VaultVersion)
	}
	if head.Version < 1 {
		return damagedObject(name, "the version is missing")
	}
	return nil
}

func damagedObject(name, what string) error {
	return fmt.Errorf("%s: %w: %s", name, crypto.ErrDamaged, what)
}

// readObject reads one small object whole.
func readObject(ctx context.Context, dst Destination, name string) ([]byte, error) {
	r, err := dst.Get(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer r.Close() // read only: an error of Close says nothing about the bytes
	data, err := io.ReadAll(io.LimitReader(r, maxMetadata+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxMetadata {
		return nil, damagedObject(name, "it is far too large")
	}
	return data, nil
}

// isHexID reports whether s is an id as vaults and writers have: 32 lower-case hex
// digits.
func isHexID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}
