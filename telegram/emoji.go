package telegram

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// emojiPage is how many custom emoji are asked for at once.
const emojiPage = 100

// An emojiDesk gathers the numbers of custom emoji, so that many are asked for at
// once, however many messages they stand in. What is wanted lies in the state, in
// one step with the messages that want it; what the desk holds of it is numbers.
type emojiDesk struct {
	mu   sync.Mutex
	seen map[archive.MediaKey]bool // of this run; bounded
	open []int64                   // to be asked for
	mute bool                      // the server does not answer
}

func newEmojiDesk() *emojiDesk { return &emojiDesk{seen: map[archive.MediaKey]bool{}} }

// first reports whether nobody wanted the emoji in this run yet.
func (d *emojiDesk) first(key archive.MediaKey) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen[key] {
		return false
	}
	if len(d.seen) >= maxPrints {
		clear(d.seen)
	}
	d.seen[key] = true
	return true
}

func (d *emojiDesk) add(id int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = append(d.open, id)
}

// next takes a page of numbers, if there are at least so many.
func (d *emojiDesk) next(atLeast int) []int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mute || len(d.open) < max(1, atLeast) {
		return nil
	}
	n := min(emojiPage, len(d.open))
	ids := slices.Clone(d.open[:n])
	d.open = slices.Delete(d.open, 0, n)
	return ids
}

// silence ends asking for this run: the state knows what is still wanted.
func (d *emojiDesk) silence() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mute = true
}

// emojiState is what is remembered of a custom emoji.
type emojiState struct {
	Date  int64 `json:"date"`            // of the message it was first seen in, Unix seconds
	Asked int64 `json:"asked,omitempty"` // when the server was asked, Unix seconds; 0: not yet
	Found bool  `json:"found,omitempty"` // the server knows it: its file is stored or on a list of work
}

// due reports whether the server is to be asked.
func (s emojiState) due(now int64) bool {
	return !s.Found && now-s.Asked >= int64(unavailableRetry/time.Second)
}

func emojiPrefix(account archive.PeerID) string { return "emoji/" + string(account) + "/" }

func emojiKey(account archive.PeerID, key archive.MediaKey) string {
	return emojiPrefix(account) + string(key)
}

// wantEmoji notes in b which custom emoji something of that date names.
func (r *run) wantEmoji(b *batch, date int64, keys ...archive.MediaKey) error {
	for _, key := range keys {
		id, ok := documentID(key)
		if !ok || !r.emoji.first(key) {
			continue
		}
		state := emojiState{Date: date}
		known, err := load(r.archive, emojiKey(r.account, key), &state)
		if err != nil {
			return err
		}
		if known && !state.due(r.now()) {
			continue
		}
		if !known {
			if err := b.set(emojiKey(r.account, key), state); err != nil {
				return err
			}
		}
		r.emoji.add(id)
	}
	return nil
}

// restoreEmoji takes up what earlier runs wanted and did not get.
func (r *run) restoreEmoji() error {
	prefix, now := emojiPrefix(r.account), r.now()
	return archived(r.archive.Range(prefix, func(key string, value []byte) error {
		var state emojiState
		if err := json.Unmarshal(value, &state); err != nil {
			return err
		}
		wanted := archive.MediaKey(strings.TrimPrefix(key, prefix))
		if id, ok := documentID(wanted); ok && state.due(now) && r.emoji.first(wanted) {
			r.emoji.add(id)
		}
		return nil
	}))
}

// fetchEmoji asks for the custom emoji that are wanted, as long as there are at
// least so many, and puts their files on the list of work. A server that refuses
// is asked again by the next sync.
func (r *run) fetchEmoji(ctx context.Context, atLeast int) error {
	for {
		ids := r.emoji.next(atLeast)
		if len(ids) == 0 {
			return nil
		}
		documents, err := r.emojiDocuments(ctx, ids)
		if dispensable(err) {
			r.emoji.silence()
			r.warn("messages.getCustomEmojiDocuments", err)
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.takeEmoji(ctx, ids, documents); err != nil {
			return err
		}
	}
}

// emojiDocuments asks for the documents of custom emoji. One that this version
// cannot decode makes the whole answer unreadable: the others are asked for
// without it.
func (r *run) emojiDocuments(ctx context.Context, ids []int64) ([]tg.DocumentClass, error) {
	documents, err := r.optional.MessagesGetCustomEmojiDocuments(ctx, ids)
	if !undecodable(err) {
		return documents, err
	}
	if len(ids) == 1 {
		return nil, nil
	}
	for _, half := range [][]int64{ids[:len(ids)/2], ids[len(ids)/2:]} {
		found, err := r.emojiDocuments(ctx, half)
		if err != nil {
			return nil, err
		}
		documents = append(documents, found...)
	}
	return documents, nil
}

// takeEmoji archives what the server says about custom emoji, and notes which of
// them it does not have.
func (r *run) takeEmoji(ctx context.Context, ids []int64, documents []tg.DocumentClass) error {
	known := map[int64]tg.DocumentClass{}
	for _, d := range documents {
		known[d.GetID()] = d
	}
	var b batch
	var files sorted
	for _, id := range ids {
		key := archive.NewMediaKey(archive.MediaDocument, id)
		var state emojiState
		if _, err := load(r.archive, emojiKey(r.account, key), &state); err != nil {
			return err
		}
		state.Asked = r.now()
		var err error
		if state.Found, err = r.oneEmoji(&b, key, state.Date, known[id], &files); err != nil {
			return err
		}
		if err := b.set(emojiKey(r.account, key), state); err != nil {
			return err
		}
	}
	nowhere := &chat{peer: &archive.Peer{}}
	if err := r.lists(&b, nowhere, "emoji "+string(archive.NewMediaKey(archive.MediaDocument, ids[0])), &files); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// oneEmoji adds what is known of one custom emoji, and reports whether the server
// has it. d is nil or empty if it does not.
func (r *run) oneEmoji(b *batch, key archive.MediaKey, date int64, d tg.DocumentClass, files *sorted) (bool, error) {
	e, ref, ok := normal.Emoji(d)
	if !ok {
		_, stored, err := r.archive.HasMedia(key)
		if err != nil || stored {
			return stored, archived(err)
		}
		gone := workFile{FileRef: normal.FileRef{Key: key}}
		return false, r.missing(b, "", gone, archive.MissingUnavailable, "a custom emoji that it does not know")
	}
	rec := r.record(archive.KindEmoji)
	rec.Emoji = e
	if err := raw(rec, d); err != nil {
		return false, err
	}
	b.records = append(b.records, rec)
	nowhere := &chat{peer: &archive.Peer{}}
	return true, r.sortFile(b, nowhere, workFile{FileRef: ref, Date: date, Emoji: true}, files)
}

// documentID is the number in the key of a document.
func documentID(key archive.MediaKey) (int64, bool) {
	number, ok := strings.CutPrefix(string(key), archive.MediaDocument+":")
	id, err := strconv.ParseInt(number, 10, 64)
	return id, ok && err == nil
}

// renewEmoji adds newer references of the custom emoji among the files.
func (o *origin) renewEmoji(ctx context.Context, fresh map[archive.MediaKey]normal.FileRef) error {
	for ids := range slices.Chunk(o.emoji, emojiPage) {
		documents, err := o.link.optional.MessagesGetCustomEmojiDocuments(ctx, ids)
		if err != nil {
			return err
		}
		for _, d := range documents {
			if _, ref, ok := normal.Emoji(d); ok {
				fresh[ref.Key] = ref
			}
		}
	}
	return nil
}
