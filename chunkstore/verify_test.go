package chunkstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// The three levels of a check.
func (v *filled) levels() map[string]VerifyOptions {
	return map[string]VerifyOptions{
		"keyless": {},
		"secrets": {Secrets: v.secrets},
		"deep":    {Identities: []crypto.Identity{v.owner}},
	}
}

// verifyAt checks a place and returns the problems as "kind object", sorted.
func verifyAt(t testing.TB, dst Destination, o VerifyOptions) (*Report, []string) {
	t.Helper()
	report, err := Verify(t.Context(), dst, o)
	check(t, err)
	var found []string
	for _, p := range report.Problems {
		found = append(found, fmt.Sprintf("%s %s", p.Kind, p.Object))
		if p.Detail == "" || p.Err != nil && !strings.Contains(p.Error(), p.Detail) {
			t.Errorf("a problem without a sentence: %+v", p)
		}
	}
	slices.Sort(found)
	return report, found
}

func TestVerifyCleanVault(t *testing.T) {
	v := fillVault(t, nil)
	w := v.writer()
	store(t, w, []byte("more"))
	commit(t, w, nil)
	for name, o := range v.levels() {
		var done, total int64
		o.Progress = func(d, n int64) {
			if d < done || d > n {
				t.Errorf("%s: progress went from %d to %d of %d", name, done, d, n)
			}
			done, total = d, n
		}
		head, err := ReadHead(t.Context(), v.state)
		check(t, err)
		o.Heads = []Head{head}
		report, found := verifyAt(t, v.dst, o)
		if len(found) > 0 || !report.OK() || report.Vault != v.secrets.VaultID || report.Commits != 2 || report.Writers != 1 {
			t.Errorf("%s: %v, %+v", name, found, report)
		}
		var want int64
		for _, folder := range []string{"packs/", "index/"} {
			for _, n := range sizes(v.dst, folder) {
				want += int64(n)
			}
		}
		if done != want || total != want || report.Bytes != want {
			t.Errorf("%s: %d of %d bytes read, %d in the report, want %d", name, done, total, report.Bytes, want)
		}
		if deep := name == "deep"; report.Deep != deep || (report.Chunks == int64(len(v.ids)+1)) != deep {
			t.Errorf("%s: %d chunks, deep %v", name, report.Chunks, report.Deep)
		}
	}
}

// Every damage is found by the check without keys already, named, and nothing else is
// said.
func TestVerifyFindsDamage(t *testing.T) {
	v := fillVault(t, nil)
	kinds := map[string]ProblemKind{"pack missing": ProblemMissing}
	for name, d := range v.damages() {
		for level, o := range v.levels() {
			t.Run(name+" "+level, func(t *testing.T) {
				dst := v.dst.CrashClone()
				d.change(dst)
				kind := d.kind
				if kind == "" {
					if kind = kinds[name]; kind == "" {
						kind = ProblemDamaged
					}
				}
				_, found := verifyAt(t, dst, o)
				if want := fmt.Sprintf("%s %s", kind, d.object); !slices.Contains(found, want) {
					t.Errorf("got %v, want %s", found, want)
				}
				if name != "writer missing" && len(found) > 1 && level == "keyless" {
					t.Errorf("got %v, want one problem", found)
				}
			})
		}
	}
}

// A check goes on after the first problem.
func TestVerifyFindsAll(t *testing.T) {
	v := fillVault(t, nil)
	w := v.writer()
	store(t, w, noise(5, 3<<20))
	second := commit(t, w, nil)
	dst := v.dst.CrashClone()
	a, b, index := packName(v.commit.Packs[0].Hash), packName(second.Packs[0].Hash), indexName(second.Writer, 2)
	dst.Delete(a)
	for _, name := range []string{b, index} {
		dst.Damage(name, func(b []byte) []byte { b[7000] ^= 1; return b })
	}
	check(t, dst.Put(t.Context(), "packs/00/stray.txt", nil))
	check(t, dst.Put(t.Context(), packName(Hash{7}), nil))
	report, found := verifyAt(t, dst, VerifyOptions{})
	want := []string{"damaged " + b, "damaged " + index, "missing " + a}
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("got %v, want %v", found, want)
	}
	if want := []string{"packs/00/stray.txt", packName(Hash{7})}; !slices.Equal(report.Orphans, slices.Sorted(slices.Values(want))) {
		t.Errorf("orphans: %v", report.Orphans)
	}
}

func TestVerifyChain(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	var commits []*Commit
	for i := range 4 {
		store(t, w, []byte{byte(i)})
		commits = append(commits, commit(t, w, nil))
	}
	head, err := ReadHead(t.Context(), f.state)
	check(t, err)
	name := func(seq uint64) string { return commitName(f.secrets.WriterID, seq) }
	fork := *commits[2]
	fork.Seq = 5
	forged := *commits[3]
	forged.Seq, forged.Previous = 5, commits[3].Hash
	elsewhere := newFixture(t, nil)
	for what, k := range map[string]struct {
		change func(dst *memory.Destination)
		want   []string
	}{
		"one in the middle is missing": {func(dst *memory.Destination) { dst.Delete(name(2)) }, []string{"chain " + name(3)}},
		"the first is missing":         {func(dst *memory.Destination) { dst.Delete(name(1)) }, []string{"chain " + name(2)}},
		"the last is missing":          {func(dst *memory.Destination) { dst.Delete(name(4)) }, []string{"rollback " + name(4)}},
		"all are missing": {func(dst *memory.Destination) {
			for seq := range uint64(4) {
				dst.Delete(name(seq + 1))
			}
		}, []string{"rollback " + name(4)}},
		"one stands where another should": {func(dst *memory.Destination) {
			check(t, dst.Put(t.Context(), name(9), commits[1].sign(f.secrets.SigningKey)))
		}, []string{"chain " + name(9)}},
		"two follow on one": {func(dst *memory.Destination) {
			check(t, dst.Put(t.Context(), name(5), fork.sign(f.secrets.SigningKey)))
		}, []string{"chain " + name(5), "missing " + indexName(fork.Writer, 5)}},
		"another key signed": {func(dst *memory.Destination) {
			check(t, dst.Put(t.Context(), name(5), forged.sign(crypto.NewSigningKey())))
		}, []string{"forged " + name(5)}},
		"of another vault": {func(dst *memory.Destination) {
			other := forged
			other.Vault = elsewhere.secrets.VaultID
			check(t, dst.Put(t.Context(), name(5), other.sign(f.secrets.SigningKey)))
		}, []string{"other-vault " + name(5)}},
		"newer": {func(dst *memory.Destination) {
			value := bytes.Replace(forged.marshalValue(), []byte(`"version":1`), []byte(`"version":2`), 1)
			file := fmt.Sprintf(`{"commit":%s,"signature":"%x"}`+"\n", value, f.secrets.SigningKey.Sign(value))
			check(t, dst.Put(t.Context(), name(5), []byte(file)))
		}, []string{"version " + name(5)}},
		"one in the middle is damaged": {func(dst *memory.Destination) {
			dst.Damage(name(2), func(b []byte) []byte { return b[:50] })
		}, []string{"damaged " + name(2)}},
		"replaced by an older vault": {func(dst *memory.Destination) {
			dst.Damage(name(4), func([]byte) []byte {
				other := *commits[3]
				other.Time = other.Time.AddDate(0, 0, 1)
				return other.sign(f.secrets.SigningKey)
			})
		}, []string{"rollback " + name(4)}},
	} {
		t.Run(what, func(t *testing.T) {
			dst := f.dst.CrashClone()
			k.change(dst)
			report, found := verifyAt(t, dst, VerifyOptions{Heads: []Head{head}})
			found = slices.DeleteFunc(found, func(s string) bool { return strings.HasPrefix(s, "missing packs/") })
			if !slices.Equal(found, k.want) {
				t.Errorf("got %v, want %v", found, k.want)
			}
			if strings.Contains(what, "missing") && len(report.Orphans) == 0 {
				t.Error("what a missing commit had listed is no orphan")
			}
		})
	}
	other := head
	other.Vault = strings.Repeat("0", 32)
	if _, found := verifyAt(t, f.dst, VerifyOptions{Heads: []Head{other}}); !slices.Equal(found, []string{"other-vault vault.json"}) {
		t.Errorf("got %v", found)
	}
	other = head
	other.Writer = strings.Repeat("0", 32)
	if _, found := verifyAt(t, f.dst, VerifyOptions{Heads: []Head{other}}); !slices.Equal(found, []string{"rollback " + writerName(other.Writer)}) {
		t.Errorf("got %v", found)
	}
}

// What only somebody with keys can notice: things that an insider, or a bug, sealed
// and signed as they should be.
func TestVerifyWithKeys(t *testing.T) {
	for name, k := range map[string]struct {
		forge   func(f *fixture) *Commit
		secrets bool // the writer's secrets are enough
		problem string
	}{
		"index lists other packs": {func(f *fixture) *Commit {
			return f.forge(f.pack(1), func(x *indexContent) { x.packs[0].Size = DefaultPackSize })
		}, true, "damaged index"},
		"index lists fewer packs": {func(f *fixture) *Commit {
			return f.forge(f.pack(1), func(x *indexContent) { x.packs, x.dirs = nil, nil })
		}, true, "damaged index"},
		"records are nowhere": {func(f *fixture) *Commit {
			return f.forge(f.pack(1), func(x *indexContent) { x.records = []crypto.ID{{1}} })
		}, true, "missing index"},
		"index lists another directory": {func(f *fixture) *Commit {
			return f.forge(f.pack(1), func(x *indexContent) { x.dirs[0] = makeDirectory(10, 20) })
		}, false, "damaged packs"},
		"a chunk is not what its id says": {func(f *fixture) *Commit {
			return f.forge(f.pack(2), func(*indexContent) {})
		}, false, "damaged packs"},
		"a pack that is none": {func(f *fixture) *Commit {
			sealed := f.sealTo(noise(1, 100))
			return f.forge(&sealedPack{name: hashOf(sealed), data: sealed, dir: makeDirectory(10)}, func(*indexContent) {})
		}, false, "damaged packs"},
		"a pack for somebody else": {func(f *fixture) *Commit {
			p := newFixture(f.t, nil).pack(1)
			return f.forge(p, func(*indexContent) {})
		}, false, "damaged packs"},
		"padding that is not zeros": {func(f *fixture) *Commit {
			content := packContent([]byte("hello"))
			content[len(content)-packTrailerSize-1] = 1
			d, err := readDirectory(bytes.NewReader(content), int64(len(content)))
			check(f.t, err)
			sealed := f.sealTo(content)
			return f.forge(&sealedPack{name: hashOf(sealed), data: sealed, dir: d}, func(*indexContent) {})
		}, false, "damaged packs"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			k.forge(f)
			v := &filled{fixture: f}
			for level, o := range v.levels() {
				_, found := verifyAt(t, f.dst, o)
				found = slices.DeleteFunc(found, func(s string) bool { return strings.HasPrefix(s, "padding") })
				want := level == "deep" || level == "secrets" && k.secrets
				if !want && len(found) > 0 {
					t.Errorf("%s: got %v", level, found)
				}
				if want && (len(found) == 0 || !strings.HasPrefix(found[0], k.problem)) {
					t.Errorf("%s: got %v, want %s", level, found, k.problem)
				}
			}
		})
	}
}

// pack makes a pack of the vault; the ids are made with the right key for seed 1 only.
func (f *fixture) pack(seed byte) *sealedPack {
	f.t.Helper()
	b, err := newPackBuilder(make([]byte, 0, testPackSize), f.secrets.VaultRecipient)
	check(f.t, err)
	key := f.secrets.IDKey
	if seed != 1 {
		key = testKey(seed)
	}
	check(f.t, b.add(rawChunk(key.ID([]byte("hello")), []byte("hello"))))
	return finish(f.t, b, false)
}

// sealTo seals any content for the vault, with a length that is no bucket.
func (f *fixture) sealTo(content []byte) []byte {
	f.t.Helper()
	sealed, err := crypto.SealBytes(append(make([]byte, 0), content...), f.secrets.VaultRecipient)
	check(f.t, err)
	for len(sealed) < smallestBucket { // a pack may not be shorter
		content = append(content, make([]byte, smallestBucket)...)
		if bytes.HasPrefix(content, []byte(packMagic)) {
			content = widen(content)
		}
		sealed, err = crypto.SealBytes(content, f.secrets.VaultRecipient)
		check(f.t, err)
	}
	return sealed
}

// widen moves the trailer of a pack's content behind what was appended.
func widen(content []byte) []byte {
	at := bytes.Index(content, []byte(packEndMagic)) - 8
	trailer := bytes.Clone(content[at : at+packTrailerSize])
	clear(content[at : at+packTrailerSize])
	copy(content[len(content)-packTrailerSize:], trailer)
	return content
}

// forge stores a pack, an index as change leaves it, and a commit, all in order and
// signed.
func (f *fixture) forge(p *sealedPack, change func(x *indexContent)) *Commit {
	f.t.Helper()
	packs := []Object{{p.name, int64(len(p.data))}}
	x := &indexContent{packs: slices.Clone(packs), dirs: []directory{p.dir}}
	change(x)
	index, err := x.write(f.t, f.secrets.VaultRecipient, f.secrets.IndexIdentity.Recipient())
	check(f.t, err)
	c := &Commit{
		Vault: f.secrets.VaultID, Writer: f.secrets.WriterID, Seq: 1, Time: f.now(),
		Index: Object{hashOf(index), int64(len(index))}, Packs: packs,
	}
	ctx := context.Background()
	check(f.t, f.dst.Put(ctx, packName(p.name), p.data))
	check(f.t, f.dst.Put(ctx, indexName(c.Writer, 1), index))
	check(f.t, f.dst.Put(ctx, commitName(c.Writer, 1), c.sign(f.secrets.SigningKey)))
	return c
}

// Lengths that were not padded are told without any key.
func TestVerifyPadding(t *testing.T) {
	f := newFixture(t, nil)
	sealed := f.sealTo(packContent([]byte("hello")))
	d, err := readDirectory(bytes.NewReader(packContent([]byte("hello"))), int64(len(packContent([]byte("hello")))))
	check(t, err)
	p := &sealedPack{name: hashOf(sealed), data: sealed, dir: d}
	if isBucket(int64(len(sealed))) {
		t.Fatal("the test's pack is padded by chance")
	}
	f.forge(p, func(*indexContent) {})
	if _, found := verifyAt(t, f.dst, VerifyOptions{}); !slices.Equal(found, []string{"padding " + packName(p.name)}) {
		t.Errorf("got %v", found)
	}
}

// A forged writer is told by who knows the id key, and by nobody else.
func TestVerifyForgedWriter(t *testing.T) {
	v := fillVault(t, nil)
	key, err := OpenVaultKey(t.Context(), v.dst, []crypto.Identity{v.owner})
	check(t, err)
	stranger := *key
	stranger.IDKey = crypto.NewKey()
	secrets, err := newWriterSecrets(&stranger)
	check(t, err)
	check(t, putWriter(t.Context(), v.dst, secrets, v.now()))
	for level, o := range v.levels() {
		_, found := verifyAt(t, v.dst, o)
		if want := "forged " + writerName(secrets.WriterID); (len(found) == 1 && found[0] == want) != (level != "keyless") {
			t.Errorf("%s: got %v", level, found)
		}
	}
	_, err = OpenReader(t.Context(), v.dst, ReaderOptions{Identities: []crypto.Identity{v.owner}})
	wantError(t, err, ErrForgedWriter)
}

// A destination that fails is not a damaged vault.
func TestVerifyUnreadable(t *testing.T) {
	broken := errors.New("the cable is loose")
	fail := ""
	v := fillVault(t, memory.WithFaults(func(c memory.Call) error {
		if fail != "" && c.Op == memory.Get && strings.HasPrefix(c.Name, fail) {
			return broken
		}
		return nil
	}))
	for _, fail = range []string{"packs/", "index/", "commits/"} {
		report, found := verifyAt(t, v.dst, VerifyOptions{})
		if len(found) == 0 || !strings.HasPrefix(found[0], "unreadable "+fail) || !errors.Is(report.Problems[0], broken) {
			t.Errorf("%s: got %v", fail, found)
		}
	}
}

func TestVerifyRefusals(t *testing.T) {
	v := fillVault(t, nil)
	_, err := Verify(t.Context(), memory.New(), VerifyOptions{})
	wantError(t, err, ErrNoVault)
	_, err = Verify(t.Context(), v.dst, VerifyOptions{Identities: []crypto.Identity{v.secrets.IndexIdentity}})
	wantError(t, err, crypto.ErrWrongKey)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Verify(ctx, v.dst, VerifyOptions{})
	wantError(t, err, context.Canceled)
	_, found := verifyAt(t, v.dst, VerifyOptions{Secrets: newFixture(t, nil).secrets})
	if !slices.Equal(found, []string{"other-vault vault.json"}) {
		t.Errorf("secrets of another vault: %v", found)
	}
}

// Who wrote a head down finds out with it that a vault was set back, and which one was not.
func TestVerifyWitness(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	store(t, w, []byte("first"))
	first := commit(t, w, nil)
	old := f.dst.CrashClone()
	store(t, w, []byte("second"))
	second := commit(t, w, nil)
	for _, c := range []*Commit{first, second} {
		text := c.Head().String()
		check(t, CheckHeadText(text))
		if _, found := verifyAt(t, f.dst, VerifyOptions{Witness: text}); len(found) > 0 {
			t.Errorf("%s is there, and %v", text, found)
		}
	}
	for _, text := range []string{second.Head().String(), "1" + second.Head().String()[1:], "1-0000000000000000"} {
		if _, found := verifyAt(t, old, VerifyOptions{Witness: text}); !slices.Equal(found, []string{"rollback commits/"}) {
			t.Errorf("the older vault, asked for %s: %v", text, found)
		}
	}
	for _, text := range []string{"", "1", "1-", "0-0000000000000000", "x-0000000000000000", "1-00000000000000000", "1-000000000000000g"} {
		if CheckHeadText(text) == nil {
			t.Errorf("%q passes for a head", text)
		}
	}
}
