package main

import (
	"os"
	"path/filepath"

	"telekeep/internal/durable"
)

// An undoList remembers what a command made, so that a failure half way leaves
// nothing behind. It only ever removes what it made itself.
type undoList struct{ steps []func() }

func (u *undoList) run() {
	for i := len(u.steps) - 1; i >= 0; i-- {
		u.steps[i]()
	}
}

// mkdir makes dir and its missing parents, readable by the user alone.
func (u *undoList) mkdir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := u.mkdir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	u.steps = append(u.steps, func() { _ = os.Remove(dir) }) // fails, rightly, if somebody put something in
	return nil
}

// write makes a new file that only the user can read.
func (u *undoList) write(path string, data []byte) error {
	if err := durable.CreateFile(path, data, 0o600); err != nil {
		return err
	}
	u.steps = append(u.steps, func() { _ = os.Remove(path) })
	return nil
}

// tree empties dir, which was empty when the command began.
func (u *undoList) tree(dir string) {
	u.steps = append(u.steps, func() {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			_ = os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	})
}
