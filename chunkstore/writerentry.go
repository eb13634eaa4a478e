package chunkstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"telekeep/crypto"
)

// writerMACContext is part of the format.
const writerMACContext = "telekeep v1 writer entry"

// A WriterEntry is the public half of one writer, the object
// writers/<id>/writer.json. Each writer has an object of its own, so that a new one
// joins without a lock and without rewriting anything.
type WriterEntry struct {
	ID             string    // 32 lower-case hex digits: the fingerprint of VerifyKey
	Created        time.Time // UTC, whole seconds
	VerifyKey      crypto.VerifyKey
	IndexRecipient crypto.Recipient
	SecretsHash    [32]byte // SHA-256 of writers/<id>/secrets.age

	signed []byte   // the JSON value that mac covers
	mac    [32]byte // under the vault's id key
}

// writerJSON is writer.json.
type writerJSON struct {
	Telekeep string          `json:"telekeep"`
	Version  int             `json:"version"`
	Writer   json.RawMessage `json:"writer"`
	MAC      string          `json:"mac"`
}

// writerValueJSON is the value in writer.json that the MAC covers, byte for byte.
type writerValueJSON struct {
	Vault          string `json:"vault"`
	ID             string `json:"id"`
	Created        string `json:"created"`
	VerifyKey      string `json:"verify_key"`
	IndexRecipient string `json:"index_recipient"`
	SecretsSHA256  string `json:"secrets_sha256"`
}

func writerName(id string) string  { return writerDir + id + "/writer.json" }
func secretsName(id string) string { return writerDir + id + "/secrets.age" }

// parseWriterName returns whose entry or secrets an object is.
func parseWriterName(name string) (id string, ok bool) {
	id, _, _ = strings.Cut(strings.TrimPrefix(name, writerDir), "/")
	return id, isHexID(id) && (name == writerName(id) || name == secretsName(id))
}

// newWriterEntry makes the entry that belongs to the secrets and to the bytes of
// their sealed object.
func newWriterEntry(s *WriterSecrets, sealed []byte, created time.Time) *WriterEntry {
	w := &WriterEntry{
		ID:             s.WriterID,
		Created:        created,
		VerifyKey:      s.SigningKey.VerifyKey(),
		IndexRecipient: s.IndexIdentity.Recipient(),
		SecretsHash:    sha256.Sum256(sealed),
	}
	w.signed = w.marshalValue(s.VaultID)
	w.mac = s.IDKey.MAC(writerMACContext, w.signed)
	return w
}

func (w *WriterEntry) marshalValue(vault string) []byte {
	return mustJSON(writerValueJSON{
		Vault:          vault,
		ID:             w.ID,
		Created:        w.Created.UTC().Format(time.RFC3339),
		VerifyKey:      w.VerifyKey.String(),
		IndexRecipient: w.IndexRecipient.String(),
		SecretsSHA256:  hex.EncodeToString(w.SecretsHash[:]),
	})
}

// Marshal returns the bytes of writer.json.
func (w *WriterEntry) Marshal() []byte {
	return append(mustJSON(writerJSON{"writer", VaultVersion, w.signed, hex.EncodeToString(w.mac[:])}), '\n')
}

// CheckMAC returns nil if the entry was made by somebody who holds the id key, and
// ErrForgedWriter otherwise. Without the id key only the id tells: it is the
// fingerprint of the verify key.
func (w *WriterEntry) CheckMAC(idKey crypto.Key) error {
	if !idKey.CheckMAC(writerMACContext, w.signed, w.mac[:]) {
		return fmt.Errorf("%w: %s", ErrForgedWriter, w.ID)
	}
	return nil
}

// readSecrets returns the writer's sealed secrets. It needs no key and is how anybody
// checks that they are still there and whole.
func (w *WriterEntry) readSecrets(ctx context.Context, dst Destination) ([]byte, error) {
	name := secretsName(w.ID)
	return anywhere(ctx, dst, func(dst Destination) ([]byte, error) {
		sealed, err := readObject(ctx, dst, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", name, ErrMissing)
		}
		if err != nil {
			return nil, err
		}
		if err := w.CheckSecretsFile(sealed); err != nil {
			return nil, err
		}
		return sealed, nil
	})
}

// parseWriterEntry reads the bytes of writer.json and checks that it belongs to the
// vault and the writer. The text must be exactly what Marshal writes.
func parseWriterEntry(data []byte, vault, id string) (*WriterEntry, error) {
	name := writerName(id)
	if err := checkKind(name, "writer", data); err != nil {
		return nil, err
	}
	var j writerJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, damagedObject(name, "a field has the wrong type")
	}
	var value writerValueJSON
	if err := json.Unmarshal(j.Writer, &value); err != nil {
		return nil, damagedObject(name, "a field has the wrong type")
	}
	w, err := value.entry(name)
	if err != nil {
		return nil, err
	}
	w.signed = j.Writer
	mac, err := crypto.ParseID(j.MAC) // 64 hex digits, as ids
	if err != nil {
		return nil, damagedObject(name, "the MAC cannot be read")
	}
	w.mac = mac
	switch {
	case value.Vault != vault:
		return nil, fmt.Errorf("%s: %w: it belongs to vault %q", name, ErrOtherVault, value.Vault)
	case w.ID != id || w.ID != w.VerifyKey.Fingerprint():
		return nil, fmt.Errorf("%s: %w: the id does not belong to the verify key", name, ErrForgedWriter)
	case !bytes.Equal(w.marshalValue(vault), w.signed) || !bytes.Equal(w.Marshal(), data):
		return nil, damagedObject(name, "it was edited: the text is not as telekeep writes it")
	}
	return w, nil
}

// entry turns the texts into values.
func (j *writerValueJSON) entry(name string) (*WriterEntry, error) {
	created, err := time.Parse(time.RFC3339, j.Created)
	if err != nil {
		return nil, damagedObject(name, "the date cannot be read")
	}
	verify, err := crypto.ParseVerifyKey(j.VerifyKey)
	if err != nil {
		return nil, damagedObject(name, "the verify key cannot be read")
	}
	index, err := crypto.ParseRecipient(j.IndexRecipient)
	if err != nil {
		return nil, damagedObject(name, "the index recipient cannot be read")
	}
	hash, err := crypto.ParseID(j.SecretsSHA256)
	if err != nil {
		return nil, damagedObject(name, "the hash of the secrets cannot be read")
	}
	return &WriterEntry{ID: j.ID, Created: created.UTC(), VerifyKey: verify, IndexRecipient: index, SecretsHash: hash}, nil
}

// readWriter reads the entry of one writer from the place.
func readWriter(ctx context.Context, dst Destination, vault, id string) (*WriterEntry, error) {
	if !isHexID(id) {
		return nil, fmt.Errorf("%s%s: %w: not the name of a writer", writerDir, id, ErrForgedWriter)
	}
	return anywhere(ctx, dst, func(dst Destination) (*WriterEntry, error) {
		data, err := readObject(ctx, dst, writerName(id))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", writerName(id), ErrMissing)
		}
		if err != nil {
			return nil, err
		}
		return parseWriterEntry(data, vault, id)
	})
}

// listWriters returns the ids of the writers that have an entry or secrets below
// writers/, in order. Whatever else lies there is none of the vault's.
func listWriters(ctx context.Context, dst Destination) ([]string, error) {
	var ids []string
	err := dst.List(ctx, writerDir, func(name string, _ int64) error {
		if id, ok := parseWriterName(name); ok && (len(ids) == 0 || ids[len(ids)-1] != id) {
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the writers: %w", err)
	}
	return ids, nil
}

func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("chunkstore: internal error: " + err.Error()) // structs of strings
	}
	return data
}
