package telegram

import (
	"maps"
	"testing"

	"telekeep/telegram/simulator/world"
)

// requestsOfNothingNew is what a sync asks for behind one that stored everything.
func requestsOfNothingNew(t *testing.T, chats, messages int) map[string]int {
	t.Helper()
	w, err := world.FromSeed(world.SeedOptions{
		Options: world.Options{FileDCs: []int{2}}, Seed: 3, Chats: chats, Messages: messages, MediaBytes: 64 << 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	i := install(t, w)
	i.login()
	if _, err := i.sync(t.Context(), SyncOptions{Rules: Rules{Kinds: []string{"none"}}}); err != nil {
		t.Fatal(err)
	}
	i.sim.ResetStats()
	r, err := i.sync(t.Context(), SyncOptions{Rules: Rules{Kinds: []string{"none"}}})
	if err != nil || r.Messages+r.Edited+r.Deleted != 0 {
		t.Fatalf("result %+v, error %v", r, err)
	}
	return i.sim.Stats().Requests
}

// A sync with nothing new asks for the same, however many messages there are; of
// more chats only the list is longer.
func TestNothingNewCostsTheSame(t *testing.T) {
	t.Parallel()
	few, many := requestsOfNothingNew(t, 10, 100), requestsOfNothingNew(t, 10, 1500)
	t.Logf("10 chats: %v", few)
	if !maps.Equal(few, many) {
		t.Errorf("with 100 messages it asks for %v, with 1,500 for %v", few, many)
	}
	wide := requestsOfNothingNew(t, 150, 300)
	t.Logf("150 chats: %v", wide)
	if n := wide["messages.getDialogs"]; n < 2 || n > 3 {
		t.Errorf("%d pages of the list of 150 chats", n)
	}
	wide["messages.getDialogs"] = few["messages.getDialogs"]
	if !maps.Equal(few, wide) {
		t.Errorf("with 10 chats it asks for %v, with 150 for %v", few, wide)
	}
}
