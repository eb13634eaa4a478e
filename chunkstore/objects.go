package chunkstore

import (
	"context"
	"fmt"
)

// An ObjectKind sorts the objects of a vault by what they are for.
type ObjectKind int

// The kinds of objects, in the order in which a place needs them: none is of use
// before those that stand before it.
const (
	ForeignObject ObjectKind = iota // none of a vault's
	ReadmeObject                    // README.txt and recover.sh
	KeyObject                       // keys/<name>.age
	NoteObject                      // keys/<name>.<fingerprint>.added and .removed
	SecretsObject                   // writers/<writer>/secrets.age
	WriterObject                    // writers/<writer>/writer.json
	VaultObject                     // vault.json
	PackObject
	IndexObject
	CommitObject
)

// Names of objects and folders that stand alone, and how long objects can be, in bytes.
const (
	VaultName     = vaultName
	ReadmeName    = readmeName
	RecoverName   = recoverName
	PacksFolder   = packsPrefix
	IndexFolder   = indexPrefix
	CommitsFolder = commitsPrefix
	KeysFolder    = keysPrefix
	WritersFolder = writerDir
	MaxCommit     = maxCommitFile
	MaxPack       = maxPackFile
	MaxSmall      = maxMetadata // of every other kind but an index, whose commit says how long it is
)

// An ObjectName is what the name of an object says.
type ObjectName struct {
	Kind   ObjectKind
	Hash   Hash   // of a pack
	Writer string // of a commit, an index, an entry, secrets
	Seq    uint64 // of a commit and its index
	Owner  string // of a key file, or of a note about one
}

// ParseName sorts an object by its name.
func ParseName(name string) ObjectName {
	if h, ok := parsePackName(name); ok {
		return ObjectName{Kind: PackObject, Hash: h}
	}
	if writer, seq, ok := parseIndexName(name); ok {
		return ObjectName{Kind: IndexObject, Writer: writer, Seq: seq}
	}
	if writer, seq, ok := parseCommitName(name); ok {
		return ObjectName{Kind: CommitObject, Writer: writer, Seq: seq}
	}
	if id, ok := parseWriterName(name); ok {
		if name == writerName(id) {
			return ObjectName{Kind: WriterObject, Writer: id}
		}
		return ObjectName{Kind: SecretsObject, Writer: id}
	}
	if owner, ok := parseKeyName(name); ok {
		return ObjectName{Kind: KeyObject, Owner: owner}
	}
	if owner, _, ok := parseNoteName(name); ok {
		return ObjectName{Kind: NoteObject, Owner: owner}
	}
	switch name {
	case vaultName:
		return ObjectName{Kind: VaultObject}
	case readmeName, recoverName:
		return ObjectName{Kind: ReadmeObject}
	}
	return ObjectName{}
}

// PackName returns the name of the pack whose bytes have this hash.
func PackName(h Hash) string { return packName(h) }

// IndexName returns the name of the index of a writer's commit.
func IndexName(writer string, seq uint64) string { return indexName(writer, seq) }

// CommitName returns the name of a writer's commit.
func CommitName(writer string, seq uint64) string { return commitName(writer, seq) }

// WriterName returns the name of a writer's entry.
func WriterName(id string) string { return writerName(id) }

// SecretsName returns the name of a writer's sealed secrets.
func SecretsName(id string) string { return secretsName(id) }

// HashOf returns the hash of the bytes of an object.
func HashOf(data []byte) Hash { return hashOf(data) }

// ReadVault reads vault.json alone, without the writers; errors are those of OpenVault.
func ReadVault(ctx context.Context, dst Destination) (*Vault, error) { return readVault(ctx, dst) }

// ParseWriterEntry reads the bytes of writers/<id>/writer.json and checks that they
// belong to the vault and to the writer: crypto.ErrDamaged, ErrOtherVault,
// ErrForgedWriter, ErrUnknownFormat.
func ParseWriterEntry(data []byte, vault, id string) (*WriterEntry, error) {
	return parseWriterEntry(data, vault, id)
}

// ParseCommit reads the bytes of the commit that lies under a name and checks everything
// that the commit before it is not needed for: the signature by the writer's entry, the
// vault, writer and seq. Without an entry nothing is known of the signature, so that
// nothing in it can be trusted. Errors are ErrForged, ErrOtherVault, ErrChain,
// crypto.ErrDamaged, ErrUnknownFormat.
func ParseCommit(name string, data []byte, vault string, entry *WriterEntry) (*Commit, error) {
	writer, seq, ok := parseCommitName(name)
	if !ok {
		return nil, damagedObject(name, "it is not the name of a commit")
	}
	parse := parseUnsigned
	if entry != nil {
		if entry.ID != writer {
			return nil, fmt.Errorf("%s: %w: it is not a commit of writer %s", name, ErrForged, entry.ID)
		}
		parse = func(name string, data []byte) (*Commit, error) { return parseCommit(name, data, entry.VerifyKey) }
	}
	c, err := parse(name, data)
	if err != nil {
		return nil, err
	}
	if err := c.belongs(name, vault, writer, seq); err != nil {
		return nil, err
	}
	return c, nil
}

// belongs checks that a commit says to be where it lies.
func (c *Commit) belongs(name, vault, writer string, seq uint64) error {
	switch {
	case c.Vault != vault:
		return fmt.Errorf("%s: %w: it belongs to vault %s", name, ErrOtherVault, c.Vault)
	case c.Writer != writer || c.Seq != seq:
		return fmt.Errorf("%s: %w: it belongs to another place, %s", name, ErrChain, commitName(c.Writer, c.Seq))
	}
	return nil
}

// CheckBytes checks the bytes of an object against its hash and length: those that a
// commit lists, or, for secrets, that the writer's entry names. crypto.ErrDamaged.
func CheckBytes(name string, data []byte, want Object) error {
	if int64(len(data)) != want.Size || hashOf(data) != want.Hash {
		return damagedObject(name, "its bytes are not those that were stored under this name")
	}
	return nil
}

// CheckKeyFile checks what can be told of an owner's key file without a key: that it is
// a whole age file of the right length. crypto.ErrDamaged.
func CheckKeyFile(vault *Vault, name string, sealed []byte) error {
	if err := checkKeyShape(vault, sealed); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// NewProblem sorts an error about an object by its kind.
func NewProblem(object string, err error) *Problem { return newProblem(object, err) }
