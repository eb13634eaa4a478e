package chunkstore

import (
	"errors"
	"os"
	"sync"
	"testing"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// rotated gives a vault a new key, which its writer takes, and returns the one before.
func rotated(t testing.TB, f *fixture) *VaultKey {
	t.Helper()
	key := vaultKeyOf(t, f)
	r, err := Rotate(t.Context(), f.dst, key, RotateOptions{Identities: []crypto.Identity{f.owner}, Now: f.now()})
	check(t, err)
	check(t, r.Change.Apply(t.Context(), f.dst))
	_, err = f.secrets.Take(r.Key)
	check(t, err)
	return key
}

// reseal plans and seals anew, with as many commits as there are packs.
func reseal(f *fixture, w *Writer) (*ResealPlan, error) {
	r := f.reader()
	plan, err := r.PlanReseal(f.t.Context(), f.secrets.WriterID)
	check(f.t, err)
	plan.batch = 1
	return plan, r.Reseal(f.t.Context(), w, plan, nil)
}

// opensNothing checks that a vault key opens no pack at all.
func opensNothing(f *fixture, key *VaultKey) {
	f.t.Helper()
	check(f.t, f.dst.List(f.t.Context(), packsPrefix, func(name string, size int64) error {
		p := Object{ParseName(name).Hash, size}
		if _, err := openPackFile(f.t.Context(), f.dst, p, key.identities()...); !errors.Is(err, crypto.ErrWrongKey) {
			f.t.Errorf("%s: an earlier key opens it: %v", name, err)
		}
		return nil
	}))
}

// After everything was sealed anew and the old packs are deleted no earlier key opens a pack,
// all is read, nothing is stored twice, and there is nothing left to do.
func TestReseal(t *testing.T) {
	h := newHoard(t, nil)
	before := vaultBytes(t, h.dst)
	old := rotated(t, h.fixture)
	w := h.writer()
	plan, err := reseal(h.fixture, w)
	check(t, err)
	if len(plan.Packs) < 3 || plan.Done != 0 || plan.Others != 0 {
		t.Fatalf("%d packs to seal anew, %d done, %d of others", len(plan.Packs), plan.Done, plan.Others)
	}
	h.verify()
	h.readsAll(h.fixture)
	dst := &remover{Destination: h.dst}
	commit(t, w, store(t, w, text(9, 1000)))
	o := h.deleteOptions()
	o.Wanted = func(crypto.ID) bool { return true }
	if n, _, err := h.reader().DeleteRetired(t.Context(), dst, o); err != nil || n != len(plan.Packs) {
		t.Fatalf("%d packs deleted: %v", n, err)
	}
	opensNothing(h.fixture, old)
	h.readsAll(h.fixture)
	h.verify()
	if after := vaultBytes(t, h.dst); after > before*5/4 {
		t.Errorf("the packs took %d bytes and take %d", before, after)
	}
	new := w.Stats().BytesNew
	for _, file := range h.files {
		store(t, w, file)
	}
	if again := w.Stats().BytesNew; again != new {
		t.Errorf("%d bytes are stored that are there", again-new)
	}
	check(t, w.Close())
	w = h.writer()
	plan, err = reseal(h.fixture, w)
	check(t, err)
	if len(plan.Packs) != 0 || plan.Done == 0 {
		t.Errorf("then %d packs are left, %d done", len(plan.Packs), plan.Done)
	}
}

// readsAll reads every file.
func (h *hoard) readsAll(f *fixture) {
	h.t.Helper()
	r := f.reader()
	for i, ids := range h.chunks {
		if string(readAll(h.t, r, ids)) != string(h.files[i]) {
			h.t.Errorf("file %d is not what it was", i)
		}
	}
	h.readsBack(f)
}

// A writer that has not taken the new key seals nothing anew, and another's packs are told.
func TestResealRefuses(t *testing.T) {
	h := newHoard(t, nil)
	stale := *h.secrets
	rotated(t, h.fixture)
	taken := h.secrets
	h.secrets = &stale
	w := h.writer()
	if _, err := reseal(h.fixture, w); !errors.Is(err, ErrStaleWriter) {
		t.Errorf("a writer that has not taken the key: %v", err)
	}
	h.secrets = taken
	plan, err := h.reader().PlanReseal(t.Context(), "another")
	check(t, err)
	if len(plan.Packs) != 0 || plan.Others < 3 {
		t.Errorf("%d packs of another, %d of others", len(plan.Packs), plan.Others)
	}
}

// threePacks is a vault of three packs that was given a new key, and the key before.
func threePacks(t *testing.T) (base *hoard, old *VaultKey) {
	base = &hoard{fixture: newFixture(t, nil)}
	w := base.writer()
	for i, size := range []int{300_000, 2_500_000, 40_000} {
		data := noise(byte(i+1), size)
		base.files = append(base.files, data)
		base.chunks = append(base.chunks, store(t, w, data))
		commit(t, w, store(t, w, text(uint64(i), 5000)))
	}
	check(t, w.Close())
	return base, rotated(t, base.fixture)
}

// Whatever put fails, and wherever the machine stops: everything is read, no check finds a
// problem, and another run ends it.
func TestResealFails(t *testing.T) {
	base, old := threePacks(t)
	for _, kept := range []bool{false, true} {
		for n := 1; ; n++ {
			calls, armed, failed := 0, false, false
			dst := memory.WithFaults(func(c memory.Call) error {
				if c.Op != memory.Put || !armed {
					return nil
				}
				if calls++; calls != n {
					return nil
				}
				failed = true
				if kept {
					return memory.Kept(errFault)
				}
				return errFault
			})
			for _, name := range base.dst.Names() {
				check(t, dst.Put(t.Context(), name, base.dst.Object(name)))
			}
			f := base.at(dst).newState()
			w := f.writer()
			armed = true
			_, err := reseal(f, w)
			if !failed {
				check(t, err)
				break
			}
			if err == nil {
				t.Fatalf("put %d failed, and nobody was told", n)
			}
			armed = false
			check(t, w.Close())
			f.verify()
			base.readsAll(f)
			w = f.writer()
			_, err = reseal(f, w)
			check(t, err)
			commit(t, w, store(t, w, text(9, 1000)))
			check(t, w.Close())
			o := f.deleteAll(base)
			o.Wanted = func(crypto.ID) bool { return true }
			_, _, err = f.reader().DeleteRetired(t.Context(), &remover{Destination: dst}, o)
			check(t, err)
			base.readsAll(f)
			for _, name := range f.verify().Orphans { // a put that was kept, and of which the writer does not know
				dst.Delete(name)
			}
			opensNothing(f, old)
		}
	}
}

// Whatever is read, asked or listed fails while everything is sealed anew, from the first look at the
// vault on: what is retired is in other packs by then, a check finds no problem, and another run
// ends it.
func TestResealReadFails(t *testing.T) {
	base, old := threePacks(t)
	step, runs := 5, 0
	if os.Getenv("TELEKEEP_FAULTS") == "all" {
		step = 1
	}
	for n := 1; ; n += step {
		calls, armed, op := 0, false, memory.Op("")
		var mu sync.Mutex
		dst := memory.WithFaults(func(c memory.Call) error {
			mu.Lock()
			defer mu.Unlock()
			if c.Op == memory.Put || !armed {
				return nil
			}
			if calls++; calls != n {
				return nil
			}
			op = c.Op
			return errFault
		})
		for _, name := range base.dst.Names() {
			check(t, dst.Put(t.Context(), name, base.dst.Object(name)))
		}
		f := base.at(dst).newState()
		arm := func(on bool) {
			mu.Lock()
			defer mu.Unlock()
			armed = on
		}
		arm(true)
		err := resealOnce(f)
		arm(false)
		if op == "" {
			check(t, err)
			break
		}
		runs++
		f.verify()
		if err := resealOnce(f); err != nil {
			t.Errorf("%s %d failed before: %v", op, n, err)
		}
		w := f.writer()
		commit(t, w, store(t, w, text(9, 1000)))
		check(t, w.Close())
		o := f.deleteAll(base)
		o.Wanted = func(crypto.ID) bool { return true }
		if _, _, err := f.reader().DeleteRetired(t.Context(), &remover{Destination: dst}, o); err != nil {
			t.Errorf("%s %d failed before: %v", op, n, err)
		}
		base.readsAll(f)
		opensNothing(f, old)
	}
	t.Logf("%d runs", runs)
}

// resealOnce is a whole run of its own.
func resealOnce(f *fixture) (err error) {
	w, err := OpenWriter(f.t.Context(), f.dst, f.options())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	r, err := OpenReader(f.t.Context(), f.dst, ReaderOptions{Identities: []crypto.Identity{f.owner}})
	if err != nil {
		return err
	}
	plan, err := r.PlanReseal(f.t.Context(), f.secrets.WriterID)
	if err != nil {
		return err
	}
	plan.batch = 1
	return r.Reseal(f.t.Context(), w, plan, nil)
}
