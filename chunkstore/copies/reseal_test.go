package copies

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A resealed is a vault on two drives that was given a new key, and what it holds.
type resealed struct {
	*fixture
	old  *chunkstore.VaultKey
	data [][]byte
	ids  [][]crypto.ID
}

func newResealed(t *testing.T) *resealed {
	f := &resealed{fixture: newFixture(t, "a", "b")}
	s, err := Open(t.Context(), f.options)
	check(t, err)
	w, err := chunkstore.OpenWriter(t.Context(), s, f.writerOptions())
	check(t, err)
	for i := range 3 {
		stream := w.NewStream()
		f.data = append(f.data, noise(uint64(i+1), 60_000))
		_, err := stream.Write(f.data[i])
		check(t, err)
		ids, err := stream.Close()
		check(t, err)
		f.ids = append(f.ids, ids)
		_, err = w.Commit(t.Context(), ids)
		check(t, err)
	}
	check(t, errors.Join(w.Close(), s.Close()))
	f.old, err = chunkstore.OpenVaultKey(t.Context(), f.drives[0], []crypto.Identity{f.owner})
	check(t, err)
	r, err := chunkstore.Rotate(t.Context(), f.drives[0], f.old, chunkstore.RotateOptions{Identities: []crypto.Identity{f.owner}, Now: f.now()})
	check(t, err)
	f.apply(r.Change)
	_, err = f.secrets.Take(r.Key)
	check(t, err)
	return f
}

// reseal is one run: it opens everything, seals anew and closes.
func (f *resealed) reseal(t *testing.T, g *fixture) (err error) {
	s, err := Open(t.Context(), g.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	w, err := chunkstore.OpenWriter(t.Context(), s, g.writerOptions())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	r, err := chunkstore.OpenReader(t.Context(), s, chunkstore.ReaderOptions{Identities: []crypto.Identity{g.owner}})
	if err != nil {
		return err
	}
	plan, err := r.PlanReseal(t.Context(), g.secrets.WriterID)
	if err != nil {
		return err
	}
	return r.Reseal(t.Context(), w, plan, nil)
}

// whole ends what a run left over and has the old packs deleted, and expects that both drives hold
// all of it then, and no pack that the earlier key opens.
func (f *resealed) whole(t *testing.T, g *fixture) {
	for _, d := range g.drives {
		d.set(func(d *drive) { d.away, d.fault = false, nil })
	}
	g.later()
	check(t, f.reseal(t, g))
	f.goOn(t, g)
	g.equal()
	for _, name := range g.drives[0].Names() {
		if !bytes.Equal(g.drives[0].Object(name), g.drives[1].Object(name)) {
			t.Errorf("the drives hold different bytes as %s", name)
		}
	}
	for _, d := range g.drives {
		r := f.reader(t, g, d)
		plan, err := r.PlanReseal(t.Context(), g.secrets.WriterID)
		check(t, err)
		if len(plan.Packs) > 0 || plan.Done == 0 {
			t.Errorf("drive %s: %d packs are left, %d done", d.name, len(plan.Packs), plan.Done)
		}
		n, _, err := r.DeleteRetired(t.Context(), d, chunkstore.DeleteOptions{
			Writer: g.secrets.WriterID, Wanted: func(crypto.ID) bool { return true }, Before: g.now().Add(time.Hour),
		})
		if err != nil || n != len(f.data) {
			t.Errorf("drive %s: %d packs deleted: %v", d.name, n, err)
		}
		r = f.reader(t, g, d)
		for i, want := range f.data {
			stream := r.Stream(t.Context(), f.ids[i])
			if got, err := io.ReadAll(stream); err != nil || !bytes.Equal(got, want) {
				t.Errorf("drive %s: %d bytes of %d: %v", d.name, len(got), len(want), err)
			}
			check(t, stream.Close())
		}
		for _, name := range d.Names() {
			if chunkstore.ParseName(name).Kind != chunkstore.PackObject {
				continue
			}
			if _, err := crypto.OpenBytes(d.Object(name), f.old.Identity); !errors.Is(err, crypto.ErrWrongKey) {
				t.Errorf("drive %s: the earlier key opens %s: %v", d.name, name, err)
			}
		}
	}
	report, err := chunkstore.Verify(t.Context(), g.drives[0], chunkstore.VerifyOptions{Identities: []crypto.Identity{g.owner}, Secrets: g.secrets}) // the other is the same
	check(t, err)
	for _, p := range report.Problems {
		t.Error(p)
	}
}

// goOn makes one more commit, and brings both drives up to date.
func (f *resealed) goOn(t *testing.T, g *fixture) {
	s, err := Open(t.Context(), g.options)
	check(t, err)
	defer s.Close()
	w, err := chunkstore.OpenWriter(t.Context(), s, g.writerOptions())
	check(t, err)
	defer w.Close()
	store(t, w, noise(9, 1000))
	for range 2 { // what the last one has, the first one gets the second time
		must(s.CatchUpAll(t.Context(), nil))(t)
	}
}

func (f *resealed) reader(t *testing.T, g *fixture, dst chunkstore.Destination) *chunkstore.Reader {
	t.Helper()
	r, err := chunkstore.OpenReader(t.Context(), dst, chunkstore.ReaderOptions{Identities: []crypto.Identity{g.owner}})
	check(t, err)
	return r
}

// Whatever call to a copy fails while everything is sealed anew, or from whichever on a copy is
// away, for a while or until the run is over: nothing is lost, another run ends it, and both
// copies hold the same.
func TestResealFaultAtEveryCall(t *testing.T) {
	f := newResealed(t)
	every := os.Getenv("TELEKEEP_FAULTS") == "all" // one call that fails is tried at each
	kinds := []struct {
		name  string
		drive int // 2: whichever is called
		calls int // that fail
		err   error
	}{
		{"the first fails", 0, 1, syscall.EIO}, {"the second fails", 1, 1, syscall.EIO},
		{"the answer of the first is lost", 0, 1, memory.Kept(syscall.EIO)}, {"the answer of the second is lost", 1, 1, memory.Kept(syscall.EIO)},
		{"the first is away", 0, 1 << 30, syscall.ENODEV}, {"the second is away", 1, 1 << 30, syscall.ENODEV},
		{"the first comes back", 0, 7, syscall.ENODEV}, {"the second comes back", 1, 7, syscall.ENODEV},
		{"both fail", 2, 7, syscall.EIO}, {"both are away", 2, 1 << 30, syscall.ENODEV}, {"both come back", 2, 20, syscall.ENODEV},
	}
	total := 0
	for k, kind := range kinds {
		for n := 1; ; n++ {
			if (!every || kind.calls > 1) && n%len(kinds) != k {
				if n > 400 {
					break
				}
				continue
			}
			met := false
			ok := t.Run(fmt.Sprintf("%s at %d", kind.name, n), func(t *testing.T) {
				g := f.fresh(t)
				var mu sync.Mutex
				calls := 0
				for i, d := range g.drives {
					if kind.drive != 2 && kind.drive != i {
						continue
					}
					d.fail(func(memory.Call) error {
						mu.Lock()
						defer mu.Unlock()
						if calls++; calls >= n && calls-n < kind.calls {
							met = true
							return kind.err
						}
						return nil
					})
				}
				if err := f.reseal(t, g); err != nil && !met {
					t.Fatalf("with no fault: %v", err)
				}
				f.whole(t, g)
			})
			total++
			if !met || !ok {
				break
			}
		}
	}
	t.Logf("%d runs", total)
}
