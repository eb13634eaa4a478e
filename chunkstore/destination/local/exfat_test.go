package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"telekeep/chunkstore/destination/suite"
)

// A drive as it is sold: no hard links, no permissions, "A" and "a" are one name.
func TestExFAT(t *testing.T) {
	drive := suite.ExFAT(t)
	if err := os.WriteFile(filepath.Join(drive, "VAULT.JSON"), []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := create(t, filepath.Join(drive, "vault"))
	n := 0
	suite.Test(t, func(t *testing.T) suite.Destination {
		n++
		return create(t, filepath.Join(drive, strconv.Itoa(n)))
	}, suite.NotOnExFAT)
	if err := d.Put(t.Context(), "vault.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	top, err := Open(drive)
	if err != nil {
		t.Fatal(err)
	}
	defer top.Close()
	if err := top.Put(t.Context(), "vault.json", []byte("{}")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Put over a file that is the same but for its case = %v", err)
	}
}
