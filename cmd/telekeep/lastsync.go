package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"telekeep/config"
	"telekeep/internal/durable"
)

// The last report of each account is kept in the state folder, so that status
// can say when a backup last came to its end. A run that changed nothing in the
// vault is remembered here only.

func lastSyncPath(cfg *config.Config, account string) string {
	return filepath.Join(cfg.State, "last-sync-"+account+".json")
}

func saveSyncReport(cfg *config.Config, r *syncReport) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write the report of this run: %w", err)
	}
	if err := durable.WriteFile(lastSyncPath(cfg, r.Account), data, 0o600); err != nil {
		return fmt.Errorf("cannot write the report of this run: %w", err)
	}
	return nil
}

// loadSyncReport returns nil if the account was never backed up, or if the
// report cannot be read: it is only ever a memory of what the vault knows.
func loadSyncReport(cfg *config.Config, account string) (*syncReport, error) {
	data, err := os.ReadFile(lastSyncPath(cfg, account))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the report of the last run: %w", err)
	}
	r := new(syncReport)
	if json.Unmarshal(data, r) != nil {
		return nil, nil
	}
	return r, nil
}
