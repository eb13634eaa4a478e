package telegram

import (
	"testing"

	"telekeep/archive"
	"telekeep/telegram/simulator/world"
)

// Chats tells how many files of each kind there are, and what of them the rules
// allow: exactly where a page holds all messages, else as an estimate.
func TestChatsCost(t *testing.T) {
	i := install(t, newVillage(t, world.Options{}))
	i.login()
	costs := func(rules Rules) map[archive.PeerID]Chat {
		t.Helper()
		c, end := i.client()
		defer end()
		chats, err := c.Chats(t.Context(), rules)
		if err != nil {
			t.Fatal(err)
		}
		out := map[archive.PeerID]Chat{}
		for _, chat := range chats {
			out[chat.ID] = chat
		}
		return out
	}
	all := costs(Rules{})
	news, friend := all["channel105"], all["user101"]
	if news.Count != 40 || news.Media["file"] != 10 || !news.MediaExact || news.MediaBytes == 0 {
		t.Fatalf("a small chat: %+v", news)
	}
	if friend.Count != 250 || friend.Media["file"] != 20 || friend.MediaExact || friend.MediaBytes == 0 {
		t.Fatalf("a chat of several pages: %+v", friend)
	}
	if bot := all["user102"]; bot.Count != 10 || len(bot.Media) != 0 || !bot.MediaExact || bot.MediaBytes != 0 {
		t.Fatalf("a chat without files: %+v", bot)
	}
	none := costs(Rules{Kinds: []string{"none"}, Exclude: []string{"channel105"}, Special: []SpecialRules{{Chats: []string{"channel105"}}}})
	if c := none["channel105"]; c.Included || c.MediaBytes != news.MediaBytes {
		t.Fatalf("a chat that is left out, with rules of its own: %+v", c)
	}
	if c := none["user101"]; c.Media["file"] != 20 || c.MediaBytes != 0 {
		t.Fatalf("a chat without allowed files: %+v", c)
	}
	i.fault("messages.getSearchCounters error=400:METHOD_INVALID")
	if c := costs(Rules{})["user101"]; c.Count != 250 || c.Media != nil || c.MediaBytes == 0 || c.MediaExact {
		t.Fatalf("a server that does not count files: %+v", c)
	}
}
