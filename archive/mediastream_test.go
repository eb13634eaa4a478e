package archive

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// streamed stores data in pieces and says whether it was new.
func streamed(t *testing.T, w *Writer, data []byte, sum string, between func()) (*MediaFile, bool) {
	t.Helper()
	m, err := w.StreamMedia(t.Context(), int64(len(data)), sum)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Abort()
	for i := 0; i < len(data); i += 1000 {
		if err := m.Write(t.Context(), data[i:min(i+1000, len(data))]); err != nil {
			t.Fatal(err)
		}
		between()
	}
	file, added, err := m.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Finish(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("a second end: %v", err)
	}
	return file, added
}

func nothing() {}

func TestMediaStream(t *testing.T) {
	v := newFakeVault()
	w := openFake(t, v.writer(), t.TempDir())
	data := randomBytes(3, 70_000)
	sum := fmt.Sprintf("%x", sha256.Sum256(data))
	n := 0
	file, added := streamed(t, w, data, "", func() {
		if n++; n%20 == 0 { // others go on meanwhile
			numbered(t, w, n, 1)
			if _, err := w.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
	if !added || file.SHA256 != sum || file.Key != MediaKey("sha256:"+sum) || file.Size != int64(len(data)) || len(file.Chunks) < 2 {
		t.Fatalf("%+v, %v", file, added)
	}
	for _, known := range []string{"", sum} {
		if again, added := streamed(t, w, data, known, nothing); added || again.Key != file.Key {
			t.Errorf("the same again: %+v, %v", again, added)
		}
	}
	if empty, added := streamed(t, w, nil, "", nothing); !added || empty.Size != 0 {
		t.Errorf("an empty file: %+v, %v", empty, added)
	}
	done, err := w.Commit(t.Context())
	if err != nil || done.MediaFiles != 2 || done.Records != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	s, err := openSnapshot(t.Context(), v, SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.OpenMedia(t.Context(), file.Key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	var sizes []int64
	if err := w.RangeMedia(MediaSHA256, func(_ MediaKey, size int64) error { sizes = append(sizes, size); return nil }); err != nil || len(sizes) != 2 {
		t.Errorf("sizes %v, %v", sizes, err)
	}
}

// A kill before the commit costs the file, and nothing else; its bytes are not in the journal.
func TestMediaStreamKilled(t *testing.T) {
	v, dir := newFakeVault(), t.TempDir()
	w := openFake(t, v.writer(), dir)
	data := randomBytes(4, 300_000)
	numbered(t, w, 1, 2)
	file, _ := streamed(t, w, data, "", nothing)
	numbered(t, w, 3, 4)
	var journal int64
	for _, name := range segments(t, dir) {
		info, err := os.Stat(filepath.Join(dir, filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		journal += info.Size()
	}
	if journal > 50_000 {
		t.Errorf("the journal has %d bytes", journal)
	}
	w.Close()
	w = openFake(t, v.writer(), dir)
	if w.Recovered().Records != 4 || w.Recovered().Damage != nil {
		t.Errorf("recovered: %+v", w.Recovered())
	}
	if _, ok, err := w.HasMedia(file.Key); ok || err != nil {
		t.Fatalf("the file is there: %v", err)
	}
	if _, added := streamed(t, w, data, file.SHA256, nothing); !added {
		t.Error("the file was not stored again")
	}
	if done, err := w.Commit(t.Context()); err != nil || done.MediaFiles != 1 || done.Records != 5 {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestMediaStreamBounds(t *testing.T) {
	w := openFake(t, newFakeVault().writer(), t.TempDir())
	m, err := w.StreamMedia(t.Context(), 10, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, outside := errors.AsType[*RangeError](m.Write(t.Context(), make([]byte, 11))); !outside {
		t.Error("more than the size was taken")
	}
	if err := m.Write(t.Context(), make([]byte, 9)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Finish(t.Context()); err == nil {
		t.Error("a file without its end was taken")
	} else if e, ok := errors.AsType[*IncompleteError](err); !ok || e.Have != 9 {
		t.Error(err)
	}
	m.Abort()
	if err := m.Write(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if done, err := w.Commit(t.Context()); err != nil || done.Commit != nil {
		t.Errorf("%+v, %v", done, err)
	}
	w.Close()
	if _, err := w.StreamMedia(t.Context(), 1, ""); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
