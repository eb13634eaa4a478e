package chunkstore

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// twoOwners makes a vault of two owners with one commit.
func twoOwners(t *testing.T) (f *fixture, second crypto.Identity) {
	t.Helper()
	f = newFixture(t, nil)
	second, err := crypto.NewIdentity()
	check(t, err)
	check(t, putOwners(t.Context(), f.dst, vaultKeyOf(t, f), []Owner{{"second", second.Recipient()}}))
	f.commitOne("first")
	return f, second
}

// commitOne stores a text as the records of one commit.
func (f *fixture) commitOne(what string) *Commit {
	f.t.Helper()
	w, err := OpenWriter(f.t.Context(), f.dst, f.options())
	check(f.t, err)
	c := commit(f.t, w, store(f.t, w, []byte(what)))
	check(f.t, w.Close())
	return c
}

func flipAt(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		if at < 0 {
			at += len(b)
		}
		b[at] ^= 1
		return b
	}
}

// What keeps a vault readable and usable is checked without a key, too.
func TestVerifyKeysAndSecrets(t *testing.T) {
	f := newFixture(t, nil)
	f.commitOne("first")
	secrets := secretsName(f.secrets.WriterID)
	damage := func(name string, change func([]byte) []byte) func(*memory.Destination) {
		return func(dst *memory.Destination) { dst.Damage(name, change) }
	}
	remove := func(names ...string) func(*memory.Destination) {
		return func(dst *memory.Destination) {
			for _, name := range names {
				dst.Delete(name)
			}
		}
	}
	for what, k := range map[string]struct {
		spoil   func(*memory.Destination)
		problem string
	}{
		"secrets gone":       {remove(secrets), "missing " + secrets},
		"secrets flipped":    {damage(secrets, flipAt(-1)), "damaged " + secrets},
		"secrets cut":        {damage(secrets, func(b []byte) []byte { return b[:100] }), "damaged " + secrets},
		"secrets replaced":   {damage(secrets, func([]byte) []byte { return f.sealTo(f.secrets.Marshal()) }), "damaged " + secrets},
		"key gone":           {remove("keys/owner.age"), "missing keys/owner.age"},
		"key cut":            {damage("keys/owner.age", func(b []byte) []byte { return b[:len(b)-3] }), "damaged keys/owner.age"},
		"key cut in header":  {damage("keys/owner.age", func(b []byte) []byte { return b[:300] }), "damaged keys/owner.age"},
		"key empty":          {damage("keys/owner.age", func([]byte) []byte { return nil }), "damaged keys/owner.age"},
		"key flipped":        {damage("keys/owner.age", flipAt(-1)), "damaged keys/owner.age"},
		"key's head flipped": {damage("keys/owner.age", flipAt(200)), "damaged keys/owner.age"},
		"vault.json gone":    {remove("vault.json"), "missing vault.json"},
		"vault.json flipped": {damage("vault.json", flipAt(80)), "damaged vault.json"},
		"writer gone":        {remove(secrets, writerName(f.secrets.WriterID)), "missing " + writerName(f.secrets.WriterID)},
	} {
		t.Run(what, func(t *testing.T) {
			dst := f.dst.CrashClone()
			k.spoil(dst)
			head, err := ReadHead(t.Context(), f.state)
			check(t, err)
			for level, o := range (&filled{fixture: f}).levels() {
				o.Heads = []Head{head}
				report, found := verifyAt(t, dst, o)
				if !slices.Equal(found, []string{k.problem}) {
					t.Errorf("%s: got %v, want %s", level, found, k.problem)
				}
				if keys := strings.Contains(what, "key"); report.Deep != (level == "deep" && !keys) {
					t.Errorf("%s: deep is %v", level, report.Deep)
				}
			}
		})
	}
}

// A vault that has no commit yet is checked by the shape of its key files.
func TestVerifyKeysBeforeTheFirstCommit(t *testing.T) {
	f := newFixture(t, nil)
	if _, found := verifyAt(t, f.dst, VerifyOptions{}); len(found) > 0 {
		t.Errorf("a new vault: %v", found)
	}
	dst := f.dst.CrashClone()
	dst.Damage("keys/owner.age", func(b []byte) []byte { return b[:len(b)-1] })
	if _, found := verifyAt(t, dst, VerifyOptions{}); !slices.Equal(found, []string{"damaged keys/owner.age"}) {
		t.Errorf("cut off: %v", found)
	}
	dst = f.dst.CrashClone()
	dst.Delete("keys/owner.age")
	if _, found := verifyAt(t, dst, VerifyOptions{}); !slices.Equal(found, []string{"missing keys/"}) {
		t.Errorf("gone: %v", found)
	}
}

// An owner that was removed is a notice until the next commit has seen it; a file that
// was damaged is never taken for the truth.
func TestVerifyOwnersChange(t *testing.T) {
	f, second := twoOwners(t)
	removed := f.dst.CrashClone()
	removed.Delete("keys/owner.age")
	report, found := verifyAt(t, removed, VerifyOptions{})
	if len(found) > 0 || len(report.Notices) != 1 || report.Notices[0].Object != "keys/owner.age" {
		t.Errorf("one of two removed: %v, notices %v", found, report.Notices)
	}
	g := f.at(removed).newState()
	g.commitOne("second")
	if report, found := verifyAt(t, removed, VerifyOptions{}); len(found) > 0 || len(report.Notices) > 0 {
		t.Errorf("after the next commit: %v, notices %v", found, report.Notices)
	}
	removed.Delete("keys/second.age")
	if _, found := verifyAt(t, removed, VerifyOptions{}); !slices.Equal(found, []string{"missing keys/second.age"}) {
		t.Errorf("both removed: %v", found)
	}

	flipped := f.dst.CrashClone()
	flipped.Damage("keys/owner.age", flipAt(-1))
	g = f.at(flipped).newState()
	for _, what := range []string{"second", "third"} {
		g.commitOne(what)
		if _, found := verifyAt(t, flipped, VerifyOptions{}); !slices.Equal(found, []string{"damaged keys/owner.age"}) {
			t.Errorf("after the %s commit: %v", what, found)
		}
	}
	report, found = verifyAt(t, flipped, VerifyOptions{Identities: []crypto.Identity{second}})
	if !report.Deep || !slices.Equal(found, []string{"damaged keys/owner.age"}) {
		t.Errorf("with the other owner's key: %v, deep %v", found, report.Deep)
	}

	// The writer of a new machine does not take the damage for the truth either.
	other := f.at(flipped).addWriterWith(second).newState()
	other.commitOne("of another writer")
	if _, found := verifyAt(t, flipped, VerifyOptions{}); !slices.Equal(found, []string{"damaged keys/owner.age"}) {
		t.Errorf("after a commit of another writer: %v", found)
	}
}

// Somebody puts a key file there that looks right and holds another vault's key.
func TestVerifyKeyOfAnotherVault(t *testing.T) {
	f, _ := twoOwners(t)
	evil := newFixture(t, nil)
	check(t, putOwners(t.Context(), f.dst, vaultKeyOf(t, evil), []Owner{{"third", f.owner.Recipient()}}))
	_, found := verifyAt(t, f.dst, VerifyOptions{Identities: []crypto.Identity{f.owner}})
	if !slices.Equal(found, []string{"other-vault keys/third.age"}) {
		t.Errorf("got %v", found)
	}
}

// Who gives the right key for a file that is damaged is not told that the key is wrong.
func TestOpenWithDamagedKeyFile(t *testing.T) {
	f := newFixture(t, nil)
	f.commitOne("first")
	for what, at := range map[string]int{"stanza": 200, "payload": -1} {
		dst := f.dst.CrashClone()
		dst.Damage("keys/owner.age", flipAt(at))
		_, err := OpenReader(t.Context(), dst, ReaderOptions{Identities: []crypto.Identity{f.owner}})
		wantError(t, err, ErrKeyFile)
		if errors.Is(err, crypto.ErrWrongKey) || strings.Count(err.Error(), "keys/owner.age") != 1 {
			t.Errorf("%s: %v", what, err)
		}
	}
	stranger, err := crypto.NewIdentity()
	check(t, err)
	_, err = OpenReader(t.Context(), f.dst, ReaderOptions{Identities: []crypto.Identity{stranger}})
	wantError(t, err, crypto.ErrWrongKey)
}

// What is none of the vault's is listed and disturbs nobody.
func TestVerifyForeignObjects(t *testing.T) {
	f := newFixture(t, nil)
	f.commitOne("first")
	names := []string{
		"commits/notes.txt", "commits/other/00000001.json", "index/x.age", "keys/notes.txt", "packs/zz/file.age",
		"photo.jpg", "writers/" + f.secrets.WriterID + "/old.json", "writers/lost-found/file", "writers/notes.txt",
	}
	for _, name := range names {
		check(t, f.dst.Put(t.Context(), name, []byte("not ours")))
	}
	f.dst.Delete(readmeName)
	report, found := verifyAt(t, f.dst, VerifyOptions{})
	if len(found) > 0 || !slices.Equal(report.Orphans, names) {
		t.Errorf("problems %v, orphans %v", found, report.Orphans)
	}
	if len(report.Notices) != 1 || report.Notices[0].Object != readmeName {
		t.Errorf("notices: %v", report.Notices)
	}
	f.reader()
	f.newState().writer()
}

func TestNextKeys(t *testing.T) {
	a, b := OwnerKey{"a", Hash{1}, 1}, OwnerKey{"b", Hash{2}, 1}
	other := OwnerKey{"a", Hash{9}, 1}
	bad := keyFile{OwnerKey: OwnerKey{Name: "bad"}, err: crypto.ErrDamaged}
	file := func(k OwnerKey) keyFile { return keyFile{OwnerKey: k} }
	for what, k := range map[string]struct {
		known []OwnerKey
		found []keyFile
		want  []OwnerKey
	}{
		"first":           {nil, []keyFile{file(b), bad, file(a)}, []OwnerKey{a, b}},
		"the same":        {[]OwnerKey{a, b}, []keyFile{file(a), file(b)}, []OwnerKey{a, b}},
		"changed":         {[]OwnerKey{a, b}, []keyFile{file(other), file(b)}, []OwnerKey{a, b}},
		"one gone":        {[]OwnerKey{a, b}, []keyFile{file(b)}, []OwnerKey{b}},
		"the last gone":   {[]OwnerKey{a}, nil, []OwnerKey{a}},
		"only new":        {[]OwnerKey{a}, []keyFile{file(b)}, []OwnerKey{a, b}},
		"gone or damaged": {[]OwnerKey{a, b}, []keyFile{file(other)}, []OwnerKey{a, b}},
	} {
		if got := nextKeys(k.known, k.found); !slices.Equal(got, k.want) {
			t.Errorf("%s: got %v, want %v", what, got, k.want)
		}
	}
}
