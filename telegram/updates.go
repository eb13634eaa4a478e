package telegram

import (
	"context"
	"slices"

	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// updates takes what happened to archived messages of users and basic groups
// since the last sync: edits and deletions. New messages among the updates are
// passed over, since the history has them for certain.
//
// The first time it only notes where updates stand, before any history is read:
// so no change made in between is lost. A server that refuses is no reason to
// stop.
func (r *run) updates(ctx context.Context) error {
	r.untold = false
	if r.state.Updates == nil {
		return r.startUpdates(ctx)
	}
	for {
		at := *r.state.Updates
		answer, err := r.optional.UpdatesGetDifference(ctx, &tg.UpdatesGetDifferenceRequest{Pts: at.Pts, Qts: at.Qts, Date: at.Date})
		switch {
		case lostTrack(err):
			r.warn("updates.getDifference", err)
			return r.restartUpdates(ctx)
		case dispensable(err):
			r.untold = true
			r.warn("updates.getDifference", err)
			return nil
		case err != nil:
			return err
		}
		more, err := r.difference(ctx, answer)
		if err != nil || !more {
			return err
		}
		if r.state.Updates.Pts == at.Pts && r.state.Updates.Qts == at.Qts {
			return nil // the server goes round in circles
		}
	}
}

// lostTrack reports whether err says that what happened since the given place
// will never be told: the server does not know the place, or tells of something
// that this program cannot read.
func lostTrack(err error) bool {
	return undecodable(err) || tgerr.Is(err, "PERSISTENT_TIMESTAMP_INVALID", "PERSISTENT_TIMESTAMP_EMPTY")
}

func (r *run) startUpdates(ctx context.Context) error {
	now, err := r.optional.UpdatesGetState(ctx)
	if dispensable(err) {
		r.warn("updates.getState", err)
		return nil
	}
	if err != nil {
		return err
	}
	var b batch
	if err := r.moveUpdates(&b, *now, true); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// restartUpdates gives up what cannot be told, as after a difference that is
// too long, and counts from here on.
func (r *run) restartUpdates(ctx context.Context) error {
	now, err := r.optional.UpdatesGetState(ctx)
	if dispensable(err) {
		r.warn("updates.getState", err)
		return nil
	}
	if err != nil {
		return err
	}
	var b batch
	if err := r.rescanAll(&b, r.lastTaken()-rescanSlack); err != nil {
		return err
	}
	if err := r.moveUpdates(&b, *now, true); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// maxUnsaved is how many changes of no interest (what was read, and where) are
// asked for again rather than to make a commit that says nothing else.
const maxUnsaved = 1000

// moveUpdates notes how far updates were taken. Where nothing happened that
// concerns the archive, it notes that in memory only: writing it down would cost
// a commit now and then in which nothing else stands.
func (r *run) moveUpdates(b *batch, to tg.UpdatesState, concerned bool) error {
	r.state.Updates = &updateState{Pts: to.Pts, Qts: to.Qts, Date: to.Date, Seq: to.Seq}
	if saved := r.saved; !concerned && b.empty() && saved != nil && to.Pts-saved.Pts < maxUnsaved {
		return nil
	}
	return r.saveUpdates(b)
}

// saveUpdates writes down how far updates were taken.
func (r *run) saveUpdates(b *batch) error {
	r.noteSaved()
	return b.set(accountKey(r.account), r.state)
}

// noteSaved notes that the account's state is going to be written down as it is.
func (r *run) noteSaved() {
	if r.state.Updates != nil {
		saved := *r.state.Updates
		r.saved = &saved
	}
}

// concerns reports whether messages of chats are among them that are archived.
func (r *run) concerns(messages []tg.MessageClass) bool {
	return slices.ContainsFunc(messages, func(m tg.MessageClass) bool {
		id, _, _ := whereWhen(m)
		c := r.chats[id]
		return c != nil && c.included
	})
}

// takeDifference takes what a difference tells. New messages come from the
// history, unless the run stays: then they are taken as if they were pushed.
func (r *run) takeDifference(b *batch, messages []tg.MessageClass, updates []tg.UpdateClass, users []tg.UserClass, chats []tg.ChatClass) error {
	if r.live == nil {
		return r.take(b, changesOf(nil, updates), users, chats)
	}
	ch := changesOf(messages, updates)
	if err := r.take(b, ch, users, chats); err != nil {
		return err
	}
	r.live.note(ch)
	return nil
}

// difference takes one answer and reports whether there is more to ask for.
func (r *run) difference(ctx context.Context, answer tg.UpdatesDifferenceClass) (more bool, err error) {
	var b batch
	switch d := answer.(type) {
	case *tg.UpdatesDifference:
		err = r.takeDifference(&b, d.NewMessages, d.OtherUpdates, d.Users, d.Chats)
		if err == nil {
			err = r.moveUpdates(&b, d.State, r.concerns(d.NewMessages))
		}
	case *tg.UpdatesDifferenceSlice:
		more = true
		err = r.takeDifference(&b, d.NewMessages, d.OtherUpdates, d.Users, d.Chats)
		if err == nil {
			err = r.moveUpdates(&b, d.IntermediateState, r.concerns(d.NewMessages))
		}
	case *tg.UpdatesDifferenceTooLong:
		more = true
		err = r.tooLong(&b, d.Pts)
	}
	if err != nil {
		return false, err
	}
	return more, r.apply(ctx, &b)
}

// tooLong: the server does not list the changes any more. Every history is to
// be read again for edits; deletions of that time are lost.
func (r *run) tooLong(b *batch, pts int) error {
	if err := r.rescanAll(b, r.lastTaken()-rescanSlack); err != nil {
		return err
	}
	r.state.Updates.Pts = pts
	return b.set(accountKey(r.account), r.state)
}
