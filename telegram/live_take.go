package telegram

import (
	"context"
	"maps"
	"time"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// How long after a push the server is asked for what it did not hold, and how
// often for one chat: reactions come in swarms, and each look is a version.
const (
	lookDelay = time.Second
	lookPause = 30 * time.Second
)

// roundPause is how long after all chats were looked through that may be done
// again.
const roundPause = 5 * time.Second

// maxStrange bounds the memory of chats that are in no list.
const maxStrange = 10_000

// maxGather bounds how many updates go into one step of the archive.
const maxGather = 200

// How often it is looked whether a commit is due, media came, or a connection is gone for
// good: while something is under way, and while nothing is. A push and a wish wake at once.
const (
	tick      = 5 * time.Second
	quietTick = time.Minute
)

// tellPause is how often notice is given of what a round through all chats
// stores, and offlineAfter how long a connection has to be away to be told of.
const (
	tellPause    = 30 * time.Second
	offlineAfter = 5 * time.Second
)

// A gathering is pushed updates that go into the archive in one step, with the
// places up to which they were taken.
type gathering struct {
	changes  *changes
	users    []tg.UserClass
	chats    []tg.ChatClass
	channels map[archive.PeerID]bool // whose count moved
	size     int
}

func newGathering() *gathering {
	return &gathering{changes: newChanges(), channels: map[archive.PeerID]bool{}}
}

// take puts what was pushed into the archive, as far as nothing is missing in
// between. It makes no calls, so it can be called between any two of them.
func (v *live) take(ctx context.Context) error {
	list, lost := v.in.take()
	if lost {
		v.box("").want(time.Now())
	}
	g := newGathering()
	for _, u := range list {
		v.gather(g, u)
		if g.size >= maxGather {
			if err := v.store(ctx, g); err != nil {
				return err
			}
			g = newGathering()
		}
	}
	if err := v.store(ctx, g); err != nil {
		return err
	}
	if v.changed() && time.Since(v.toldAt) >= tellPause {
		v.tell(Notice{State: v.state}) // of a long round
	}
	return nil
}

// gather adds what one push tells.
func (v *live) gather(g *gathering, u tg.UpdatesClass) {
	var updates []tg.UpdateClass
	switch u := u.(type) {
	case *tg.Updates:
		updates, g.users, g.chats = u.Updates, append(g.users, u.Users...), append(g.chats, u.Chats...)
		v.numbered(u.Seq, u.Seq)
	case *tg.UpdatesCombined:
		updates, g.users, g.chats = u.Updates, append(g.users, u.Users...), append(g.chats, u.Chats...)
		v.numbered(u.SeqStart, u.Seq)
	case *tg.UpdateShort:
		updates = []tg.UpdateClass{u.Update}
	default: // too long, or in a form that leaves out too much
		v.box("").want(time.Now())
	}
	for _, u := range updates {
		id, p, ok := sequence(u)
		if !ok {
			g.changes.add(u)
			g.size++
			continue
		}
		v.place(g, id, p)
	}
}

// numbered checks the number of a push. A hole in the numbers is asked for, but
// nothing waits for it: what has an order of its own keeps it.
func (v *live) numbered(first, last int) {
	at := v.run.state.Updates
	if last == 0 || at == nil {
		return
	}
	if at.Seq != 0 && first > at.Seq+1 {
		v.box("").want(time.Now().Add(v.gapWait))
	}
	at.Seq = max(at.Seq, last)
}

// place adds an update where it follows the ones before, and whatever was
// waiting for it.
func (v *live) place(g *gathering, id archive.PeerID, p pushed) {
	count, ok := v.count(id)
	if !ok {
		return
	}
	if count == 0 { // this server does not count
		g.changes.add(p.update)
		g.size++
		return
	}
	switch p.after(count) {
	case orderEarly:
		v.box(id).hold(p, time.Now(), v.gapWait)
	case orderNext:
		v.follow(g, id, p)
		v.release(g, id)
	}
}

// follow adds an update that is next.
func (v *live) follow(g *gathering, id archive.PeerID, p pushed) {
	g.changes.add(p.update)
	g.size++
	if id == "" {
		v.run.state.Updates.Pts = p.pts
		return
	}
	c := v.run.chats[id]
	c.state.Pts, c.state.PtsAt = p.pts, v.run.now()
	g.channels[id] = true
}

// release adds what was held and follows now.
func (v *live) release(g *gathering, id archive.PeerID) {
	b := v.boxes[id]
	for b != nil && len(b.held) > 0 {
		count, _ := v.count(id)
		first := b.held[0]
		switch first.after(count) {
		case orderEarly:
			return
		case orderNext:
			v.follow(g, id, first)
		}
		if b.held = b.held[1:]; len(b.held) == 0 {
			b.ask, b.pause = time.Time{}, 0
		}
	}
}

// count is where a sequence stands, 0 if the server does not say. False: it is
// none of ours.
func (v *live) count(id archive.PeerID) (int, bool) {
	if id == "" {
		if v.run.state.Updates == nil {
			return 0, true
		}
		return v.run.state.Updates.Pts, true
	}
	c := v.run.chats[id]
	switch {
	case c == nil:
		v.meet(id)
		return 0, false
	case !c.included:
		return 0, false
	case c.state.Pts == 0:
		v.meet(id) // it was never read
		return 0, false
	}
	return c.state.Pts, true
}

// meet is told of a chat that is not in the list: the list is asked for again,
// once.
func (v *live) meet(id archive.PeerID) {
	if v.strange[id] {
		return
	}
	if len(v.strange) >= maxStrange {
		clear(v.strange)
	}
	v.strange[id] = true
	v.hurry()
}

// hurry has all chats looked through, not too soon after the last time.
func (v *live) hurry() {
	if at := latest(time.Now(), v.rounded.Add(roundPause)); at.Before(v.due) {
		v.due = at
	}
}

func (v *live) box(id archive.PeerID) *box {
	if v.boxes[id] == nil {
		v.boxes[id] = &box{}
	}
	return v.boxes[id]
}

// store puts a gathering into the archive and onto the disk. Where everything
// was taken is part of the same step, so a failure moves nothing.
func (v *live) store(ctx context.Context, g *gathering) error {
	if g.size == 0 {
		return nil
	}
	r, ch := v.run, g.changes
	var b batch
	if err := r.take(&b, ch, g.users, g.chats); err != nil {
		return err
	}
	if err := r.profiles(&b, g.users, g.chats); err != nil {
		return err
	}
	v.note(ch)
	if moved := v.unsaved(); moved > 0 && !b.empty() || moved >= maxUnsaved {
		if err := r.saveUpdates(&b); err != nil {
			return err
		}
	}
	for id := range g.channels {
		if err := b.set(chatKey(r.account, id), r.chats[id].state); err != nil {
			return err
		}
	}
	if b.empty() {
		return nil
	}
	if err := r.apply(ctx, &b); err != nil {
		return err
	}
	if err := r.archive.Sync(); err != nil {
		return archived(err)
	}
	if v.changed() {
		v.tell(Notice{State: v.state})
	}
	return nil
}

// unsaved is by how much the account's count moved since it was written down.
func (v *live) unsaved() int {
	at, saved := v.run.state.Updates, v.run.saved
	switch {
	case at == nil:
		return 0
	case saved == nil:
		return at.Pts
	}
	return at.Pts - saved.Pts
}

// note decides what is to be asked for because of changes.
func (v *live) note(ch *changes) {
	r, now := v.run, time.Now()
	for id, pts := range ch.hints {
		if c := r.chats[id]; c == nil {
			v.meet(id)
		} else if c.included && c.state.Pts != 0 && (pts == 0 || pts > c.state.Pts) {
			v.box(id).want(now)
		}
	}
	for id := range ch.touched { // with what take added
		c := r.chats[id]
		if _, soon := v.looks[id]; c != nil && c.included && !soon {
			v.looks[id] = latest(now.Add(lookDelay), v.looked[id].Add(lookPause))
		}
	}
	for id := range ch.fresh {
		if r.chats[id] == nil {
			v.meet(id)
		}
	}
	maps.Copy(v.renamed, ch.renamed)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
