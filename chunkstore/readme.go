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

// IsReadme reports whether data is the README.txt of a vault of which one of the owners has
// the given name.
func IsReadme(vault string, owners []string, data []byte) bool {
	return slices.ContainsFunc(owners, func(owner string) bool { return bytes.Equal(readme(vault, owner), data) })
}

// readmeText follows docs/format.md, which is normative. Its shell lines are run by a
// test where the tools are installed.
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

You need age (1.3 or newer, https://age-encryption.org), zstd, and bash with the
usual GNU tools; b3sum only to check names. owner.key is the file of an owner, with a
line AGE-SECRET-KEY-... (if the vault was sealed to a passphrase, leave out
"-i owner.key" in the first step). Work in a folder outside of this one:

1. Open the vault key, with the key of any owner: each has a file in keys/. Keep what
   comes out off the disk if you can: it opens everything.

    V=/path/to/this/folder
    age -d -i owner.key "$V"/keys/OWNER.age > vault.key

2. Check that nothing is damaged. The name of every pack is the SHA-256 of the file.

    for p in "$V"/packs/*/*.age; do
      echo "$(basename "$p" .age)  $p" | sha256sum -c --quiet
    done

3. Take all packs apart. Each holds many chunks; a chunk becomes a file whose name is
   its id.

    mkdir -p chunks
    num() { od -An --endian=little -v -t u4 -j "$1" -N 4 pack | tr -d ' '; }
    for p in "$V"/packs/*/*.age; do
      age -d -i vault.key "$p" > pack
      end=$(stat -c %s pack) dir=$(num $((end - 16))) count=$(num $((end - 12)))
      for ((i = 0; i < count; i++)); do
        e=$((dir + 48 * i))
        id=$(od -An -v -t x1 -j $e -N 32 pack | tr -d ' \n')
        off=$(num $((e + 32))) len=$(num $((e + 36))) enc=$(num $((e + 44)))
        tail -c +$((off + 1)) pack | head -c "$len" |
          if [ "$enc" = 1 ]; then zstd -dc; else cat; fi > chunks/$id
      done
    done

4. Put the records together: the messages, chats and the list of media files. Each
   backup run has an index that lists the chunks of its records.

    for x in "$V"/index/*/*.age; do
      age -d -i vault.key "$x" > index
      len=$(od -An --endian=little -t u8 -j 16 -N 8 index | tr -d ' ')
      tail -c +33 index | head -c "$len" | zstd -dc > body
      n=$(od -An --endian=little -t u4 -N 4 body | tr -d ' ')
      tail -c +5 body | head -c $((32 * n)) | od -An -v -w32 -t x1 | tr -d ' ' |
        while read -r id; do cat chunks/$id; done
    done > records

   A record is one line of JSON. Where it says "raw":N, N bytes follow (what the
   server sent, in its own binary form) and a line feed. To look at the lines only:

    grep -a '^{"v":' records

5. Put a media file together. Its record has "kind":"media" and lists "chunks": join
   those files in that order. "sha256" is the hash of the whole file.

    (cd chunks; cat ID1 ID2 ID3) > file

6. To check an id: it is the keyed BLAKE3 of the chunk.

    key=$(sed -n 's/^# id-key: //p' vault.key)
    printf %s "$key" | tr a-f A-F | basenc -d --base16 | b3sum --keyed chunks/ID

An index whose commits/.../....json is missing is left over from a run that was
stopped; what it lists may be missing too, and is in a later one.


WHAT IS IN HERE

    vault.json                  format version, id, public key
    keys/NAME.age               the vault key, sealed to each owner
    writers/ID/writer.json      public keys of each machine that writes here
    writers/ID/secrets.age      that machine's secrets, for the day it is replaced
    packs/ab/SHA256.age         the data
    index/ID/NUMBER.age         what is in which pack
    commits/ID/NUMBER.json      signed list of packs and indexes; anybody can check it

The exact format is written down in docs/format.md of telekeep's source code.
`
