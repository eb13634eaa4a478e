package telegram

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// versions lists the versions of a message: its reactions, whether it is pinned,
// the votes of its poll.
func (s *spy) versions(chat archive.PeerID, id int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, r := range s.synced {
		if r.Kind != archive.KindMessage || r.Chat != chat || r.Message.ID != id {
			continue
		}
		text := ""
		for _, one := range r.Message.Reactions {
			text += fmt.Sprintf("%s%d ", one.Emoji, one.Count)
		}
		if r.Message.Pinned {
			text += "pinned "
		}
		if m := r.Message.Media; m != nil && m.Poll != nil {
			text += fmt.Sprintf("%d votes ", m.Poll.Voters)
		}
		out = append(out, strings.TrimSpace(text))
	}
	return out
}

// eventually waits until check is content.
func eventually(t *testing.T, d time.Duration, what string, check func() bool) {
	t.Helper()
	for start := time.Now(); !check(); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > d {
			t.Fatalf("%s: not after %v", what, d)
		}
	}
}

// What only the message itself shows is looked up, once for a swarm: reactions,
// votes, pins. It is a version like any other.
func TestFollowLooksUp(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{})
	poll, err := i.world.AddMessage(0, world.NewMessage{Chat: "channel104", Text: "which?", Poll: []string{"one", "two"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := i.world.React(0, "user101", 40, "👍", false); err != nil {
			t.Fatal(err)
		}
	}
	if err := i.world.Vote(0, "channel104", poll, 1, false); err != nil {
		t.Fatal(err)
	}
	if err := i.world.PinMessage(0, "channel104", 5, true, false); err != nil {
		t.Fatal(err)
	}
	if err := i.world.PinMessage(0, "chat103", 300, true, false); err != nil {
		t.Fatal(err)
	}
	late := soon + lookDelay
	eventually(t, late, "reactions", func() bool { return slices.Equal(f.versions("user101", 40), []string{"👍3"}) })
	eventually(t, late, "votes", func() bool { return slices.Equal(f.versions("channel104", poll), []string{"0 votes", "1 votes"}) })
	eventually(t, late, "pin", func() bool { return slices.Equal(f.versions("channel104", 5), []string{"pinned"}) })
	eventually(t, late, "pin in a group", func() bool { return slices.Equal(f.versions("chat103", 300), []string{"pinned"}) })
	if r, err := f.end(); err != nil || r.Edited != 4 {
		t.Fatalf("result %+v, error %v", r, err)
	}
}

// Names and titles that change are archived; so are chats that appear.
func TestFollowMeets(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{})
	for _, chat := range []string{"user101", "chat103", "channel104"} {
		if err := i.world.Rename(0, chat, "New "+chat, false); err != nil {
			t.Fatal(err)
		}
	}
	f.within(t, soon, "chat103 is New chat103")
	f.within(t, soon, "channel104 is New channel104")
	eventually(t, soon, "name", func() bool {
		return slices.ContainsFunc(f.on(), func(line string) bool { return strings.HasPrefix(line, "user101 is New user101") })
	})
	before := i.sim.Stats().Requests["messages.getDialogs"]
	id := i.add("channel106", "the first", 0, false) // had nothing to list it by
	eventually(t, roundPause+soon, "a new chat", func() bool {
		return slices.Contains(f.ons(), fmt.Sprintf("channel106 %d the first", id))
	})
	if n := i.sim.Stats().Requests["messages.getDialogs"] - before; n != 1 {
		t.Errorf("the list of chats was asked for %d times", n)
	}
	if _, err := f.end(); err != nil {
		t.Fatal(err)
	}
}

// ons is on, with what is not on the disk yet.
func (s *spy) ons() []string {
	s.mu.Lock()
	s.synced, s.applied = append(s.synced, s.applied...), nil
	s.mu.Unlock()
	return s.on()
}

// Pushes come twice, or in the wrong order, or not at all but for the word that
// there was too much: everything is there once.
func TestFollowThroughBadPushes(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{gapWait: time.Minute}) // longer than anything takes on a busy machine
	for _, how := range []string{world.PushTwice, world.PushLate, world.PushTooLong} {
		if err := i.world.SpoilPushes(how, 2); err != nil {
			t.Fatal(err)
		}
		before := i.sim.Stats().Requests
		private, super := i.add("user101", how, 0, false), i.add("channel104", how, 0, false)
		i.edit("user101", private, how+" edited", false)
		i.edit("channel104", super, how+" edited", false)
		for _, line := range []string{
			fmt.Sprintf("user101 %d %s", private, how), fmt.Sprintf("channel104 %d %s", super, how),
			fmt.Sprintf("user101 %d %s edited", private, how), fmt.Sprintf("channel104 %d %s edited", super, how),
		} {
			if how == world.PushTooLong && !strings.HasSuffix(line, "edited") {
				continue // a difference tells the newest state
			}
			f.within(t, 30*time.Second, line)
			if n := f.count(line); n != 1 {
				t.Errorf("%q is there %d times", line, n)
			}
		}
		after := i.sim.Stats().Requests
		if asked := after["updates.getDifference"] - before["updates.getDifference"]; how != world.PushTooLong && asked > 0 {
			t.Errorf("%s: %d differences were asked for", how, asked)
		}
	}
	if _, err := f.end(); err != nil {
		t.Fatal(err)
	}
}

// Where the server does not tell what happened, histories are read: new messages
// and edits are there, and what is absent is not taken for deleted.
func TestFollowAfterTooLong(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{})
	for chat, old := range map[string]int{"user101": 40, "channel104": 5} {
		lost := i.add(chat, "lost", 0, true)
		i.edit(chat, old, "lost edit", true)
		i.delete(chat, true, old+1)
		i.world.TooLong(1)
		seen := i.add(chat, "seen", 0, false) // shows that something is missing
		for _, line := range []string{fmt.Sprintf("%s %d lost", chat, lost), fmt.Sprintf("%s %d seen", chat, seen), fmt.Sprintf("%s %d lost edit", chat, old)} {
			eventually(t, roundPause+soon, line, func() bool { return slices.Contains(f.ons(), line) })
		}
		i.edit(chat, seen, "and on", false)
		f.within(t, soon+gapWait, fmt.Sprintf("%s %d and on", chat, seen))
	}
	if r, err := f.end(); err != nil || r.Deleted != 0 || r.Messages != 4 {
		t.Fatalf("result %+v, error %v", r, err)
	}
}

// A process that is killed behind a push loses nothing: what was on the disk is
// in the vault after the next sync, once.
func TestFollowKilled(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{})
	one := i.add("user101", "pushed", 0, false)
	two := i.add("channel104", "pushed too", 0, false)
	f.within(t, soon, fmt.Sprintf("user101 %d pushed", one))
	f.within(t, soon, fmt.Sprintf("channel104 %d pushed too", two))
	dir, commits := t.TempDir(), f.commits
	if err := os.CopyFS(filepath.Join(dir, "journal"), os.DirFS(filepath.Join(i.dir, "journal"))); err != nil {
		t.Fatal(err)
	}
	vault := i.dst.CrashClone()
	if commits != 0 {
		t.Fatal("it was committed: the test shows nothing")
	}
	store, err := chunkstore.OpenWriter(t.Context(), vault, chunkstore.WriterOptions{Secrets: i.secrets, StatePath: filepath.Join(dir, "index.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	w, err := archive.OpenWriter(t.Context(), store, archive.WriterOptions{Journal: filepath.Join(dir, "journal"), Secrets: i.secrets})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if found := w.Recovered(); found.Records < 2 || found.Damage != nil {
		t.Fatalf("found %+v", found)
	}
	if _, err := f.end(); err != nil {
		t.Fatal(err)
	}
	i.edit("user101", 40, "since", true)
	c, end := i.client()
	defer end()
	r, err := c.Sync(t.Context(), Into(w), SyncOptions{})
	if err != nil || r.Messages != 0 || r.Edited != 1 {
		t.Fatalf("result %+v, error %v", r, err)
	}
}

// A connection that breaks, and a server that is away for a while: what happened
// meanwhile is there when it is back.
func TestFollowReconnects(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{})
	for n := range 3 {
		missed := i.add("user101", fmt.Sprintf("missed %d", n), 0, true)
		super := i.add("channel104", fmt.Sprintf("missed %d", n), 0, true)
		i.sim.Drop()
		f.within(t, 20*time.Second, fmt.Sprintf("user101 %d missed %d", missed, n))
		f.within(t, 20*time.Second, fmt.Sprintf("channel104 %d missed %d", super, n))
	}
	id := i.add("user101", "and on", 0, false)
	f.within(t, soon, fmt.Sprintf("user101 %d and on", id))
	if r, err := f.end(); err != nil || r.Messages != 7 {
		t.Fatalf("result %+v, error %v", r, err)
	}
}

// A difference that the server does not tell is asked for again.
func TestFollowAsksAgain(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{})
	for chat, method := range map[string]string{"user101": "updates.getDifference", "channel104": "updates.getChannelDifference"} {
		fault, err := simulator.ParseFault(method + " error=400:NOT_NOW count=2")
		if err == nil {
			err = i.sim.Fault(fault)
		}
		if err != nil {
			t.Fatal(err)
		}
		lost := i.add(chat, "lost", 0, true)
		i.sim.Drop()
		f.within(t, 20*time.Second, fmt.Sprintf("%s %d lost", chat, lost))
		if n := i.sim.Stats().Errors[method+" NOT_NOW"]; n != 2 {
			t.Errorf("%s was refused %d times: the test shows nothing", method, n)
		}
	}
	if _, err := f.end(); err != nil {
		t.Fatal(err)
	}
}

// A session that is ended ends following, with an error and a commit of what
// there is.
func TestFollowRevoked(t *testing.T) {
	i := settled(t)
	f := i.follow(FollowOptions{})
	id := i.add("user101", "last", 0, false)
	f.within(t, soon, fmt.Sprintf("user101 %d last", id))
	i.sim.Revoke()
	i.sim.Drop()
	if _, err := f.ended(t); err == nil || !strings.Contains(err.Error(), ErrSessionRevoked.Error()) {
		t.Fatalf("error %v", err)
	}
	if v, err := i.snapshot().Versions(t.Context(), "user100", "user101", id); err != nil || len(v) != 1 {
		t.Fatalf("versions %v, error %v", v, err)
	}
}

// Files of messages that were just sent do not wait for those of old ones.
func TestFollowFetchesTheNewFirst(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{FileDCs: []int{2}}))
	i.login()
	fault, err := simulator.ParseFault("upload.getFile latency=300ms")
	if err == nil {
		err = i.sim.Fault(fault)
	}
	if err != nil {
		t.Fatal(err)
	}
	f := i.followUnsettled(FollowOptions{})
	f.await(FollowSyncing)
	eventually(t, 30*time.Second, "messages", func() bool { return len(f.ons()) > 500 })
	start := time.Now()
	i.add("user101", "new", 1000, false)
	var sizes []int64
	eventually(t, 30*time.Second, "the file", func() bool {
		sizes = f.stored()
		return slices.Contains(sizes, 1000)
	})
	t.Logf("after %v, when %d files were stored", time.Since(start), len(sizes))
	if len(sizes) > 12 {
		t.Fatalf("%d files were fetched before it", len(sizes))
	}
}

// stored lists the sizes of the files that were stored.
func (s *spy) stored() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sizes)
}

// Two accounts share one vault while both are followed.
func TestFollowTwoAccounts(t *testing.T) {
	t.Parallel()
	worlds := []*world.World{}
	for seed := range uint64(2) {
		w, err := world.FromSeed(world.SeedOptions{
			Options: world.Options{FileDCs: []int{2}}, Seed: seed + 1, Chats: 8, Messages: 100, MediaBytes: 1 << 20,
		})
		if err != nil {
			t.Fatal(err)
		}
		worlds = append(worlds, w)
	}
	one, two := install(t, worlds[0]), install(t, worlds[1])
	one.login()
	two.login()
	f := one.follow(FollowOptions{})
	c, end := two.client()
	defer end()
	ctx, cancel := context.WithCancel(t.Context())
	live, done := make(chan Notice, 1000), make(chan error, 1)
	go func() {
		_, err := c.Follow(ctx, f.spy, FollowOptions{Notice: func(n Notice) { live <- n }})
		done <- err
	}()
	for n := range live {
		if n.State == FollowLive {
			break
		}
	}
	for k, i := range []*installation{one, two} {
		chat := i.personal()
		text := fmt.Sprintf("to account %d", k)
		id := i.add(chat, text, 0, false)
		f.within(t, soon, fmt.Sprintf("%s %d %s", chat, id, text))
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := f.end(); err != nil {
		t.Fatal(err)
	}
	if n := len(one.snapshot().Accounts()); n != 2 {
		t.Fatalf("%d accounts in the vault", n)
	}
}

// personal is a private chat of the account.
func (i *installation) personal() string {
	for _, c := range i.world.Chats(0) {
		if strings.HasPrefix(c.ID, "user") && c.Messages > 0 {
			return c.ID
		}
	}
	i.t.Fatal("no private chat")
	return ""
}
