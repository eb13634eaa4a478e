package archive

import (
	"bytes"
	"errors"
	"io"
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

// A file that was taken out, is half fetched again and is taken back then is in flight no more,
// at whatever point the machine stops; a journal that carries it nonetheless opens.
func TestReinstateMediaInFlight(t *testing.T) {
	data := bytes.Repeat([]byte("a photo of the lake "), 400_000)
	key := NewMediaKey(MediaPhoto, 7)
	for _, stop := range []string{"", "begun", "committed once", "taken back", "committed", "carried"} {
		i := install(t, memory.New())
		w, end, err := i.open(t.Context())
		must(t, err)
		again := func(now string) {
			if stop != now {
				return
			}
			must(t, end())
			w, end, err = i.open(t.Context())
			must(t, err)
		}
		m, err := w.BeginMedia(t.Context(), key, int64(len(data)))
		must(t, err)
		must(t, m.WritePart(t.Context(), 0, data))
		file, err := m.Finish(t.Context(), false)
		must(t, err)
		must(t, w.PruneMedia(t.Context(), []*MediaFile{file}, "a rule", nil))
		_, err = w.Commit(t.Context())
		must(t, err)

		m, err = w.BeginMedia(t.Context(), key, int64(len(data)))
		must(t, err)
		must(t, m.WritePart(t.Context(), 0, data[:5<<20]))
		m.Abort()
		again("begun")
		if stop == "committed once" { // so that the state knows how far it got
			must(t, w.Apply(t.Context(), Batch{State: map[string][]byte{"a": {1}}}))
			_, err = w.Commit(t.Context())
			must(t, err)
		}
		again("committed once")
		must(t, w.ReinstateMedia(t.Context(), []*MediaFile{file}))
		again("taken back")
		if stop == "carried" { // as a telekeep did that did not settle it
			ids, err := w.prepareCommit()
			must(t, err)
			_, err = w.store.Commit(t.Context(), ids)
			must(t, err)
			var base head
			base.seq, base.hash = w.store.Head()
			must(t, w.journal.rotate(base, w.carry()))
		}
		again("carried")
		must(t, w.Apply(t.Context(), Batch{State: map[string][]byte{"b": {1}}}))
		_, err = w.Commit(t.Context())
		must(t, err)
		again("committed")
		if _, ok, err := w.HasMedia(key); !ok || err != nil {
			t.Errorf("stopped %q: it is not stored: %v", stop, err)
		}
		if ids, err := w.PartialChunks(); err != nil || len(ids) > 0 {
			t.Errorf("stopped %q: %d chunks of a part are kept, %v", stop, len(ids), err)
		}
		if n := len(w.media); n > 0 {
			t.Errorf("stopped %q: %d files are in flight", stop, n)
		}
		must(t, end())
		r, err := i.snapshot(t).OpenMedia(t.Context(), key)
		must(t, err)
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Errorf("stopped %q: it reads as %d bytes, %v", stop, len(got), err)
		}
		must(t, r.Close())
	}
}
