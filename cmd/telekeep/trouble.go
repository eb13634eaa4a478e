package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"telekeep/config"
	"telekeep/internal/durable"
)

// A trouble is why the last run of an account ended early: status goes on saying
// it until a run comes to its end.
type trouble struct {
	Since time.Time `json:"since"` // of the first run that ended so
	Error string    `json:"error"`
	Hint  string    `json:"hint,omitempty"`
}

func troublePath(cfg *config.Config, account string) string {
	return filepath.Join(cfg.State, "trouble-"+account+".json")
}

// noteTrouble remembers why a run ended early, in the words of its report and as
// the error that has a hint; "": it did not.
func (a *app) noteTrouble(cfg *config.Config, account, words string, cause error) error {
	path := troublePath(cfg, account)
	if words == "" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove the note of the last run's trouble: %w", err)
		}
		return nil
	}
	_, hint := classify(cause)
	now := trouble{Since: a.now().UTC().Truncate(time.Second), Error: words, Hint: hint}
	if before := loadTrouble(cfg, account); before != nil && before.Error == now.Error {
		now.Since = before.Since
	}
	data, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot note the trouble of this run: %w", err)
	}
	if err := durable.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("cannot note the trouble of this run: %w", err)
	}
	return nil
}

// loadTrouble returns nil where there is none, or the note cannot be read.
func loadTrouble(cfg *config.Config, account string) *trouble {
	data, err := os.ReadFile(troublePath(cfg, account))
	t := new(trouble)
	if err != nil || json.Unmarshal(data, t) != nil {
		return nil
	}
	return t
}
