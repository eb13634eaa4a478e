package chunkstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"telekeep/crypto"
)

// ownerContext derives the key that owners sign with; part of the format.
const ownerContext = "telekeep 2026-11 owner's word 1"

// A KeyNote is an owner's word about one key file: that it was added, or that it is
// removed. It lies beside the key files, says for which bytes it holds, and is never
// changed, so that it spreads over the copies by itself, and no copy that was away brings
// a removed key file back.
type KeyNote struct {
	Vault   string
	Name    string // of the owner: keys/<name>.age
	Removed bool   // else: added
	File    Object // the key file
	Time    time.Time
	// Key verifies it. Only who opens the vault key can sign; whoever reads a note must
	// know from elsewhere that this is the owners' key: WriterSecrets.OwnerKey.
	Key crypto.VerifyKey
}

// keyNoteJSON is the file of a KeyNote.
type keyNoteJSON struct {
	Note      json.RawMessage `json:"note"`
	Signature string          `json:"signature"`
}

// keyNoteValueJSON is the value that the signature covers, byte for byte.
type keyNoteValueJSON struct {
	Telekeep string     `json:"telekeep"`
	Version  int        `json:"version"`
	Vault    string     `json:"vault"`
	Name     string     `json:"name"`
	State    string     `json:"state"`
	File     objectJSON `json:"file"`
	Time     string     `json:"time"`
	OwnerKey string     `json:"owner_key"`
}

// The states of a key file, and the endings of the notes that say so.
const (
	stateAdded   = "added"
	stateRemoved = "removed"
)

// noteName returns "keys/<name>.<fingerprint of the owners' key>.<state>".
func noteName(owner string, key crypto.VerifyKey, removed bool) string {
	return keysPrefix + owner + "." + key.Fingerprint()[:16] + "." + noteState(removed)
}

func noteState(removed bool) string {
	if removed {
		return stateRemoved
	}
	return stateAdded
}

// parseNoteName is the reverse of noteName, but for the key.
func parseNoteName(name string) (owner string, removed, ok bool) {
	rest, ok := strings.CutPrefix(name, keysPrefix)
	fields := strings.Split(rest, ".")
	if !ok || len(fields) != 3 || !validOwnerName(fields[0]) || len(fields[1]) != 16 || strings.Trim(fields[1], "0123456789abcdef") != "" {
		return "", false, false
	}
	return fields[0], fields[2] == stateRemoved, fields[2] == stateRemoved || fields[2] == stateAdded
}

func (n *KeyNote) marshalValue() []byte {
	return mustJSON(keyNoteValueJSON{
		Telekeep: "key note", Version: VaultVersion, Vault: n.Vault, Name: n.Name, State: noteState(n.Removed),
		File: n.File.json(), Time: n.Time.UTC().Format(time.RFC3339), OwnerKey: n.Key.String(),
	})
}

// sign returns name and bytes of the note.
func (n *KeyNote) sign(key crypto.SigningKey) (name string, data []byte) {
	n.Key = key.VerifyKey()
	value := n.marshalValue()
	data = append(mustJSON(keyNoteJSON{value, hex.EncodeToString(key.Sign(value))}), '\n')
	return noteName(n.Name, n.Key, n.Removed), data
}

// ParseKeyNote reads the note that lies under a name. Its signature fits the key that it
// names; whether that is the owners' is for the caller to compare. Errors are ErrForged,
// ErrOtherVault, crypto.ErrDamaged and ErrUnknownFormat.
func ParseKeyNote(name string, data []byte, vault string) (*KeyNote, error) {
	var file keyNoteJSON
	if err := json.Unmarshal(data, &file); err != nil || file.Note == nil {
		return nil, damagedObject(name, "it is not the JSON of a key note")
	}
	if err := checkKind(name, "key note", file.Note); err != nil {
		return nil, err
	}
	n, err := parseNoteValue(name, file.Note)
	if err != nil {
		return nil, err
	}
	signature, err := hex.DecodeString(file.Signature)
	switch {
	case err != nil:
		return nil, damagedObject(name, "the signature cannot be read")
	case !n.Key.Verify(file.Note, signature):
		return nil, fmt.Errorf("%s: %w: the signature is not that of the key it names", name, ErrForged)
	case n.Vault != vault:
		return nil, fmt.Errorf("%s: %w: it belongs to vault %s", name, ErrOtherVault, n.Vault)
	case noteName(n.Name, n.Key, n.Removed) != name:
		return nil, fmt.Errorf("%s: %w: it belongs under another name", name, ErrForged)
	case !bytes.Equal(append(mustJSON(keyNoteJSON{n.marshalValue(), hex.EncodeToString(signature)}), '\n'), data):
		return nil, damagedObject(name, "the text is not as telekeep writes it")
	}
	return n, nil
}

func parseNoteValue(name string, value []byte) (*KeyNote, error) {
	var j keyNoteValueJSON
	if err := json.Unmarshal(value, &j); err != nil {
		return nil, damagedObject(name, "a field has the wrong type")
	}
	n := &KeyNote{Vault: j.Vault, Name: j.Name, Removed: j.State == stateRemoved}
	made, err := time.Parse(time.RFC3339, j.Time)
	if err != nil {
		return nil, damagedObject(name, "the date cannot be read")
	}
	n.Time = made.UTC()
	if n.File, err = j.File.object(maxMetadata); err != nil {
		return nil, damagedObject(name, "the key file: "+err.Error())
	}
	if n.Key, err = crypto.ParseVerifyKey(j.OwnerKey); err != nil {
		return nil, damagedObject(name, "the owners' key cannot be read")
	}
	if !validOwnerName(n.Name) || !isHexID(n.Vault) {
		return nil, damagedObject(name, "it does not say where it belongs")
	}
	return n, nil
}

// readNotes reads the notes that the owners' key signed, by name. What others put there is
// left out: it says nothing. The zero key stands for nobody.
func readNotes(ctx context.Context, dst Destination, vault string, key crypto.VerifyKey) ([]*KeyNote, error) {
	if key.IsZero() {
		return nil, nil
	}
	names, err := listKeysFolder(ctx, dst)
	if err != nil {
		return nil, err
	}
	return readNotesOf(ctx, dst, names, vault, key)
}

// readNotesOf is readNotes where the names in the folder are known.
func readNotesOf(ctx context.Context, dst Destination, names []string, vault string, key crypto.VerifyKey) ([]*KeyNote, error) {
	var notes []*KeyNote
	for _, name := range names {
		if owner, removed, ok := parseNoteName(name); !ok || name != noteName(owner, key, removed) {
			continue
		}
		n, err := anywhere(ctx, dst, func(dst Destination) (*KeyNote, error) {
			data, err := readObject(ctx, dst, name)
			if err != nil {
				return nil, err
			}
			n, err := ParseKeyNote(name, data, vault)
			if err == nil && n.Key != key {
				err = fmt.Errorf("%s: %w: %w", name, ErrForged, errNotOwners)
			}
			return n, err
		})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			notes = append(notes, n)
		}
	}
	return notes, nil
}

// KeyNotes returns the notes of a place that the owners' key signed, by name; none for the
// zero key.
func KeyNotes(ctx context.Context, dst Destination, vault string, key crypto.VerifyKey) ([]*KeyNote, error) {
	return readNotes(ctx, dst, vault, key)
}

// RemovedKeys returns the key files, by the name of the object, that an owner has removed:
// those of which a note under the owners' key says so.
func RemovedKeys(ctx context.Context, dst Destination, vault string, key crypto.VerifyKey) (map[string]Object, error) {
	notes, err := readNotes(ctx, dst, vault, key)
	return removedBy(notes), err
}

// saidRemoved is RemovedKeys where nobody knows the owners' key: whoever it was that signed.
// It is for the words of an error and nothing else.
func saidRemoved(ctx context.Context, dst Destination, vault string) (map[string]Object, error) {
	names, err := listKeysFolder(ctx, dst)
	if err != nil {
		return nil, err
	}
	var notes []*KeyNote
	for _, name := range names {
		if _, removed, ok := parseNoteName(name); !ok || !removed {
			continue
		}
		data, err := readObject(ctx, dst, name)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			continue
		}
		if n, err := ParseKeyNote(name, data, vault); err == nil {
			notes = append(notes, n)
		}
	}
	return removedBy(notes), nil
}

func removedBy(notes []*KeyNote) map[string]Object {
	removed := make(map[string]Object)
	for _, n := range notes {
		if n.Removed {
			removed[keyName(n.Name)] = n.File
		}
	}
	return removed
}

// withoutRemoved leaves out the key files that an owner removed. A file of other bytes
// under the name is none of the vault's either: names are used once.
func withoutRemoved(found []keyFile, removed map[string]Object) []keyFile {
	return slices.DeleteFunc(found, func(f keyFile) bool {
		_, gone := removed[keyName(f.Name)]
		return gone
	})
}

func listedWithoutRemoved(keys []OwnerKey, removed map[string]Object) []OwnerKey {
	return slices.DeleteFunc(slices.Clone(keys), func(k OwnerKey) bool {
		_, gone := removed[keyName(k.Name)]
		return gone
	})
}

// OwnerKey returns the key that the owners sign notes with: whoever opens the newest vault
// key has it.
func (k *VaultKey) OwnerKey() crypto.VerifyKey { return k.ownerSigning().VerifyKey() }

// earlierOwners are those of the vault keys before the newest, newest first.
func (k *VaultKey) earlierOwners() []crypto.VerifyKey {
	var keys []crypto.VerifyKey
	for _, earlier := range k.each()[1:] {
		keys = append(keys, earlier.OwnerKey())
	}
	return keys
}

func (k *VaultKey) ownerSigning() crypto.SigningKey {
	seed, ok := k.Identity.Derive(ownerContext)
	if !ok {
		panic("chunkstore: internal error: a vault key that has no text") // it is a hybrid identity
	}
	return crypto.SigningKeyOf(seed)
}

// errNotOwners says that somebody else signed.
var errNotOwners = errors.New("it is not signed with the owners' key that this machine knows; an owner who made a new vault key has to let this machine take it")

// KnowsNote reports whether a writer knows the owners' key that a note is named after, of the
// newest vault key that it has taken or of an earlier one. Where no owners' key is known every note
// is. A note after another key says nothing to this machine: somebody else made it, or an
// owner made a new vault key that this machine has not taken yet.
func (s *WriterSecrets) KnowsNote(name string) bool {
	if s == nil || s.OwnerKey.IsZero() {
		return true
	}
	owner, removed, ok := parseNoteName(name)
	return ok && slices.ContainsFunc(append([]crypto.VerifyKey{s.OwnerKey}, s.EarlierOwners...), func(k crypto.VerifyKey) bool {
		return name == noteName(owner, k, removed)
	})
}

// CheckKeyNote checks the bytes of a note. A machine that knows the owners' key (secrets may be
// nil, and not know it) demands that it was signed with that, or with an earlier one; else
// the note must fit the key that it names.
func CheckKeyNote(name string, data []byte, vault string, s *WriterSecrets) error {
	n, err := ParseKeyNote(name, data, vault)
	if err == nil && s != nil && !s.OwnerKey.IsZero() && n.Key != s.OwnerKey && !slices.Contains(s.EarlierOwners, n.Key) {
		err = fmt.Errorf("%s: %w: %w", name, ErrForged, errNotOwners)
	}
	return err
}
