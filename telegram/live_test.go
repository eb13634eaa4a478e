package telegram

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gotd/td/telegram"

	"telekeep/archive"
	"telekeep/telegram/simulator/world"
)

// A spy is an archive that tells what went into it and is on the disk.
type spy struct {
	Archive
	fail func(archive.Batch) error

	mu      sync.Mutex
	applied []*archive.Record // on the way
	synced  []*archive.Record // on the disk
	batches int
	commits int
	sizes   []int64 // of files that were stored
}

func (s *spy) BeginMedia(ctx context.Context, key archive.MediaKey, size int64) (MediaWriter, error) {
	w, err := s.Archive.BeginMedia(ctx, key, size)
	if err != nil {
		return nil, err
	}
	return &spyMedia{w, s}, nil
}

// spyMedia tells its spy when it is finished.
type spyMedia struct {
	MediaWriter
	spy *spy
}

func (m *spyMedia) Finish(ctx context.Context, hashed bool) (*archive.MediaFile, error) {
	file, err := m.MediaWriter.Finish(ctx, hashed)
	if err == nil {
		m.spy.mu.Lock()
		m.spy.sizes = append(m.spy.sizes, file.Size)
		m.spy.mu.Unlock()
	}
	return file, err
}

func (s *spy) Apply(ctx context.Context, b archive.Batch) error {
	s.mu.Lock()
	fail := s.fail
	s.mu.Unlock()
	if fail != nil {
		if err := fail(b); err != nil {
			return err
		}
	}
	if err := s.Archive.Apply(ctx, b); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applied = append(s.applied, b.Records...)
	s.batches++
	return nil
}

func (s *spy) Sync() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.synced = append(s.synced, s.applied...)
	s.applied = nil
	return s.Archive.Sync()
}

func (s *spy) Commit(ctx context.Context) error {
	s.mu.Lock()
	s.commits++
	s.mu.Unlock()
	return s.Archive.Commit(ctx)
}

// on lists what is on the disk, one line a record.
func (s *spy) on() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, r := range s.synced {
		switch r.Kind {
		case archive.KindMessage:
			out = append(out, fmt.Sprintf("%s %d %s", r.Chat, r.Message.ID, r.Message.Text.Text))
		case archive.KindDeletion:
			out = append(out, fmt.Sprintf("%s deleted %v", r.Chat, r.Deletion.IDs))
		case archive.KindPeer:
			out = append(out, fmt.Sprintf("%s is %s", r.Profile.ID, peerName(r.Profile)))
		}
	}
	return out
}

// within waits until a line is on the disk.
func (s *spy) within(t *testing.T, d time.Duration, line string) {
	t.Helper()
	start := time.Now()
	for !slices.Contains(s.on(), line) {
		if time.Since(start) > d {
			t.Fatalf("%q is not there after %v; there is %q", line, d, s.on())
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("%q after %v", line, time.Since(start).Round(time.Millisecond))
}

// count is how often a line is there.
func (s *spy) count(line string) int {
	n := 0
	for _, l := range s.on() {
		if l == line {
			n++
		}
	}
	return n
}

// soon is what "within seconds" means to these tests. Machines that run many of
// them at once are slow.
const soon = 2 * time.Second

// A follower is a Follow under way.
type follower struct {
	*spy
	i       *installation
	notices chan Notice
	stop    context.CancelFunc
	done    chan error
	result  *Result
	closing func()
}

// follow starts to follow, and returns when everything was looked through.
func (i *installation) follow(o FollowOptions) *follower {
	i.t.Helper()
	f := i.followUnsettled(o)
	f.await(FollowLive)
	return f
}

func (i *installation) followUnsettled(o FollowOptions) *follower {
	i.t.Helper()
	c, endClient := i.client()
	w, endArchive := i.archive()
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{
		spy: &spy{Archive: Into(w)}, i: i, notices: make(chan Notice, 10_000), stop: cancel, done: make(chan error, 1),
	}
	o.Notice = func(n Notice) { f.notices <- n }
	go func() {
		var err error
		f.result, err = c.Follow(ctx, f.spy, o)
		f.done <- err
	}()
	over := false
	f.closing = func() {
		if !over {
			over = true
			cancel()
			<-f.done
			endClient()
			endArchive()
		}
	}
	i.t.Cleanup(f.closing)
	return f
}

// await waits for a state.
func (f *follower) await(s FollowState) Notice {
	f.i.t.Helper()
	limit := time.After(60 * time.Second)
	for {
		select {
		case n := <-f.notices:
			if n.State == s {
				return n
			}
		case err := <-f.done:
			f.done <- err
			f.i.t.Fatalf("it ended with %v", err)
		case <-limit:
			f.i.t.Fatalf("not %s", s)
		}
	}
}

// end stops following and returns what came of it.
func (f *follower) end() (*Result, error) {
	f.stop()
	err := <-f.done
	f.done <- err
	f.closing()
	return f.result, err
}

func (i *installation) add(chat, text string, size int64, silent bool) int {
	i.t.Helper()
	n := world.NewMessage{Chat: chat, Text: text, Silent: silent, FileSize: size}
	if size > 0 {
		n.FileName = "n.bin"
	}
	id, err := i.world.AddMessage(0, n)
	if err != nil {
		i.t.Fatal(err)
	}
	return id
}

func (i *installation) edit(chat string, id int, text string, silent bool) {
	i.t.Helper()
	if err := i.world.EditMessage(0, chat, id, text, silent); err != nil {
		i.t.Fatal(err)
	}
}

func (i *installation) delete(chat string, silent bool, ids ...int) {
	i.t.Helper()
	if _, err := i.world.DeleteMessages(0, chat, ids, silent); err != nil {
		i.t.Fatal(err)
	}
}

// settled installs an account that is backed up already.
func settled(t *testing.T) *installation {
	t.Helper()
	t.Parallel()
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	i.login()
	i.mustSync()
	return i
}

// What the server pushes is on the disk at once: new messages with their files,
// edits, deletions. Afterwards all of it is in the vault.
func TestFollow(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{})
	private, super := "user101", "channel104"
	one := i.add(private, "private news", 0, false)
	f.within(t, soon, fmt.Sprintf("user101 %d private news", one))
	two := i.add(super, "super news", 300_000, false)
	f.within(t, soon, fmt.Sprintf("channel104 %d super news", two))
	i.edit(private, one, "private newer", false)
	i.edit(super, 5, "super newer", false)
	f.within(t, soon, fmt.Sprintf("user101 %d private newer", one))
	f.within(t, soon, "channel104 5 super newer")
	i.delete(private, false, one)
	i.delete(super, false, 5, 6)
	f.within(t, soon, fmt.Sprintf(" deleted [%d]", one))
	f.within(t, soon, "channel104 deleted [5 6]")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if n := <-f.notices; n.Media == 1 {
			break
		} else if time.Now().After(deadline) {
			t.Fatal("the file is not there")
		}
	}
	r, err := f.end()
	if err != nil || r.Messages != 2 || r.Edited != 2 || r.Deleted != 3 || r.Media != 1 || !r.Complete() || r.CompleteUntil.IsZero() {
		t.Fatalf("result %+v, error %v", r, err)
	}
	s := i.snapshot()
	versions, err := s.Versions(t.Context(), "user100", "user101", one)
	if err != nil || len(versions) != 2 || !versions[1].Deleted || versions[1].Text.Text != "private newer" {
		t.Fatalf("versions %+v, error %v", versions, err)
	}
	i.sim.ResetStats()
	if r = i.mustSync(); r.Messages+r.Edited+r.Deleted+r.Media != 0 {
		t.Fatalf("a sync after it: %+v", r)
	}
	if n := i.sim.Stats().Requests["messages.getHistory"]; n > 2 {
		t.Fatalf("a sync after it asks for %d pages", n)
	}
}

// A push that did not come is noticed by the next one, and asked for.
func TestFollowFillsGaps(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{})
	for chat, old := range map[string]int{"user101": 40, "channel104": 5} {
		lost := i.add(chat, "lost", 0, true)
		i.edit(chat, old, "lost edit", true)
		i.delete(chat, true, old+1)
		seen := i.add(chat, "seen", 0, false)
		f.within(t, soon+gapWait, fmt.Sprintf("%s %d seen", chat, seen))
		f.within(t, soon+gapWait, fmt.Sprintf("%s %d lost", chat, lost))
		f.within(t, soon+gapWait, fmt.Sprintf("%s %d lost edit", chat, old))
	}
	r, err := f.end()
	if err != nil || r.Messages != 4 || r.Edited != 2 || r.Deleted != 2 {
		t.Fatalf("result %+v, error %v", r, err)
	}
}

// A thousand changes at once are all there, each once, in few steps.
func TestFollowBurst(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{})
	before := f.batches
	chats := []string{"user101", "channel104", "chat103"}
	last := map[string]int{}
	for n := range 1000 {
		chat := chats[n%len(chats)]
		last[chat] = i.add(chat, fmt.Sprintf("burst %d", n), 0, false)
	}
	for n, chat := range []string{"user101", "channel104", "chat103"} {
		f.within(t, 20*time.Second, fmt.Sprintf("%s %d burst %d", chat, last[chat], 999-(999-n)%3))
	}
	steps := f.batches - before
	r, err := f.end()
	if err != nil || r.Messages != 1000 {
		t.Fatalf("result %+v, error %v", r, err)
	}
	t.Logf("%d steps", steps)
}

// When the archive fails, following ends with its error, and nothing that was
// not stored counts as taken: the next one has it.
func TestFollowThroughAFailure(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{})
	full := errors.New("disk full")
	f.mu.Lock()
	f.fail = func(b archive.Batch) error {
		if len(b.Records) > 0 {
			return full
		}
		return nil
	}
	f.mu.Unlock()
	id := i.add("user101", "in vain", 0, false)
	i.edit("channel104", 5, "in vain", false)
	if _, err := f.ended(t); !errors.Is(err, full) {
		t.Fatalf("error %v", err)
	}
	r := i.mustSync()
	if r.Messages != 1 || r.Edited != 1 {
		t.Fatalf("result %+v", r)
	}
	if v, err := i.snapshot().Versions(t.Context(), "user100", "user101", id); err != nil || len(v) != 1 {
		t.Fatalf("versions %v, error %v", v, err)
	}
}

// ended waits for the end that comes by itself.
func (f *follower) ended(t *testing.T) (*Result, error) {
	t.Helper()
	select {
	case err := <-f.done:
		f.done <- err
		f.closing()
		return f.result, err
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
	return nil, nil
}

// A data centre that was given up is tried again when following looks through
// everything anew.
func TestPoolRevives(t *testing.T) {
	p := newPool(1, func(context.Context) (telegram.CloseInvoker, error) { return newFakeServer(nil), nil })
	_ = p.down(errSilent)
	if _, err := p.get(t.Context()); !errors.Is(err, errDown) {
		t.Fatalf("error %v", err)
	}
	p.revive()
	if _, err := p.get(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.close()
	p.revive()
	if _, err := p.get(t.Context()); !errors.Is(err, errClosed) {
		t.Fatalf("error %v", err)
	}
}
