package telegram

import (
	"testing"

	"telekeep/archive"
	"telekeep/telegram/simulator/world"
)

// A made-up account with chats, messages and media of every kind: what the
// server says it has is what the archive has.
func TestSyncOfEveryKind(t *testing.T) {
	t.Parallel()
	w, err := world.FromSeed(world.SeedOptions{
		Options: world.Options{FileDCs: []int{2}}, Seed: 7, Chats: 130, Messages: 4000, MediaBytes: 4 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	i := install(t, w)
	i.login()
	r := i.mustSync()
	c, end := i.client()
	chats, err := c.Chats(t.Context(), Rules{})
	end()
	if err != nil {
		t.Fatal(err)
	}
	s := i.snapshot()
	account := s.Accounts()[0]
	have, total := map[archive.PeerID]archive.ChatInfo{}, 0
	for _, chat := range s.Chats(account.ID) {
		have[chat.ID] = chat
		total += chat.Messages
	}
	if len(chats) < 100 || r.Chats < len(chats) {
		t.Errorf("%d chats are listed, %d were looked at", len(chats), r.Chats)
	}
	for _, chat := range chats {
		if got := have[chat.ID]; got.Messages != chat.Count || got.Dialog == nil || got.Dialog.Type != chat.Type {
			t.Errorf("%s, %s: %d messages of %d, dialog %+v", chat.ID, chat.Type, got.Messages, chat.Count, got.Dialog)
		}
	}
	if total != r.Messages {
		t.Errorf("%d messages are in the archive, %d in the result", total, r.Messages)
	}
	if s.Unknown() != (archive.Unknown{}) {
		t.Errorf("records that the archive does not know: %+v", s.Unknown())
	}
	for _, m := range r.Missing {
		if m.Reason != archive.MissingProtected && m.Reason != archive.MissingExpiring && m.Detail != "the server offers no file" {
			t.Errorf("missing: %+v", m)
		}
	}
	objects := len(i.dst.Names())
	if r = i.mustSync(); r.Messages+r.Media+r.MissingTotal != 0 || len(i.dst.Names()) != objects {
		t.Errorf("the second sync: %+v", r)
	}
}
