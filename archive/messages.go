package archive

import (
	"context"
	"iter"
	"slices"
)

// A StoredMessage is one version of a message as it lies in the archive.
type StoredMessage struct {
	*Message
	Account  PeerID
	Chat     PeerID
	Seen     int64  // Unix seconds when this version was first archived
	Deleted  bool   // the server reported it as deleted, at whatever time
	Version  int    // number of this version, from 1
	Versions int    // how many there are
	Raw      []byte // TL bytes of this version, empty if there were none
	Layer    int    // TL layer of Raw
	// Origin is set if this version was imported.
	Origin *Origin
}

// window is how many messages are read at once. Within it they are read in the
// order in which they are stored, so that a chat whose messages lie backwards,
// or among those of others, needs each chunk once per window and not per message.
const window = 512

// Messages goes over the latest versions of all messages of a chat, ascending by
// id. An error stands for one message that cannot be read; going on is possible,
// except when ctx has ended.
func (s *Snapshot) Messages(ctx context.Context, account, chat PeerID) iter.Seq2[*StoredMessage, error] {
	return func(yield func(*StoredMessage, error) bool) {
		c := s.chatLog(account, chat)
		if c == nil {
			return
		}
		reader := s.recordReader(ctx)
		for rest := c.refs; len(rest) > 0; {
			var picks []pick
			picks, rest = pickLatest(rest)
			c.load(reader, picks)
			s.lendFiles(c, reader, picks)
			for _, p := range picks {
				if !yield(p.message, p.err) || ctx.Err() != nil {
					return
				}
			}
		}
	}
}

// Versions returns all versions of one message in the order of the commits; nil
// if it is not in the archive. A version equal to the one before it is not counted.
func (s *Snapshot) Versions(ctx context.Context, account, chat PeerID, id int) ([]*StoredMessage, error) {
	c := s.chatLog(account, chat)
	if c == nil || !fitsID(id) {
		return nil, nil
	}
	refs := c.versions(int32(id))
	picks := make([]pick, len(refs))
	for i, r := range refs {
		picks[i] = pick{ref: r, number: i + 1, count: len(refs)}
	}
	reader := s.recordReader(ctx)
	c.load(reader, picks)
	s.lendFiles(c, reader, picks)
	var versions []*StoredMessage
	for _, p := range picks {
		if p.err != nil {
			return versions, p.err
		}
		versions = append(versions, p.message)
	}
	return versions, nil
}

func (s *Snapshot) chatLog(account, chat PeerID) *chatLog {
	if a := s.accounts[account]; a != nil {
		return a.chats[chat]
	}
	return nil
}

// A pick is a version that is about to be read.
type pick struct {
	ref
	number, count int // which version of how many
	message       *StoredMessage
	err           error
}

// pickLatest takes the latest version of up to window messages off refs.
func pickLatest(refs []ref) (picks []pick, rest []ref) {
	count := 0
	for i, r := range refs {
		count++
		if i+1 < len(refs) && refs[i+1].id == r.id {
			continue
		}
		picks = append(picks, pick{ref: r, number: count, count: count})
		count = 0
		if len(picks) == window {
			return picks, refs[i+1:]
		}
	}
	return picks, nil
}

// load reads picks in the order of their places and leaves them in their own.
func (c *chatLog) load(reader *recordReader, picks []pick) {
	order := make([]*pick, len(picks))
	for i := range picks {
		order[i] = &picks[i]
	}
	slices.SortFunc(order, func(a, b *pick) int { return byPlace(a.ref, b.ref) })
	for _, p := range order {
		p.message, p.err = c.read(reader, p)
	}
}

func (c *chatLog) read(reader *recordReader, p *pick) (*StoredMessage, error) {
	record, err := reader.at(p.at)
	if err != nil {
		return nil, err
	}
	if record.Message == nil || record.Message.ID != int(p.id) {
		return nil, &FormatError{Offset: p.at.offset(), Reason: "another record stands where a message was"}
	}
	return &StoredMessage{
		Message: record.Message, Account: record.Account, Chat: record.Chat, Seen: record.Seen,
		Deleted: c.isDeleted(p.id), Version: p.number, Versions: p.count,
		Raw: record.Raw, Layer: record.Layer, Origin: record.Origin,
	}, nil
}
