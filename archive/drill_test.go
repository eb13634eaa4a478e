package archive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// drilled is a vault with n files of so many bytes, and n messages.
func drilled(t *testing.T, n, size int) (*fakeVault, *Snapshot) {
	t.Helper()
	v := newFakeVault()
	w := openFake(t, v.writer(), t.TempDir())
	for i := range n {
		storeInParallel(t, w, MediaKey(fmt.Sprint("file:", i)), []byte(strings.Repeat(fmt.Sprintf("%06d.", i), size/7)))
		if err := w.Apply(t.Context(), Batch{Records: []*Record{text(i+1, "words")}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return v, openFakeSnapshot(t, v)
}

// A drill reads a sample that is another one each time, and as large as it was asked for.
func TestDrillReadsASample(t *testing.T) {
	_, s := drilled(t, 50, 7000)
	met := map[string]bool{}
	for range 5 {
		o := DrillOptions{Bytes: 7 * 7000, Messages: 10}
		r, err := s.Drill(t.Context(), o)
		if err != nil || len(r.Problems) > 0 {
			t.Fatalf("%v, %+v", err, r)
		}
		if r.Media != 7 || r.Bytes != 49000 || r.Messages != 10 || r.MediaOf != 50 || r.MessageOf != 50 || r.Records != 100 {
			t.Errorf("%+v", r)
		}
		o.Random = rand.New(rand.NewPCG(rand.Uint64(), 0))
		met[fmt.Sprint(s.sampleMedia(o))] = true
	}
	if len(met) < 4 {
		t.Errorf("%d different samples of 5", len(met))
	}
	for _, c := range []struct {
		o     DrillOptions
		media int
		texts int
	}{{DrillOptions{}, 1, 0}, {DrillOptions{Bytes: 1 << 40, Messages: 1000}, 50, 50}, {DrillOptions{Bytes: 13_999, Messages: 1}, 1, 1}} {
		if r, err := s.Drill(t.Context(), c.o); err != nil || r.Media != c.media || r.Messages != c.texts {
			t.Errorf("%+v: %+v, %v", c.o, r, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Drill(ended, DrillOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("told to end, it says %v", err)
	}
}

// A file that is damaged is found by whoever happens to read it, and by nobody else.
func TestDrillFindsWhatItReads(t *testing.T) {
	v, s := drilled(t, 10, 7000)
	ref := s.media["file:3"]
	ref.sha[0]++ // what is stored is not what was
	s.media["file:3"] = ref
	r, err := s.Drill(t.Context(), DrillOptions{Bytes: 1 << 40, Messages: 10})
	if err != nil || len(r.Problems) != 1 || r.Problems[0].Object != "media file:3" || !errors.Is(r.Problems[0].Err, ErrMediaChanged) || r.Media != 9 {
		t.Errorf("%+v, %v", r, err)
	}
	found := 0
	for seed := range uint64(40) {
		r, err := s.Drill(t.Context(), DrillOptions{Bytes: 3 * 7000, Random: rand.New(rand.NewPCG(seed, 1))})
		if err != nil {
			t.Fatal(err)
		}
		found += len(r.Problems)
	}
	if found < 4 || found > 25 {
		t.Errorf("with 3 files of 10, %d of 40 drills found it", found)
	}
	for id := range v.chunks { // and all that is gone
		delete(v.chunks, id)
	}
	if r, err := s.Drill(t.Context(), DrillOptions{Bytes: 1 << 40, Messages: 10}); err != nil || r.Media+r.Messages > 0 || len(r.Problems) != 20 {
		t.Errorf("of an empty vault: %+v, %v", r, err)
	}
}

// Every number has the same chance.
func TestSampleOf(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	counts := map[int]int{}
	for range 3000 {
		chosen := sampleOf(20, 5, random)
		if len(chosen) != 5 || !slices.IsSorted(chosen) || len(slices.Compact(slices.Clone(chosen))) != 5 {
			t.Fatalf("%v", chosen)
		}
		for _, n := range chosen {
			counts[n]++
		}
	}
	for _, n := range slices.Sorted(maps.Keys(counts)) {
		if counts[n] < 600 || counts[n] > 900 || n < 0 || n > 19 {
			t.Errorf("%d was chosen %d times of 750", n, counts[n])
		}
	}
	if got := sampleOf(3, 9, random); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("all: %v", got)
	}
}
