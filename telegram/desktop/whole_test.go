package desktop

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"telekeep/archive"
)

// plainExport is a folder with an export of which nothing is unclear.
func plainExport(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, resultName), `{"name": "Ann", "type": "personal_chat", "id": 9, "messages": [
 {"id": 1, "type": "message", "date_unixtime": "1606039872", "date": "", "from": "Ann", "from_id": "user9", "text": "before"},
 {"id": 2, "type": "message", "date_unixtime": "1606039873", "date": "", "from": "Ann", "from_id": "user9", "photo": "p.jpg", "text": "same"}
]}`)
	writeFile(t, filepath.Join(dir, "p.jpg"), "picture")
	return dir
}

// An export of which everything is in the archive is not read again, and read as soon as
// anything about it is another: then what is new comes in.
func TestWholeExport(t *testing.T) {
	dir := plainExport(t)
	v := newVault(t)
	v.trusts = true
	o := Options{Account: "user7"}
	first := v.mustImport(t, dir, o)
	if first.Added != 2 || first.FilesAdded != 1 || first.Remarks != 0 {
		t.Fatalf("%+v", first)
	}
	again := v.mustImport(t, dir, o)
	if again.Known != 2 || again.Messages != 2 || again.Added != 0 || again.FilesKnown != 1 || again.FilesAdded != 0 || again.Chats != 1 || again.Account != "user7" {
		t.Errorf("again: %+v", again)
	}
	// That nothing is read shows where the archive has forgotten the file.
	drop := func() {
		v.write(t, func(w *archive.Writer) {
			files := []*archive.MediaFile{{Key: "sha256:b55b3f5ac849811b8d5bf3ed20eadb4be6e8eaed2c4c79b25c0b1c6b3e1ee7a4"}}
			if err := w.RangeMedia(archive.MediaSHA256, func(key archive.MediaKey, _ int64) error { files[0].Key = key; return nil }); err != nil {
				t.Fatal(err)
			}
			if err := w.PruneMedia(t.Context(), files, "", nil); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
	drop()
	if r := v.mustImport(t, dir, o); r.FilesAdded != 0 {
		t.Errorf("it was read: %+v", r)
	}
	if r := v.mustImport(t, dir, Options{Account: "user8"}); r.Added != 2 {
		t.Errorf("another account's import of the same chat: %+v", r)
	}
	for name, change := range map[string]func(){
		"another picture of the same size and time": func() {
			path := filepath.Join(dir, "p.jpg")
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, "Picture")
			if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		},
		"a file more": func() { drop(); writeFile(t, filepath.Join(dir, "q.jpg"), "nobody's") },
		"it is told to": func() {
			drop()
			v.trusts = false
		},
		"the archive forgot": func() {
			drop()
			v.write(t, func(w *archive.Writer) {
				state, err := Forget(Into(w))
				if err != nil || len(state) == 0 {
					t.Fatalf("%d exports are known, %v", len(state), err)
				}
				if err := w.Apply(t.Context(), archive.Batch{State: state}); err != nil {
					t.Fatal(err)
				}
			})
		},
	} {
		if v.mustImport(t, dir, o); true {
			change()
		}
		if r := v.mustImport(t, dir, o); r.FilesAdded != 1 {
			t.Errorf("%s: %+v", name, r)
		}
		v.trusts = true
	}
}

// What had a remark, or lacked a file, is read each time.
func TestIncompleteExportIsReadAgain(t *testing.T) {
	dir := plainExport(t)
	if err := os.Remove(filepath.Join(dir, "p.jpg")); err != nil {
		t.Fatal(err)
	}
	v := newVault(t)
	v.trusts = true
	o := Options{Account: "user7", Location: time.UTC}
	for range 2 {
		if r := v.mustImport(t, dir, o); r.FilesMissing != 1 || r.Remarks == 0 {
			t.Errorf("%+v", r)
		}
	}
}
