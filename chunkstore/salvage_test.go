package chunkstore

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A told is a vault of several commits and writers, and what each commit says.
type told struct {
	*fixture
	second  *fixture
	commits []*Commit         // of the first writer
	records map[string]string // by the name of the commit
	media   map[string][]byte // chunks that are no records, by the name of the commit
	ids     map[string]crypto.ID
}

// tellVault makes a vault: four commits of one writer, one of another.
func tellVault(t testing.TB) *told {
	t.Helper()
	f := newFixture(t, nil)
	f.single = true // so that records and media of a commit lie in one pack
	v := &told{
		fixture: f, second: f.addWriter().newState(),
		records: make(map[string]string), media: make(map[string][]byte), ids: make(map[string]crypto.ID),
	}
	v.tell(v.second, "other")
	for i := range 4 {
		v.commits = append(v.commits, v.tell(f, fmt.Sprint("number ", i+1)))
	}
	return v
}

// tell makes one commit with a record and a file.
func (v *told) tell(f *fixture, what string) *Commit {
	v.t.Helper()
	w, err := OpenWriter(v.t.Context(), f.dst, f.options())
	check(v.t, err)
	media := store(v.t, w, noise(byte(len(v.records)+1), 5000))
	c := commit(v.t, w, store(v.t, w, []byte(what)))
	check(v.t, w.Close())
	name := commitName(c.Writer, c.Seq)
	v.records[name], v.media[name], v.ids[name] = what, noise(byte(len(v.media)+1), 5000), media[0]
	return c
}

func (v *told) name(seq uint64) string { return commitName(v.secrets.WriterID, seq) }

// salvaged opens a damaged vault and returns the records that can be read, in order.
func (v *told) salvaged(dst Destination, heads ...Head) (r *Reader, records []string) {
	v.t.Helper()
	r, err := OpenReader(v.t.Context(), dst, ReaderOptions{Identities: []crypto.Identity{v.owner}, Damaged: true, Heads: heads})
	check(v.t, err)
	for _, c := range r.Commits() {
		ids, err := r.Records(v.t.Context(), c)
		if errors.Is(err, ErrMissing) {
			continue
		}
		check(v.t, err)
		records = append(records, string(readAll(v.t, r, ids)))
	}
	return r, records
}

// Whatever single object is lost, all else is read, and the loss is listed.
func TestSalvage(t *testing.T) {
	v := tellVault(t)
	head, err := ReadHead(t.Context(), v.state)
	check(t, err)
	all := []string{"other", "number 1", "number 2", "number 3", "number 4"}
	without := func(lost ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(lost, s) })
	}
	remove := func(names ...string) func(*memory.Destination) {
		return func(dst *memory.Destination) {
			for _, name := range names {
				dst.Delete(name)
			}
		}
	}
	flip := func(name string, at int) func(*memory.Destination) {
		return func(dst *memory.Destination) { dst.Damage(name, flipAt(at)) }
	}
	writer, index := v.secrets.WriterID, indexName(v.secrets.WriterID, 2)
	for what, k := range map[string]struct {
		spoil    func(*memory.Destination)
		heads    []Head
		want     []string
		problems []string // objects; with "!" if something is lost
	}{
		"nothing":              {func(*memory.Destination) {}, []Head{head}, all, nil},
		"an index":             {remove(index), nil, without("number 2"), []string{index + "!"}},
		"an index flipped":     {flip(index, 9000), nil, without("number 2"), []string{index + "!"}},
		"a commit":             {remove(v.name(2)), nil, all, []string{v.name(3)}},
		"the first":            {remove(v.name(1)), nil, all, []string{v.name(2)}},
		"two commits":          {remove(v.name(2), v.name(3)), nil, all, []string{v.name(4)}},
		"a commit flipped":     {flip(v.name(2), 200), nil, all, []string{v.name(2)}},
		"a commit cut":         {func(dst *memory.Destination) { dst.Damage(v.name(3), func(b []byte) []byte { return b[:90] }) }, nil, all, []string{v.name(3)}},
		"commit and index":     {remove(v.name(2), index), nil, without("number 2"), []string{v.name(3) + "!"}},
		"the last":             {remove(v.name(4)), nil, without("number 4"), nil},
		"the last, remembered": {remove(v.name(4)), []Head{head}, all, []string{v.name(4)}},
		"the last flipped":     {flip(v.name(4), 200), nil, without("number 4"), []string{v.name(4) + "!"}},
		"flipped, remembered":  {flip(v.name(4), 200), []Head{head}, all, []string{v.name(4)}},
		"writer's entry":       {remove(writerName(writer)), nil, all, []string{writerName(writer)}},
		"entry flipped":        {flip(writerName(writer), -5), nil, all, []string{writerName(writer)}},
		"entry and secrets":    {remove(writerName(writer), secretsName(writer)), nil, []string{"other"}, []string{writerName(writer) + "!"}},
		"vault.json":           {remove(vaultName), nil, all, []string{vaultName}},
		"vault.json flipped":   {flip(vaultName, 70), nil, all, []string{vaultName}},
		"README.txt":           {remove(readmeName), nil, all, nil},
		"a pack":               {remove(packName(v.commits[1].Packs[0].Hash)), nil, nil, []string{packName(v.commits[1].Packs[0].Hash) + "!"}},
	} {
		t.Run(what, func(t *testing.T) {
			dst := v.dst.CrashClone()
			k.spoil(dst)
			if what == "a pack" {
				v.withoutPack(t, dst, k.problems[0])
				return
			}
			r, records := v.salvaged(dst, k.heads...)
			if !slices.Equal(records, k.want) {
				t.Errorf("records: %v, want %v", records, k.want)
			}
			if got := problemsOf(r); !slices.Equal(got, k.problems) {
				t.Errorf("problems: %v, want %v", r.Faults(), k.problems)
			}
			for name, id := range v.ids { // media is found by its id, index or not
				data, err := r.Chunk(t.Context(), id)
				if lost := what == "the last" && name == v.name(4); lost {
					wantError(t, err, ErrUnknownChunk)
				} else if check(t, err); !bytes.Equal(data, v.media[name]) {
					t.Errorf("the media of %s came back different", name)
				}
			}
		})
	}
}

// problemsOf returns the objects of all problems, with "!" if something is lost.
func problemsOf(r *Reader) []string {
	var objects []string
	for _, p := range r.Faults() {
		if p.Lost != "" {
			p.Object += "!"
		}
		objects = append(objects, p.Object)
	}
	return objects
}

func (v *told) withoutPack(t *testing.T, dst Destination, want string) {
	r, err := OpenReader(t.Context(), dst, ReaderOptions{Identities: []crypto.Identity{v.owner}, Damaged: true})
	check(t, err)
	if got := problemsOf(r); !slices.Equal(got, []string{want}) || r.Faults()[0].Lost != "2 chunks, 5008 bytes" {
		t.Errorf("problems: %+v", r.Faults()[0])
	}
	for name, id := range v.ids {
		_, err := r.Chunk(t.Context(), id)
		if name == v.name(2) {
			wantError(t, err, ErrMissing)
		} else {
			check(t, err)
		}
	}
}

// Nothing that a stranger puts there gets read: they know the vault's recipient and can
// copy what lies there.
func TestSalvageTakesNothingForged(t *testing.T) {
	v := tellVault(t)
	stranger := *v.secrets
	stranger.SigningKey, stranger.IDKey = crypto.NewSigningKey(), crypto.NewKey()
	all := []string{"other", "number 1", "number 2", "number 3", "number 4"}
	forgedIndex := func(text string) ([]byte, *sealedPack) {
		b, err := newPackBuilder(make([]byte, 0, testPackSize), v.secrets.VaultRecipient)
		check(t, err)
		id := stranger.IDKey.ID([]byte(text))
		check(t, b.add(rawChunk(id, []byte(text))))
		p := finish(t, b, false)
		x := &indexContent{records: []crypto.ID{id}, packs: []Object{{p.name, int64(len(p.data))}}, dirs: []directory{p.dir}}
		index, err := x.write(t, v.secrets.VaultRecipient, stranger.IndexIdentity.Recipient())
		check(t, err)
		return index, p
	}
	put := func(dst *memory.Destination, name string, data []byte) {
		if slices.Contains(dst.Names(), name) {
			dst.Delete(name)
		}
		check(t, dst.Put(t.Context(), name, data))
	}
	for what, k := range map[string]struct {
		spoil func(*memory.Destination)
		want  []string
	}{
		"a commit behind the last": {func(dst *memory.Destination) {
			index, p := forgedIndex("forged")
			c := *v.commits[3]
			c.Seq, c.Previous, c.Index, c.Packs = 5, c.Hash, Object{hashOf(index), int64(len(index))}, []Object{{p.name, int64(len(p.data))}}
			put(dst, indexName(c.Writer, 5), index)
			put(dst, packName(p.name), p.data)
			put(dst, v.name(5), c.sign(stranger.SigningKey))
		}, all},
		"an index for a lost commit": {func(dst *memory.Destination) {
			index, p := forgedIndex("forged")
			dst.Delete(v.name(2))
			put(dst, indexName(v.secrets.WriterID, 2), index)
			put(dst, packName(p.name), p.data)
		}, []string{"other", "number 1", "number 3", "number 4"}},
		"a copy of an index for a lost commit": {func(dst *memory.Destination) {
			dst.Delete(v.name(2))
			put(dst, indexName(v.secrets.WriterID, 2), dst.Object(indexName(v.secrets.WriterID, 1)))
		}, []string{"other", "number 1", "number 3", "number 4"}},
		"a writer's secrets": {func(dst *memory.Destination) {
			forged := stranger
			forged.WriterID = forged.SigningKey.VerifyKey().Fingerprint()
			sealed, err := crypto.SealBytes(forged.Marshal(), v.secrets.VaultRecipient)
			check(t, err)
			put(dst, secretsName(forged.WriterID), sealed)
			index, p := forgedIndex("forged")
			c := &Commit{Vault: v.secrets.VaultID, Writer: forged.WriterID, Seq: 1, Time: v.now(),
				Index: Object{hashOf(index), int64(len(index))}, Packs: []Object{{p.name, int64(len(p.data))}}}
			put(dst, indexName(c.Writer, 1), index)
			put(dst, packName(p.name), p.data)
			put(dst, commitName(c.Writer, 1), c.sign(forged.SigningKey))
		}, all},
	} {
		t.Run(what, func(t *testing.T) {
			dst := v.dst.CrashClone()
			k.spoil(dst)
			r, err := OpenReader(t.Context(), dst, ReaderOptions{Identities: []crypto.Identity{v.owner}, Damaged: true})
			check(t, err)
			if len(r.Faults()) == 0 {
				t.Error("nothing is told")
			}
			var records []string
			for _, c := range r.Commits() {
				if c.Writer != v.secrets.WriterID && c.Writer != v.second.secrets.WriterID {
					t.Errorf("a commit of the writer %s is believed", c.Writer)
				}
				ids, err := r.Records(t.Context(), c)
				check(t, err)
				for _, id := range ids {
					data, err := r.Chunk(t.Context(), id)
					if err == nil {
						records = append(records, string(data))
					} else if !errors.Is(err, crypto.ErrDamaged) {
						t.Errorf("got error %v", err)
					}
				}
			}
			if !slices.Equal(records, k.want) {
				t.Errorf("records: %v, want %v", records, k.want)
			}
		})
	}
}

// An index that a stopped writer left over is no lost commit.
func TestSalvageLeavesOrphansAlone(t *testing.T) {
	v := tellVault(t)
	c := v.commits[3]
	orphan := func(seq uint64) {
		x := &indexContent{records: []crypto.ID{v.secrets.IDKey.ID([]byte("number 1"))}}
		data, err := x.write(t, v.secrets.VaultRecipient, v.secrets.IndexIdentity.Recipient())
		check(t, err)
		check(t, v.dst.Put(t.Context(), indexName(c.Writer, seq), data))
	}
	orphan(5)
	if c := v.tell(v.fixture, "number 5"); c.Seq != 6 {
		t.Fatalf("the next commit is number %d", c.Seq)
	}
	orphan(7)
	r, records := v.salvaged(v.dst)
	if len(r.Faults()) > 0 || strings.Join(records, ",") != "other,number 1,number 2,number 3,number 4,number 5" {
		t.Errorf("records %v, problems %v", records, r.Faults())
	}
}
