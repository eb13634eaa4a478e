package main

import (
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

// A serviceList says what service install made, so that uninstall takes away that and
// nothing else. It is written before the first thing is made.
type serviceList struct {
	Folders []string          `json:"folders"` // made, outermost first; removed if empty
	Files   map[string]string `json:"files"`   // written, each with the SHA-256 of its content
	Enabled bool              `json:"enabled"` // the service was not enabled before
}

// readServiceList returns nil where there is no list.
func readServiceList(path string) (*serviceList, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the list of what was installed: %w", err)
	}
	l := new(serviceList)
	if err := json.Unmarshal(data, l); err != nil {
		return nil, fmt.Errorf("the list of what was installed, %s, is damaged: %w", path, err)
	}
	return l, nil
}

// made reports whether path was written by install and still is as it was. A nil list
// has nothing in it.
func (l *serviceList) made(path string, content []byte) bool {
	return l != nil && l.Files[path] == hashOf(content)
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// listOf is the list of a plan, and of what an earlier install made.
func listOf(p *servicePlan, earlier *serviceList) *serviceList {
	l := &serviceList{Files: map[string]string{}}
	if earlier != nil {
		l.Folders = earlier.Folders
	}
	folders := []string{filepath.Dir(p.list)}
	for _, f := range p.files {
		l.Files[f.path] = hashOf(f.text)
		folders = append(folders, filepath.Dir(f.path))
	}
	for _, dir := range folders {
		for _, missing := range missingBelow(p, dir) {
			if !slices.Contains(l.Folders, missing) {
				l.Folders = append(l.Folders, missing)
			}
		}
	}
	return l
}

// missingBelow lists the folders on the way to dir that are not there, outermost first.
func missingBelow(p *servicePlan, dir string) []string {
	if _, err := os.Stat(p.at(dir)); err == nil || filepath.Dir(dir) == dir {
		return nil
	}
	return append(missingBelow(p, filepath.Dir(dir)), dir)
}

func (l *serviceList) save(path string) error {
	data, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return durable.WriteFile(path, append(data, '\n'), 0o644)
}

// take removes the files that are as they were written, and says which stay because
// somebody changed them.
func (l *serviceList) take(at func(string) string) (changed []string, err error) {
	var errs []error
	for path, hash := range l.Files {
		data, err := os.ReadFile(at(path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			errs = append(errs, err)
		case hashOf(data) != hash:
			changed = append(changed, path)
		default:
			errs = append(errs, os.Remove(at(path)))
		}
	}
	slices.Sort(changed)
	return changed, errors.Join(errs...)
}

// tidy removes the folders that were made, as far as they are empty.
func (l *serviceList) tidy(at func(string) string) {
	for _, dir := range slices.Backward(l.Folders) {
		_ = os.Remove(at(dir)) // fails, rightly, if there is something in it
	}
}
