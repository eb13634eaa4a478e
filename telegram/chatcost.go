package telegram

import (
	"context"
	"fmt"

	"github.com/gotd/td/tg"

	"telekeep/telegram/normal"
)

// cost finds out how many messages a chat has, how many files of each kind, and
// about how many bytes those are that the rules on media allow: two calls. What
// the server does not say stays unknown. Only what ends everything is an error.
func (l *link) cost(ctx context.Context, found *chat, rules Rules, chat *Chat) error {
	chat.Count = -1
	if found.forbidden() || found.nameless {
		return nil
	}
	sample, err := l.sample(ctx, found)
	switch {
	case err != nil && (ctx.Err() != nil || ends(err)):
		return fmt.Errorf("count messages: %w", err)
	case err != nil:
		return nil
	case sample.whole:
		chat.Count = len(sample.messages)
	default:
		chat.Count = sample.count
	}
	if chat.Media, err = l.mediaCounts(ctx, found); err != nil {
		return fmt.Errorf("count media: %w", err)
	}
	chat.MediaBytes, chat.MediaExact = mediaCost(found, rules, &sample, chat)
	return nil
}

// sample asks for the newest messages of a chat.
func (l *link) sample(ctx context.Context, c *chat) (page, error) {
	answer, err := l.api.MessagesGetHistory(ctx, &tg.MessagesGetHistoryRequest{Peer: c.input, Limit: pageSize})
	if err != nil {
		return page{}, err
	}
	return pageOf(answer)
}

// mediaFilters are the kinds of media that a server counts.
func mediaFilters() map[string]tg.MessagesFilterClass {
	return map[string]tg.MessagesFilterClass{
		normal.KindPhoto: &tg.InputMessagesFilterPhotos{}, normal.KindVideo: &tg.InputMessagesFilterVideo{},
		normal.KindFile: &tg.InputMessagesFilterDocument{}, normal.KindAnimation: &tg.InputMessagesFilterGif{},
		normal.KindVoice: &tg.InputMessagesFilterVoice{}, normal.KindAudio: &tg.InputMessagesFilterMusic{},
		normal.KindVideoMessage: &tg.InputMessagesFilterRoundVideo{},
	}
}

// mediaCounts asks how many files of each kind a chat has; nil if the server does
// not say. Only what ends everything is an error.
func (l *link) mediaCounts(ctx context.Context, c *chat) (map[string]int, error) {
	request := &tg.MessagesGetSearchCountersRequest{Peer: c.input}
	kinds := map[uint32]string{}
	for kind, filter := range mediaFilters() {
		request.Filters = append(request.Filters, filter)
		kinds[filter.TypeID()] = kind
	}
	counters, err := l.optional.MessagesGetSearchCounters(ctx, request)
	if err != nil {
		if ctx.Err() != nil || ends(err) {
			return nil, err
		}
		return nil, nil
	}
	counts := map[string]int{}
	for _, one := range counters {
		if kind := kinds[one.Filter.TypeID()]; kind != "" && one.Count > 0 {
			counts[kind] = one.Count
		}
	}
	return counts, nil
}

// mediaCost adds up what the rules allow of a sample, and says whether that is
// all of the chat. If not, it counts each kind as often as the server says there
// is, and others in proportion.
func mediaCost(c *chat, rules Rules, sample *page, chat *Chat) (bytes int64, exact bool) {
	files, allowed := map[string]int{}, map[string]int64{} // by kind
	r := run{rules: rules}
	for _, m := range sample.messages {
		msg, _, ok := normal.Message(m)
		if !ok {
			continue
		}
		for _, ref := range normal.Files(m) {
			files[ref.Kind]++
			if r.leftOut(c, workFile{FileRef: ref, Date: msg.Date, Protected: msg.Protected}) == "" {
				allowed[ref.Kind] += ref.Size
			}
		}
	}
	seen := len(sample.messages)
	exact = chat.Count <= seen
	for kind, size := range allowed {
		switch counted := chat.Media[kind]; {
		case exact:
			bytes += size
		case counted > 0:
			bytes += size / int64(files[kind]) * int64(counted)
		default:
			bytes += size * int64(chat.Count) / int64(seen)
		}
	}
	return bytes, exact
}
