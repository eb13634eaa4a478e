package telegram

import (
	"errors"
	"path/filepath"
	"testing"

	"telekeep/telegram/simulator/world"
)

// The account moves to another data centre: the login goes along, and nothing is
// missing. Where it cannot follow, the old key is kept.
func TestAccountMoves(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{HomeDC: 2, FileDCs: []int{2}}))
	i.login()
	i.mustSync()
	home := func() int {
		t.Helper()
		saved, err := readSession(filepath.Join(i.dir, "a.session"), xorSealer(7))
		if err != nil || saved == nil || saved.Account != "user100" {
			t.Fatalf("session %+v, error %v", saved, err)
		}
		return dcOf(saved.Data)
	}
	i.fault("move=4", "auth.importAuthorization error=400:AUTH_BYTES_INVALID count=1")
	i.addFiles(3)
	if _, err := i.sync(t.Context(), SyncOptions{}); err == nil || errors.Is(err, ErrSessionRevoked) || home() != 2 {
		t.Fatalf("it could not follow, and is at home in data centre %d; error %v", home(), err)
	}
	if r := i.mustSync(); r.Messages != 3 || r.Media != 3 || home() != 4 {
		t.Fatalf("at home in data centre %d; result %+v", home(), r)
	}
	i.sim.ResetStats()
	i.mustSync()
	if s := i.sim.Stats(); s.Exchanges != 0 || s.Requests["auth.exportAuthorization"] != 0 {
		t.Errorf("afterwards: %d keys exchanged, %v", s.Exchanges, s.Requests)
	}
}
