package telegram

import (
	"context"

	"github.com/gotd/td/tg"
)

// wholeArticles puts the whole of a message in the place of its beginning: of
// long articles a history has no more than that. Where the server refuses, the
// beginning stays, and its record says so.
func (r *run) wholeArticles(ctx context.Context, c *chat, list []tg.MessageClass) error {
	for i, m := range list {
		full, ok := m.(*tg.Message)
		if !ok || !full.RichMessage.Part || r.curt.Load() {
			continue
		}
		whole, err := r.article(ctx, c, full.ID)
		if dispensable(err) {
			r.warn("messages.getRichMessage", err)
			if !refused(err) {
				r.curt.Store(true)
			}
			continue
		}
		if err != nil {
			return err
		}
		if whole != nil {
			list[i] = whole
		}
	}
	return nil
}

// article asks for one message with all of its article; nil if the server has
// none.
func (r *run) article(ctx context.Context, c *chat, id int) (tg.MessageClass, error) {
	answer, err := r.optional.MessagesGetRichMessage(ctx, &tg.MessagesGetRichMessageRequest{Peer: c.input, ID: id})
	if err != nil {
		return nil, err
	}
	p, err := pageOf(answer)
	if err != nil {
		return nil, err
	}
	for _, m := range p.messages {
		if full, ok := m.(*tg.Message); ok && full.ID == id {
			return full, nil
		}
	}
	return nil, nil
}
