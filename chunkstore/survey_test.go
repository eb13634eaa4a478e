package chunkstore

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// problemObjects returns what a Writer lists, without the kinds.
func problemObjects(w *Writer) []string {
	var objects []string
	for _, p := range w.Problems() {
		objects = append(objects, p.Object)
	}
	return objects
}

// A Writer sees what is gone of its part of the vault, whether it knows that from its
// state or has to find out, and goes on.
func TestWriterSurvey(t *testing.T) {
	v := tellVault(t)
	writer := v.secrets.WriterID
	pack := func(i int) string { return packName(v.commits[i].Packs[0].Hash) }
	for what, k := range map[string]struct {
		gone    []string
		cut     string
		want    []string // with the state
		rebuilt []string // without it, if that is different
		lost    uint64   // without it
	}{
		"nothing":          {},
		"a pack":           {gone: []string{pack(1)}, want: []string{pack(1)}},
		"two packs":        {gone: []string{pack(0), pack(3)}, want: []string{pack(0), pack(3)}},
		"a short pack":     {cut: pack(2), want: []string{pack(2)}},
		"an index":         {gone: []string{indexName(writer, 2)}, want: []string{indexName(writer, 2)}, lost: 2},
		"the last index":   {gone: []string{indexName(writer, 4)}, want: []string{indexName(writer, 4)}, lost: 4},
		"a commit":         {gone: []string{v.name(2)}, want: []string{v.name(2)}, rebuilt: []string{v.name(3)}, lost: 2},
		"commit and index": {gone: []string{v.name(2), indexName(writer, 2)}, want: []string{v.name(2), indexName(writer, 2)}, rebuilt: []string{v.name(3)}, lost: 2},
		"secrets":          {gone: []string{secretsName(writer)}, want: []string{secretsName(writer)}},
		"the key":          {gone: []string{"keys/owner.age"}, want: []string{"keys/owner.age"}},
		"a short key":      {cut: "keys/owner.age", want: []string{"keys/owner.age"}},
		"of another writer": {gone: []string{
			commitName(v.second.secrets.WriterID, 1), indexName(v.second.secrets.WriterID, 1),
		}},
	} {
		for _, rebuild := range []bool{false, true} {
			dst := v.dst.CrashClone()
			for _, name := range k.gone {
				dst.Delete(name)
			}
			if k.cut != "" {
				dst.Damage(k.cut, func(b []byte) []byte { return b[:len(b)-1] })
			}
			f := v.at(dst)
			want, lost := k.want, uint64(0)
			if rebuild {
				f, lost = f.newState(), k.lost
				if k.rebuilt != nil {
					want = k.rebuilt
				}
			}
			w, err := OpenWriter(t.Context(), f.dst, f.options())
			check(t, err)
			slices.Sort(want)
			if got := problemObjects(w); !slices.Equal(slices.Sorted(slices.Values(got)), want) || w.LostUpTo() != lost {
				t.Errorf("%s, rebuilt %v: problems %v, want %v; lost up to %d", what, rebuild, got, want, w.LostUpTo())
			}
			check(t, w.Close())
		}
	}
}

// What a Writer adds to a damaged vault relies on nothing that is gone, and the chain
// stays one that can be checked.
func TestWriterGoesOn(t *testing.T) {
	v := tellVault(t)
	lostPack, lostMedia := packName(v.commits[1].Packs[0].Hash), v.media[v.name(2)]
	for what, names := range map[string][]string{
		"a pack":                {lostPack},
		"an index":              {indexName(v.secrets.WriterID, 2)},
		"index and pack":        {indexName(v.secrets.WriterID, 2), lostPack},
		"a commit with its all": {v.name(2), indexName(v.secrets.WriterID, 2), lostPack},
	} {
		dst := v.dst.CrashClone()
		for _, name := range names {
			dst.Delete(name)
		}
		f := v.at(dst).newState()
		w, err := OpenWriter(t.Context(), f.dst, f.options())
		check(t, err)
		ids := store(t, w, lostMedia)
		c := commit(t, w, store(t, w, []byte("number 5")))
		if n := w.Stats().BytesNew; n != int64(len(lostMedia)+len("number 5")) {
			t.Errorf("%s: %d bytes are new", what, n)
		}
		check(t, w.Close())
		if c.Seq != 5 || c.Previous != v.commits[3].Hash {
			t.Errorf("%s: commit %d does not follow on the last one", what, c.Seq)
		}
		r, err := OpenReader(t.Context(), dst, ReaderOptions{Identities: []crypto.Identity{v.owner}, Damaged: true})
		check(t, err)
		if got, err := r.Chunk(t.Context(), ids[0]); err != nil || string(got) != string(lostMedia) {
			t.Errorf("%s: what was stored again: %v", what, err)
		}
		_, found := verifyAt(t, dst, VerifyOptions{})
		if len(found) == 0 || slices.ContainsFunc(found, func(p string) bool { return strings.Contains(p, "00000005") }) {
			t.Errorf("%s: verify says %v", what, found)
		}
		again, err := OpenWriter(t.Context(), f.dst, f.options())
		check(t, err)
		if len(again.Problems()) == 0 {
			t.Errorf("%s: it is not told any more", what)
		}
		check(t, again.Close())
	}
}

// Opening with an up-to-date state reads a fixed number of short objects and no index,
// however many commits there are; a rebuild reads each index once.
func TestOpenWriterIsCheap(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	const commits = 60
	for i := range commits {
		check(t, w.Set("cursor", []byte(fmt.Sprint(i))))
		commit(t, w, nil)
	}
	check(t, w.Close())
	for _, k := range []struct {
		what        string
		f           *fixture
		gets, index int
	}{
		{"up to date", f, 5, 0}, // vault.json, writer.json, the last commit, the key file, secrets.age
		{"rebuilt", f.newState(), 4 + 2*commits, commits},
	} {
		index := 0
		dst := memory.WithFaults(func(c memory.Call) error {
			if c.Op == memory.Get && strings.HasPrefix(c.Name, indexPrefix) {
				index++
			}
			return nil
		})
		for _, name := range f.dst.Names() {
			check(t, dst.Put(t.Context(), name, f.dst.Object(name)))
		}
		w, err := OpenWriter(t.Context(), dst, k.f.at(dst).options())
		check(t, err)
		calls := dst.Counts().Calls
		if calls[memory.Get] != k.gets || index != k.index || calls[memory.List] > 6 || calls[memory.Stat] > 1 || len(w.Problems()) > 0 {
			t.Errorf("%s: %v, %d indexes, problems %v", k.what, calls, index, w.Problems())
		}
		check(t, w.Close())
	}
}

// Whoever has no key sees which packs and indexes are gone or cut short, of all writers,
// and that nothing else is.
func TestAbsent(t *testing.T) {
	v := tellVault(t)
	pack := packName(v.commits[1].Packs[0].Hash)
	for what, k := range map[string]struct{ gone, cut, want string }{
		"nothing":                    {},
		"a pack":                     {gone: pack, want: pack},
		"a short pack":               {cut: pack, want: pack},
		"an index":                   {gone: indexName(v.secrets.WriterID, 2), want: indexName(v.secrets.WriterID, 2)},
		"an index of another writer": {cut: indexName(v.second.secrets.WriterID, 1), want: indexName(v.second.secrets.WriterID, 1)},
	} {
		dst := v.dst.CrashClone()
		if k.gone != "" {
			dst.Delete(k.gone)
		}
		if k.cut != "" {
			dst.Damage(k.cut, func(b []byte) []byte { return b[:len(b)-1] })
		}
		commits, _, err := Commits(t.Context(), dst)
		if err != nil {
			t.Fatal(err)
		}
		problems, err := Absent(t.Context(), dst, commits)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range problems {
			got = append(got, p.Object)
		}
		if strings.Join(got, " ") != k.want {
			t.Errorf("%s: %v, want %q", what, got, k.want)
		}
	}
}
