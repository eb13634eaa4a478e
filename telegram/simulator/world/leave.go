package world

import (
	"fmt"

	"github.com/gotd/td/tg"
)

// Leave takes a group or channel off an account's list, as if its owner had left.
// A channel can still be read.
func (w *World) Leave(user int64, chatName string) error {
	return w.happen(user, chatName, false, func(_ *account, c *chat) (tg.UpdateClass, error) {
		place := w.places[c.peer]
		if place == nil {
			return nil, fmt.Errorf("chat %s is no group", c.peer)
		}
		place.left = true
		if c.kind != 'c' {
			return nil, nil
		}
		return &tg.UpdateChannel{ChannelID: c.peer.id}, nil
	})
}
