package chunkstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A model is a vault and what stands in it where: enough to say what must be left of it
// when objects are damaged.
type model struct {
	*fixture
	owners  []crypto.Identity
	heads   []Head
	streams map[string]modelStream // by the name of the commit
	chunks  map[crypto.ID][]byte   // plaintext
	places  map[crypto.ID][]modelPlace
	seqs    map[string][]string // names of the commits of each writer, in order
	names   []string            // of what a damage may hit
}

type modelStream struct {
	text string
	ids  []crypto.ID
}

// A modelPlace is where a chunk lies in a file.
type modelPlace struct {
	pack     string
	payload  int64 // where age's first block begins
	size     int64 // of the file
	from, to int64 // blocks of the file that hold the chunk, in bytes
	entry    dirEntry
}

// newModel makes a vault of two owners and two writers, each with some commits of records
// and media, some of which both have.
func newModel(t testing.TB) *model {
	t.Helper()
	f := newFixture(t, nil)
	second, err := crypto.NewIdentity()
	check(t, err)
	check(t, putOwners(t.Context(), f.dst, vaultKeyOf(t, f), []Owner{{"second", second.Recipient()}}))
	m := &model{
		fixture: f, owners: []crypto.Identity{f.owner, second},
		streams: make(map[string]modelStream), chunks: make(map[crypto.ID][]byte),
		places: make(map[crypto.ID][]modelPlace), seqs: make(map[string][]string),
	}
	for _, f := range []*fixture{f, f.addWriter().newState()} {
		for i := range 4 {
			m.commit(f, i)
		}
		head, err := ReadHead(t.Context(), f.state)
		check(t, err)
		m.heads = append(m.heads, head)
	}
	m.findPlaces()
	m.names = slices.DeleteFunc(f.dst.Names(), func(name string) bool { return name == readmeName || name == recoverName })
	return m
}

// commit stores a record stream and two files, one of which the other writer has too.
func (m *model) commit(f *fixture, i int) {
	m.t.Helper()
	w, err := OpenWriter(m.t.Context(), f.dst, f.options())
	check(m.t, err)
	text := string(text(uint64(i+len(m.streams)*10), 30_000))
	for _, data := range [][]byte{noise(byte(i), 150_000), noise(byte(100+len(m.streams)), 90_000), []byte(text)} {
		ids := store(m.t, w, data)
		m.chunks[ids[0]] = data // none is long enough for two
		if string(data) == text {
			c := commit(m.t, w, ids)
			name := commitName(c.Writer, c.Seq)
			m.streams[name] = modelStream{text, ids}
			m.seqs[c.Writer] = append(m.seqs[c.Writer], name)
		}
	}
	check(m.t, w.Close())
}

// findPlaces looks up where the chunks are.
func (m *model) findPlaces() {
	r := m.reader()
	for id := range m.chunks {
		for _, p := range r.index.find(id) {
			f, err := r.file(m.t.Context(), r.dst, p.pack)
			check(m.t, err)
			const block = ageBlock + ageTag
			m.places[id] = append(m.places[id], modelPlace{
				pack: f.name, payload: f.payload, size: f.size,
				from:  f.payload + int64(p.Offset)/ageBlock*block,
				to:    min(f.size, f.payload+((p.end()-1)/ageBlock+1)*block),
				entry: p.dirEntry,
			})
		}
	}
}

// A wound is what was done to one object.
type wound struct {
	name  string
	at    int    // the byte that was flipped, -1 if all of it is lost
	holds string // whose bytes lie there now, "" if nobody's
}

// hurt damages one object or two, somehow.
func (m *model) hurt(r *rand.Rand, dst *memory.Destination) (what string, wounds []wound) {
	name := m.names[r.IntN(len(m.names))]
	size := len(dst.Object(name))
	switch r.IntN(5) {
	case 0:
		dst.Delete(name)
		return "delete " + name, []wound{{name: name, at: -1}}
	case 1:
		n := r.IntN(size)
		dst.Damage(name, func(b []byte) []byte { return b[:n] })
		return fmt.Sprintf("cut %s to %d of %d bytes", name, n, size), []wound{{name: name, at: -1}}
	case 2:
		other := m.names[r.IntN(len(m.names))]
		a, b := dst.Object(name), dst.Object(other)
		if name == other || bytes.Equal(a, b) {
			return m.hurt(r, dst)
		}
		dst.Damage(name, func([]byte) []byte { return b })
		dst.Damage(other, func([]byte) []byte { return a })
		return fmt.Sprintf("swap %s with %s", name, other), []wound{{name, -1, other}, {other, -1, name}}
	case 3:
		n := 1 + r.IntN(40_000)
		dst.Damage(name, func(b []byte) []byte { return append(b, noise(byte(n), n)...) })
		return fmt.Sprintf("append %d bytes to %s", n, name), []wound{{name: name, at: size}}
	}
	at := r.IntN(size)
	bit := byte(1) << r.IntN(8)
	dst.Damage(name, func(b []byte) []byte { b[at] ^= bit; return b })
	return fmt.Sprintf("flip bit %d of byte %d of %d of %s", bit, at, size, name), []wound{{name: name, at: at}}
}

// hits reports whether an object is damaged.
func hits(wounds []wound, name string) bool {
	return slices.ContainsFunc(wounds, func(w wound) bool { return w.name == name })
}

// readable reports whether a chunk must be readable.
func (m *model) readable(wounds []wound, id crypto.ID) bool {
	return slices.ContainsFunc(m.places[id], func(p modelPlace) bool {
		return !slices.ContainsFunc(wounds, func(w wound) bool {
			return w.name == p.pack && p.lostBy(w) && !m.lends(w.holds, id, p)
		})
	})
}

// lends reports whether the bytes of another pack hold a chunk where p says: two writers
// that stored the same file have packs of other bytes and the same content, and who reads
// one under the name of the other has what was stored. Only the pack's hash tells.
func (m *model) lends(pack string, id crypto.ID, p modelPlace) bool {
	return slices.ContainsFunc(m.places[id], func(other modelPlace) bool {
		return other.pack == pack && other.size == p.size && other.entry == p.entry
	})
}

// lostBy reports whether a wound of its pack costs the chunk: header, nonce and the last
// block are needed for all of them, each other block for those that lie in it.
func (p modelPlace) lostBy(w wound) bool {
	at := int64(w.at)
	last := p.payload + (p.size-p.payload-1)/(ageBlock+ageTag)*(ageBlock+ageTag)
	switch {
	case w.at < 0, at < p.payload, last <= at && at < p.size:
		return true
	case at >= p.size: // behind the end
		return false
	}
	return p.from <= at && at < p.to
}

// seen reports whether a reader must come upon a pack that is lost: by its length, or
// because a chunk of it stands nowhere else.
func (m *model) seen(dst Destination, wounds []wound, w wound) bool {
	size, err := dst.Stat(m.t.Context(), w.name)
	for id, places := range m.places {
		for _, p := range places {
			if p.pack == w.name && (err != nil || size != p.size || !m.readable(wounds, id)) {
				return true
			}
		}
	}
	return false
}

// known reports whether the record stream of a commit must still be known.
func (m *model) known(wounds []wound, name string) bool {
	writer, seq, _ := parseCommitName(name)
	return !hits(wounds, indexName(writer, seq)) && !(hits(wounds, writerName(writer)) && hits(wounds, secretsName(writer)))
}

// named reports whether the check tells a wound. A commit that is gone shows at the one
// behind it, or at the head that somebody remembers. A writer's entry that names other
// secrets shows at those: nobody without a key can tell which of the two is damaged.
func named(report *Report, w wound) bool {
	told := report.Problems
	if strings.HasPrefix(w.name, keysPrefix) && w.at < 0 { // one owner of two may have been removed
		told = append(slices.Clone(told), report.Notices...)
	}
	return slices.ContainsFunc(told, func(p *Problem) bool {
		writer, _, ok := parseCommitName(w.name)
		id, isEntry := parseWriterName(w.name)
		return p.Object == w.name || isEntry && w.at >= 0 && p.Object == secretsName(id) || ok && strings.HasPrefix(p.Object, commitsPrefix+writer+"/")
	})
}

// checkRead reads everything and compares it with what the model says.
func (m *model) checkRead(t *testing.T, dst Destination, what string, wounds []wound) {
	t.Helper()
	ctx := context.Background()
	r, err := OpenReader(ctx, dst, ReaderOptions{Identities: m.owners, Damaged: true, Heads: m.heads})
	if err != nil {
		if !errors.Is(err, ErrKeyFile) || !hits(wounds, keyName("owner")) || !hits(wounds, keyName("second")) {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	told := fmt.Sprint(r.Faults())
	for id, want := range m.chunks {
		data, err := r.Chunk(ctx, id)
		switch must := m.readable(wounds, id); {
		case err == nil && !bytes.Equal(data, want):
			t.Errorf("%s: a chunk came back different", what)
		case must && err != nil:
			t.Errorf("%s: a chunk is lost: %v", what, err)
		case !must && err == nil:
			t.Errorf("%s: a chunk is there that cannot be", what)
		case err != nil:
			told += err.Error()
		}
	}
	got := make(map[string][]crypto.ID)
	for _, c := range r.Commits() {
		if ids, err := r.Records(ctx, c); err == nil {
			got[commitName(c.Writer, c.Seq)] = ids
		}
	}
	lost := false
	for name, stream := range m.streams {
		ids, ok := got[name]
		if must := m.known(wounds, name); ok != must || ok && !slices.Equal(ids, stream.ids) {
			t.Errorf("%s: the records of %s are known: %v, should be: %v", what, name, ok, must)
		}
		lost = lost || !ok
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("%s: records appeared: %v", what, got)
	}
	if lost && !slices.ContainsFunc(r.Faults(), func(p *Problem) bool { return p.Lost != "" }) {
		t.Errorf("%s: records are lost and nobody says so: %s", what, told)
	}
	for _, w := range wounds {
		if strings.HasPrefix(w.name, packsPrefix) && w.at < 0 && m.seen(dst, wounds, w) && !strings.Contains(told, w.name) {
			t.Errorf("%s: %s is not named: %s", what, w.name, told)
		}
	}
}

// checkWrite opens the vault for writing, with and without a state: it opens, or says
// which kind of damage keeps it from that; and if anything is left out, it is listed.
func (m *model) checkWrite(t *testing.T, dst *memory.Destination, what string) {
	t.Helper()
	for _, f := range []*fixture{m.at(dst), m.at(dst).newState()} {
		w, err := OpenWriter(t.Context(), f.dst, f.options())
		if err != nil {
			p := newProblem("", err)
			if p.Kind == ProblemUnreadable {
				t.Errorf("%s: an error of no kind: %v", what, err)
			}
			continue
		}
		if w.LostUpTo() > 0 && len(w.Problems()) == 0 {
			t.Errorf("%s: something is lost and nobody says so", what)
		}
		check(t, w.Close())
	}
}

// Whatever object of a vault is damaged in whatever way, the check without keys names it,
// and a reader that goes on returns exactly what does not depend on it.
func TestAnyDamage(t *testing.T) {
	rounds := 60
	if n, err := strconv.Atoi(os.Getenv("TELEKEEP_DAMAGES")); err == nil {
		rounds = n
	}
	m := newModel(t)
	m.checkRead(t, m.dst, "nothing", nil)
	for seed := range uint64(rounds) {
		dst := m.dst.CrashClone()
		what, wounds := m.hurt(rand.New(rand.NewPCG(seed, 1)), dst)
		what = fmt.Sprintf("seed %d: %s", seed, what)
		report, err := Verify(t.Context(), dst, VerifyOptions{Heads: m.heads})
		if err != nil {
			t.Errorf("%s: verify: %v", what, err)
			continue
		}
		for _, w := range wounds {
			if !named(report, w) {
				t.Errorf("%s: verify does not name %s: %v", what, w.name, report.Problems)
			}
		}
		m.checkRead(t, dst, what, wounds)
		if seed%6 == 0 {
			m.checkWrite(t, dst, what)
		}
		if seed%8 == 0 {
			deep, err := Verify(t.Context(), dst, VerifyOptions{Heads: m.heads, Identities: m.owners})
			if err != nil || len(deep.Problems)+len(deep.Notices) == 0 {
				t.Errorf("%s: deep: %v", what, err)
			}
		}
	}
}

// Two writers that store the same file have packs of the same content under two names.
// Swapped, neither is what its name says, and the check says so; whoever reads misses nothing.
func TestTwinPacksSwapped(t *testing.T) {
	f := newFixture(t, nil)
	f.single = true
	data := noise(1, 150_000)
	var packs []string
	var ids []crypto.ID
	for _, f := range []*fixture{f, f.addWriter().newState()} {
		w := f.writer()
		s := w.NewStream()
		_, err := s.Write(data)
		check(t, err)
		ids, err = s.Close()
		check(t, err)
		c := commit(t, w, ids)
		if len(c.Packs) != 1 {
			t.Fatalf("%d packs", len(c.Packs))
		}
		packs = append(packs, packName(c.Packs[0].Hash))
	}
	a, b := f.dst.Object(packs[0]), f.dst.Object(packs[1])
	if bytes.Equal(a, b) || len(a) != len(b) {
		t.Fatalf("packs of %d and %d bytes", len(a), len(b))
	}
	f.dst.Damage(packs[0], func([]byte) []byte { return b })
	f.dst.Damage(packs[1], func([]byte) []byte { return a })
	if got := readAll(t, f.reader(), ids); !bytes.Equal(got, data) {
		t.Error("what is read is not what was stored")
	}
	report, err := Verify(t.Context(), f.dst, VerifyOptions{})
	check(t, err)
	for _, name := range packs {
		if !named(report, wound{name: name, at: -1}) {
			t.Errorf("%s is not named: %v", name, report.Problems)
		}
	}
}
