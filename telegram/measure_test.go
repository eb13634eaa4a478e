package telegram

import (
	"bytes"
	"errors"
	"testing"

	"telekeep/archive"
)

// getPhoto fetches file 1 as a photo that the server says has no bytes.
func getPhoto(t *testing.T, f *fakeFiles, a *fakeArchive) error {
	t.Helper()
	r := newFakeRun(t, newFakeServer(f.answer), a)
	w := f.work()
	w.Files[0].Photo, w.Files[0].Thumb, w.Files[0].Key, w.Files[0].Size = true, "y", "photo:1", 0
	return r.download(t.Context(), w.Files[0], r.origin(w))
}

// A photo of which the server says 0 bytes is as long as what comes, and its bytes
// are compared with the server's hashes as those of any file.
func TestPhotoWithoutSize(t *testing.T) {
	for _, size := range []int64{1, 1000, fakePart - 1, fakePart, 2*fakePart + 5} {
		f, a := newFakeFiles(size), newFakeArchive()
		if err := getPhoto(t, f, a); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		m := a.media["photo:1"]
		if m.file == nil || m.file.Size != size || !m.file.Hashed || !bytes.Equal(m.data, f.data[1]) {
			t.Fatalf("%d bytes: stored %+v", size, m.file)
		}
	}
}

// Nothing is stored of a photo that has no end or no byte, that was cut short while it
// was measured, or that has other hashes than the server says.
func TestPhotoWithoutSizeFails(t *testing.T) {
	cut := false
	for name, c := range map[string]struct {
		prepare func(*fakeFiles)
		want    error
	}{
		"no byte": {func(f *fakeFiles) { f.data[1] = nil }, errEmptyPhoto},
		"no end": {func(f *fakeFiles) {
			f.spoil = func(int64, []byte) []byte { return make([]byte, fakePart) }
		}, errHugePhoto},
		"cut once": {func(f *fakeFiles) {
			f.spoil = func(_ int64, part []byte) []byte {
				if !cut {
					part = part[:50]
				}
				cut = true
				return part
			}
		}, errLong},
		"cut always": {func(f *fakeFiles) {
			f.spoil = func(_ int64, part []byte) []byte { return part[:50] }
		}, errDiffers},
	} {
		inBubble(t, name, func(t *testing.T) {
			f, a := newFakeFiles(1000), newFakeArchive()
			c.prepare(f)
			if err := getPhoto(t, f, a); !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if m := a.media["photo:1"]; m != nil && m.file != nil {
				t.Fatalf("stored %+v", m.file)
			}
		})
	}
}

// A document of 0 bytes is one.
func TestEmptyDocument(t *testing.T) {
	f, a := newFakeFiles(0), newFakeArchive()
	if err := f.get(t, a, 1); err != nil {
		t.Fatal(err)
	}
	if m := a.media[archive.NewMediaKey(archive.MediaDocument, 1)]; m.file == nil || m.file.Size != 0 {
		t.Fatalf("stored %+v", m.file)
	}
}
