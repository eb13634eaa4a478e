package copies

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A stored is one object as a Writer stored it.
type stored struct {
	name string
	data []byte
}

// record returns what Writers store one after the other for some commits, some of them by a
// second machine, without a Set: so that a Set can be told to store it again and again, at
// next to no cost. The small things go to all drives.
func (f *fixture) record(commits int) (own, other []stored) {
	f.t.Helper()
	src := f.drives[0].CrashClone()
	second := f.secondWriter()
	for _, s := range second {
		for _, d := range append(f.drives, &drive{Destination: src}) {
			check(f.t, d.Put(f.t.Context(), s.name, s.data))
		}
	}
	own = f.recordWriter(src, f.writerOptions(), 1, commits)
	o := f.writerOptions()
	o.Secrets, o.StatePath = f.second, filepath.Join(f.dir, "second.db")
	other = f.recordWriter(src, o, 1000, max(commits/4, 1))
	return own, other
}

func (f *fixture) recordWriter(src *memory.Destination, o chunkstore.WriterOptions, seed uint64, commits int) []stored {
	f.t.Helper()
	var puts []stored
	w, err := chunkstore.OpenWriter(f.t.Context(), recorder{src, &puts}, o)
	check(f.t, err)
	for i := range uint64(commits) {
		store(f.t, w, noise(seed+i, 600_000)) // two chunks
	}
	check(f.t, w.Close())
	return puts
}

// A recorder notes what is stored.
type recorder struct {
	*memory.Destination
	puts *[]stored
}

func (r recorder) Put(ctx context.Context, name string, data []byte) error {
	*r.puts = append(*r.puts, stored{name, append([]byte(nil), data...)})
	return r.Destination.Put(ctx, name, data)
}

// secondWriter makes the secrets of a second machine, and returns its objects.
func (f *fixture) secondWriter() []stored {
	f.t.Helper()
	key := crypto.NewSigningKey()
	index, err := crypto.NewIdentity()
	check(f.t, err)
	f.second = &chunkstore.WriterSecrets{}
	*f.second = *f.secrets
	f.second.WriterID, f.second.SigningKey, f.second.IndexIdentity = key.VerifyKey().Fingerprint(), key, index
	sealed, err := crypto.SealBytes(f.second.Marshal(), f.second.VaultRecipient)
	check(f.t, err)
	hash := sha256.Sum256(sealed)
	value, err := json.Marshal(struct {
		Vault          string `json:"vault"`
		ID             string `json:"id"`
		Created        string `json:"created"`
		VerifyKey      string `json:"verify_key"`
		IndexRecipient string `json:"index_recipient"`
		SecretsSHA256  string `json:"secrets_sha256"`
	}{f.vault.ID, f.second.WriterID, "2026-01-31T12:00:00Z", key.VerifyKey().String(), index.Recipient().String(), hex.EncodeToString(hash[:])})
	check(f.t, err)
	mac := f.secrets.IDKey.MAC("telekeep v1 writer entry", value)
	entry := `{"telekeep":"writer","version":1,"writer":` + string(value) + `,"mac":"` + hex.EncodeToString(mac[:]) + "\"}\n"
	return []stored{
		{chunkstore.SecretsName(f.second.WriterID), sealed},
		{chunkstore.WriterName(f.second.WriterID), []byte(entry)},
	}
}

// checkOrder returns what is wrong if a place is about to hold a commit and lacks its index,
// a pack, or the commit before it.
func checkOrder(d *memory.Destination, vault, name string, data []byte) error {
	c, err := chunkstore.ParseCommit(name, data, vault, nil)
	if err != nil {
		return err
	}
	there := make(map[string]bool)
	before := c.Previous.IsZero()
	for _, other := range d.Names() {
		there[other] = true
		n := chunkstore.ParseName(other)
		if n.Kind == chunkstore.CommitObject && n.Writer == c.Writer && chunkstore.HashOf(d.Object(other)) == c.Previous {
			before = true
		}
	}
	if !before {
		return fmt.Errorf("%s comes and the commit before it is not there", name)
	}
	for _, n := range neededBy(c) {
		if !there[n.name] {
			return fmt.Errorf("%s comes and %s is not there", name, n.name)
		}
	}
	return nil
}
