package telegram

import (
	"context"
	"errors"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// channelUpdates takes what happened to a channel's archived messages since the
// last sync, if the list of chats shows that anything did.
func (r *run) channelUpdates(ctx context.Context, c *chat) error {
	if c.id.Kind() != archive.PeerChannel || c.state.Pts == 0 || c.pts <= c.state.Pts || r.mute {
		return nil
	}
	return r.channelDifferences(ctx, c)
}

// channelDifferences asks for what happened to a channel until there is no more.
func (r *run) channelDifferences(ctx context.Context, c *chat) error {
	r.untold = false
	for {
		before := c.state.Pts
		answer, err := r.optional.UpdatesGetChannelDifference(ctx, &tg.UpdatesGetChannelDifferenceRequest{
			Channel: &tg.InputChannel{ChannelID: c.id.Num(), AccessHash: c.hash},
			Filter:  &tg.ChannelMessagesFilterEmpty{},
			Pts:     before,
			Limit:   pageSize,
		})
		switch {
		case lostTrack(err):
			r.warn("updates.getChannelDifference", err)
			return r.restartChannel(ctx, c)
		case dispensable(err) && !inaccessible(err):
			r.untold = true
			r.warn("updates.getChannelDifference", err)
			r.mute = errors.Is(err, errSilent)
			return nil
		case err != nil:
			return err
		}
		final, err := r.channelDifference(ctx, c, answer)
		if err != nil || final || c.state.Pts == before {
			return err
		}
	}
}

// channelDifference takes one answer and reports whether it was the last.
func (r *run) channelDifference(ctx context.Context, c *chat, answer tg.UpdatesChannelDifferenceClass) (final bool, err error) {
	var b batch
	switch d := answer.(type) {
	case *tg.UpdatesChannelDifferenceEmpty:
		final = true
		if c.state.Pts == max(d.Pts, c.pts) {
			return true, nil
		}
		c.state.Pts = max(d.Pts, c.pts)
	case *tg.UpdatesChannelDifference:
		final, c.state.Pts = d.Final, d.Pts
		err = r.takeDifference(&b, d.NewMessages, d.OtherUpdates, d.Users, d.Chats)
	case *tg.UpdatesChannelDifferenceTooLong:
		final = true
		c.state.startRescan(c.state.PtsAt - rescanSlack)
		c.state.Pts = c.pts
		if dialog, ok := d.Dialog.(*tg.Dialog); ok {
			c.state.Pts = max(dialog.Pts, c.pts)
			c.dialog.TopMessage = max(c.dialog.TopMessage, dialog.TopMessage)
		}
	}
	if err != nil {
		return false, err
	}
	return final, r.moved(ctx, &b, c)
}

// restartChannel is restartUpdates for a channel.
func (r *run) restartChannel(ctx context.Context, c *chat) error {
	c.state.startRescan(c.state.PtsAt - rescanSlack)
	c.state.Pts = c.pts
	if r.live != nil {
		r.live.hurry() // only the list of chats tells the newest count
	}
	return r.moved(ctx, &batch{}, c)
}

// moved hands over b with the note that the channel's updates were taken as far
// as its state says.
func (r *run) moved(ctx context.Context, b *batch, c *chat) error {
	c.state.PtsAt = r.now()
	if err := b.set(chatKey(r.account, c.id), c.state); err != nil {
		return err
	}
	return r.apply(ctx, b)
}

// inaccessible reports whether the server says that a chat cannot be read.
func inaccessible(err error) bool {
	switch reason(err) {
	case "CHANNEL_PRIVATE", "CHANNEL_INVALID", "CHAT_FORBIDDEN", "CHAT_ID_INVALID", "PEER_ID_INVALID",
		"USER_BANNED_IN_CHANNEL", "CHANNEL_PUBLIC_GROUP_NA", "CHAT_ADMIN_REQUIRED":
		return true
	}
	return false
}
