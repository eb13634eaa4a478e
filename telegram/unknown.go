package telegram

import (
	"encoding/json"
	"fmt"
	"strings"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// undecodableAnswer is the name under which answers are counted that could not
// be taken apart at all.
const undecodableAnswer = "undecodable answer"

func unknownPrefix(account archive.PeerID) string { return "unknown/" + string(account) + "/" }

// restoreUnknown puts into the result what earlier runs counted.
func (r *run) restoreUnknown() error {
	totals, prefix := map[string]int{}, unknownPrefix(r.account)
	err := r.archive.Range(prefix, func(key string, value []byte) error {
		var n int
		if err := json.Unmarshal(value, &n); err != nil {
			return err
		}
		totals[strings.TrimPrefix(key, prefix)] = n
		return nil
	})
	r.count(func(res *Result) { res.Unknown = totals })
	return archived(err)
}

// countUnknown counts records that this version does not fully understand, by the
// names of what it does not know.
func (r *run) countUnknown(b *batch, names ...string) error {
	for _, name := range names {
		total := 0
		r.count(func(res *Result) {
			if res.Unknown == nil {
				res.Unknown = map[string]int{}
			}
			res.Unknown[name]++
			total = res.Unknown[name]
		})
		if err := b.set(unknownPrefix(r.account)+name, total); err != nil {
			return err
		}
	}
	return nil
}

// unread keeps answers of single messages that cannot be decoded as they came,
// once for each place: a later version may understand them, and the message is
// asked for again until one does.
func (r *run) unread(b *batch, c *chat, list []undecoded) error {
	for _, u := range list {
		key := fmt.Sprintf("undecoded/%s/%s/%d/%d", r.account, c.id, u.below, u.skip)
		_, known, err := r.archive.Get(key)
		if err != nil {
			return archived(err)
		}
		if known || len(u.raw) == 0 || len(u.raw) > archive.MaxRaw {
			continue
		}
		rec := r.record(archive.KindUndecoded)
		rec.Chat, rec.Undecoded = c.id, &archive.Undecoded{Method: "messages.getHistory", Below: u.below, Skip: u.skip}
		rec.Raw, rec.Layer = u.raw, normal.Layer
		b.records = append(b.records, rec)
		b.put(key, []byte("1"))
		if err := r.countUnknown(b, undecodableAnswer); err != nil {
			return err
		}
	}
	return nil
}

// An undecoded is the answer to a question for one message.
type undecoded struct {
	below, skip int // the message is the one behind skip others, all with ids up to below
	raw         []byte
}

// undecodedOf is what stands in the way of decoding an answer.
func undecodedOf(err error, below, skip int) undecoded {
	return undecoded{below: below, skip: skip, raw: undecodableRaw(err)}
}
