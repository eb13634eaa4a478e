package archive

import (
	"cmp"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"telekeep/internal/durable"
	"telekeep/internal/durable/crash"
)

// A machine pulls a world into a vault that never fails, with its journal on a disk the power
// of which is cut later.
type machine struct {
	t      *testing.T
	random *rand.Rand
	world  *world
	dir    string // the journal
	disk   *crash.Disk
	vault  *fakeVault
	full   []int // steps at which the disk was
	fills  bool  // now and then it does
	fails  bool  // an fsync does, now and then, and what it should have kept is lost

	commits  []committed
	promises []promise
}

// committed is the vault as it is from a step of the disk on.
type committed struct {
	at    int
	vault *fakeVault
}

// A promise is what must be there after every cut behind a step of the disk.
type promise struct {
	at      int
	state   map[string]string
	missing map[MediaKey][]Range // of the files in flight
}

// newMachine is a machine that comes up with a vault and what a cut left of a journal.
func newMachine(t *testing.T, random *rand.Rand, vault *fakeVault, journal crash.State) *machine {
	t.Helper()
	m := &machine{t: t, random: random, world: smallWorld(), dir: fastDir(t), vault: vault.clone(), fills: random.IntN(3) == 0, fails: random.IntN(3) == 0}
	root, err := os.OpenRoot(m.dir)
	check(t, err)
	t.Cleanup(func() { check(t, root.Close()) })
	steps, up := 0, false
	m.disk = crash.New(durable.Below(root), func(what string) error {
		if up && m.fills && what == "write" && random.IntN(40) == 0 {
			m.full = append(m.full, steps)
			return syscall.ENOSPC
		}
		if up && m.fails && what == "fsync" && random.IntN(12) == 0 {
			steps++
			return syscall.EIO
		}
		steps++
		return nil
	})
	for name, file := range journal {
		check(t, durable.Create(m.disk, name, file.Data, durable.PrivateFile, nil))
	}
	up = true
	m.commits = []committed{{0, vault}}
	return m
}

// fastDir returns a folder that is gone after the test; where there is one, on a file system in
// memory: what is synced there is of no interest.
func fastDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "telekeep-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	return dir
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// live runs processes one after the other, most of which are killed, and reports whether the
// last one got to the end.
func (m *machine) live() bool {
	for range m.random.IntN(4) {
		if m.process(5 + m.random.IntN(120)) {
			return true
		}
	}
	return m.process(0)
}

// process pulls until the n-th call of the store, or to the end. At random moments it makes
// what it has durable, and notes that this was promised.
func (m *machine) process(n int) (done bool) {
	store, calls := m.vault.writer(), 0
	store.fail = func(call string) error {
		if call == "committed" {
			m.commits = append(m.commits, committed{m.disk.Steps(), m.vault.clone()})
		}
		if calls++; calls == n {
			panic(errKilled)
		}
		return nil
	}
	defer func() {
		if err := recover(); err != nil && err != errKilled {
			panic(err)
		}
	}()
	o := testOptions(m.t, m.dir)
	o.through = func(durable.Tree) durable.Tree { return m.disk }
	w, err := openWriter(m.t.Context(), store, o)
	if m.faulty(err) {
		return false
	}
	check(m.t, err)
	m.world.note = func(int64, int) {
		if m.random.IntN(6) == 0 {
			if err := w.Sync(); !m.faulty(err) {
				check(m.t, err)
				m.promise(w)
			}
		}
	}
	err = (&puller{world: m.world, w: w, commitEvery: 3 + m.random.IntN(30)}).run(m.t.Context())
	if err != nil && !m.faulty(err) {
		m.t.Fatal(err)
	}
	if closed := w.Close(); closed != nil && !m.faulty(closed) {
		m.t.Fatal(closed)
	}
	return err == nil
}

// faulty reports whether an error is what the disk did.
func (m *machine) faulty(err error) bool {
	return m.fills && isNoSpace(err) || m.fails && errors.Is(err, syscall.EIO)
}

// promise notes all that w knows.
func (m *machine) promise(w *Writer) {
	m.promises = append(m.promises, promise{m.disk.Steps(), stateOf(m.t, w), missingOf(w, m.world.part)})
}

func stateOf(t *testing.T, w *Writer) map[string]string {
	t.Helper()
	state := make(map[string]string)
	check(t, w.Range("", func(key string, value []byte) error {
		if !strings.HasPrefix(key, statePrefixPartial) {
			state[key] = string(value)
		}
		return nil
	}))
	return state
}

func missingOf(w *Writer, part int64) map[MediaKey][]Range {
	missing := make(map[MediaKey][]Range)
	for key, t := range w.media {
		missing[key] = t.missing(part)
	}
	return missing
}

// A cutJournal counts what was looked at, over all machines.
type cutJournal struct {
	t                              *testing.T
	random                         *rand.Rand
	want                           string // the digest of the whole world
	cuts, states, opened, finished int
	damaged                        int
}

// The power is cut after each step that the journal's disk does, while processes pull, are
// killed, meet a full disk and go on, and once more while a machine goes on behind a cut. What
// Sync has acknowledged is there, what is read back is what was pulled, the pull comes to its
// end, and another adds nothing. TELEKEEP_SEED chooses what is done and what the cuts leave.
func TestPowerCut(t *testing.T) {
	seed := rand.Uint64()
	if text := os.Getenv("TELEKEEP_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		check(t, err)
	}
	t.Logf("TELEKEEP_SEED=%d", seed)
	want, _ := undisturbed(t)
	c := &cutJournal{t: t, want: want}
	lives := uint64(4)
	if text := os.Getenv("TELEKEEP_POWER_CUT_LIVES"); text != "" {
		var err error
		lives, err = strconv.ParseUint(text, 10, 64)
		check(t, err)
	}
	for life := range lives {
		c.random = rand.New(rand.NewPCG(seed, life))
		vault, left := newFakeVault(), crash.State(nil)
		for range 3 {
			m := newMachine(t, c.random, vault, left)
			m.live()
			vault, left = c.cut(m)
		}
	}
	t.Logf("%d cuts, %d states, %d opened, %d of them with a journal damaged in the middle; %d went on to the end",
		c.cuts, c.states, c.opened, c.damaged, c.finished)
	if c.cuts < 300 || c.opened < 600 || c.finished < 5 {
		t.Error("too few to prove anything")
	}
}

// cut looks at what may be left after each step, and returns one of those for the next machine.
func (c *cutJournal) cut(m *machine) (vault *fakeVault, left crash.State) {
	c.t.Helper()
	type view struct {
		files    [32]byte
		vault    *fakeVault
		promised int
	}
	seen := make(map[view]bool)
	start := c.random.IntN(m.disk.Steps() + 1)
	for r := m.disk.Replay(); r.Next(); {
		c.cuts++
		for range 4 {
			c.states++
			state, vaults, promised := r.State(c.random), m.vaultsAt(r.At()), m.promisedAt(r.At())
			v := view{state.Key(func(string) bool { return true }), vaults[c.random.IntN(len(vaults))], promised}
			if r.At() >= start && left == nil {
				vault, left = v.vault, state
			}
			if !seen[v] {
				seen[v] = true
				c.check(m, state, r.At(), v.vault, promised)
			}
			if c.t.Failed() {
				c.t.Fatalf("after a cut behind step %d", r.At())
			}
		}
	}
	return cmp.Or(vault, m.vault), left
}

// vaultsAt returns what the vault may be after a cut behind a step: where that is the step
// before a commit, nobody knows whether it came to that.
func (m *machine) vaultsAt(at int) []*fakeVault {
	i := len(m.commits) - 1
	for m.commits[i].at > at {
		i--
	}
	vaults := []*fakeVault{m.commits[i].vault}
	for ; i > 0 && m.commits[i].at == at; i-- {
		vaults = append(vaults, m.commits[i-1].vault)
	}
	return vaults
}

// promisedAt returns how many promises bind after a cut behind a step.
func (m *machine) promisedAt(at int) int {
	n, _ := slices.BinarySearchFunc(m.promises, at+1, func(p promise, at int) int { return p.at - at })
	return n
}

// check opens what a cut left.
func (c *cutJournal) check(m *machine, state crash.State, at int, vault *fakeVault, promised int) {
	c.t.Helper()
	c.opened++
	dir := filepath.Join(m.dir, "cut")
	check(c.t, os.Mkdir(dir, 0o700))
	defer func() { check(c.t, os.RemoveAll(dir)) }()
	for name, file := range state {
		check(c.t, os.WriteFile(filepath.Join(dir, name), file.Data, 0o600))
	}
	vault = vault.clone()
	w, err := openWriter(c.t.Context(), vault.writer(), testOptions(c.t, dir))
	if err != nil {
		c.t.Errorf("open: %v", err)
		return
	}
	if w.Recovered().Damage != nil {
		c.damaged++
	}
	if promised > 0 {
		c.keeps(m, w, m.promises[promised-1], at)
	}
	if c.random.IntN(40) == 0 {
		c.finish(w, vault)
	}
	check(c.t, w.Close())
}

// keeps compares what is there with what was promised. Of files in flight, a disk that was full
// since then may have cost what was not stored yet: the journal makes room for the commit.
func (c *cutJournal) keeps(m *machine, w *Writer, p promise, at int) {
	c.t.Helper()
	state, missing := stateOf(c.t, w), missingOf(w, m.world.part)
	for key, value := range p.state {
		if got := state[key]; len(got) < len(value) || len(got) == len(value) && got < value {
			c.t.Errorf("state %s is %q, %q was promised", key, got, value)
		}
	}
	if slices.ContainsFunc(m.full, func(full int) bool { return p.at <= full && full <= at }) {
		return
	}
	for key, gaps := range p.missing {
		got, inFlight := missing[key]
		if _, stored := state[statePrefixMedia+string(key)]; stored {
			continue
		}
		if !inFlight {
			t, err := c.resumed(w, m, key)
			check(c.t, err)
			got = t
		}
		for _, r := range got {
			if !slices.Contains(gaps, r) {
				c.t.Errorf("of %s %v is missing, but was promised", key, r)
			}
		}
	}
}

// resumed begins a file and returns what is missing of it.
func (c *cutJournal) resumed(w *Writer, m *machine, key MediaKey) ([]Range, error) {
	writer, err := w.BeginMedia(c.t.Context(), key, int64(len(m.world.files[key])))
	if err != nil {
		return nil, err
	}
	defer writer.Abort()
	return writer.Missing(m.world.part), nil
}

// finish pulls all that is not there. Another pull finds nothing to do.
func (c *cutJournal) finish(w *Writer, vault *fakeVault) {
	c.t.Helper()
	c.finished++
	check(c.t, (&puller{world: smallWorld(), w: w, commitEvery: 7}).run(c.t.Context()))
	commits, chunks, o := len(vault.commits), maps.Clone(vault.chunks), smallWorld()
	again, err := openWriter(c.t.Context(), vault.writer(), testOptions(c.t, fastDir(c.t)))
	check(c.t, err)
	check(c.t, errors.Join((&puller{world: o, w: again, commitEvery: 7}).run(c.t.Context()), again.Close()))
	if o.fetchedBytes != 0 || o.fetchedPages != 0 || len(vault.commits) != commits || len(vault.chunks) != len(chunks) {
		c.t.Errorf("another pull fetches %d bytes and %d pages, and commits %d times", o.fetchedBytes, o.fetchedPages, len(vault.commits)-commits)
	}
	if got := digest(c.t, openFakeSnapshot(c.t, vault)); got != c.want {
		c.t.Errorf("the archive is\n%s\nnot\n%s", got, c.want)
	}
}
