package chunkstore

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A hoard is a vault with files of which some are not wanted any more.
type hoard struct {
	*fixture
	files  [][]byte // every other one is unwanted
	chunks [][]crypto.ID
}

// newHoard stores files in several commits: packs hold wanted and unwanted chunks, and some
// hold one kind only.
func newHoard(t testing.TB, dst *memory.Destination) *hoard {
	h := &hoard{fixture: newFixture(t, dst)}
	w := h.writer()
	for i, sizes := range [][]int{{3 << 20, 2 << 20, 500_000, 600_000}, {100_000, 9 << 20}, {1 << 20, 1000}, {500}, {2 << 20}} {
		for j, size := range sizes {
			data := noise(byte(10*i+j+1), size)
			h.files = append(h.files, data)
			h.chunks = append(h.chunks, store(t, w, data))
		}
		if i == 4 { // nothing but what is not wanted
			commit(t, w, nil)
			continue
		}
		commit(t, w, store(t, w, text(uint64(i), 50_000)))
	}
	check(t, w.Close())
	return h
}

// wanted are the chunks of the files with even numbers.
func (h *hoard) wanted() func(crypto.ID) bool {
	need := make(map[crypto.ID]bool)
	for i := 0; i < len(h.chunks); i += 2 {
		for _, id := range h.chunks[i] {
			need[id] = true
		}
	}
	return func(id crypto.ID) bool { return need[id] }
}

// readsBack checks that every record and every wanted file can be read.
func (h *hoard) readsBack(f *fixture) {
	h.t.Helper()
	r := f.reader()
	for i := 0; i < len(h.files); i += 2 {
		if !bytes.Equal(readAll(h.t, r, h.chunks[i]), h.files[i]) {
			h.t.Errorf("file %d is not what it was", i)
		}
	}
	for _, c := range r.Commits() {
		ids, err := r.Records(h.t.Context(), c)
		check(h.t, err)
		readAll(h.t, r, ids)
	}
}

// prune plans, stores once more and retires.
func (h *hoard) prune(f *fixture, w *Writer) (*PrunePlan, *Commit, error) {
	r := f.reader()
	plan, err := r.PlanPrune(PruneOptions{Writer: f.secrets.WriterID, Wanted: h.wanted(), MaxUnused: 0.05})
	check(h.t, err)
	if err := r.Repack(h.t.Context(), w, plan, nil); err != nil {
		return plan, nil, err
	}
	c, err := w.Commit(h.t.Context(), nil)
	return plan, c, err
}

func (h *hoard) deleteOptions() DeleteOptions {
	return DeleteOptions{Writer: h.secrets.WriterID, Wanted: h.wanted(), Before: h.now().Add(time.Hour)}
}

// remover removes from memory, and fails at a call if it is told to.
type remover struct {
	*memory.Destination
	fail int
	call int
}

func (r *remover) Remove(ctx context.Context, name string) error {
	if r.call++; r.call == r.fail {
		return errFault
	}
	if slices.Contains(r.Names(), name) {
		r.Delete(name)
	}
	return ctx.Err()
}

func vaultBytes(t testing.TB, dst Destination) (n int64) {
	check(t, dst.List(t.Context(), packsPrefix, func(_ string, size int64) error {
		n += size
		return nil
	}))
	return n
}

func TestPrune(t *testing.T) {
	h := newHoard(t, nil)
	before := vaultBytes(t, h.dst)
	w := h.writer()
	plan, c, err := h.prune(h.fixture, w)
	check(t, err)
	if len(plan.Unused) == 0 || len(plan.Repack) == 0 || len(plan.Move) == 0 || len(c.Retired) != len(plan.Unused)+len(plan.Repack) {
		t.Fatalf("the plan is %d unused, %d to repack, %d chunks; the commit retires %d", len(plan.Unused), len(plan.Repack), len(plan.Move), len(c.Retired))
	}
	h.readsBack(h.fixture)
	if report := h.verify(); report.Retired != len(c.Retired) || len(report.Orphans) > 0 || !toldOf(report.Notices, ProblemRetired) {
		t.Errorf("%d retired packs, orphans %v, notices %v", report.Retired, report.Orphans, report.Notices)
	}
	dst := &remover{Destination: h.dst}
	if _, _, err := h.reader().DeleteRetired(t.Context(), dst, h.deleteOptions()); !errors.Is(err, ErrTooEarly) {
		t.Errorf("deleting before the writer went on ends with %v", err)
	}
	commit(t, w, store(t, w, text(9, 1000)))
	o := h.deleteOptions()
	o.Before = c.Time
	if _, _, err := h.reader().DeleteRetired(t.Context(), dst, o); !errors.Is(err, ErrTooEarly) {
		t.Errorf("deleting before its time ends with %v", err)
	}
	packs, size, err := h.reader().DeleteRetired(t.Context(), dst, h.deleteOptions())
	check(t, err)
	after := vaultBytes(t, h.dst)
	if packs != len(c.Retired) || after >= before*3/4 || size < before-after {
		t.Errorf("%d packs of %d bytes were deleted; the vault went from %d to %d bytes", packs, size, before, after)
	}
	h.readsBack(h.fixture)
	if report := h.verify(); report.Retired != 0 {
		t.Errorf("%d packs lie there still", report.Retired)
	}
	if _, err := h.reader().Chunk(t.Context(), h.chunks[1][0]); !errors.Is(err, ErrRetired) {
		t.Errorf("a chunk that was pruned: %v", err)
	}
	// What was pruned is stored again when it comes again, and what was kept is not.
	for _, s := range []*fixture{h.fixture, h.newState()} {
		if s != h.fixture {
			check(t, w.Close())
			w = s.writer()
		}
		for i, file := range h.files[:4] {
			known, err := w.Has(h.chunks[i][0])
			check(t, err)
			if want := i%2 == 0 || s != h.fixture; known != want {
				t.Errorf("file %d of %d bytes: known %t", i, len(file), known)
			}
			store(t, w, file)
		}
		commit(t, w, store(t, w, text(uint64(50+len(s.state)), 1000)))
		for i := range h.files[:4] {
			if !bytes.Equal(readAll(t, h.reader(), h.chunks[i]), h.files[i]) {
				t.Errorf("file %d is not what came again", i)
			}
		}
	}
	plan, err = h.reader().PlanPrune(PruneOptions{Writer: "another", Wanted: func(crypto.ID) bool { return false }})
	check(t, err)
	if len(plan.retired()) > 0 {
		t.Errorf("packs of another writer would be retired")
	}
}

func toldOf(problems []*Problem, kind ProblemKind) bool {
	return slices.ContainsFunc(problems, func(p *Problem) bool { return p.Kind == kind })
}

func TestReinstate(t *testing.T) {
	h := newHoard(t, nil)
	w := h.writer()
	_, c, err := h.prune(h.fixture, w)
	check(t, err)
	r := h.reader()
	packs, err := r.Retired(t.Context(), h.dst, h.secrets.WriterID)
	check(t, err)
	if len(packs) != len(c.Retired) {
		t.Fatalf("%d retired packs", len(packs))
	}
	check(t, r.Reinstate(t.Context(), w, packs))
	commit(t, w, nil)
	if report := h.verify(); report.Retired != 0 {
		t.Errorf("%d are retired", report.Retired)
	}
	r = h.reader()
	for i, ids := range h.chunks {
		if !bytes.Equal(readAll(t, r, ids), h.files[i]) {
			t.Errorf("file %d is not what it was", i)
		}
		for _, id := range ids {
			if !r.index.belongs(id) {
				t.Fatalf("a chunk of file %d does not belong to the vault", i)
			}
		}
	}
	// And may be retired once more.
	if _, _, err := h.prune(h.fixture, w); err != nil {
		t.Fatal(err)
	}
	h.readsBack(h.fixture)
	h.verify()
}

// The machine that writes cannot talk anybody out of what is stored.
func TestRetireWithoutOwner(t *testing.T) {
	h := newHoard(t, nil)
	w := h.writer()
	stranger, err := newVaultKey()
	check(t, err)
	var all []Object
	for _, c := range h.reader().Commits() {
		all = append(all, c.Packs...)
	}
	plan := &PrunePlan{Unused: all}
	check(t, w.retireNext(stranger, plan.retired()))
	c := commit(t, w, nil)
	o := VerifyOptions{Secrets: h.secrets, Identities: []crypto.Identity{h.owner}}
	report, err := Verify(t.Context(), h.dst, o)
	check(t, err)
	if len(report.Problems) != 1 || report.Problems[0].Kind != ProblemForged || report.Problems[0].Object != commitName(c.Writer, c.Seq) || report.Packs != len(all) {
		t.Errorf("problems %v, %d packs", report.Problems, report.Packs)
	}
	o.Identities = nil
	if report, err = Verify(t.Context(), h.dst, o); err != nil || !toldOf(report.Notices, ProblemRetired) {
		t.Errorf("without a key: %v, notices %v", err, report.Notices)
	}
	r, err := OpenReader(t.Context(), h.dst, ReaderOptions{Identities: []crypto.Identity{h.owner}, Damaged: true})
	check(t, err)
	if !toldOf(r.Faults(), ProblemForged) {
		t.Errorf("faults %v", r.Faults())
	}
	for i, ids := range h.chunks {
		if !bytes.Equal(readAll(t, r, ids), h.files[i]) {
			t.Errorf("file %d is not what it was", i)
		}
	}
	dst := &remover{Destination: h.dst}
	if n, _, err := r.DeleteRetired(t.Context(), dst, h.deleteOptions()); err == nil || n > 0 || dst.call > 0 {
		t.Errorf("%d packs were deleted, %v", n, err)
	}
	if _, err := OpenReader(t.Context(), h.dst, ReaderOptions{Identities: []crypto.Identity{h.owner}}); !errors.Is(err, ErrNotOwner) {
		t.Errorf("a Reader opens with %v", err)
	}
}

// Whatever call fails, and wherever the machine stops: all that is wanted can be read, no
// check finds a problem, and doing it again comes to the same end.
func TestPruneFails(t *testing.T) {
	base := newHoard(t, nil)
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
			_, _, err := base.prune(f, w)
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
			base.readsBack(f)
			w = f.writer()
			_, _, err = base.prune(f, w)
			check(t, err)
			commit(t, w, store(t, w, text(9, 1000)))
			f.verify()
			for fail := 1; ; fail++ {
				place := &remover{Destination: dst, fail: fail}
				_, _, err := f.reader().DeleteRetired(t.Context(), place, f.deleteAll(base))
				f.verify()
				if err == nil {
					break
				}
			}
			base.readsBack(f)
			report := f.verify()
			after := vaultBytes(t, dst)
			for _, name := range report.Orphans { // a put that was kept, and of which the writer does not know
				after -= int64(len(dst.Object(name)))
			}
			if after > 7<<20 {
				t.Errorf("put %d, kept %t: %d bytes are left", n, kept, after)
			}
		}
	}
}

func (f *fixture) deleteAll(h *hoard) DeleteOptions {
	return DeleteOptions{Writer: f.secrets.WriterID, Wanted: h.wanted(), Before: f.now().Add(time.Hour)}
}

// Files that are chosen and left out again and again, taken out, taken back, deleted, stored once more and
// sealed to other keys, with stops in between: every record, and every file that was chosen whenever
// something was taken out since it was stored last, is in packs that belong to the vault.
func TestPruneLives(t *testing.T) {
	t.Parallel()
	lives := 6
	if text := os.Getenv("TELEKEEP_PRUNE_LIVES"); text != "" {
		var err error
		if lives, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	for range lives {
		pruneLife(t, rand.Uint64())
	}
}

func pruneLife(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	f := newFixture(t, nil)
	w := f.writer()
	var files [][]byte
	var chunks [][]crypto.ID
	var chosen, must []bool
	var steps []string
	wanted := func(which []bool) func(crypto.ID) bool {
		need := make(map[crypto.ID]bool)
		for i, yes := range which {
			for _, id := range chunks[i] {
				need[id] = need[id] || yes
			}
		}
		return func(id crypto.ID) bool { return need[id] }
	}
	put := func() {
		for range 1 + random.IntN(3) {
			i := random.IntN(len(files) + 2)
			if i >= len(files) {
				i = len(files)
				files = append(files, noise(byte(i+1), 1000+random.IntN(300_000)))
				chunks, chosen, must = append(chunks, nil), append(chosen, true), append(must, false)
			}
			chunks[i] = store(t, w, files[i])
			must[i] = true
		}
	}
	again := func() {
		check(t, w.Close())
		if random.IntN(4) == 0 {
			f = f.newState()
		}
		w = f.writer()
	}
	do := map[string]func(){
		"store": func() { put(); commit(t, w, store(t, w, text(random.Uint64(), 1+random.IntN(20_000)))) },
		"choose": func() {
			for i := range chosen {
				chosen[i] = random.IntN(3) > 0
			}
		},
		"prune": func() {
			r := f.reader()
			plan, err := r.PlanPrune(PruneOptions{Writer: f.secrets.WriterID, Wanted: wanted(chosen), MaxUnused: 0.3 * random.Float64()})
			check(t, err)
			check(t, r.Repack(t.Context(), w, plan, nil))
			if random.IntN(4) == 0 {
				again()
				return
			}
			_, err = w.Commit(t.Context(), nil) // nothing is left out, and nothing is new
			check(t, err)
			for i := range must {
				must[i] = must[i] && chosen[i]
			}
		},
		"undo": func() {
			r := f.reader()
			packs, err := r.Retired(t.Context(), f.dst, f.secrets.WriterID)
			check(t, err)
			if len(packs) == 0 {
				return
			}
			check(t, r.Reinstate(t.Context(), w, packs))
			if random.IntN(4) == 0 {
				again()
			}
			_, err = w.Commit(t.Context(), nil)
			check(t, err)
		},
		"delete": func() {
			o := DeleteOptions{Writer: f.secrets.WriterID, Wanted: wanted(must), Before: f.now().Add(time.Hour)}
			if _, _, err := f.reader().DeleteRetired(t.Context(), &remover{Destination: f.dst}, o); err != nil && !errors.Is(err, ErrTooEarly) {
				t.Fatalf("life %d: %s: %v", seed, steps, err)
			}
		},
		"stop": again,
		"reseal": func() {
			if random.IntN(2) == 0 {
				rotated(t, f)
				again()
			}
			_, err := reseal(f, w)
			check(t, err)
		},
	}
	names := slices.Sorted(maps.Keys(do))
	do["store"]()
	for range 30 {
		name := names[random.IntN(len(names))]
		steps = append(steps, name)
		do[name]()
		if report := f.verify(); len(report.Problems) > 0 {
			t.Fatalf("life %d: %s: %v", seed, steps, report.Problems[0])
		}
		r := f.reader()
		for i := range files {
			for _, id := range chunks[i] {
				if must[i] && !r.index.belongs(id) {
					t.Fatalf("life %d: %s: file %d is not there", seed, steps, i)
				}
			}
		}
		if random.IntN(8) > 0 {
			continue
		}
		for i := range files {
			if must[i] && !bytes.Equal(readAll(t, r, chunks[i]), files[i]) {
				t.Fatalf("life %d: %s: file %d is not what it was", seed, steps, i)
			}
		}
	}
	check(t, w.Close())
}
