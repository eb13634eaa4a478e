package world

import (
	"strings"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// A match says whether a message is one of those looked for.
type match func(tg.MessageClass) bool

// matching returns the messages of a window that match, newest first. Here the
// limit counts messages found, as with the real server.
func (v window) matching(c *chat, ok match) []tg.MessageClass {
	var out []tg.MessageClass
	begin := v.begin(c)
	skip := v.add
	for i := begin; skip < 0 && i < c.len(); i++ { // newer than the offset
		if m := v.at(c, i, ok); m != nil {
			out = append(out, m)
			skip++
		}
	}
	out = newestFirst(out)
	for i := begin - 1; i >= 0 && len(out) < v.size(); i-- {
		m := v.at(c, i, ok)
		if m == nil {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		out = append(out, m)
	}
	return out[:min(len(out), v.size())]
}

// at returns the message at a position if it is in the window and matches.
func (v window) at(c *chat, i int, ok match) tg.MessageClass {
	if !v.allows(c.id(i), c.date(i)) {
		return nil
	}
	m := c.message(i)
	if m == nil || !ok(m) {
		return nil
	}
	return m
}

// total counts every match in a chat.
func (c *chat) total(ok match) int {
	n := 0
	for i := range c.len() {
		if m := c.message(i); m != nil && ok(m) {
			n++
		}
	}
	return n
}

func (w *World) search(_ *Call, a *account, r *tg.MessagesSearchRequest) (bin.Encoder, error) {
	c, err := w.open(a, r.Peer)
	if err != nil {
		return nil, err
	}
	var from peer
	if in, ok := r.GetFromID(); ok {
		if from, err = w.resolve(a, in); err != nil {
			return nil, err
		}
	}
	want := filterOf(r.Filter)
	if want == nil {
		return nil, fail(400, "FILTER_NOT_SUPPORTED")
	}
	query := strings.ToLower(r.Q)
	ok := func(m tg.MessageClass) bool {
		return (from.isZero() || c.sender(m) == from) && (r.TopMsgID == 0 || inThread(m, r.TopMsgID)) &&
			want(m) && (query == "" || strings.Contains(strings.ToLower(textOf(m)), query))
	}
	v := window{
		offsetID: r.OffsetID, add: r.AddOffset, limit: r.Limit, maxID: r.MaxID, minID: r.MinID,
		minDate: r.MinDate, maxDate: r.MaxDate,
	}
	list := v.matching(c, ok)
	return w.answer(a, c, list, c.total(ok)), nil
}

// getSearchCounters counts the messages of several kinds at once. A kind that this
// world does not know is left out, as the real server does.
func (w *World) getSearchCounters(_ *Call, a *account, r *tg.MessagesGetSearchCountersRequest) (bin.Encoder, error) {
	c, err := w.open(a, r.Peer)
	if err != nil {
		return nil, err
	}
	out := &tg.MessagesSearchCounterVector{Elems: []tg.MessagesSearchCounter{}}
	for _, filter := range r.Filters {
		if want := filterOf(filter); want != nil {
			out.Elems = append(out.Elems, tg.MessagesSearchCounter{Filter: filter, Count: c.total(want)})
		}
	}
	return out, nil
}

func (w *World) getReplies(_ *Call, a *account, r *tg.MessagesGetRepliesRequest) (bin.Encoder, error) {
	c, err := w.open(a, r.Peer)
	if err != nil {
		return nil, err
	}
	if c.get(r.MsgID) == nil {
		return nil, fail(400, "MSG_ID_INVALID")
	}
	ok := func(m tg.MessageClass) bool { return inThread(m, r.MsgID) }
	v := window{offsetID: r.OffsetID, offsetDate: r.OffsetDate, add: r.AddOffset, limit: r.Limit, maxID: r.MaxID, minID: r.MinID}
	list := v.matching(c, ok)
	return w.answer(a, c, list, c.total(ok)), nil
}

// sender is who wrote a message: where nobody is named, the other side of a
// private chat or the channel.
func (c *chat) sender(m tg.MessageClass) peer {
	var from peer
	switch m := m.(type) {
	case *tg.Message:
		from = fromTL(m.FromID)
	case *tg.MessageService:
		from = fromTL(m.FromID)
	}
	if from.isZero() {
		return c.peer
	}
	return from
}

// inThread reports whether a message belongs to the thread of a root message.
func inThread(m tg.MessageClass, root int) bool {
	h := answered(m)
	if h == nil || h.ReplyToPeerID != nil {
		return false
	}
	return h.ReplyToTopID == root || h.ReplyToTopID == 0 && h.ReplyToMsgID == root
}

func textOf(m tg.MessageClass) string {
	if m, ok := m.(*tg.Message); ok {
		return m.Message
	}
	return ""
}

// filterOf turns the server's filter into a match, or nil if it is none this
// world knows.
func filterOf(f tg.MessagesFilterClass) match {
	switch f.(type) {
	case nil, *tg.InputMessagesFilterEmpty:
		return func(tg.MessageClass) bool { return true }
	case *tg.InputMessagesFilterPhotos:
		return func(m tg.MessageClass) bool { _, ok := mediaOf(m).(*tg.MessageMediaPhoto); return ok }
	case *tg.InputMessagesFilterPhotoVideo:
		return func(m tg.MessageClass) bool {
			_, ok := mediaOf(m).(*tg.MessageMediaPhoto)
			return ok || kindOf(m) == "video"
		}
	case *tg.InputMessagesFilterVideo:
		return ofKind("video")
	case *tg.InputMessagesFilterDocument:
		return ofKind("file")
	case *tg.InputMessagesFilterGif:
		return ofKind("animation")
	case *tg.InputMessagesFilterVoice:
		return ofKind("voice")
	case *tg.InputMessagesFilterMusic:
		return ofKind("music")
	case *tg.InputMessagesFilterRoundVideo:
		return ofKind("round")
	case *tg.InputMessagesFilterRoundVoice:
		return func(m tg.MessageClass) bool { k := kindOf(m); return k == "round" || k == "voice" }
	case *tg.InputMessagesFilterPoll:
		return func(m tg.MessageClass) bool { _, ok := mediaOf(m).(*tg.MessageMediaPoll); return ok }
	case *tg.InputMessagesFilterPinned:
		return func(m tg.MessageClass) bool { plain, ok := m.(*tg.Message); return ok && plain.Pinned }
	}
	return nil
}

func ofKind(kind string) match {
	return func(m tg.MessageClass) bool { return kindOf(m) == kind }
}

func mediaOf(m tg.MessageClass) tg.MessageMediaClass {
	if m, ok := m.(*tg.Message); ok {
		return m.Media
	}
	return nil
}

// kindOf names the kind of a message's document, "" if it has none.
func kindOf(m tg.MessageClass) string {
	media, ok := mediaOf(m).(*tg.MessageMediaDocument)
	if !ok {
		return ""
	}
	d, ok := media.Document.(*tg.Document)
	if !ok {
		return ""
	}
	kind := "file"
	for _, a := range d.Attributes {
		switch a := a.(type) {
		case *tg.DocumentAttributeSticker:
			return "sticker"
		case *tg.DocumentAttributeAnimated:
			return "animation"
		case *tg.DocumentAttributeVideo:
			kind = "video"
			if a.RoundMessage {
				kind = "round"
			}
		case *tg.DocumentAttributeAudio:
			kind = "music"
			if a.Voice {
				kind = "voice"
			}
		}
	}
	return kind
}
