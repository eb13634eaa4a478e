package telegram

import (
	"errors"
	"path/filepath"
	"testing"

	"telekeep/telegram/simulator/world"
)

// However a server ends a session, and at whatever step: one error that says
// which way, a handful of requests, and the key is kept, since it may have been a
// mistake.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{HomeDC: 2, FileDCs: []int{2}}))
	i.login()
	before, err := readSession(filepath.Join(i.dir, "a.session"), xorSealer(7))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fault string
		want  error
	}{
		{"* error=401:SESSION_EXPIRED", ErrSessionRevoked}, // before the first call
		{"users.getUsers error=401:AUTH_KEY_UNREGISTERED", ErrSessionRevoked},
		{"messages.getDialogs error=401:SESSION_REVOKED", ErrSessionRevoked},
		{"messages.getHistory error=401:USER_DEACTIVATED_BAN after=1", ErrAccountGone},
		{"messages.getHistory error=406:AUTH_KEY_DUPLICATED after=1", ErrSessionDuplicated},
	} {
		i.fault(c.fault)
		i.sim.ResetStats()
		_, err := i.sync(t.Context(), SyncOptions{})
		i.sim.ClearFaults()
		if !errors.Is(err, c.want) || !errors.Is(err, ErrSessionRevoked) {
			t.Errorf("%s: error %v, want %v", c.fault, err, c.want)
		}
		i.fewRequests(c.fault, 60, 10)
		after, err := readSession(filepath.Join(i.dir, "a.session"), xorSealer(7))
		if err != nil {
			t.Fatalf("%s: %v", c.fault, err)
		}
		if same, err := sameKey(before.Data, after.Data); !same || err != nil {
			t.Fatalf("%s: the key changed, error %v", c.fault, err)
		}
	}
	i.mustSync() // it was a mistake
}

// fewRequests checks that a run that fails did not ask over and over.
func (i *installation) fewRequests(what string, most, mostConnections int) {
	i.t.Helper()
	s, sum := i.sim.Stats(), 0
	for _, n := range s.Requests {
		sum += n
	}
	i.t.Logf("%s: %d requests, %d connections, %d keys", what, sum, s.Accepted, s.Exchanges)
	if sum > most || int(s.Accepted) > mostConnections || s.Exchanges > 3 {
		i.t.Errorf("%s: %d requests, %d connections, %d keys exchanged: %v", what, sum, s.Accepted, s.Exchanges, s.Requests)
	}
}

// A data centre that denies a session which the account's own takes is given up
// for the run, with all files that lie there: not asked for each of them.
func TestMediaDenied(t *testing.T) {
	t.Parallel()
	i := install(t, newVillage(t, world.Options{HomeDC: 2, FileDCs: []int{2}}))
	i.login()
	i.fault("upload.getFile error=401:AUTH_KEY_UNREGISTERED")
	i.sim.ResetStats()
	r, err := i.sync(t.Context(), SyncOptions{})
	if err != nil || r.Messages == 0 || r.MissingFailed == 0 {
		t.Fatalf("result %+v, error %v", r, err)
	}
	if n := i.sim.Stats().Requests["upload.getFile"]; n > 2*troubleTries*4 {
		t.Errorf("asked for %d parts", n)
	}
	i.sim.ClearFaults()
	i.mustSync()
}
