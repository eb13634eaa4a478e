package systemd

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestCredential(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "writer.key"), []byte("secret"), 0o400); err != nil {
		t.Fatal(err)
	}
	if data, err := Credential(dir, "writer.key"); string(data) != "secret" || err != nil {
		t.Errorf("got %q, %v", data, err)
	}
	for _, c := range [][2]string{{"", "writer.key"}, {dir, "main.session"}, {dir, ".."}, {filepath.Join(dir, "x"), "../writer.key"}} {
		if data, err := Credential(c[0], c[1]); !errors.Is(err, ErrNoCredential) {
			t.Errorf("%q: got %q, %v", c, data, err)
		}
	}
}
