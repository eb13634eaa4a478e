package telegram

import (
	"context"
	"errors"
	"time"

	"telekeep/archive"
)

func noteKey(account, chat archive.PeerID) string {
	return "note/" + string(account) + "/" + string(chat)
}

// A chatNote is what the last sync had to say about a chat, beside its state. A
// chat that is included and was fetched completely has none.
type chatNote struct {
	Excluded bool   `json:"excluded,omitempty"`
	Rule     string `json:"rule,omitempty"` // that excludes it, "" if it is not among those included
	Top      int    `json:"top,omitempty"`  // newest message that the list of chats named

	// Unlisted: the list of chats does not have it any more: it was left, closed
	// or deleted.
	Unlisted bool `json:"unlisted,omitempty"`

	Error   string `json:"error,omitempty"`   // why not all messages could be fetched
	Refused bool   `json:"refused,omitempty"` // the server says that the account may not read it
	At      int64  `json:"at,omitempty"`      // when that was, Unix seconds
	Next    int64  `json:"next,omitempty"`    // no earlier than then; 0: with the next sync
}

// same reports whether two notes say the same to a reader of the gap map, times
// and the newest message of an excluded chat aside: those alone are not worth a
// commit.
func (n chatNote) same(o chatNote) bool {
	return n.Excluded == o.Excluded && n.Rule == o.Rule && n.Error == o.Error && n.Refused == o.Refused && n.Unlisted == o.Unlisted &&
		(n.Top == o.Top || n.Excluded)
}

// noteList notes which chats the rules leave out, and which are not listed any
// more.
func (r *run) noteList(b *batch) error {
	known, err := chatsOf(r.archive, r.account)
	if err != nil {
		return archived(err)
	}
	for _, id := range known {
		if r.chats[id] != nil {
			continue
		}
		var state chatState
		if _, err := load(r.archive, chatKey(r.account, id), &state); err != nil {
			return err
		}
		if state.Dialog != nil && state.Dialog.Left {
			continue // some lists have it, others do not, and it says itself why
		}
		var note chatNote
		had, err := load(r.archive, noteKey(r.account, id), &note)
		if err != nil {
			return err
		}
		unlisted := note
		unlisted.Unlisted = true
		if err := r.putNote(b, id, note, unlisted, had); err != nil {
			return err
		}
	}
	return r.noteRules(b)
}

func (r *run) noteRules(b *batch) error {
	for _, c := range r.order {
		var known chatNote
		had, err := load(r.archive, noteKey(r.account, c.id), &known)
		if err != nil {
			return err
		}
		note := known
		note.Excluded, note.Rule, note.Unlisted = false, "", false
		if !c.included {
			note = chatNote{Excluded: true, Rule: c.rule, Top: c.dialog.TopMessage}
		} else if !had || !known.Excluded && !known.Unlisted {
			continue
		}
		if err := r.putNote(b, c.id, known, note, had); err != nil {
			return err
		}
	}
	return nil
}

// noteFailure notes why a chat could not be fetched completely; err is nil if it
// could.
func (r *run) noteFailure(b *batch, c *chat, err error) error {
	var known, note chatNote
	had, loadErr := load(r.archive, noteKey(r.account, c.id), &known)
	if loadErr != nil {
		return loadErr
	}
	if err != nil {
		note = chatNote{Error: reason(err), Refused: refusedChat(err), At: r.now(), Top: c.dialog.TopMessage}
		if flood, ok := errors.AsType[*FloodError](err); ok {
			note.Error, note.Next = "FLOOD_WAIT", note.At+int64(flood.Wait.Seconds())
		}
	}
	return r.putNote(b, c.id, known, note, had)
}

// putNote puts a note where it belongs: into b if it is news, else aside.
func (r *run) putNote(b *batch, chat archive.PeerID, known, note chatNote, had bool) error {
	key := noteKey(r.account, chat)
	switch {
	case note == known:
		return nil
	case note == chatNote{}:
		if had {
			b.put(key, nil)
		}
		return nil
	case note.same(known):
		return r.aside.put(key, note)
	}
	return b.set(key, note)
}

// settle ends a sync that ended with err: if everything asked for is there, it is
// as of the sync's start. That is put aside.
func (r *run) settle(ctx context.Context, err error) error {
	if err == nil && r.result.Complete() {
		r.result.CompleteUntil = time.Unix(r.started, 0).UTC()
		r.state.Complete = r.started
		if err := r.aside.put(accountKey(r.account), r.state); err != nil {
			return err
		}
	}
	return r.settleAside(ctx)
}

// refusedChat reports whether err says that the account may not read a chat.
func refusedChat(err error) bool {
	return !errors.Is(err, errOldHash) && (inaccessible(err) || errors.Is(err, errForbidden))
}
