package world

import (
	"encoding/binary"
	"fmt"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// strangeID is of no constructor in any layer.
const strangeID = 0x57a4e000

// A strangeMessage is one of a kind that no client knows.
type strangeMessage struct{ tg.MessageClass }

// Encode implements bin.Encoder.
func (m *strangeMessage) Encode(b *bin.Buffer) error {
	at := b.Len()
	if err := m.MessageClass.Encode(b); err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(b.Buf[at:], strangeID)
	return nil
}

// MakeStrange makes a message one of a kind that no client knows: answers that
// hold it cannot be read.
func (w *World) MakeStrange(user int64, chatName string, id int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, c, err := w.named(user, chatName)
	if err != nil {
		return err
	}
	if c.get(id) == nil {
		return fmt.Errorf("message %d: %w", id, ErrUnknown)
	}
	if c.strange == nil {
		c.strange = map[int]bool{}
	}
	c.strange[id] = true
	return nil
}
