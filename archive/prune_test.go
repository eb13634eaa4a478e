package archive

import (
	"bytes"
	"errors"
	"testing"

	"telekeep/chunkstore/destination/memory"
)

// What is taken out is missing in the next snapshot, also if the machine stops before the
// commit, and can be taken back.
func TestPruneMedia(t *testing.T) {
	i := install(t, memory.New())
	data := bytes.Repeat([]byte("a photo of the lake "), 40_000)
	key := NewMediaKey(MediaPhoto, 7)
	w, end, err := i.open(t.Context())
	must(t, err)
	m, err := w.BeginMedia(t.Context(), key, int64(len(data)))
	must(t, err)
	must(t, m.WritePart(t.Context(), 0, data))
	file, err := m.Finish(t.Context(), false)
	must(t, err)
	_, err = w.Commit(t.Context())
	must(t, err)

	must(t, w.PruneMedia(t.Context(), []*MediaFile{file}, "a rule", map[string][]byte{"later/1": []byte("x")}))
	must(t, end())
	w, end, err = i.open(t.Context()) // out of the journal
	must(t, err)
	if _, ok, err := w.HasMedia(key); ok || err != nil {
		t.Errorf("it counts as stored: %v", err)
	}
	if value, ok, _ := w.Get("later/1"); !ok || string(value) != "x" {
		t.Errorf("the state has %q", value)
	}
	_, err = w.Commit(t.Context())
	must(t, err)
	s := i.snapshot(t)
	if _, ok := s.Media(key); ok {
		t.Error("the snapshot has it")
	}
	if missing, ok := s.Missing(key); !ok || missing.Reason != MissingPruned || missing.Detail != "a rule" || missing.Size != file.Size {
		t.Errorf("the snapshot says %+v", missing)
	}
	if _, err := s.OpenMedia(t.Context(), key); !errors.Is(err, ErrUnknownMedia) {
		t.Errorf("it opens with %v", err)
	}
	pruned, err := s.Pruned(t.Context())
	must(t, err)
	if len(pruned) != 1 || pruned[0].Key != key || len(pruned[0].Chunks) == 0 || pruned[0].SHA256 != file.SHA256 {
		t.Fatalf("taken out: %+v", pruned)
	}

	must(t, w.ReinstateMedia(t.Context(), pruned))
	_, err = w.Commit(t.Context())
	must(t, err)
	if size, ok, err := w.HasMedia(key); !ok || size != file.Size || err != nil {
		t.Errorf("taken back it is %d bytes, %t, %v", size, ok, err)
	}
	s = i.snapshot(t)
	if _, ok := s.Media(key); !ok {
		t.Error("taken back, the snapshot lacks it")
	}
	if pruned, err := s.Pruned(t.Context()); err != nil || len(pruned) > 0 {
		t.Errorf("taken out still: %v, %v", pruned, err)
	}
	must(t, end())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
