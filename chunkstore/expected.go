package chunkstore

import (
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

// CheckText checks that README.txt or recover.sh is what this telekeep writes for a vault
// with one of these owners. Other versions of telekeep may have written something else.
func CheckText(name, vault string, owners []string, data []byte) error {
	if !IsText(name, vault, owners, data) {
		return fmt.Errorf("%s: %w: it is not what this telekeep writes", name, crypto.ErrDamaged)
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
