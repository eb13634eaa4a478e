package telegram

import (
	"context"
	"errors"
	"fmt"

	"telekeep/archive"
)

// errOldHash: the server does not take the access hash that is known of a chat, and
// a newer one could not be asked for.
var errOldHash = errors.New("its access hash may be out of date")

// doubtsHash reports whether err can mean that a chat's access hash is out of date.
// The same errors say that a chat is no more.
func doubtsHash(c *chat, err error) bool {
	if c.id.Kind() == archive.PeerChat || err == nil { // basic groups have none
		return false
	}
	switch reason(err) {
	case "PEER_ID_INVALID", "CHANNEL_INVALID":
		return true
	}
	return false
}

// read reads a chat. Where the server does not take its access hash it is read once
// more with one from a new list of chats; only what that is refused, too, is refused.
func (r *run) read(ctx context.Context, c *chat, read func(context.Context, *chat) error) error {
	err := read(ctx, c)
	if !doubtsHash(c, err) {
		return err
	}
	known, loadErr := r.refusedBefore(c, err)
	if loadErr != nil || known {
		return errors.Join(loadErr, err)
	}
	hash, found, listErr := r.newHash(ctx, c.id)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case listErr != nil && ends(listErr):
		return listErr
	case listErr != nil:
		return fmt.Errorf("%w: %w", errOldHash, err)
	case !found || hash == c.hash:
		return err
	}
	r.log.Info("a chat is read again with another access hash")
	r.mu.Lock()
	c.hash = hash
	r.mu.Unlock()
	c.input = inputPeer(c.id, hash)
	return read(ctx, c)
}

// refusedBefore reports whether the last sync, too, ended the chat so: its hash was
// new then.
func (r *run) refusedBefore(c *chat, err error) (bool, error) {
	var note chatNote
	_, loadErr := load(r.archive, noteKey(r.account, c.id), &note)
	return note.Refused && note.Error == reason(err), loadErr
}

// newHash is the access hash of a chat in a list that is asked for once after each
// look at the list of chats.
func (r *run) newHash(ctx context.Context, id archive.PeerID) (int64, bool, error) {
	if r.hashes == nil {
		chats, err := r.link.dialogs(ctx, r.account, r.knownHash)
		if err != nil {
			return 0, false, err
		}
		r.hashes = map[archive.PeerID]int64{}
		for _, c := range chats {
			r.hashes[c.id] = c.hash
		}
	}
	hash, ok := r.hashes[id]
	return hash, ok, nil
}

// hashOf is the access hash of a chat of the list, 0 if it is not there.
func (r *run) hashOf(id archive.PeerID) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.chats[id]; c != nil {
		return c.hash
	}
	return 0
}
