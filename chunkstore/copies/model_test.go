package copies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A life is an installation with two drives, and what must be in its vault by the simplest
// of models: what was acknowledged.
type life struct {
	*fixture
	set   *Set
	store *chunkstore.Writer
	w     *archive.Writer

	texts   map[int][]string // versions of each message
	deleted map[int]bool
	files   map[archive.MediaKey][]byte // nil: pruned
	pruned  map[archive.MediaKey][]byte // what was
	keys    []archive.MediaKey
	next    int  // number of the next thing
	rotten  bool // something is bad that nobody has healed
	gone    int  // packs that were deleted
}

// A deed is one thing that happens. pick chooses among what there is to do it to.
type deed struct {
	name string
	pick uint64
}

var deeds = map[string]func(l *life, pick uint64) error{
	"message": (*life).message, "edit": (*life).edit, "delete": (*life).delete, "media": (*life).media, "import": (*life).imported,
	"commit": (*life).commitAll, "crash": (*life).crash, "lose state": (*life).loseState, "clock": (*life).clockJump,
	"unplug": (*life).unplugOne, "replug": (*life).replug, "copy": (*life).copy, "scrub": (*life).scrub, "heal": (*life).healAll,
	"rot": (*life).rot, "prune": (*life).prune, "undo": (*life).undo, "delete pruned": (*life).deletePruned, "rotate": (*life).rotate, "reseal": (*life).reseal, "check": func(l *life, _ uint64) error { return l.check() },
}

// often are the deeds from which a life is drawn; what stands twice happens twice as often.
var often = strings.Split("message,message,message,edit,edit,delete,media,media,import,commit,commit,commit,crash,crash,lose state,clock,"+
	"unplug,unplug,replug,replug,copy,copy,scrub,heal,rot,rot,prune,prune,undo,delete pruned,delete pruned,rotate,rotate,reseal,check", ",")

// What was acknowledged can be restored from every drive, with all versions and deletions,
// whatever happened in between. A failure is told as the shortest list of deeds that shows it.
// TELEKEEP_LIVES is how many lives are tried, TELEKEEP_LIFE the seed of the first.
func TestLives(t *testing.T) {
	lives, first := 30, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("TELEKEEP_LIVES")); err == nil {
		lives = n
	}
	if n, err := strconv.ParseUint(os.Getenv("TELEKEEP_LIFE"), 10, 64); err == nil {
		first = n
	}
	for seed := first; seed != first+uint64(lives); seed++ {
		r := rand.New(rand.NewPCG(seed, 0))
		list := make([]deed, 4+r.IntN(16))
		for i := range list {
			list[i] = deed{often[r.IntN(len(often))], r.Uint64()}
		}
		if err := live(t, list); err != nil {
			short, why := shrink(list, err, func(list []deed) error { return live(t, list) })
			t.Fatalf("TELEKEEP_LIFE=%d: %v\n%d of %d deeds: %v", seed, why, len(short), len(list), short)
		}
	}
}

// Lives that ended badly once: a key file that was bad on the only drive that was there got into
// the first commit, and healed the good one; a README of before a rotation was nobody's.
func TestLivesOfBefore(t *testing.T) {
	for _, list := range [][]deed{
		{{"unplug", 15702115044738188526}, {"rot", 9849569525335772451}, {"crash", 0}},
		{{"media", 4687652929581976551}, {"unplug", 15702115044738188526}, {"rot", 9849569525335772451}, {"crash", 0}},
		{{"rotate", 6522934013495702137}, {"rot", 5647523203517942052}},
		{{"rotate", 11217284038721337383}, {"import", 0}, {"reseal", 0}, {"message", 0}, {"crash", 0}},
	} {
		if err := live(t, list); err != nil {
			t.Errorf("%v: %v", list, err)
		}
	}
}

// shrink leaves out deeds, many at once and then single ones, as long as the rest still fails.
func shrink(list []deed, err error, try func([]deed) error) ([]deed, error) {
	for n := len(list) / 2; n > 0; n /= 2 {
		for i := 0; i+n <= len(list); {
			fewer := slices.Delete(slices.Clone(list), i, i+n)
			if e := try(fewer); e != nil {
				list, err = fewer, e
			} else {
				i++
			}
		}
	}
	return list, err
}

func TestShrink(t *testing.T) {
	var list []deed
	for i := range 20 {
		list = append(list, deed{"x", uint64(i)})
	}
	bad := errors.New("3 and 17")
	short, err := shrink(list, bad, func(l []deed) error {
		if slices.Contains(l, list[3]) && slices.Contains(l, list[17]) {
			return bad
		}
		return nil
	})
	if err != bad || !slices.Equal(short, []deed{list[3], list[17]}) {
		t.Errorf("%v: %v", short, err)
	}
}

// live does all deeds and checks the end of it.
func live(t *testing.T, list []deed) (err error) {
	l := &life{fixture: newFixture(t, "a", "b"), texts: map[int][]string{}, deleted: map[int]bool{}, files: map[archive.MediaKey][]byte{}, pruned: map[archive.MediaKey][]byte{}, next: 1}
	if err := l.start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.stop()) }()
	for i, d := range list {
		if err := deeds[d.name](l, d.pick); err != nil {
			return fmt.Errorf("deed %d, %s: %w", i, d.name, err)
		}
	}
	return l.check()
}

// start opens everything. Where nothing can be opened because drives are away, they come back.
func (l *life) start() (err error) {
	ctx := context.Background()
	if l.set, err = Open(ctx, l.options); err != nil {
		return err
	}
	l.store, err = chunkstore.OpenWriter(ctx, l.set, l.writerOptions())
	if err != nil {
		return errors.Join(err, l.set.Close())
	}
	l.w, err = archive.OpenWriter(ctx, l.store, archive.WriterOptions{Journal: filepath.Join(l.dir, "journal"), Secrets: l.secrets, Now: l.now})
	if err != nil {
		return errors.Join(err, l.store.Close(), l.set.Close())
	}
	if d := l.w.Recovered().Damage; d != nil {
		return errors.Join(fmt.Errorf("journal: %w", d), l.stop())
	}
	return nil
}

func (l *life) stop() error {
	if l.set == nil {
		return nil
	}
	err := errors.Join(l.w.Close(), l.store.Close(), l.set.Close())
	l.set = nil
	return err
}

// restart starts again after something was done to the files of the machine.
func (l *life) restart() error {
	if l.start() == nil {
		return nil
	}
	l.set = nil
	if err := l.replug(0); err != nil {
		return err
	}
	if err := l.start(); err != nil {
		l.set = nil
		return fmt.Errorf("start with all drives: %w", err)
	}
	return nil
}

func (l *life) apply(r *archive.Record) error {
	r.Account, r.Chat, r.Seen = "user1", "user5", 1000
	return l.w.Apply(context.Background(), archive.Batch{Records: []*archive.Record{r}, State: map[string][]byte{"cursor": strconv.AppendInt(nil, int64(l.next), 10)}})
}

func (l *life) say(id int, origin *archive.Origin) error {
	l.next++
	text := fmt.Sprint("words ", l.next)
	r := &archive.Record{Kind: archive.KindMessage, Origin: origin, Message: &archive.Message{ID: id, Date: int64(id), Text: archive.Text{Text: text}}}
	if err := l.apply(r); err != nil {
		return err
	}
	l.texts[id] = append(l.texts[id], text)
	return nil
}

func (l *life) message(uint64) error { return l.say(l.next, nil) }

func (l *life) imported(uint64) error {
	return l.say(l.next, &archive.Origin{From: archive.OriginDesktopJSON, SHA256: "00", Exported: 100})
}

// one picks a message that is not deleted; 0 if there is none.
func (l *life) one(pick uint64) int {
	var ids []int
	for id := range l.next {
		if l.texts[id] != nil && !l.deleted[id] {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return 0
	}
	return ids[pick%uint64(len(ids))]
}

func (l *life) edit(pick uint64) error {
	if id := l.one(pick); id > 0 {
		return l.say(id, nil)
	}
	return nil
}

func (l *life) delete(pick uint64) error {
	id := l.one(pick)
	if id == 0 {
		return nil
	}
	if err := l.apply(&archive.Record{Kind: archive.KindDeletion, Deletion: &archive.Deletion{IDs: []int{id}}}); err != nil {
		return err
	}
	l.deleted[id] = true
	return nil
}

func (l *life) media(pick uint64) error {
	ctx := context.Background()
	l.next++
	key := archive.NewMediaKey(archive.MediaDocument, int64(l.next))
	data := noise(pick%5, 1+int(pick%90_000)) // some are alike at their beginning
	m, err := l.w.BeginMedia(ctx, key, int64(len(data)))
	if err != nil {
		return err
	}
	if err := m.WritePart(ctx, 0, data); err != nil {
		return err
	}
	if _, err := m.Finish(ctx, true); err != nil {
		return err
	}
	l.files[key] = data
	l.keys = append(l.keys, key)
	return nil
}

func (l *life) commitAll(uint64) error {
	_, err := l.w.Commit(context.Background())
	return err
}

// crash goes on with the files of the machine as they lie there at this moment.
func (l *life) crash(uint64) error {
	dir := fastDir(l.t)
	if err := os.CopyFS(dir, os.DirFS(l.dir)); err != nil {
		return err
	}
	if err := l.stop(); err != nil {
		return err
	}
	if err := os.RemoveAll(l.dir); err != nil {
		return err
	}
	l.dir = dir
	l.options.Spool, l.options.State = filepath.Join(dir, "spool"), filepath.Join(dir, "copies.db")
	return l.restart()
}

func (l *life) loseState(uint64) error {
	if err := l.stop(); err != nil {
		return err
	}
	for _, name := range []string{"state.db", "copies.db"} {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.RemoveAll(filepath.Join(l.dir, name+suffix)); err != nil {
				return err
			}
		}
	}
	return l.restart()
}

func (l *life) clockJump(pick uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clock = l.clock.Add(time.Duration(int64(pick%400)-200) * 24 * time.Hour)
	return nil
}

func (l *life) unplugOne(pick uint64) error {
	l.drives[pick%2].unplug()
	return nil
}

func (l *life) replug(uint64) error {
	for _, d := range l.drives {
		d.plug()
	}
	l.later()
	return nil
}

func (l *life) copy(uint64) error {
	_, err := l.set.CatchUpAll(context.Background(), nil)
	if l.rotten { // a place whose vault.json is bad is refused until it is healed
		return nil
	}
	return l.unlessAway(err)
}

func (l *life) scrub(uint64) error {
	_, err := l.set.Scrub(context.Background(), ScrubOptions{Within: time.Hour})
	return l.unlessAway(err)
}

func (l *life) healAll(uint64) error {
	_, err := l.set.Heal(context.Background(), HealOptions{})
	return l.unlessAway(err)
}

// unlessAway takes an error only from a set whose drives are all there.
func (l *life) unlessAway(err error) error {
	if slices.ContainsFunc(l.drives, func(d *drive) bool { return d.away }) {
		return nil
	}
	return err
}

// rot damages something that the other drive has good. The writer's entry stays: it shows that
// the place is not an empty mount point where nothing may be written.
func (l *life) rot(pick uint64) error {
	bad, good := l.drives[1], l.drives[0]
	names := slices.DeleteFunc(bad.Names(), func(name string) bool {
		return chunkstore.ParseName(name).Kind == chunkstore.WriterObject || !slices.Contains(good.Names(), name) || !bytes.Equal(bad.Object(name), good.Object(name)) || len(bad.Object(name)) < 3
	})
	name := names[pick%uint64(len(names))]
	l.rotten = true
	bad.set(func(d *drive) { d.vault = "" }) // a commit may come after one that is gone
	switch pick / 7 % 3 {
	case 0:
		bad.Delete(name)
	case 1:
		bad.Damage(name, flip)
	case 2:
		bad.Damage(name, cut)
	}
	return nil
}

// reader opens one place.
func (l *life) reader(dst chunkstore.Destination) (*chunkstore.Reader, *archive.Snapshot, error) {
	ctx := context.Background()
	r, err := chunkstore.OpenReader(ctx, dst, chunkstore.ReaderOptions{Identities: []crypto.Identity{l.owner}})
	if err != nil {
		return nil, nil, err
	}
	s, err := archive.OpenSnapshot(ctx, r, archive.SnapshotOptions{})
	return r, s, err
}

// settle brings everything to both drives and mends what is bad.
func (l *life) settle() error {
	ctx := context.Background()
	if err := l.replug(0); err != nil {
		return err
	}
	if _, err := l.w.Commit(ctx); err != nil {
		return fmt.Errorf("commit with all drives: %w", err)
	}
	for round := range 2 {
		found, err := l.set.Heal(ctx, HealOptions{})
		if err != nil {
			return fmt.Errorf("heal with all drives: %w", err)
		}
		if !found.OK() {
			return fmt.Errorf("not healed: %v", found.Faults)
		}
		l.later()
		if _, err := l.set.CatchUpAll(ctx, nil); err != nil && round == 1 { // a bad vault.json is refused until it is healed
			return fmt.Errorf("catch up with all drives: %w", err)
		}
	}
	l.rotten = false
	return nil
}

// prune takes one file out, as a changed rule does.
func (l *life) prune(pick uint64) error {
	if len(l.keys) == 0 {
		return nil
	}
	if err := l.settle(); err != nil {
		return err
	}
	r, s, err := l.reader(l.set)
	if err != nil {
		return err
	}
	key := l.keys[pick%uint64(len(l.keys))]
	f, ok := s.Media(key)
	if !ok {
		if l.files[key] != nil {
			return fmt.Errorf("%s is not stored", key)
		}
		return nil
	}
	wanted, err := l.wanted(s, key)
	if err != nil {
		return err
	}
	plan, err := r.PlanPrune(chunkstore.PruneOptions{Writer: l.secrets.WriterID, Wanted: wanted, MaxUnused: 0.05})
	if err != nil {
		return err
	}
	if err := r.Repack(context.Background(), l.store, plan, nil); err != nil {
		return err
	}
	if err := l.w.PruneMedia(context.Background(), []*archive.MediaFile{f}, "a rule", nil); err != nil {
		return err
	}
	l.pruned[key], l.files[key] = l.files[key], nil
	return l.commitAll(0)
}

// undo takes back what was pruned and lies there still.
func (l *life) undo(uint64) error {
	ctx := context.Background()
	if err := l.settle(); err != nil {
		return err
	}
	r, s, err := l.reader(l.set)
	if err != nil {
		return err
	}
	packs, err := r.Retired(ctx, l.set, l.secrets.WriterID)
	if err != nil {
		return err
	}
	if err := r.Reinstate(ctx, l.store, packs); err != nil {
		return err
	}
	out, err := s.Pruned(ctx)
	if err != nil {
		return err
	}
	out = slices.DeleteFunc(out, func(f *archive.MediaFile) bool {
		return slices.ContainsFunc(f.Chunks, func(text string) bool {
			id, err := crypto.ParseID(text)
			if err == nil {
				_, err = r.Chunk(ctx, id)
			}
			return err != nil
		})
	})
	if err := l.w.ReinstateMedia(ctx, out); err != nil {
		return err
	}
	for _, f := range out {
		l.files[f.Key] = l.pruned[f.Key]
	}
	return l.commitAll(0)
}

// wanted are the chunks of all files that are kept but one.
func (l *life) wanted(s *archive.Snapshot, but archive.MediaKey) (func(crypto.ID) bool, error) {
	need := make(map[string]bool)
	for r, err := range s.Records(context.Background()) {
		if err != nil {
			return nil, err
		}
		if r.Kind != archive.KindMedia || r.Media.Key == but || l.files[r.Media.Key] == nil {
			continue
		}
		for _, id := range r.Media.Chunks {
			need[id] = true
		}
	}
	return func(id crypto.ID) bool { return need[id.String()] }, nil
}

func (l *life) deletePruned(uint64) error {
	if err := l.settle(); err != nil {
		return err
	}
	for _, d := range l.drives {
		r, s, err := l.reader(d)
		if err != nil {
			return err
		}
		wanted, err := l.wanted(s, "")
		if err != nil {
			return err
		}
		packs, _, err := r.DeleteRetired(context.Background(), d.Destination, chunkstore.DeleteOptions{
			Writer: l.secrets.WriterID, Wanted: wanted, Before: l.now().AddDate(10, 0, 0),
		})
		if err != nil && !errors.Is(err, chunkstore.ErrTooEarly) {
			return err
		}
		l.gone += packs
	}
	return nil
}

// rotate makes a new vault key: at both drives, or, as if it was stopped, at one of them, and
// with or without this machine's taking it.
func (l *life) rotate(pick uint64) error {
	ctx := context.Background()
	if err := l.settle(); err != nil {
		return err
	}
	key, err := chunkstore.OpenVaultKey(ctx, l.drives[0], []crypto.Identity{l.owner})
	if err != nil {
		return err
	}
	if err := l.stop(); err != nil {
		return err
	}
	r, err := chunkstore.Rotate(ctx, l.drives[0], key, chunkstore.RotateOptions{Identities: []crypto.Identity{l.owner}, Now: l.now()})
	if errors.Is(err, chunkstore.ErrTooManyKeys) {
		return l.restart()
	}
	if err != nil {
		return err
	}
	at := l.drives
	if pick%3 == 0 {
		at = at[:1]
	}
	for _, d := range at {
		if err := r.Change.Apply(ctx, d); err != nil {
			return err
		}
	}
	if pick/3%3 > 0 {
		if _, err := l.secrets.Take(r.Key); err != nil {
			return err
		}
	}
	return l.restart()
}

// reseal seals all packs to the newest key.
func (l *life) reseal(uint64) error {
	ctx := context.Background()
	if err := l.settle(); err != nil {
		return err
	}
	key, err := chunkstore.OpenVaultKey(ctx, l.drives[0], []crypto.Identity{l.owner})
	if err != nil {
		return err
	}
	if err := l.stop(); err != nil {
		return err
	}
	if _, err := l.secrets.Take(key); err != nil {
		return err
	}
	if err := l.restart(); err != nil {
		return err
	}
	r, _, err := l.reader(l.set)
	if err != nil {
		return err
	}
	plan, err := r.PlanReseal(ctx, l.secrets.WriterID)
	if err != nil {
		return err
	}
	if err := r.Reseal(ctx, l.store, plan, nil); err != nil {
		return err
	}
	again, _, err := l.reader(l.set)
	if err != nil {
		return err
	}
	if left, err := again.PlanReseal(ctx, l.secrets.WriterID); err != nil || len(left.Packs) > 0 {
		return fmt.Errorf("%d packs are left of %d: %w", len(left.Packs), len(plan.Packs), err)
	}
	if err := l.stop(); err != nil { // the archive does not know of those commits
		return err
	}
	return l.restart()
}

// check settles everything, and then each drive alone must hold what the model does, and a
// further run must have nothing to do.
func (l *life) check() error {
	if err := l.settle(); err != nil {
		return err
	}
	if again, err := l.w.Commit(context.Background()); err != nil || again.Commit != nil {
		return fmt.Errorf("a further commit: %+v, %w", again, err)
	}
	for _, d := range l.drives {
		if d.wrong != nil {
			return fmt.Errorf("drive %s: %w", d.name, d.wrong)
		}
		if err := l.checkDrive(d.Destination); err != nil {
			return fmt.Errorf("drive %s: %w", d.name, err)
		}
	}
	return nil
}

func (l *life) checkDrive(dst *memory.Destination) error {
	ctx := context.Background()
	report, err := chunkstore.Verify(ctx, dst, chunkstore.VerifyOptions{Secrets: l.secrets, Identities: []crypto.Identity{l.owner}})
	if err != nil {
		return err
	}
	if !report.OK() {
		return fmt.Errorf("verify: %w", report.Problems[0])
	}
	_, s, err := l.reader(dst)
	if err != nil {
		return err
	}
	chats := s.Chats("user1")
	if len(l.texts) > 0 && (len(chats) != 1 || chats[0].Messages != len(l.texts)) {
		return fmt.Errorf("chats %+v, want %d messages", chats, len(l.texts))
	}
	for id, want := range l.texts {
		versions, err := s.Versions(ctx, "user1", "user5", id)
		if err != nil {
			return err
		}
		var got []string
		for _, v := range versions {
			got = append(got, v.Text.Text)
		}
		if !slices.Equal(got, want) || versions[0].Deleted != l.deleted[id] {
			return fmt.Errorf("message %d is %q, want %q, deleted: %t", id, got, want, l.deleted[id])
		}
	}
	return l.checkFiles(s)
}

func (l *life) checkFiles(s *archive.Snapshot) error {
	for key, want := range l.files {
		_, ok := s.Media(key)
		if known, there, err := l.w.HasMedia(key); err != nil || there != ok || ok != (want != nil) || ok && known != int64(len(want)) {
			return fmt.Errorf("%s: stored %t, the writer says %t, should be %t: %w", key, ok, there, want != nil, err)
		}
		if !ok {
			continue
		}
		r, err := s.OpenMedia(context.Background(), key)
		if err != nil {
			return err
		}
		got, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("%s: %d bytes of %d: %w", key, len(got), len(want), err)
		}
	}
	return nil
}
