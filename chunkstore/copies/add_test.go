package copies

import (
	"errors"
	"testing"

	"telekeep/chunkstore"
)

// A new copy starts with an empty place and ends with all that the others have.
func TestAdd(t *testing.T) {
	f := newFixture(t, "a")
	d := newDrive("new")
	f.drives = append(f.drives, d)
	f.options.Places = append(f.options.Places, d.place())
	s := f.open()
	w := f.writer(s)
	for i := range uint64(3) {
		store(t, w, noise(i, 200_000))
	}
	if n := len(d.Names()); n != 0 {
		t.Fatalf("%d objects went to a place that is no copy", n)
	}
	check(t, s.Add(t.Context(), "new"))
	all, err := s.Look(t.Context())
	check(t, err)
	result, err := s.CatchUp(t.Context(), "new", nil)
	check(t, err)
	f.equal()
	f.verify()
	if all[1].Behind != result.Copied {
		t.Errorf("Look said that %+v lacks, CatchUp copied %+v", all[1].Behind, result.Copied)
	}
	store(t, w, noise(7, 1000))
	f.equal()
	check(t, s.Add(t.Context(), "new"))
}

func TestAddToOther(t *testing.T) {
	f := newFixture(t, "a")
	full, other := newDrive("full"), newDrive("other")
	check(t, full.Put(t.Context(), "photo.jpg", []byte("x")))
	_, _, err := chunkstore.Create(t.Context(), other, chunkstore.CreateOptions{
		Owners: []chunkstore.Owner{{Name: "owner", Recipient: f.owner.Recipient()}}, Now: f.now,
	})
	check(t, err)
	f.options.Places = append(f.options.Places, full.place(), other.place())
	s := f.open()
	if err := s.Add(t.Context(), "full"); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("Add to a place with photos = %v", err)
	}
	if err := s.Add(t.Context(), "other"); !errors.Is(err, chunkstore.ErrOtherVault) {
		t.Errorf("Add to a place with another vault = %v", err)
	}
	before := len(other.Names())
	store(t, f.writer(s), noise(1, 1000))
	if len(full.Names()) != 1 || len(other.Names()) != before {
		t.Error("something was written to a place that is no copy")
	}
}
