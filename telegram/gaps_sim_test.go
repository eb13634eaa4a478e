package telegram

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"telekeep/archive"
	"telekeep/telegram/simulator/world"
)

// gaps makes the gap map of what is archived.
func (i *installation) gaps() *GapMap {
	i.t.Helper()
	w, end := i.archive()
	defer end()
	m, err := Gaps(w, testUser, GapOptions{All: true})
	if err != nil {
		i.t.Fatal(err)
	}
	return m
}

func (m *GapMap) chat(t *testing.T, id archive.PeerID) *ChatGaps {
	t.Helper()
	for _, c := range m.Chats {
		if c.Chat == id {
			return c
		}
	}
	t.Fatalf("no gap map of %s", id)
	return nil
}

// The gap map follows what happens to an account, and survives the loss of the
// local state.
func TestGaps(t *testing.T) {
	i := install(t, newVillage(t, world.Options{}))
	i.login()
	i.fault("messages.getHistory error=400:MSG_ID_INVALID after=12 count=1")
	r, err := i.sync(t.Context(), SyncOptions{Rules: Rules{Exclude: []string{"bot"}, Kinds: []string{"photo"}}})
	if err != nil || r.Complete() || !r.CompleteUntil.IsZero() {
		t.Fatalf("result %+v, error %v", r, err)
	}
	m, failed := i.gaps(), archive.PeerID("")
	for _, f := range r.Failures {
		failed = f.Chat
	}
	broken := m.chat(t, failed)
	if m.Complete != 0 || len(r.Failures) != 1 || broken.IDs[GapPending] == 0 || broken.Error != "MSG_ID_INVALID" {
		t.Fatalf("gaps of %s: %+v", failed, broken)
	}
	if bot := m.chat(t, "user102"); !bot.Out || bot.Rule != "bot" || bot.IDs[GapExcluded] != bot.Top || bot.Top == 0 {
		t.Fatalf("gaps of an excluded chat: %+v", bot)
	}
	left := 0
	for _, c := range m.Chats {
		n := c.Media.Missing[archive.MissingExcluded].Files
		if c.Media.Stored != 0 || c.Media.Messages != n {
			t.Fatalf("media of %s: %+v", c.Chat, c.Media)
		}
		left += n
	}
	if left < 10 {
		t.Fatalf("%d files are left out", left)
	}

	if r := i.mustSync(); r.CompleteUntil.IsZero() {
		t.Fatalf("result %+v", r)
	}
	i.delete("channel105", false, 3, 4, 40)
	i.delete("user101", false, 50)
	if err := i.world.CloseChannel(0, "channel104"); err != nil {
		t.Fatal(err)
	}
	r = i.mustSync()
	m = i.gaps()
	if m.Complete != r.CompleteUntil.Unix() {
		t.Fatalf("complete until %d, the sync says %v", m.Complete, r.CompleteUntil)
	}
	news := m.chat(t, "channel105")
	if news.Top != 40 || news.IDs[GapStored] != 37 || news.IDs[GapDeleted] != 3 || news.Server != 37 || news.Excess != 0 {
		t.Fatalf("gaps of a channel: %+v", news)
	}
	if news.Media.Messages != 10 || news.Media.Stored != 10 || len(news.Media.Files) != 0 {
		t.Fatalf("media of a channel: %+v", news.Media)
	}
	if c := m.chat(t, "user101"); c.IDs[GapStored]+c.IDs[GapDeleted] != 250 || c.IDs[GapDeleted] != 1 || c.IDs[GapPending] != 0 {
		t.Fatalf("gaps of a private chat: %+v", c)
	}
	if c := m.chat(t, "channel104"); c.IDs[GapStored] != 230 || !c.Unlisted {
		t.Fatalf("gaps of a chat that may not be read any more: %+v", c)
	}
	if c := m.chat(t, "user102"); c.Out || c.IDs[GapExcluded] != 0 || c.IDs[GapStored] != 10 {
		t.Fatalf("gaps of a chat that is included again: %+v", c)
	}

	for _, name := range []string{"index.db", "index.db-wal", "index.db-shm", "journal"} {
		if err := os.RemoveAll(filepath.Join(i.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if again := i.gaps(); !reflect.DeepEqual(again, m) {
		t.Fatalf("rebuilt from the vault: %+v, was %+v", again, m)
	}
}
