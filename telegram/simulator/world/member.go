package world

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gotd/td/tg"
)

// AddMembers gives n people of the world logins of their own. They are in the same
// channels and supergroups as the first account, with the same messages and files,
// and see none of its other chats. Of o, the code, the password and the home data
// centre count. It must be called before the world is served.
func (w *World) AddMembers(n int, o Options) error {
	var known []*person
	for _, p := range w.people {
		if !p.bot && !p.deleted && w.login(p.id) == nil {
			known = append(known, p)
		}
	}
	if n < 0 || n > len(known) {
		return fmt.Errorf("%d members among %d people: %w", n, len(known), ErrUnknown)
	}
	slices.SortFunc(known, func(a, b *person) int { return cmp.Compare(a.id, b.id) })
	first := w.accounts[0]
	for _, p := range known[:n] {
		if p.phone == "" {
			p.phone = fmt.Sprintf("99966%d%06d", len(w.accounts), p.id%1_000_000)
		}
		o.Phone = p.phone
		a := w.addAccount(p.id, p.phone, o)
		for _, c := range first.order {
			if c.kind == 'c' {
				a.order = append(a.order, c)
				a.chats[c.peer] = c
			}
		}
	}
	return nil
}

// addressed makes a message of a channel look as the account sees it: its own
// are outgoing.
func (w *World) addressed(a *account, m tg.MessageClass) {
	if len(w.accounts) < 2 {
		return
	}
	switch m := m.(type) {
	case *tg.Message:
		if _, ok := m.PeerID.(*tg.PeerChannel); ok {
			m.Out = m.FromID != nil && fromTL(m.FromID) == userPeer(a.UserID)
		}
	case *tg.MessageService:
		if _, ok := m.PeerID.(*tg.PeerChannel); ok {
			m.Out = m.FromID != nil && fromTL(m.FromID) == userPeer(a.UserID)
		}
	}
}
