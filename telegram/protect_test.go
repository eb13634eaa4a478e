package telegram

import (
	"testing"

	"telekeep/archive"
	"telekeep/telegram/simulator/world"
)

// Where one side of a private chat forbids saving, messages are kept and media
// is not fetched, until it is allowed again.
func TestProtectedPrivateChat(t *testing.T) {
	i := install(t, newVillage(t, world.Options{}))
	protect := func(on bool) {
		t.Helper()
		if err := i.world.Protect(0, "user101", on); err != nil {
			t.Fatal(err)
		}
	}
	protect(true)
	i.login()
	r := i.mustSync()
	protected := 0
	for _, m := range r.Missing {
		if m.Reason == archive.MissingProtected && m.Chat == "user101" {
			protected++
		}
	}
	if protected != 20 || r.MissingTotal != 20 {
		t.Fatalf("%d files are protected: %+v", protected, r)
	}
	for _, c := range i.snapshot().Chats(testUser) {
		if c.ID == "user101" && c.Messages != 250 {
			t.Fatalf("%d messages", c.Messages)
		}
	}
	protect(false)
	i.mustSync() // finds out
	if r = i.mustSync(); r.Media+r.MediaKnown != 20 || r.MissingTotal != 0 {
		t.Fatalf("allowed again: %+v", r)
	}
	asked := i.sim.Stats().Requests["users.getFullUser"]
	i.mustSync()
	if n := i.sim.Stats().Requests["users.getFullUser"]; n != asked+1 {
		t.Fatalf("asked %d times about people though nothing is new", n-asked-1)
	}
}

// testUser is the village's account.
const testUser archive.PeerID = "user100"
