package telegram

import (
	"bytes"
	"context"
	"slices"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// An unavailableError says that the server does not have a file (any more).
type unavailableError struct{ detail string }

func (e *unavailableError) Error() string { return "the file is not available: " + e.detail }

// An origin is the messages, or other things, that a page of files came from. File
// references expire; the messages give new ones, all of a page in one call. Of
// custom emoji it is their numbers.
type origin struct {
	link  *link
	chat  archive.PeerID
	hash  int64
	ids   []int
	emoji []int64
	// source is set if the files stand in no messages; ids are then those of
	// the things they stand in.
	source string

	turn  turn
	got   int64                               // when the newest references came, Unix seconds; 0: unknown
	fresh map[archive.MediaKey]normal.FileRef // of the newest look
}

// referenceAge is when a file reference is replaced before it is used, in
// seconds. Telegram does not say how long one lives; one to three hours were seen.
const referenceAge = 45 * 60

func (r *run) origin(w *work) *origin {
	o := &origin{link: r.link, chat: w.Chat, hash: w.AccessHash, turn: newTurn(), got: w.References}
	if hash := r.hashOf(w.Chat); hash != 0 {
		o.hash = hash
	}
	for _, f := range w.Files {
		if f.Emoji {
			o.emoji = append(o.emoji, f.ID)
			continue
		}
		o.ids = append(o.ids, f.Message)
		o.source = f.Source
	}
	slices.Sort(o.ids)
	o.ids = slices.Compact(o.ids)
	return o
}

// renew returns a file with a newer reference than the stale one. Whoever comes
// first asks the server; the others get what it found. An *unavailableError
// says that no message has the file any more.
func (o *origin) renew(ctx context.Context, key archive.MediaKey, stale []byte) (normal.FileRef, error) {
	if err := o.turn.take(ctx); err != nil {
		return normal.FileRef{}, err
	}
	defer o.turn.give()
	if ref, ok := o.fresh[key]; ok && !bytes.Equal(ref.Reference, stale) {
		return ref, nil
	}
	if err := o.look(ctx); err != nil {
		return normal.FileRef{}, err
	}
	ref, ok := o.fresh[key]
	if !ok || ref.Gone {
		return normal.FileRef{}, &unavailableError{"its message is gone"}
	}
	return ref, nil
}

// young returns ref, or the same file with a newer reference if that one is so
// old that it may have run out. The first file of a page asks for all of them.
// It is a courtesy: a reference that cannot be replaced may still work.
func (o *origin) young(ctx context.Context, ref normal.FileRef, now int64) (normal.FileRef, error) {
	if o.got == 0 {
		return ref, nil
	}
	if err := o.turn.take(ctx); err != nil {
		return ref, err
	}
	defer o.turn.give()
	if now-o.got >= referenceAge {
		if err := o.look(ctx); ctx.Err() != nil || ends(err) {
			return ref, err
		}
		o.got = now
	}
	if fresh, ok := o.fresh[ref.Key]; ok && !fresh.Gone && fresh.Size == ref.Size {
		return fresh, nil
	}
	return ref, nil
}

// look asks for the messages anew. The caller has the turn.
func (o *origin) look(ctx context.Context) error {
	find := o.inMessages
	if o.source != "" {
		find = o.inItems
	}
	fresh, err := find(ctx)
	if err != nil {
		return err
	}
	if err := o.renewEmoji(ctx, fresh); err != nil {
		return err
	}
	o.fresh = fresh
	return nil
}

// inMessages finds the files of the messages.
func (o *origin) inMessages(ctx context.Context) (map[archive.MediaKey]normal.FileRef, error) {
	fresh := map[archive.MediaKey]normal.FileRef{}
	for ids := range slices.Chunk(o.ids, pageSize) {
		found, err := o.link.messages(ctx, o.chat, o.hash, ids)
		if err != nil {
			return nil, err
		}
		for _, m := range found.messages {
			for _, ref := range normal.Files(m) {
				fresh[ref.Key] = ref
			}
		}
	}
	return fresh, nil
}
