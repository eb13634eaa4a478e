package desktop

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"
)

// A .zip of an export's folder is read as it is; names that lead out of it lead nowhere.
func TestZip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, content := range map[string]string{"ChatExport_2021-05-03/result.json": one, "ChatExport_2021-05-03/p.jpg": "picture"} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if r := newVault(t).mustImport(t, path, Options{Account: "user7"}); r.Added != 3 || r.FilesAdded != 1 {
		t.Errorf("%+v", r)
	}
}
