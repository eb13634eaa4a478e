package telegram

import (
	"testing"

	"telekeep/telegram/simulator/world"
)

// Rules that mean no chat are told, by the list of chats and by a sync.
func TestUnmatchedRules(t *testing.T) {
	i := install(t, newVillage(t, world.Options{}))
	i.login()
	rules := Rules{Include: []string{"Chat private*", "channel105", "Nobody", "supergroup"}, Exclude: []string{"@noname", "9999", "Nobody"}}
	want := []string{"Nobody", "@noname", "9999"}
	c, end := i.client()
	chats, err := c.Chats(t.Context(), rules)
	end()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "unmatched by Chats", rules.Unmatched(chats), want)
	r, err := i.sync(t.Context(), SyncOptions{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "unmatched by Sync", r.Unmatched, want)
	rules = Rules{Exclude: []string{"channel", "Chat public_channel"}}
	if got := rules.Unmatched(chats); got != nil {
		t.Fatalf("unmatched: %q", got)
	}
}
