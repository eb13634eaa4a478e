package telegram

import (
	"cmp"
	"slices"
	"time"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// gapWait is how long a push that came too early waits for the ones before it:
// the connection does not keep their order. Then they are asked for.
const gapWait = 500 * time.Millisecond

// How often a difference is asked for that does not close a gap.
const (
	askPauseMin = time.Second
	askPauseMax = time.Minute
)

// pushed is an update that has a place in a sequence: that of the account, or of
// a channel. It moves the count by count to pts.
type pushed struct {
	update     tg.UpdateClass
	pts, count int
}

// sequence returns whose count an update moves ("": the account's), and false if
// it is of no sequence.
func sequence(u tg.UpdateClass) (archive.PeerID, pushed, bool) {
	switch u.(type) {
	case *tg.UpdateChannelTooLong, *tg.UpdateReadChannelInbox: // tell where the count stands, and move nothing
		return "", pushed{}, false
	}
	if pts, count, ok := tg.IsPtsUpdate(u); ok {
		return "", pushed{u, pts, count}, true
	}
	id, pts, count, ok, err := tg.IsChannelPtsUpdate(u)
	if !ok || err != nil {
		return "", pushed{}, false
	}
	return archive.NewPeerID(archive.PeerChannel, id), pushed{u, pts, count}, true
}

// A box is the pushes of one sequence that cannot be taken yet.
type box struct {
	held  []pushed  // ascending
	ask   time.Time // when to ask for what is missing; zero: nothing is
	pause time.Duration
}

// hold keeps a push that came too early, for so long at least.
func (b *box) hold(p pushed, now time.Time, wait time.Duration) {
	at, _ := slices.BinarySearchFunc(b.held, p, func(a, b pushed) int { return cmp.Compare(a.pts, b.pts) })
	b.held = slices.Insert(b.held, at, p)
	b.want(now.Add(max(wait, b.pause)))
}

// want has the difference asked for at that time, or before if that is decided.
func (b *box) want(at time.Time) {
	if b.ask.IsZero() || at.Before(b.ask) {
		b.ask = at
	}
}

// asked notes that the difference was taken, up to pts, if it was told. What is
// still missing then is asked for less and less often.
func (b *box) asked(pts int, told bool, now time.Time) {
	b.ask = time.Time{}
	b.held = slices.DeleteFunc(b.held, func(p pushed) bool { return p.pts <= pts })
	if len(b.held) == 0 && told {
		b.pause = 0
		return
	}
	b.pause = min(max(2*b.pause, askPauseMin), askPauseMax)
	b.want(now.Add(b.pause))
}

// The order of a push in its sequence, which stands at a count.
type order int

const (
	orderOld   order = iota // it is taken already
	orderNext               // it follows
	orderEarly              // something before it is missing
)

func (p pushed) after(count int) order {
	switch {
	case p.pts == count+p.count && (p.count > 0 || p.pts == count):
		return orderNext
	case p.pts <= count:
		return orderOld
	}
	return orderEarly
}
