package chunkstore

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"telekeep/crypto"
)

func rotate(t *testing.T, f *fixture, o RotateOptions) *Rotation {
	t.Helper()
	o.Identities, o.Now = append(o.Identities, f.owner), f.now()
	r, err := Rotate(t.Context(), f.dst, vaultKeyOf(t, f), o)
	check(t, err)
	return r
}

// What is stored since a rotation no earlier key opens; what was stored before, the new one does.
func TestRotate(t *testing.T) {
	f := newFixture(t, nil)
	f.commitOne("before")
	first := vaultKeyOf(t, f)
	dropped := addOwner(t, f, "dropped")
	gone := addOwner(t, f, "gone")
	kept := addOwner(t, f, "kept")
	c, err := RemoveOwner(t.Context(), f.dst, first, []crypto.Identity{f.owner}, "gone", f.now())
	check(t, err)
	goneFile := f.dst.Object(keyName("gone"))
	check(t, c.Apply(t.Context(), f.dst))
	f.commitOne("between")
	before := sizes(f.dst, packsPrefix)

	var left *OwnersLeft
	_, err = Rotate(t.Context(), f.dst, first, RotateOptions{Identities: []crypto.Identity{f.owner}, Now: f.now()})
	if !errors.As(err, &left) || !slices.Equal(left.Names, []string{"dropped", "kept"}) {
		t.Fatalf("owners of whom nothing was said: %v", err)
	}
	r := rotate(t, f, RotateOptions{Recipients: map[string]crypto.Recipient{"kept": kept.Recipient()}, Drop: []string{"dropped"}})
	check(t, r.Change.Apply(t.Context(), f.dst))
	check(t, r.Change.Apply(t.Context(), f.dst)) // again is fine
	print := r.Key.Fingerprint()[:4]
	if r.Names["owner"] != "owner-2-"+print || r.Names["kept"] != "kept-2-"+print || len(r.Names) != 2 {
		t.Errorf("names: %v", r.Names)
	}
	// A machine that has not taken the new key knows the same key files, and goes on.
	if got := ownerNames(t, f); got != "kept-2-"+print+" owner-2-"+print {
		t.Errorf("owners, to who does not know: %s", got)
	}
	stale := f.commitOne("stale")
	if len(stale.Keys) != 2 || stale.Keys[0].Name != "kept-2-"+print || stale.Keys[1].Name != "owner-2-"+print {
		t.Errorf("the commit lists %v", stale.Keys)
	}
	if _, err := openPackFile(t.Context(), f.dst, stale.Packs[0], first.Identity); err != nil {
		t.Errorf("a writer that has not taken the new key seals to it: %v", err)
	}
	if p := f.verify().Problems; len(p) > 0 {
		t.Errorf("before it is taken: %v", p)
	}
	changed, err := f.secrets.Take(vaultKeyOf(t, f))
	check(t, err)
	if !changed {
		t.Error("there was nothing to take")
	}
	after := f.commitOne("after")
	if _, err := openPackFile(t.Context(), f.dst, after.Packs[0], first.Identity); !errors.Is(err, crypto.ErrWrongKey) {
		t.Errorf("the first key opens what was stored since: %v", err)
	}
	for name := range before {
		if _, err := f.dst.Stat(t.Context(), name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := OpenVaultKey(t.Context(), f.dst, []crypto.Identity{dropped}); !errors.Is(err, crypto.ErrWrongKey) {
		t.Errorf("a dropped key: %v", err)
	}
	// A copy that was away brings a removed file back: it is still known to be removed.
	check(t, f.dst.Put(t.Context(), keyName("gone"), goneFile))
	if key, err := OpenVaultKey(t.Context(), f.dst, []crypto.Identity{gone}); err == nil && key.Number() > 1 {
		t.Error("a key that was removed before opens the new one")
	}
	removed, err := RemovedKeys(t.Context(), f.dst, first.VaultID, f.secrets.OwnerKey)
	check(t, err)
	if len(removed) != 4 { // owner, dropped, gone, kept
		t.Errorf("removed: %v", removed)
	}
	f.owner = kept
	var got []byte
	reader := f.reader()
	for _, c := range reader.Commits() {
		ids, err := reader.Records(t.Context(), c)
		check(t, err)
		got = append(got, readAll(t, reader, ids)...)
	}
	if string(got) != "beforebetweenstaleafter" {
		t.Errorf("read %q", got)
	}
	if p := f.verify().Problems; len(p) > 0 {
		t.Errorf("problems: %v", p)
	}
}

// Wherever a rotation is stopped, somebody who was to stay opens the vault, a check finds
// nothing, and rotating again ends it.
func TestRotateStopped(t *testing.T) {
	steps := 1
	for n := 0; n < steps; n++ {
		f := newFixture(t, nil)
		other := addOwner(t, f, "other")
		f.commitOne("before")
		r := rotate(t, f, RotateOptions{Identities: []crypto.Identity{other}})
		steps = len(r.Change.put) + len(r.Change.remove) + 1
		part := &KeyChange{put: r.Change.put[:min(n, len(r.Change.put))], remove: r.Change.remove[:max(0, n-len(r.Change.put))]}
		check(t, part.Apply(t.Context(), f.dst))
		for _, id := range []crypto.Identity{f.owner, other} {
			if _, err := OpenVaultKey(t.Context(), f.dst, []crypto.Identity{id}); err != nil {
				t.Errorf("stopped at %d: %v", n, err)
			}
		}
		f.commitOne("in the middle")
		again := rotate(t, f, RotateOptions{Identities: []crypto.Identity{other}})
		check(t, again.Change.Apply(t.Context(), f.dst))
		_, err := f.secrets.Take(again.Key)
		check(t, err)
		f.commitOne("after")
		for _, id := range []crypto.Identity{f.owner, other} {
			key, err := OpenVaultKey(t.Context(), f.dst, []crypto.Identity{id})
			check(t, err)
			if !bytes.Equal(key.Marshal(), again.Key.Marshal()) {
				t.Errorf("stopped at %d: an owner does not have the newest key", n)
			}
		}
		if names := strings.Fields(ownerNames(t, f)); len(names) != 2 {
			t.Errorf("stopped at %d: owners %v", n, names)
		}
		if p := f.verify().Problems; len(p) > 0 {
			t.Errorf("stopped at %d: %v", n, p)
		}
	}
}

// A rotation with no commit behind it, another that is stopped, and a machine that takes what there is: all key files
// that a commit lists are gone, and not all is said of them under the newest key. The files in their
// place are vouched for, so no check without an owner's key takes that for a loss.
func TestTakeStoppedRotation(t *testing.T) {
	steps := 1
	for n := 0; n < steps; n++ {
		f := newFixture(t, nil)
		f.commitOne("before")
		ids := RotateOptions{Identities: []crypto.Identity{f.owner}}
		check(t, rotate(t, f, ids).Change.Apply(t.Context(), f.dst))
		r := rotate(t, f, ids)
		steps = len(r.Change.put) + len(r.Change.remove) + 1
		part := &KeyChange{put: r.Change.put[:min(n, len(r.Change.put))], remove: r.Change.remove[:max(0, n-len(r.Change.put))]}
		check(t, part.Apply(t.Context(), f.dst))
		_, err := f.secrets.Take(vaultKeyOf(t, f))
		check(t, err)
		whole := func(when string) {
			report, err := Verify(t.Context(), f.dst, VerifyOptions{Secrets: f.secrets})
			check(t, err)
			if len(report.Problems) > 0 {
				t.Errorf("stopped at %d, %s: %v", n, when, report.Problems)
			}
		}
		whole("before a commit")
		w := f.writer()
		if p := w.Problems(); len(p) > 0 {
			t.Errorf("stopped at %d: a Writer says %v", n, p)
		}
		c := commit(t, w, store(t, w, text(1, 100)))
		check(t, w.Close())
		whole("after a commit")
		for _, k := range c.Keys {
			if k.Name == "owner" {
				t.Errorf("stopped at %d: the commit lists a key file that is gone", n)
			}
		}
	}
}

func TestRotateRefuses(t *testing.T) {
	f := newFixture(t, nil)
	key := vaultKeyOf(t, f)
	for what, k := range map[string]struct {
		o    RotateOptions
		want error
	}{
		"nobody left":    {RotateOptions{Drop: []string{"owner"}}, ErrLastKey},
		"unknown":        {RotateOptions{Identities: []crypto.Identity{f.owner}, Drop: []string{"other"}}, ErrNoKeyFile},
		"nothing given":  {RotateOptions{}, ErrOwnersLeft},
		"unknown public": {RotateOptions{Identities: []crypto.Identity{f.owner}, Recipients: map[string]crypto.Recipient{"other": f.owner.Recipient()}}, ErrNoKeyFile},
	} {
		if _, err := Rotate(t.Context(), f.dst, key, k.o); !errors.Is(err, k.want) {
			t.Errorf("%s: %v, want %v", what, err, k.want)
		}
	}
	many := *key
	many.Older = slices.Repeat([]crypto.Identity{key.Identity}, maxVaultKeys-1)
	if _, err := Rotate(t.Context(), f.dst, &many, RotateOptions{Identities: []crypto.Identity{f.owner}}); !errors.Is(err, ErrTooManyKeys) {
		t.Errorf("one key too many: %v", err)
	}
}

// Two people rotate at once, each at a copy that the other does not see. When the copies meet
// there are two newest keys: everything can be read, no machine takes either, and the next
// rotation follows on both.
func TestRotateTwice(t *testing.T) {
	f := newFixture(t, nil)
	second := addOwner(t, f, "second")
	f.commitOne("before")
	ids := []crypto.Identity{f.owner, second}
	there := f.at(f.dst.CrashClone())
	mine := rotate(t, f, RotateOptions{Identities: ids[1:]})
	theirs := rotate(t, there, RotateOptions{Identities: ids[1:]})
	check(t, mine.Change.Apply(t.Context(), f.dst))
	_, err := f.secrets.Take(mine.Key)
	check(t, err)
	f.commitOne("mine")
	check(t, theirs.Change.Apply(t.Context(), f.dst)) // as a copy that comes back does
	both := vaultKeyOf(t, f)
	if !both.conflict || both.Number() != 3 {
		t.Fatalf("conflict %t, %d keys", both.conflict, both.Number())
	}
	if _, err := f.secrets.Take(both); !errors.Is(err, ErrKeyConflict) {
		t.Errorf("a machine takes one of two newest keys: %v", err)
	}
	f.commitOne("both")
	f.verify()
	last := rotate(t, f, RotateOptions{Identities: ids[1:]})
	check(t, last.Change.Apply(t.Context(), f.dst))
	if key := vaultKeyOf(t, f); key.conflict || key.Number() != 4 || key.Fingerprint() != last.Key.Fingerprint() {
		t.Errorf("conflict %t, %d keys", key.conflict, key.Number())
	}
	_, err = f.secrets.Take(last.Key)
	check(t, err)
	after := f.commitOne("after")
	for _, old := range last.Key.Older {
		if _, err := openPackFile(t.Context(), f.dst, after.Packs[0], old); !errors.Is(err, crypto.ErrWrongKey) {
			t.Errorf("an earlier key opens what was stored since: %v", err)
		}
	}
	if got := len(strings.Fields(ownerNames(t, f))); got != 2 {
		t.Errorf("%d owners: %s", got, ownerNames(t, f))
	}
	// A copy of either side that comes back brings nothing back that counts.
	check(t, mine.Change.Apply(t.Context(), f.dst))
	if key := vaultKeyOf(t, f); key.conflict || key.Number() != 4 {
		t.Errorf("a copy came back: conflict %t, %d keys", key.conflict, key.Number())
	}
	f.verify()
}

// A writer that is at work takes a new key: no earlier key opens what it is given from then on,
// neither a pack nor an index, however full the packs were, and all of it is read. A commit
// under way harms nothing.
func TestTakeWhileOpen(t *testing.T) {
	for _, single := range []bool{true, false} {
		f := newFixture(t, nil)
		f.single = single
		old := vaultKeyOf(t, f)
		w := f.writer()
		before := [][]crypto.ID{store(t, w, noise(1, 2_000_000))}
		for w.Stats().ChunksNew < int64(len(before[0])) { // until it is in a pack
			time.Sleep(time.Millisecond)
		}
		done, stop := make(chan [][]crypto.ID), make(chan struct{})
		for i := range 2 {
			go func() {
				var all [][]crypto.ID
				for n := byte(0); ; n++ {
					select {
					case <-stop:
						done <- all
						return
					default:
					}
					s := w.NewStream()
					if _, err := s.Write(noise(byte(i)*100+n%100+50, 300_000+int(n))); err != nil {
						t.Error(err)
					}
					ids, err := s.Close()
					if err != nil {
						t.Error(err)
					}
					if all = append(all, ids); n%4 == 3 {
						if _, err := w.Commit(t.Context(), nil); err != nil {
							t.Error(err)
						}
					}
				}
			}()
		}
		r := rotate(t, f, RotateOptions{})
		check(t, r.Change.Apply(t.Context(), f.dst))
		next := *f.secrets
		_, err := next.Take(r.Key)
		check(t, err)
		check(t, w.Take(&next))
		after := [][]crypto.ID{store(t, w, noise(2, 2_000_000)), store(t, w, text(3, 100_000))}
		close(stop)
		before = append(append(before, <-done...), <-done...)
		c := commit(t, w, after[1])
		f.secrets = &next

		wantError(t, opensIndex(f, c, old), crypto.ErrWrongKey)
		reader := f.reader()
		for _, ids := range after {
			for _, id := range ids {
				for _, place := range reader.index.find(id) {
					p := reader.index.packs[place.pack]
					if _, err := openPackFile(t.Context(), f.dst, p, old.Identity); !errors.Is(err, crypto.ErrWrongKey) {
						t.Errorf("single %v: the earlier key opens what was stored since: %v", single, err)
					}
				}
			}
		}
		p := reader.index.packs[reader.index.find(before[0][0])[0].pack]
		if _, err := openPackFile(t.Context(), f.dst, p, old.Identity); err != nil {
			t.Errorf("single %v: what was in a pack before went elsewhere: %v", single, err)
		}
		if !bytes.Equal(readAll(t, reader, after[0]), noise(2, 2_000_000)) {
			t.Error("what was stored since is not read")
		}
		for _, ids := range before {
			readAll(t, reader, ids)
		}
		if !slices.ContainsFunc(c.Keys, func(k OwnerKey) bool { return k.Name == r.Names["owner"] }) {
			t.Errorf("the commit lists %v", c.Keys)
		}
		f.verify()
	}
}

// opensIndex tries a vault key at the index of a commit.
func opensIndex(f *fixture, c *Commit, key *VaultKey) error {
	_, err := crypto.OpenBytes(f.dst.Object(indexName(c.Writer, c.Seq)), key.identities()...)
	return err
}

// A writer takes no other writer's secrets.
func TestTakeRefuses(t *testing.T) {
	f, stranger := newFixture(t, nil), newFixture(t, nil)
	w := f.writer()
	wantError(t, w.Take(stranger.secrets), ErrOtherVault)
	another := *f.secrets
	another.IDKey[0] ^= 1
	if err := w.Take(&another); err == nil {
		t.Error("secrets with another key are taken")
	}
	check(t, w.Take(f.secrets))
	commit(t, w, store(t, w, text(1, 1000)))
	f.verify()
}
