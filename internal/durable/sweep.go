package durable

import (
	"io/fs"
	"os"
	"time"
)

// How long a temporary file must have been left alone before Sweep takes it for
// abandoned: with a lock it is known that nobody on this machine writes it, and the
// minute only covers the instant between making a file and locking it. Without locks
// there is only the clock, so it gets a week.
const (
	abandonedUnlocked = time.Minute
	abandonedAnyway   = 7 * 24 * time.Hour
)

// Sweep removes the temporary files below root that a stopped process left behind,
// and returns how many. It touches nothing that IsTemporary does not know and nothing
// that a process still has open. What it cannot look at or remove it leaves for the
// next time.
func Sweep(root *os.Root) int {
	removed := 0
	_ = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !IsTemporary(name) {
			return nil // an unreadable directory is skipped by WalkDir itself
		}
		if abandoned(root, name) && root.Remove(name) == nil {
			removed++
		}
		return nil
	})
	return removed
}

func abandoned(root *os.Root, name string) bool {
	f, err := root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return false
	}
	age := time.Since(info.ModTime())
	return age > abandonedAnyway || age > abandonedUnlocked && lock(f)
}
