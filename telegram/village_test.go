package telegram

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"telekeep/archive"
	"telekeep/telegram/simulator/world"
)

// The village: a small account with a chat of most kinds, as an export that the
// simulator serves.
var villageChats = []villageChat{
	{"saved_messages", 100, 30, 5},
	{"personal_chat", 101, 250, 20},
	{"bot_chat", 102, 10, 0},
	{"private_group", 103, 120, 3},
	{"private_supergroup", 104, 230, 30},
	{"public_channel", 105, 40, 10},
	{"private_channel", 106, 0, 0},
}

// villageOld are messages of the basic group that supergroup 104 was.
const villageOld = 110

type villageChat struct {
	kind     string
	id       int64
	messages int
	files    int
}

func (c villageChat) peer() archive.PeerID {
	switch c.kind {
	case "saved_messages", "personal_chat", "bot_chat":
		return archive.NewPeerID(archive.PeerUser, c.id)
	case "private_group":
		return archive.NewPeerID(archive.PeerChat, c.id)
	}
	return archive.NewPeerID(archive.PeerChannel, c.id)
}

// newVillage builds the village anew; the same each time.
func newVillage(t testing.TB, o world.Options) *world.World {
	t.Helper()
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 1))
	var list []map[string]any
	common := 0 // private chats and basic groups share their ids
	for _, c := range villageChats {
		messages := []map[string]any{}
		if c.id == 104 {
			for i := range villageOld {
				messages = append(messages, villageMessage(i+1-1_000_000_000, c, fmt.Sprintf("old %d", i)))
			}
		}
		for i := range c.messages {
			id := i + 1
			if c.peer().Kind() != archive.PeerChannel {
				common++
				id = common
			}
			m := villageMessage(id, c, fmt.Sprintf("%s message %d", c.kind, i))
			if i*c.files/c.messages != (i+1)*c.files/c.messages {
				villageFile(t, dir, random, m)
			}
			messages = append(messages, m)
		}
		list = append(list, map[string]any{"name": "Chat " + c.kind, "type": c.kind, "id": c.id, "messages": messages})
	}
	export := map[string]any{
		"about":                "",
		"personal_information": map[string]any{"user_id": 100, "first_name": "Vera", "last_name": "", "phone_number": "+1 555 0100", "username": "@vera"},
		"chats":                map[string]any{"about": "", "list": list},
	}
	data, err := json.Marshal(export)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "result.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	w, warnings, err := world.FromExport(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range warnings {
		t.Log(warning)
	}
	return w
}

func villageMessage(id int, c villageChat, text string) map[string]any {
	from := fmt.Sprintf("user%d", 101+id%2)
	if c.kind == "public_channel" {
		from = string(c.peer())
	}
	return map[string]any{
		"id": id, "type": "message", "date": "2024-01-02T03:04:05", "date_unixtime": fmt.Sprint(1_704_164_645 + id&0xffff),
		"from": "Somebody", "from_id": from, "text": text, "text_entities": []any{map[string]any{"type": "plain", "text": text}},
	}
}

// villageFile gives a message a file of some bytes up to 3 MB, a few of them
// known from another message.
func villageFile(t testing.TB, dir string, random *rand.Rand, m map[string]any) {
	t.Helper()
	size := 1 + random.IntN(1<<random.IntN(22))
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	name := fmt.Sprintf("file %d.bin", random.Uint32())
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
	m["file"], m["file_name"], m["file_size"], m["mime_type"] = name, name, size, "application/octet-stream"
}

// A digest is what a backup holds, to be compared with that of another.
type digest struct {
	messages map[archive.PeerID]string // per chat: ids and texts
	media    map[archive.MediaKey]string
}

// digestOf reads everything from a snapshot.
func digestOf(t testing.TB, s *archive.Snapshot) digest {
	t.Helper()
	d := digest{map[archive.PeerID]string{}, map[archive.MediaKey]string{}}
	account := s.Accounts()[0].ID
	for _, c := range s.Chats(account) {
		text := ""
		for m, err := range s.Messages(t.Context(), account, c.ID) {
			if err != nil {
				t.Fatal(err)
			}
			text += fmt.Sprintf("%d %v %s\n", m.ID, m.Deleted, m.Text.Text)
		}
		d.messages[c.ID] = text
	}
	for m := range s.AllMedia() {
		d.media[m.Key] = m.SHA256
	}
	return d
}
