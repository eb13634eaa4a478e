package archive

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sort"
)

// A Timeline is the messages of one chat by their position: 0 is the message with the
// smallest id. It reads what it is asked for and nothing else. Safe for use by many
// goroutines at once.
type Timeline struct {
	s    *Snapshot
	chat *chatLog
	// latest are the positions in chat.refs of the last version of each message; nil if
	// none has several.
	latest []int32
}

// Timeline returns the messages of a chat; an empty one if the archive does not have it.
// It takes 4 bytes of memory for each message of a chat in which something was edited.
func (s *Snapshot) Timeline(account, chat PeerID) *Timeline {
	t := &Timeline{s: s, chat: s.chatLog(account, chat)}
	if t.chat == nil {
		t.chat = &chatLog{}
	}
	refs := t.chat.refs
	if t.chat.messages == len(refs) {
		return t
	}
	t.latest = make([]int32, 0, t.chat.messages)
	for i, r := range refs {
		if i+1 == len(refs) || refs[i+1].id != r.id {
			t.latest = append(t.latest, int32(i))
		}
	}
	return t
}

// Len returns the number of messages.
func (t *Timeline) Len() int { return t.chat.messages }

// at returns where the last version of the message at a position is, in chat.refs.
func (t *Timeline) at(position int) int {
	if t.latest == nil {
		return position
	}
	return int(t.latest[position])
}

// ID returns the id of the message at a position, which must be below Len.
func (t *Timeline) ID(position int) int { return int(t.chat.refs[t.at(position)].id) }

// Find returns the position of the first message with this id or a larger one, and
// whether it is this one.
func (t *Timeline) Find(id int) (position int, found bool) {
	return sort.Find(t.Len(), func(i int) int { return cmp.Compare(id, t.ID(i)) })
}

// Read goes over the messages at some positions, the latest version of each, in the order
// in which they are given. An error stands for one that cannot be read. Positions must be below Len.
func (t *Timeline) Read(ctx context.Context, positions ...int) iter.Seq2[*StoredMessage, error] {
	return func(yield func(*StoredMessage, error) bool) {
		reader := t.s.recordReader(ctx)
		for some := range slices.Chunk(positions, window) {
			picks := make([]pick, len(some))
			for i, position := range some {
				picks[i] = t.pick(position)
			}
			t.chat.load(reader, picks)
			t.s.lendFiles(t.chat, reader, picks)
			for _, p := range picks {
				if !yield(p.message, p.err) || ctx.Err() != nil {
					return
				}
			}
		}
	}
}

func (t *Timeline) pick(position int) pick {
	at, before := t.at(position), -1
	if position > 0 {
		before = t.at(position - 1)
	}
	return pick{ref: t.chat.refs[at], number: at - before, count: at - before}
}

// FindDate returns the position of the first message that is not older than a moment, in
// Unix seconds; Len if all are. It reads some twenty messages of a million. Where dates do
// not follow ids, as those of imported messages, it is one of several such positions. An
// error is that ctx ended.
func (t *Timeline) FindDate(ctx context.Context, date int64) (int, error) {
	low, high := 0, t.Len() // all below low are older, what is at high and above is not
	for low < high {
		middle := low + (high-low)/2
		position, found := t.dateFrom(ctx, middle, high)
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if position < high && found < date {
			low = position + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// dateFrom returns the first position from middle on, below high, that can be read, and its date.
func (t *Timeline) dateFrom(ctx context.Context, middle, high int) (position int, date int64) {
	for position := middle; position < high; position++ {
		for m, err := range t.Read(ctx, position) {
			if err == nil {
				return position, m.Date
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return high, 0
}
