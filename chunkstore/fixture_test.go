package chunkstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A fixture is a vault in memory, its keys, and what was stored in it so far.
type fixture struct {
	t       testing.TB
	dst     *memory.Destination
	secrets *WriterSecrets
	owner   crypto.Identity
	state   string     // path of the local state
	clock   *time.Time // shared by all that are made from this one
	single  bool       // one worker, one open pack: the same packs every time
}

// newFixture makes a vault at dst, or at a new place without faults if dst is nil.
func newFixture(t testing.TB, dst *memory.Destination) *fixture {
	t.Helper()
	if dst == nil {
		dst = memory.New()
	}
	owner, err := crypto.NewIdentity()
	check(t, err)
	f := &fixture{
		t:     t,
		dst:   dst,
		owner: owner,
		state: filepath.Join(t.TempDir(), "state.db"),
		clock: new(time.Time),
	}
	*f.clock = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	o := CreateOptions{Owners: []Owner{{Name: "owner", Recipient: owner.Recipient()}}, Now: f.now}
	_, f.secrets, err = Create(t.Context(), dst, o)
	check(t, err)
	return f
}

// at returns the same vault, keys and state at another place: what a clone of it holds.
func (f *fixture) at(dst *memory.Destination) *fixture {
	other := *f
	other.dst = dst
	return &other
}

// withState returns the same vault with another local state.
func (f *fixture) withState(path string) *fixture {
	other := *f
	other.state = path
	return &other
}

// newState returns the same vault with no local state yet.
func (f *fixture) newState() *fixture {
	return f.withState(filepath.Join(f.t.TempDir(), "state.db"))
}

// now is a clock that goes on by a minute whenever it is asked.
func (f *fixture) now() time.Time {
	*f.clock = f.clock.Add(time.Minute)
	return *f.clock
}

func (f *fixture) options() WriterOptions {
	o := WriterOptions{Secrets: f.secrets, StatePath: f.state, PackSize: 8 << 20, Now: f.now}
	if f.single {
		o.Workers, o.OpenPacks = 1, 1
	}
	return o
}

// writer opens a Writer that the end of the test closes.
func (f *fixture) writer() *Writer {
	f.t.Helper()
	w, err := OpenWriter(f.t.Context(), f.dst, f.options())
	check(f.t, err)
	f.t.Cleanup(func() { check(f.t, w.Close()) })
	return w
}

// reader opens a Reader of a vault that must be whole.
func (f *fixture) reader() *Reader {
	f.t.Helper()
	r, err := OpenReader(f.t.Context(), f.dst, ReaderOptions{Identities: []crypto.Identity{f.owner}})
	check(f.t, err)
	return r
}

// store writes data to a new stream and returns its chunks.
func store(t testing.TB, w *Writer, data []byte) []crypto.ID {
	t.Helper()
	s := w.NewStream()
	_, err := s.Write(data)
	check(t, err)
	ids, err := s.Close()
	check(t, err)
	return ids
}

// commit commits and expects that there was something new.
func commit(t testing.TB, w *Writer, records []crypto.ID) *Commit {
	t.Helper()
	c, err := w.Commit(t.Context(), records)
	check(t, err)
	if c == nil {
		t.Fatal("the commit found nothing new")
	}
	return c
}

// readAll reads the bytes of chunks.
func readAll(t testing.TB, r *Reader, ids []crypto.ID) []byte {
	t.Helper()
	s := r.Stream(t.Context(), ids)
	defer s.Close()
	data, err := io.ReadAll(s)
	check(t, err)
	return data
}

// verify checks a vault as deeply as possible and expects no problem.
func (f *fixture) verify() *Report {
	f.t.Helper()
	report, err := Verify(context.Background(), f.dst, VerifyOptions{
		Secrets:    f.secrets,
		Identities: []crypto.Identity{f.owner},
	})
	check(f.t, err)
	for _, p := range report.Problems {
		f.t.Errorf("verify: %v", p)
	}
	return report
}

// resumeState returns all that a Writer remembers under a prefix, as text.
func resumeState(t testing.TB, w *Writer) string {
	t.Helper()
	var b bytes.Buffer
	check(t, w.Range("", func(key string, value []byte) error {
		fmt.Fprintf(&b, "%s=%q ", key, value)
		return nil
	}))
	return b.String()
}

// noise returns n bytes that do not compress, the same for the same seed.
func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{seed})
	r.Read(b) // never fails
	return b
}

// text returns n bytes of made-up messages, the same for the same seed.
func text(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, seed))
	words := []string{"the", "meeting", "is", "moved", "to", "friday", "please", "send", "photos", "from", "lake", "tomorrow"}
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, `{"v":1,"kind":"message","account":"user%d","seen":%d,"message":{"id":%d,"text":"`, seed, r.Uint32(), r.Uint32())
		for range 3 + r.IntN(20) {
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		b.WriteString("\"}}\n")
	}
	return b.Bytes()[:n]
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError fails unless err is the one wanted.
func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// sizes returns the lengths of the objects whose names start with prefix.
func sizes(dst *memory.Destination, prefix string) map[string]int {
	found := make(map[string]int)
	check := func(name string, size int64) error {
		found[name] = int(size)
		return nil
	}
	if err := dst.List(context.Background(), prefix, check); err != nil {
		panic(err) // only a fault function could
	}
	return found
}

func names(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }
