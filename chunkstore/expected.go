package chunkstore

import (
	"bytes"
	"fmt"

	"telekeep/crypto"
)

// KeyName returns the name of an owner's key file.
func KeyName(owner string) string { return keyName(owner) }

// CheckSecretsFile checks the bytes of a writer's sealed secrets by its entry. It takes no
// key. crypto.ErrDamaged.
func (w *WriterEntry) CheckSecretsFile(sealed []byte) error {
	if hashOf(sealed) != Hash(w.SecretsHash) {
		return damagedObject(secretsName(w.ID), "its bytes are not those that the writer's entry names: one of the two is damaged")
	}
	return nil
}

// CheckReadme checks that README.txt is what this telekeep writes for a vault with an
// owner of this name. Other versions of telekeep may have written something else.
func CheckReadme(vault, owner string, data []byte) error {
	if !bytes.Equal(readme(vault, owner), data) {
		return fmt.Errorf("%s: %w: it is not what this telekeep writes", readmeName, crypto.ErrDamaged)
	}
	return nil
}

// RetiredPacks returns the packs that commits of one writer, in the order of its chain,
// retire, whether an owner agreed or not: they may be gone from a place. See Commit.Retired.
func RetiredPacks(commits []*Commit) map[Hash]bool {
	retired := make(map[Hash]bool)
	for h := range retiredBy([]*chain{{commits: commits}}, nil) {
		retired[h] = true
	}
	return retired
}
