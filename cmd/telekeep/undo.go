package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"telekeep/internal/durable"
)

// An undoList remembers what a command is about to make, so that a failure half
// way leaves nothing behind. It stands in a file too: what a command that was
// killed has left is taken away by the next one. It only ever removes what it
// made itself, and of that only what is as it was made.
type undoList struct {
	log   *os.File
	steps []undoStep
}

// An undoStep is one line of the file; one of the fields is set.
type undoStep struct {
	Folder string `json:"folder,omitempty"` // made; removed if it is empty
	File   string `json:"file,omitempty"`   // written; removed if it holds what Hash says
	Hash   string `json:"sha256,omitempty"`
	Vault  string `json:"vault,omitempty"` // an empty folder in which a vault was made
}

// errUndoBusy says that the command which made the file is still at work.
var errUndoBusy = errors.New("another telekeep init is at work")

// beginUndo starts a list in the file at path; folders were made for it. What a killed
// command has left there is undone first, and leftover says so.
func beginUndo(path string, folders []string) (list *undoList, leftover bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, false, err
	}
	u := &undoList{log: f}
	if locked := durable.Lock(f); !locked {
		return nil, false, errors.Join(fmt.Errorf("%w: %s", errUndoBusy, path), f.Close())
	}
	if u.steps, err = readUndo(f); err != nil {
		return nil, false, errors.Join(err, f.Close())
	}
	if leftover = len(u.steps) > 0; leftover {
		if err := errors.Join(u.undo(), f.Truncate(0)); err != nil {
			return nil, true, errors.Join(err, f.Close())
		}
		u.steps = nil
	}
	for _, dir := range folders {
		if err := u.will(undoStep{Folder: dir}); err != nil {
			return nil, leftover, errors.Join(err, f.Close())
		}
	}
	return u, leftover, nil
}

// readUndo reads the steps of the file; a torn last line was never begun.
func readUndo(f *os.File) ([]undoStep, error) {
	var steps []undoStep
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var step undoStep
		if json.Unmarshal(lines.Bytes(), &step) == nil {
			steps = append(steps, step)
		}
	}
	return steps, nil
}

// will notes a step before it is taken.
func (u *undoList) will(step undoStep) error {
	line, err := json.Marshal(step)
	if err != nil {
		return err
	}
	if _, err := u.log.Write(append(line, '\n')); err != nil {
		return err
	}
	u.steps = append(u.steps, step)
	return u.log.Sync()
}

// done forgets everything: the command has reached its end.
func (u *undoList) done() error {
	return errors.Join(os.Remove(u.log.Name()), u.log.Close())
}

// run takes away what was made, at last the list itself and the folder it stood in.
func (u *undoList) run() error {
	err := errors.Join(u.undo(), u.done())
	for _, step := range slices.Backward(u.steps) {
		if step.Folder != "" {
			_ = step.undo()
		}
	}
	return err
}

func (u *undoList) undo() error {
	var errs []error
	for _, step := range slices.Backward(u.steps) {
		errs = append(errs, step.undo())
	}
	return errors.Join(errs...)
}

func (s undoStep) undo() error {
	switch {
	case s.Folder != "":
		_ = os.Remove(s.Folder) // fails, rightly, if somebody put something in
		return nil
	case s.File != "":
		return s.removeFile()
	case s.Vault != "":
		return removeNewVault(s.Vault)
	}
	return nil
}

func (s undoStep) removeFile() error {
	removeTemporary(filepath.Dir(s.File))
	data, err := os.ReadFile(s.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != s.Hash {
		return nil // somebody else's by now
	}
	return os.Remove(s.File)
}

// removeTemporary removes what a write that was cut short has left in dir.
func removeTemporary(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if durable.IsTemporary(e.Name()) {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// removeNewVault takes a vault away that nothing was ever stored in. One that holds
// anything by now it does not touch.
func removeNewVault(dir string) error {
	grown := []string{filepath.Join(dir, "packs"), filepath.Join(dir, "index"), filepath.Join(dir, "commits")}
	for _, folder := range grown {
		if entries, _ := os.ReadDir(folder); len(entries) > 0 {
			return fmt.Errorf("%s holds backups by now: nothing of the vault was removed", dir)
		}
	}
	removeTemporary(dir)
	for _, name := range append(grown, filepath.Join(dir, "vault.json"), filepath.Join(dir, "README.txt"), filepath.Join(dir, "recover.sh"), filepath.Join(dir, "keys"), filepath.Join(dir, "writers")) {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	return nil
}

// missingFolders returns dir and its parents as far as they are not there, outermost first.
func missingFolders(dir string) []string {
	if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
		return nil
	}
	return append(missingFolders(filepath.Dir(dir)), dir)
}

// mkdir makes dir and its missing parents, readable by the user alone.
func (u *undoList) mkdir(dir string) error {
	for _, folder := range missingFolders(dir) {
		if err := u.will(undoStep{Folder: folder}); err != nil {
			return err
		}
		if err := os.Mkdir(folder, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// write makes a new file that only the user can read.
func (u *undoList) write(path string, data []byte) error {
	sum := sha256.Sum256(data)
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	if err := u.will(undoStep{File: path, Hash: hex.EncodeToString(sum[:])}); err != nil {
		return err
	}
	return durable.CreateFile(path, bytes.Clone(data), 0o600)
}

// vault says that a vault is made in dir, which is empty.
func (u *undoList) vault(dir string) error { return u.will(undoStep{Vault: dir}) }
