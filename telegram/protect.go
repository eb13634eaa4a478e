package telegram

import (
	"context"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// protected reports whether somebody forbids saving what is in the chat: its
// owner, or one of the two people of a private chat.
func (c *chat) protected() bool { return c.peer.Protected || c.private.Load() }

// privacy finds out whether one side of a private chat forbids saving. The list
// of chats does not say, so it costs a call: once in a run, for a chat that has
// something new, or that was protected. A server that does not answer changes
// nothing.
func (r *run) privacy(ctx context.Context, c *chat, news bool) error {
	if c.id.Kind() != archive.PeerUser || c.id == r.account || !news && !c.state.Protected || r.privacyMute {
		return nil
	}
	answer, err := r.optional.UsersGetFullUser(ctx, &tg.InputUser{UserID: c.id.Num(), AccessHash: c.hash})
	if dispensable(err) {
		r.warn("users.getFullUser", err)
		r.privacyMute = !refused(err)
		return nil
	}
	if err != nil {
		return err
	}
	c.private.Store(answer.FullUser.NoforwardsMyEnabled || answer.FullUser.NoforwardsPeerEnabled)
	if c.state.Protected && !c.protected() {
		return r.unsorted(ctx)
	}
	return nil
}

// unsorted makes the next sync look again at the files that were left out: their
// list may be in use just now.
func (r *run) unsorted(ctx context.Context) error {
	r.state.MediaRules = ""
	var b batch
	if err := b.set(accountKey(r.account), r.state); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}
