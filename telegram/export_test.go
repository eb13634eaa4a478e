package telegram

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/export"
	"telekeep/telegram/simulator/world"
)

// A document is as much of result.json as the tests below look at.
type document struct {
	Chats, LeftChats struct{ List []documentChat }
}

type documentChat struct {
	Name     string
	Type     archive.ChatType
	ID       int64
	Messages []documentMessage
}

type documentMessage struct {
	ID        int
	Text      any
	SavedFrom *string `json:"saved_from"`
	Action    string
	Telekeep  *struct {
		Deleted bool
		Topic   string
		Message archive.Message
		Earlier []struct{ Message archive.Message } `json:"earlier_versions"`
	}
}

// exported exports an account of a vault.
func exported(t *testing.T, i *installation, o export.Options) document {
	t.Helper()
	dir := t.TempDir()
	o.Location = time.UTC
	result, err := export.JSON(t.Context(), i.snapshot(), dir, o)
	if err != nil || result.Failed > 0 {
		t.Fatalf("%v %+v", err, result)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Chats     struct{ List []documentChat } `json:"chats"`
		LeftChats struct{ List []documentChat } `json:"left_chats"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return document{d.Chats, d.LeftChats}
}

// chatOf is a chat's place in a document.
func (d document) chatOf(t *testing.T, id int64) documentChat {
	t.Helper()
	for _, c := range append(d.Chats.List, d.LeftChats.List...) {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no chat %d in the document", id)
	return documentChat{}
}

// What changed between two backups: the document has the newest versions and no
// deleted messages; with everything added it has the earlier ones and those.
func TestExportOfWhatChanged(t *testing.T) {
	t.Parallel()
	w := newVillage(t, world.Options{FileDCs: []int{2}})
	i := install(t, w)
	i.login()
	i.mustSync()
	if err := w.EditMessage(0, "channel104", 7, "said otherwise", false); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DeleteMessages(0, "channel104", []int{8, 9}, false); err != nil {
		t.Fatal(err)
	}
	i.mustSync()
	plain := exported(t, i, export.Options{}).chatOf(t, 104)
	if want := villageOld + 230 - 2; len(plain.Messages) != want || plain.Messages[0].ID != 1-1_000_000_000 {
		t.Fatalf("%d messages from %d on, want %d with those of the old group", len(plain.Messages), plain.Messages[0].ID, want)
	}
	texts := map[int]any{}
	for _, m := range plain.Messages {
		if texts[m.ID] = m.Text; m.Telekeep != nil {
			t.Fatalf("message %d has extras", m.ID)
		}
	}
	if texts[7] != "said otherwise" || texts[8] != nil {
		t.Errorf("messages 7 and 8 say %v and %v", texts[7], texts[8])
	}
	full := exported(t, i, export.Options{Deleted: true, Extras: true}).chatOf(t, 104)
	found := 0
	for _, m := range full.Messages {
		x := m.Telekeep
		if x == nil || x.Deleted != (m.ID == 8 || m.ID == 9) || len(x.Earlier) > 0 != (m.ID == 7) {
			t.Fatalf("message %d: %+v", m.ID, x)
		}
		if m.ID == 7 && x.Earlier[0].Message.Text.Text == "private_supergroup message 6" || x.Deleted {
			found++
		}
	}
	if found != 3 || len(full.Messages) != villageOld+230 {
		t.Errorf("%d of 3 changes among %d messages", found, len(full.Messages))
	}
}

// Every message of a forum has its topic, with the topic's title; saved messages
// have the chat they were saved from.
func TestExportOfTopics(t *testing.T) {
	t.Parallel()
	w, err := world.FromSeed(world.SeedOptions{Options: world.Options{FileDCs: []int{2}}, Seed: 4, Messages: 900, MediaBytes: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	i := install(t, w)
	i.login()
	i.mustSync()
	d := exported(t, i, export.Options{Extras: true})
	titles, saved, forums := map[string]bool{}, 0, 0
	for _, c := range d.Chats.List {
		isForum := false
		for _, m := range c.Messages {
			isForum = isForum || m.Action == "topic_created"
		}
		for _, m := range c.Messages {
			x := m.Telekeep
			switch {
			case isForum && (x.Message.Topic == 0 || x.Topic == ""):
				t.Errorf("forum %d: message %d stands in topic %d, %q", c.ID, m.ID, x.Message.Topic, x.Topic)
			case isForum:
				titles[x.Topic] = true
			case c.Type == archive.ChatSaved && m.SavedFrom != nil:
				if saved++; x.Message.SavedPeer == "" || x.Topic != *m.SavedFrom {
					t.Errorf("saved message %d: from %s, topic %q", m.ID, *m.SavedFrom, x.Topic)
				}
			}
		}
		if isForum {
			forums++
		}
	}
	if forums != 1 || len(titles) != 4 || saved == 0 {
		t.Errorf("%d forums, topics %v, %d saved messages", forums, titles, saved)
	}
}

// Chats that were left stand apart: those that a takeout tells of, and those that
// were left between two backups. Without an answer about them they stay.
func TestExportOfLeftChats(t *testing.T) {
	t.Parallel()
	w, err := world.FromSeed(world.SeedOptions{Options: world.Options{FileDCs: []int{2}}, Seed: 4, Messages: 300, MediaBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	i := install(t, w)
	i.login()
	if r, err := i.sync(t.Context(), SyncOptions{Takeout: TakeoutFirst}); err != nil || !r.Complete() {
		t.Fatalf("%v %+v", err, r)
	}
	d := exported(t, i, export.Options{})
	if len(d.LeftChats.List) != 1 || len(d.LeftChats.List[0].Messages) == 0 {
		t.Fatalf("left chats: %d", len(d.LeftChats.List))
	}
	var group, channel documentChat
	for _, c := range d.Chats.List {
		switch c.Type {
		case archive.ChatPrivateGroup:
			group = c
		case archive.ChatPublicChannel:
			channel = c
		}
	}
	leave := func(id archive.PeerID) {
		if err := w.Leave(0, string(id)); err != nil {
			t.Fatal(err)
		}
	}
	leave(archive.NewPeerID(archive.PeerChat, group.ID))
	leave(archive.NewPeerID(archive.PeerChannel, channel.ID))
	i.mustSync()
	d = exported(t, i, export.Options{})
	if len(d.LeftChats.List) != 3 {
		t.Fatalf("left chats: %d", len(d.LeftChats.List))
	}
	for _, c := range []documentChat{group, channel} {
		if now := d.chatOf(t, c.ID); len(now.Messages) != len(c.Messages) || now.Type != c.Type {
			t.Errorf("%s has %d messages, had %d", c.Type, len(now.Messages), len(c.Messages))
		}
	}
	i.sim.ResetStats()
	i.mustSync()
	if n := i.sim.Stats().Requests["channels.getChannels"] + i.sim.Stats().Requests["messages.getChats"]; n != 0 {
		t.Errorf("%d requests for chats that are known to be left", n)
	}
}
