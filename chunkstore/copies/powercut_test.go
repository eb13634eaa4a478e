package copies

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/local"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
	"telekeep/internal/durable"
	"telekeep/internal/durable/crash"
)

// places are the folders of the two copies.
var places = []string{"place0", "place1"}

// A cutSet is two copies and a spool on one disk, every step of which is written down. The
// state files lie elsewhere and are photographed.
type cutSet struct {
	t       *testing.T
	random  *rand.Rand
	dir     string
	state   string
	disk    *crash.Disk
	owner   crypto.Identity
	secrets *chunkstore.WriterSecrets
	away    map[string]bool

	made   int // steps until the copies were there
	stored [][]byte
	acked  []acknowledged // commits, and what is remembered beside them
	alone  int            // cuts behind which the spool had to do
}

// acknowledged is a commit that is stored, and the state files then.
type acknowledged struct {
	*chunkstore.Commit
	at    int
	state map[string][]byte
}

func newCutSet(t *testing.T, random *rand.Rand) *cutSet {
	t.Helper()
	c := &cutSet{t: t, random: random, dir: fastDir(t), state: fastDir(t), away: make(map[string]bool)}
	root, err := os.OpenRoot(c.dir)
	check(t, err)
	t.Cleanup(func() { check(t, root.Close()) })
	c.disk = crash.New(durable.Below(root), nil)
	c.owner, err = crypto.NewIdentity()
	check(t, err)
	vault := memory.New()
	_, c.secrets, err = chunkstore.Create(t.Context(), vault, chunkstore.CreateOptions{
		Owners: []chunkstore.Owner{{Name: "owner", Recipient: c.owner.Recipient()}},
	})
	check(t, err)
	for _, name := range append(places, "spool") {
		check(t, durable.MkdirAll(c.disk, name, durable.PrivateDir))
	}
	for _, place := range places {
		d, err := c.openPlace(place)
		check(t, err)
		for _, name := range vault.Names() {
			check(t, d.Put(t.Context(), name, vault.Object(name)))
		}
		check(t, d.Close())
	}
	c.made = c.disk.Steps()
	return c
}

func (c *cutSet) openPlace(place string) (Driver, error) {
	if c.away[place] {
		return nil, ErrAway
	}
	d, err := local.Open(filepath.Join(c.dir, place))
	if err == nil {
		d.Through(func(durable.Tree) durable.Tree { return c.disk.Below(place) })
	}
	return d, err
}

// optionsAt are those of a Set in a folder; its state files are in another.
func (c *cutSet) optionsAt(dir, state string) Options {
	o := Options{
		Vault: c.secrets.VaultID, Secrets: c.secrets, Reserve: -1,
		Spool: filepath.Join(dir, "spool"), State: filepath.Join(state, "copies.db"),
	}
	for _, place := range places {
		o.Places = append(o.Places, Place{place, func(context.Context) (Driver, error) { return local.Open(filepath.Join(dir, place)) }})
	}
	return o
}

func (c *cutSet) openWriter(s *Set, state string) (*chunkstore.Writer, error) {
	return chunkstore.OpenWriter(c.t.Context(), s, chunkstore.WriterOptions{
		Secrets: c.secrets, StatePath: filepath.Join(state, "state.db"), PackSize: 8 << 20, OpenPacks: 1, Workers: 1,
	})
}

// live commits while the copies come and go.
func (c *cutSet) live(commits int) {
	c.t.Helper()
	o := c.optionsAt(c.dir, c.state)
	o.through = func(folder string, _ durable.Tree) durable.Tree { return c.disk.Below(path.Join("spool", folder)) }
	for i, place := range places {
		o.Places[i].Open = func(context.Context) (Driver, error) { return c.openPlace(place) }
	}
	for len(c.acked) < commits {
		s, err := Open(c.t.Context(), o)
		check(c.t, err)
		w, err := c.openWriter(s, c.state)
		check(c.t, err)
		for range 1 + c.random.IntN(4) {
			c.comeAndGo(s)
			c.commit(w)
		}
		check(c.t, w.Close())
		check(c.t, s.Close())
	}
}

// comeAndGo takes copies away and brings them back, with or without bringing them up to date.
func (c *cutSet) comeAndGo(s *Set) {
	for _, place := range places {
		c.away[place] = c.random.IntN(3) == 0
		check(c.t, s.Release(place))
		if c.random.IntN(2) == 0 {
			s.CatchUp(c.t.Context(), place, nil) // which fails if it is away
		}
	}
}

func (c *cutSet) commit(w *chunkstore.Writer) {
	c.t.Helper()
	data := noise(uint64(len(c.stored)), 2000+c.random.IntN(30_000))
	c.stored = append(c.stored, data)
	done := store(c.t, w, data)
	c.acked = append(c.acked, acknowledged{done, c.disk.Steps(), photograph(c.t, c.state)})
}

// photograph returns the databases as they lie there, with their write-ahead logs.
func photograph(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, base := range []string{"state.db", "copies.db"} {
		for _, name := range []string{base, base + "-wal"} {
			if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
				files[name] = data
			}
		}
	}
	return files
}

// The power is cut after each step of copies and spool, while copies come, go and catch up. No
// copy holds a commit without what it needs; what was acknowledged is at a copy or waits in the
// spool, whole; with the state files of the last commit, of an earlier one, or none, all comes to
// both copies, the next run stores the rest and one more adds nothing. TELEKEEP_SEED chooses what
// happens and what the cuts leave.
func TestPowerCut(t *testing.T) {
	seed := rand.Uint64()
	if text := os.Getenv("TELEKEEP_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		check(t, err)
	}
	t.Logf("TELEKEEP_SEED=%d", seed)
	lives := uint64(2)
	if text := os.Getenv("TELEKEEP_POWER_CUT_LIVES"); text != "" {
		var err error
		lives, err = strconv.ParseUint(text, 10, 64)
		check(t, err)
	}
	cuts, states, different, opened, alone := 0, 0, 0, 0, 0
	for life := range lives {
		c := newCutSet(t, rand.New(rand.NewPCG(seed, life)))
		c.live(9)
		seen := make(map[[32]byte]bool)
		inside := make(map[int]cutAt) // by acknowledged commits: a cut inside the next
		for r := c.disk.Replay(); r.Next(); {
			if r.At() < c.made {
				continue
			}
			cuts++
			for range 8 {
				states++
				state := r.State(c.random)
				key := state.Key(func(name string) bool { return !durable.IsTemporary(name) })
				if seen[key] {
					continue
				}
				seen[key] = true
				different++
				if err := c.check(state, r.At()); err != nil {
					t.Fatalf("life %d, cut after step %d: %v", life, r.At(), err)
				}
				if acked := c.ackedAt(r.At()); inside[acked].state == nil || c.random.IntN(40) == 0 {
					inside[acked] = cutAt{state, r.At()}
				}
			}
		}
		for acked, cut := range inside {
			opened++
			if c.goOn(cut.state, acked); t.Failed() {
				t.Fatalf("life %d, cut after step %d", life, cut.at)
			}
		}
		alone += c.alone
	}
	t.Logf("%d cuts, %d states, %d of them different; %d went on to the end, %d of them at first with no copy", cuts, states, different, opened, alone)
	if cuts < 300 || different < 100 || opened < 5 || alone < 2 {
		t.Error("too few to prove anything")
	}
}

// A cutAt is what a cut after a step left.
type cutAt struct {
	state crash.State
	at    int
}

// ackedAt returns how many commits were acknowledged before a cut.
func (c *cutSet) ackedAt(at int) int {
	n := 0
	for n < len(c.acked) && c.acked[n].at <= at {
		n++
	}
	return n
}

// check looks at what a cut left, as it lies there.
func (c *cutSet) check(state crash.State, at int) error {
	for name, file := range state {
		place, object, _ := strings.Cut(name, "/")
		if chunkstore.ParseName(object).Kind != chunkstore.CommitObject || !strings.HasPrefix(place, "place") {
			continue
		}
		commit, err := chunkstore.ParseCommit(object, file.Data, c.secrets.VaultID, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := holdsNeeded(state, commit, place+"/"); err != nil {
			return err
		}
	}
	for _, a := range c.acked[:c.ackedAt(at)] {
		if err := holdsNeeded(state, a.Commit, "place0/", "place1/", "spool/queue/"); err != nil {
			return err
		}
		if findWhole(state, chunkstore.CommitName(a.Writer, a.Seq), a.Hash.String(), "place0/", "place1/", "spool/queue/") == "" {
			return fmt.Errorf("commit %d was acknowledged and is nowhere", a.Seq)
		}
	}
	return nil
}

// holdsNeeded looks for all that a commit needs in some folders.
func holdsNeeded(state crash.State, commit *chunkstore.Commit, folders ...string) error {
	for _, n := range neededBy(commit) {
		if findWhole(state, n.name, n.hash.String(), folders...) == "" {
			return fmt.Errorf("commit %d is there and %s is not, in %q", commit.Seq, n.name, folders)
		}
	}
	return nil
}

// findWhole returns the folder that holds an object with a hash.
func findWhole(state crash.State, name, hash string, folders ...string) string {
	for _, folder := range folders {
		if file := state[folder+name]; file != nil {
			if sum := sha256.Sum256(file.Data); hex.EncodeToString(sum[:]) == hash {
				return folder
			}
		}
	}
	return ""
}

// goOn opens what a cut left, with state files of some time, and goes on.
func (c *cutSet) goOn(state crash.State, acked int) {
	c.t.Helper()
	dir, db := c.putBack(state, acked)
	defer func() { check(c.t, errors.Join(os.RemoveAll(dir), os.RemoveAll(db))) }()
	if c.remembers(acked, db) {
		c.storeAlone(dir, db)
	}
	s, err := Open(c.t.Context(), c.optionsAt(dir, db))
	check(c.t, err)
	defer func() { check(c.t, s.Close()) }()
	c.storeRest(s, db, acked)
	c.storeNothing(s, db)
	_, err = s.CatchUpAll(c.t.Context(), nil)
	check(c.t, err)
	if waiting := s.spool.queued(); len(waiting) > 0 {
		c.t.Errorf("%q wait for ever", waiting)
	}
	for _, place := range places {
		c.holdsAll(filepath.Join(dir, place))
	}
}

// putBack makes the folders of a state and of the state files: of the last commit, of an
// earlier one, or none.
func (c *cutSet) putBack(state crash.State, acked int) (dir, db string) {
	dir, db = filepath.Join(c.state, "cut"), filepath.Join(c.state, "db")
	for _, d := range append([]string{"", "spool"}, places...) {
		check(c.t, os.MkdirAll(filepath.Join(dir, d), 0o700))
	}
	for name, file := range state {
		check(c.t, os.MkdirAll(filepath.Join(dir, path.Dir(name)), 0o700))
		check(c.t, os.WriteFile(filepath.Join(dir, name), file.Data, 0o600))
	}
	check(c.t, os.Mkdir(db, 0o700))
	of := acked
	if c.random.IntN(3) == 0 {
		of = c.random.IntN(acked + 1)
	}
	if of > 0 {
		for name, data := range c.acked[of-1].state {
			check(c.t, os.WriteFile(filepath.Join(db, name), data, 0o600))
		}
	}
	return dir, db
}

// remembers reports whether the state file is that of the last acknowledged commit.
func (c *cutSet) remembers(acked int, db string) bool {
	data, err := os.ReadFile(filepath.Join(db, "state.db-wal"))
	return acked > 0 && err == nil && bytes.Equal(data, c.acked[acked-1].state["state.db-wal"])
}

// storeAlone commits while no copy is there: the spool is enough.
func (c *cutSet) storeAlone(dir, db string) {
	c.t.Helper()
	c.alone++
	o := c.optionsAt(dir, db)
	for i := range o.Places {
		o.Places[i].Open = func(context.Context) (Driver, error) { return nil, ErrAway }
	}
	s, err := Open(c.t.Context(), o)
	check(c.t, err)
	w, err := c.openWriter(s, db)
	check(c.t, err)
	store(c.t, w, noise(99, 3000))
	check(c.t, errors.Join(w.Close(), s.Close()))
}

// storeRest brings the copies up to date and commits what was not acknowledged.
func (c *cutSet) storeRest(s *Set, db string, acked int) {
	c.t.Helper()
	_, err := s.CatchUpAll(c.t.Context(), nil)
	check(c.t, err)
	w, err := c.openWriter(s, db)
	check(c.t, err)
	for _, data := range c.stored[acked:] {
		_, err := w.Commit(c.t.Context(), write(c.t, w, data))
		check(c.t, err)
	}
	check(c.t, w.Close())
}

// storeNothing stores all once more, of which nothing may be new.
func (c *cutSet) storeNothing(s *Set, db string) {
	c.t.Helper()
	w, err := c.openWriter(s, db)
	check(c.t, err)
	for _, data := range c.stored {
		write(c.t, w, data)
	}
	if again := w.Stats().BytesNew; again != 0 {
		c.t.Errorf("a further run adds %d bytes", again)
	}
	done, err := w.Commit(c.t.Context(), nil)
	check(c.t, err)
	if done != nil {
		c.t.Error("a further run commits")
	}
	check(c.t, w.Close())
}

// write stores bytes without a commit.
func write(t *testing.T, w *chunkstore.Writer, data []byte) []crypto.ID {
	t.Helper()
	s := w.NewStream()
	_, err := s.Write(data)
	check(t, err)
	ids, err := s.Close()
	check(t, err)
	return ids
}

// holdsAll reads all of a copy.
func (c *cutSet) holdsAll(dir string) {
	c.t.Helper()
	d, err := local.Open(dir)
	check(c.t, err)
	defer func() { check(c.t, d.Close()) }()
	report, err := chunkstore.Verify(c.t.Context(), d, chunkstore.VerifyOptions{Secrets: c.secrets, Identities: []crypto.Identity{c.owner}})
	check(c.t, err)
	for _, p := range report.Problems {
		c.t.Errorf("%s: %v", filepath.Base(dir), p)
	}
	r, err := chunkstore.OpenReader(c.t.Context(), d, chunkstore.ReaderOptions{Identities: []crypto.Identity{c.owner}})
	check(c.t, err)
	var there [][]byte
	for _, commit := range r.Commits() {
		ids, err := r.Records(c.t.Context(), commit)
		check(c.t, err)
		stream := r.Stream(c.t.Context(), ids)
		data, err := io.ReadAll(stream)
		check(c.t, errors.Join(err, stream.Close()))
		there = append(there, data)
	}
	for i, data := range c.stored {
		if !slices.ContainsFunc(there, func(t []byte) bool { return bytes.Equal(t, data) }) {
			c.t.Errorf("%s: what was stored as number %d is not there", filepath.Base(dir), i)
		}
	}
}
