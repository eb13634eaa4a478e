package telegram

import (
	"time"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// message adds the record of a message of c, and sorts its files. It reports
// whether there was anything to keep.
func (r *run) message(b *batch, c *chat, m tg.MessageClass, files *sorted) (bool, error) {
	msg, _, ok := normal.Message(m)
	if !ok {
		return false, nil
	}
	if c.peer.Forum {
		normal.InForum(msg)
	}
	rec := r.record(archive.KindMessage)
	rec.Chat, rec.Message = c.id, msg
	if err := raw(rec, m); err != nil {
		return false, err
	}
	b.records = append(b.records, rec)
	if err := r.countUnknown(b, normal.Unknown(m)...); err != nil {
		return false, err
	}
	if err := r.wantEmoji(b, msg.Date, normal.EmojiIn(msg)...); err != nil {
		return false, err
	}
	refs := normal.Files(m)
	if err := r.markStored(b, c.id, msg.ID, len(refs) > 0); err != nil {
		return false, err
	}
	for _, ref := range refs {
		f := workFile{FileRef: ref, Message: msg.ID, Date: msg.Date, Protected: msg.Protected}
		if msg.TTL > 0 {
			f.Vanishes = msg.Date + int64(msg.TTL)
		}
		if err := r.sortFile(b, c, f, files); err != nil {
			return false, err
		}
	}
	return true, nil
}

// sorted is files by what is to become of them.
type sorted struct {
	fetch []workFile
	later []workFile // as long as the rules, their owner or the server do not allow it
}

// sortFile decides about one file of a message of c.
func (r *run) sortFile(b *batch, c *chat, f workFile, files *sorted) error {
	_, stored, err := r.archive.HasMedia(f.Key)
	if err != nil {
		return archived(err)
	}
	if stored {
		r.count(func(res *Result) { res.MediaKnown++ })
		return nil
	}
	if f.Why = r.leftOut(c, f); f.Why == "" {
		files.fetch = append(files.fetch, f)
		return nil
	}
	files.later = append(files.later, f)
	switch f.Why {
	case archive.MissingExcluded, archive.MissingTooLarge:
		r.count(func(res *Result) { res.MediaLeft++ })
		b.records = append(b.records, r.missingRecord(f, f.Why, ""))
		return nil
	case archive.MissingUnavailable:
		return r.missing(b, c.id, f, f.Why, "the server offers no file")
	}
	return r.missing(b, c.id, f, f.Why, "")
}

// leftOut is why a file of a chat is not to be fetched now, "" if it is. The
// chat is nil if the list of chats does not have it any more.
func (r *run) leftOut(c *chat, f workFile) string {
	switch {
	case f.SelfDestruct:
		return archive.MissingExpiring
	case f.Gone:
		return archive.MissingUnavailable
	case f.Protected || c != nil && c.protected():
		return archive.MissingProtected
	}
	rules := r.rules.of(c)
	if f.Source != "" || f.Emoji { // in no message, so in no chat
		rules = r.rules.general()
	}
	return rules.media(f.Kind, f.Size, f.Date)
}

// chatOf is the chat that decides about a file; nil if the list of chats does not
// have it any more, or if the file stands in no message.
func (r *run) chatOf(id archive.PeerID, f workFile) *chat {
	if f.Source != "" {
		return nil
	}
	return r.find(id)
}

// lists puts sorted files into the state. Origin: see workKey.
func (r *run) lists(b *batch, c *chat, origin string, files *sorted) error {
	for list, files := range map[string][]workFile{listFetch: files.fetch, listLater: files.later} {
		for class, files := range splitClasses(origin, files, r.now()) {
			w := newWork(c.id, c.hash, r.now(), files)
			key := workKey(list, r.account, class, origin, w)
			if err := b.set(key, w); err != nil {
				return err
			}
			if list == listFetch {
				b.queued = append(b.queued, queued{key, w.workSize})
			}
		}
	}
	return nil
}

// missing reports that a file of a chat cannot be stored, and adds a record of
// it unless the newest one says the same.
func (r *run) missing(b *batch, chat archive.PeerID, f workFile, why, detail string) error {
	r.report(chat, f, &missingState{Reason: why, Detail: detail})
	return r.noteMissing(b, f, why, detail)
}

func (r *run) noteMissing(b *batch, f workFile, why, detail string) error {
	var known missingState
	if _, err := load(r.archive, missingKey(r.account, f.Key), &known); err != nil {
		return err
	}
	same := known.Reason == why && known.Detail == detail
	if same && why != archive.MissingUnavailable && why != archive.MissingFailed {
		return nil
	}
	if !same {
		b.records = append(b.records, r.missingRecord(f, why, detail))
	}
	return b.set(missingKey(r.account, f.Key), known.again(why, detail, r.now()))
}

// again is what is to be remembered of a file after one more try that came to
// nothing.
func (m missingState) again(why, detail string, now int64) missingState {
	next := missingState{Reason: why, Detail: detail, At: now}
	switch why {
	case archive.MissingUnavailable:
		next.Next = now + int64(unavailableRetry/time.Second)
	case archive.MissingFailed:
		next.Tries = m.Tries + 1
		next.Next = now + int64(failurePause(next.Tries)/time.Second)
	}
	return next
}

// failurePause is how long a file is left in peace that failed so many times.
func failurePause(tries int) time.Duration {
	pauses := []time.Duration{0, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour}
	return pauses[min(max(tries, 1), len(pauses))-1]
}

func (r *run) missingRecord(f workFile, why, detail string) *archive.Record {
	rec := r.record(archive.KindMissing)
	rec.Missing = &archive.Missing{Key: f.Key, Size: f.Size, Reason: why, Detail: detail}
	return rec
}

// migration is the basic group that a supergroup's message says it came from,
// "" if it says nothing of that kind.
func migration(m tg.MessageClass) archive.PeerID {
	service, ok := m.(*tg.MessageService)
	if !ok {
		return ""
	}
	from, ok := service.Action.(*tg.MessageActionChannelMigrateFrom)
	if !ok {
		return ""
	}
	return archive.NewPeerID(archive.PeerChat, from.ChatID)
}
