package world

import (
	"fmt"

	"github.com/gotd/td/tg"
)

// Leave takes a group or channel off an account's list, as if its owner had left.
// A channel can still be read.
func (w *World) Leave(user int64, chatName string) error {
	w.changing.Lock()
	defer w.changing.Unlock()
	w.mu.Lock()
	a, c, err := w.named(user, chatName)
	if err == nil && w.places[c.peer] == nil {
		err = fmt.Errorf("chat %s is no group", c.peer)
	}
	if err != nil {
		w.mu.Unlock()
		return err
	}
	w.places[c.peer].left = true
	a.seq++
	cast := w.newCast(a)
	cast.add(c.peer)
	u := &tg.Updates{Updates: []tg.UpdateClass{}, Users: cast.users(), Chats: cast.chats(), Date: int(w.now().Unix()), Seq: a.seq}
	if c.kind == 'c' {
		u.Updates = append(u.Updates, &tg.UpdateChannel{ChannelID: c.peer.id})
	}
	w.mu.Unlock()
	w.deliver(a.UserID, u)
	return nil
}
