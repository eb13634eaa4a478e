package chunkstore

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"telekeep/crypto"
)

const (
	commitVersion = 1
	maxCommitFile = 16 << 20 // part of the format
)

// A Commit is one link of a writer's signed chain: from it on, the packs that it
// lists belong to the vault. Nothing in it is secret.
type Commit struct {
	Vault    string
	Writer   string
	Seq      uint64    // grows from commit to commit; numbers may be left out
	Time     time.Time // when it was made by the writer's clock; UTC, whole seconds
	Previous Hash      // of the writer's commit before this one; zero for the first
	Index    Object    // index/<writer>/<seq>.age
	Packs    []Object  // ascending by hash; may be empty
	// Keys are the owners' key files as the writer knew them, ascending by name: who
	// has no key can tell by them whether one is gone or was changed. Empty in
	// commits of writers that did not list any.
	Keys []OwnerKey
	// Retired are packs of earlier commits of this writer that do not belong to the
	// vault any more, ascending by hash. Mostly none; see retire.go.
	Retired []Object
	// Owner is the word of an owner for Retired; zero if there are none.
	Owner [32]byte

	// Hash is the SHA-256 of the commit's file: what the next one names as Previous.
	Hash Hash
}

// An Object is the hash and the length of a file in the vault.
type Object struct {
	Hash Hash
	Size int64 // bytes
}

// commitJSON is a commit file.
type commitJSON struct {
	Commit    json.RawMessage `json:"commit"`
	Signature string          `json:"signature"`
}

// commitValueJSON is the value that the signature covers, byte for byte.
type commitValueJSON struct {
	Telekeep string       `json:"telekeep"`
	Version  int          `json:"version"`
	Vault    string       `json:"vault"`
	Writer   string       `json:"writer"`
	Seq      uint64       `json:"seq"`
	Time     string       `json:"time"`
	Previous string       `json:"previous"`
	Index    objectJSON   `json:"index"`
	Packs    []objectJSON `json:"packs"`
	Keys     []keyJSON    `json:"keys,omitempty"`
	Retired  []objectJSON `json:"retired,omitempty"`
	Owner    string       `json:"owner,omitempty"`
}

type objectJSON struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

func (o Object) json() objectJSON { return objectJSON{o.Hash.String(), o.Size} }

// sign returns the bytes of the commit's file and sets Hash.
func (c *Commit) sign(key crypto.SigningKey) []byte {
	value := c.marshalValue()
	signature := hex.EncodeToString(key.Sign(value))
	file := append(mustJSON(commitJSON{value, signature}), '\n')
	c.Hash = hashOf(file)
	return file
}

func (c *Commit) marshalValue() []byte {
	owner := ""
	if c.Owner != [32]byte{} {
		owner = hex.EncodeToString(c.Owner[:])
	}
	return mustJSON(commitValueJSON{
		Telekeep: "commit",
		Version:  commitVersion,
		Vault:    c.Vault,
		Writer:   c.Writer,
		Seq:      c.Seq,
		Time:     c.Time.UTC().Format(time.RFC3339),
		Previous: c.Previous.String(),
		Index:    c.Index.json(),
		Packs:    objectsJSON(c.Packs),
		Keys:     keysJSON(c.Keys),
		Retired:  objectsJSON(c.Retired),
		Owner:    owner,
	})
}

// parseCommit reads the bytes of a commit file and checks its signature. What it
// says about vault, writer, seq and chain is for the caller to compare. Errors are
// ErrForged, crypto.ErrDamaged and ErrUnknownFormat.
func parseCommit(name string, data []byte, key crypto.VerifyKey) (*Commit, error) {
	return parseCommitFile(name, data, func(value, signature []byte) error {
		if !key.Verify(value, signature) {
			return fmt.Errorf("%s: %w: the signature is not the writer's", name, ErrForged)
		}
		return nil
	})
}

// parseUnsigned is parseCommit where the key is lost. It is of use to find damage, and
// nothing that it returns can be trusted.
func parseUnsigned(name string, data []byte) (*Commit, error) {
	return parseCommitFile(name, data, func([]byte, []byte) error { return nil })
}

func parseCommitFile(name string, data []byte, check func(value, signature []byte) error) (*Commit, error) {
	var file commitJSON
	if err := json.Unmarshal(data, &file); err != nil || file.Commit == nil {
		return nil, damagedObject(name, "it is not the JSON of a commit")
	}
	signature, err := hex.DecodeString(file.Signature)
	if err != nil {
		return nil, damagedObject(name, "the signature cannot be read")
	}
	if err := check(file.Commit, signature); err != nil {
		return nil, err
	}
	c, err := parseCommitValue(name, file.Commit)
	if err != nil {
		return nil, err
	}
	if again := append(mustJSON(commitJSON{c.marshalValue(), hex.EncodeToString(signature)}), '\n'); !bytes.Equal(again, data) {
		return nil, damagedObject(name, "the text is not as telekeep writes it")
	}
	c.Hash = hashOf(data)
	return c, nil
}

func parseCommitValue(name string, value []byte) (*Commit, error) {
	if err := checkKind(name, "commit", value); err != nil {
		return nil, err
	}
	var j commitValueJSON
	if err := json.Unmarshal(value, &j); err != nil {
		return nil, damagedObject(name, "a field has the wrong type")
	}
	if !isHexID(j.Vault) || !isHexID(j.Writer) || j.Seq < 1 || j.Seq > maxSeq {
		return nil, damagedObject(name, "it does not say where it belongs")
	}
	made, err := time.Parse(time.RFC3339, j.Time)
	if err != nil {
		return nil, damagedObject(name, "the date cannot be read")
	}
	c := &Commit{Vault: j.Vault, Writer: j.Writer, Seq: j.Seq, Time: made.UTC()}
	if c.Previous, err = ParseHash(j.Previous); err != nil {
		return nil, damagedObject(name, "the hash of the commit before it cannot be read")
	}
	if c.Index, err = j.Index.object(maxIndexFile); err != nil {
		return nil, damagedObject(name, "the index: "+err.Error())
	}
	if c.Packs, err = parseObjects(j.Packs); err != nil {
		return nil, damagedObject(name, "the packs: "+err.Error())
	}
	if c.Keys, err = parseKeysJSON(j.Keys); err != nil {
		return nil, damagedObject(name, "the owners' keys: "+err.Error())
	}
	if err := c.parseRetired(j.Retired, j.Owner); err != nil {
		return nil, damagedObject(name, "the retired packs: "+err.Error())
	}
	return c, nil
}

// objectsJSON never returns nil: an empty list is written as [].
func objectsJSON(list []Object) []objectJSON {
	j := make([]objectJSON, len(list))
	for i, o := range list {
		j[i] = o.json()
	}
	return j
}

// parseObjects reads a list of packs, which must ascend by hash.
func parseObjects(list []objectJSON) ([]Object, error) {
	var objects []Object
	for _, j := range list {
		o, err := j.object(maxPackFile)
		if err != nil {
			return nil, err
		}
		if n := len(objects); n > 0 && bytes.Compare(objects[n-1].Hash[:], o.Hash[:]) >= 0 {
			return nil, errors.New("they are not in order")
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// object refuses a length that no such object has: memory is taken for what a commit says.
func (j objectJSON) object(limit int64) (Object, error) {
	h, err := ParseHash(j.SHA256)
	if err != nil {
		return Object{}, err
	}
	if h.IsZero() || j.Size < 1 {
		return Object{}, fmt.Errorf("hash or length is missing")
	}
	if j.Size > limit {
		return Object{}, fmt.Errorf("%d bytes are more than any has", j.Size)
	}
	return Object{h, j.Size}, nil
}
