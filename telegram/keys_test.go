package telegram

import (
	"path/filepath"
	"testing"

	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// addFiles adds messages with files, which lie in several data centres.
func (i *installation) addFiles(n int) {
	i.t.Helper()
	for range n {
		_, err := i.world.AddMessage(0, world.NewMessage{Chat: "channel105", Text: "a file", FileName: "f.bin", FileSize: 5000})
		if err != nil {
			i.t.Fatal(err)
		}
	}
}

// Keys are exchanged with each data centre once, and not again by later runs.
func TestKeysAreKept(t *testing.T) {
	i := install(t, newVillage(t, world.Options{FileDCs: []int{1, 2, 4}}))
	i.login()
	i.mustSync()
	if n := i.sim.Stats().Requests["auth.importAuthorization"]; n != 2 {
		t.Fatalf("signed in at %d other data centres, want 2", n)
	}
	i.sim.ResetStats()
	i.addFiles(12)
	if r := i.mustSync(); r.Media != 12 {
		t.Fatalf("result %+v", r)
	}
	if s := i.sim.Stats(); s.Exchanges != 0 || s.Requests["auth.importAuthorization"] != 0 {
		t.Fatalf("%d keys exchanged, %d times signed in", s.Exchanges, s.Requests["auth.importAuthorization"])
	}
}

// A key is there when gotd has handed it over, which is after it says that it is
// connected.
func TestKeyIsWaitedFor(t *testing.T) {
	k := newKeyStore(&Session{}, 4)
	stored := k.next()
	if err := k.adopt(); err == nil || k.signedIn() {
		t.Fatal("adopted before it was there")
	}
	select {
	case <-stored:
		t.Fatal("no key was stored")
	default:
	}
	if err := k.StoreSession(t.Context(), []byte(`{"Version":1,"Data":{}}`)); err != nil {
		t.Fatal(err)
	}
	<-stored
	if data, err := k.LoadSession(t.Context()); err != nil || len(data) == 0 {
		t.Fatalf("key %q, error %v", data, err)
	}
	select {
	case <-k.next():
		t.Fatal("the next one is not there yet")
	default:
	}
}

// A data centre that lost a key gets another one, which takes the old one's
// place in the file once the account has signed in with it, and not before.
func TestKeysAreReplaced(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{FileDCs: []int{4}}))
	i.login()
	i.mustSync()
	before := i.storedKey(4)
	lose := simulator.Fault{Method: "upload.getFile", DC: 4, LoseKey: true, Count: 1}
	refuse := simulator.Fault{Method: "auth.importAuthorization", Code: 400, Error: "AUTH_BYTES_INVALID"}
	if err := i.sim.Fault(lose, refuse); err != nil {
		t.Fatal(err)
	}
	i.addFiles(1)
	if r, err := i.sync(t.Context(), SyncOptions{}); err != nil || r.MissingFailed != 1 {
		t.Fatalf("result %+v, error %v", r, err)
	}
	if same, err := sameKey(before, i.storedKey(4)); err != nil || !same {
		t.Fatalf("a key that is not signed in was stored (error %v)", err)
	}
	i.sim.ClearFaults()
	if r := i.mustSync(); r.Media != 1 {
		t.Fatalf("result %+v", r)
	}
	if same, err := sameKey(before, i.storedKey(4)); err != nil || same {
		t.Fatalf("the new key is not stored (error %v)", err)
	}
	i.sim.ResetStats()
	i.addFiles(1)
	i.mustSync()
	if n := i.sim.Stats().Exchanges; n != 0 {
		t.Fatalf("%d keys exchanged", n)
	}
}

// A data centre that knows the key and not the account any more is signed in to
// again.
func TestKeysAreSignedInAgain(t *testing.T) {
	i := install(t, newVillage(t, world.Options{FileDCs: []int{4}}))
	i.login()
	i.mustSync()
	i.sim.ResetStats()
	if err := i.sim.Fault(simulator.Fault{Method: "upload.getFile", DC: 4, Revoke: true, Count: 1}); err != nil {
		t.Fatal(err)
	}
	i.addFiles(3)
	if r := i.mustSync(); r.Media != 3 {
		t.Fatalf("result %+v", r)
	}
	if s := i.sim.Stats(); s.Exchanges != 0 || s.Requests["auth.importAuthorization"] == 0 {
		t.Fatalf("%d keys exchanged, %d times signed in", s.Exchanges, s.Requests["auth.importAuthorization"])
	}
}

// storedKey is the key of a data centre that the session's file has.
func (i *installation) storedKey(dc int) []byte {
	i.t.Helper()
	saved, err := readSession(filepath.Join(i.dir, "a.session"), xorSealer(7))
	if err != nil || saved == nil || saved.Keys[dc] == nil {
		i.t.Fatalf("no key of data centre %d: %v", dc, err)
	}
	return saved.Keys[dc]
}
