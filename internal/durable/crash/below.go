package crash

import (
	"io/fs"
	"path"

	"telekeep/internal/durable"
)

// Below returns the Tree of a folder of the disk, for programs that write to several: one cut
// goes through all of them.
func (d *Disk) Below(folder string) durable.Tree { return below{d, folder} }

// A below is a Tree whose names are those of a folder of a disk.
type below struct {
	disk   *Disk
	folder string
}

func (b below) Mkdir(name string, perm fs.FileMode) error {
	return b.disk.Mkdir(path.Join(b.folder, name), perm)
}

func (b below) Create(name string, perm fs.FileMode) (durable.File, error) {
	return b.disk.Create(path.Join(b.folder, name), perm)
}

func (b below) Rename(from, to string, replace bool) error {
	return b.disk.Rename(path.Join(b.folder, from), path.Join(b.folder, to), replace)
}

func (b below) Remove(name string) error { return b.disk.Remove(path.Join(b.folder, name)) }

func (b below) Sync(name string) error { return b.disk.Sync(path.Join(b.folder, name)) }

func (b below) SyncDir(name string) error { return b.disk.SyncDir(path.Join(b.folder, name)) }
