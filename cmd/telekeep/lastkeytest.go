package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"telekeep/config"
	"telekeep/internal/durable"
)

// A keyProof is the last time a key was proved to open the vault.
type keyProof struct {
	Time   time.Time `json:"time"`
	SHA256 string    `json:"sha256"` // of its key file
	Copies []string  `json:"copies"` // where
}

// keyTests are those of each key, by its name. They lie in the state folder.
type keyTests map[string]keyProof

func keyTestPath(cfg *config.Config) string { return filepath.Join(cfg.State, "last-keytest.json") }

// saveKeyTests remembers proofs on a machine that writes.
func (a *app) saveKeyTests(cfg *config.Config, proofs keyTests) {
	if a.vault != "" || len(proofs) == 0 {
		return
	}
	all := loadKeyTests(cfg)
	if all == nil {
		all = keyTests{}
	}
	for name, p := range proofs {
		all[name] = p
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err == nil {
		err = durable.WriteFile(keyTestPath(cfg), data, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // no state folder: nothing was written yet
		a.ui.warn("status will not know of this test: %v", err)
	}
}

// loadKeyTests returns what is remembered; nothing if it cannot be read.
func loadKeyTests(cfg *config.Config) keyTests {
	if alone(cfg) {
		return nil
	}
	var all keyTests
	if data, err := os.ReadFile(keyTestPath(cfg)); err != nil || json.Unmarshal(data, &all) != nil {
		return nil
	}
	return all
}

// inWords says of each key that was ever proved when that was.
func (t keyTests) inWords() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(t)) {
		words = append(words, name+" "+dayOr(t[name].Time, "never"))
	}
	if len(words) == 0 {
		return "no key was proved to open it: telekeep keys test -i KEY"
	}
	return "keys proved " + strings.Join(words, ", ")
}
