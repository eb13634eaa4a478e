package chunkstore

import (
	"bytes"
	"slices"
	"strings"
)

// readme is README.txt: what a stranger needs who finds the place and has a key, but no
// telekeep. It is for people; nothing reads it. owner is the name of one of the keys.
func readme(vault, owner string) []byte {
	return []byte(strings.NewReplacer("VAULT-ID", vault, "OWNER", owner).Replace(readmeText))
}

// IsText reports whether data is what this telekeep writes as README.txt or recover.sh into a
// vault of which one of the owners has the given name.
func IsText(name, vault string, owners []string, data []byte) bool {
	if name == recoverName {
		return bytes.Equal(RecoverScript(), data)
	}
	return slices.ContainsFunc(owners, func(owner string) bool { return bytes.Equal(readme(vault, owner), data) })
}

// readmeText follows docs/format.md, which is normative. Its commands are run by tests.
const readmeText = `This folder is a telekeep vault: an encrypted backup of one or more messenger accounts.

    vault id  VAULT-ID

Please do not change, rename or delete anything in it. Copying it as a whole is fine;
any copy is as good as the original. Without an owner key nobody can read it, and
nobody can reset that key.


WITH TELEKEEP

    telekeep verify  --vault DIR
    telekeep restore --vault DIR -i owner.key --out FOLDER
    telekeep export  --vault DIR -i owner.key --out FOLDER --format json
    telekeep init    --from-vault DIR -i owner.key

DIR is this folder. The first tells whether everything is whole and needs no key; the
second writes the media and the records as plain files; the third lays them out as the
messenger's own export does; the fourth makes a new machine go on backing up in place
of the old one. If the vault was sealed to a passphrase, write --passphrase instead of
"-i owner.key".


WITHOUT TELEKEEP

You need a machine with a Unix shell (Linux, macOS, a router with busybox), and
age (1.3 or newer, https://age-encryption.org) and zstd on it. Then

    sh DIR/recover.sh -i owner.key -v DIR FOLDER

writes everything to FOLDER: the messages as text, every file with its name, all
records as JSON. owner.key is the file of an owner, with a line AGE-SECRET-KEY-...; if
the vault was sealed to a passphrase, leave out "-i owner.key". With openssl 3 and
b3sum it checks more, and gets more out of a vault that is damaged.

recover.sh can be read: it says what it does. Whoever could write to this folder could
change it, too: if that worries you take it from telekeep's source code
(chunkstore/recover.sh). If it is missing, it is there as well.

What it does: the key of any owner opens the file in keys/ that is sealed to it, for
example keys/OWNER.age; in it is the key that opens packs and indexes. The name of a
pack is the SHA-256 of the file. A pack holds chunks; an index lists those that hold
the records of one backup run; a record lists those of a file.


WHAT IS IN HERE

    vault.json                  format version, id, public key
    keys/NAME.age               the vault key, sealed to each owner
    writers/ID/writer.json      public keys of each machine that writes here
    writers/ID/secrets.age      that machine's secrets, for the day it is replaced
    packs/ab/SHA256.age         the data
    index/ID/NUMBER.age         what is in which pack
    recover.sh                  reads all this without telekeep
    commits/ID/NUMBER.json      signed list of packs and indexes; anybody can check it

The exact format is written down in docs/format.md of telekeep's source code.
`
