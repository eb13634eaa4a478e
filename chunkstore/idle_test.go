package chunkstore

import (
	"math/rand/v2"
	"testing"
)

// Behind a commit a writer holds none of the memory that storing takes.
func TestCommitFreesMemory(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	defer w.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 2 {
		s := w.NewStream()
		data := make([]byte, 6<<20)
		for i := range data {
			data[i] = "abcdefgh"[random.IntN(8)] // compresses
		}
		if _, err := s.Write(data); err != nil {
			t.Fatal(err)
		}
		ids, err := s.Close()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(t.Context(), ids); err != nil {
			t.Fatal(err)
		}
		p := w.pipeline
		buffers := 0
		for _, free := range p.buffers.free {
			buffers += len(free)
		}
		if len(p.memory) > 0 || p.lent > 0 || len(p.claims) > 0 || buffers > 0 || len(p.compressors.free) > 0 {
			t.Errorf("round %d: %d packs' memory, %d lent, %d claims, %d buffers and %d compressors are held behind a commit",
				round, len(p.memory), p.lent, len(p.claims), buffers, len(p.compressors.free))
		}
		if open := w.state.reads.Stats().Idle; open > 0 {
			t.Errorf("round %d: %d connections with their caches are held behind a commit", round, open)
		}
	}
}
