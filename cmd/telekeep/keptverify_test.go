package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"telekeep/config"
)

// The daemon verifies without a key, finds what is damaged, and leaves a proof that status
// shows.
func TestDaemonVerifies(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "t")
	mustCall(t, "", "init", "--dir", dir)
	mustCall(t, "", "status", "--dir", dir)
	cfg, err := config.Load(filepath.Join(dir, config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(cfg.State, 0o700); err != nil {
		t.Fatal(err)
	}
	a := &app{now: time.Now, getenv: func(string) string { return "" }}
	a.ui = &ui{stdio: stdio{err: &lockedBuffer{}}}
	v := &keptVault{app: a, config: cfg}
	found, err := v.Verify(t.Context(), func(int64, int64) {})
	if err != nil || found.Problems != 0 {
		t.Fatalf("%+v, %v", found, err)
	}
	if p := loadProofs(cfg).Files; p == nil || p.Problems != 0 {
		t.Errorf("the proof: %+v", p)
	}
	if err := os.Remove(filepath.Join(cfg.Vault, "README.txt")); err != nil {
		t.Fatal(err)
	}
	keys, err := filepath.Glob(filepath.Join(cfg.Vault, "writers", "*", "secrets.age"))
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	if err := os.Remove(keys[0]); err != nil {
		t.Fatal(err)
	}
	found, err = v.Verify(t.Context(), func(int64, int64) {})
	if err != nil || found.Problems == 0 || found.Detail == "" {
		t.Errorf("a damaged vault: %+v, %v", found, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(ended, func(int64, int64) {}); err == nil {
		t.Error("it goes on though it was told to end")
	}
	if err := os.RemoveAll(cfg.Vault); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), func(int64, int64) {}); err == nil {
		t.Error("a vault that is away is verified")
	}
	if looks := v.Look(t.Context()); len(looks) != 1 || looks[0].Err == nil {
		t.Errorf("a vault that is away is there: %+v", looks)
	}
}
