package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/daemon"
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
	v := &keptVault{app: a, config: cfg, copies: newKeptCopies(a, cfg, func(daemon.Event) {})}
	whole := daemon.Verification{Copy: "vault", Reached: func(string) {}, Progress: func(int64, int64) {}}
	found, err := v.Verify(t.Context(), whole)
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
	found, err = v.Verify(t.Context(), whole)
	if err != nil || found.Problems == 0 || found.Detail == "" {
		t.Errorf("a damaged vault: %+v, %v", found, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(ended, whole); err == nil {
		t.Error("it goes on though it was told to end")
	}
	if err := os.RemoveAll(cfg.Vault); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), whole); err == nil {
		t.Error("a vault that is away is verified")
	}
	if looks := v.Look(t.Context()); len(looks) != 1 || looks[0].Err == nil {
		t.Errorf("a vault that is away is there: %+v", looks)
	}
}

// What was found before a verification stopped is not forgotten when it goes on; a place in
// another vault, or no place, is the beginning.
func TestVerifyPlace(t *testing.T) {
	now := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	pack := chunkstore.Hash([]byte(strings.Repeat("p", 32)))
	p, after := readVerifyPlace("", "v", now)
	if !after.IsZero() || !p.Begun.Equal(now) {
		t.Fatalf("%+v, %v", p, after)
	}
	text := p.reached(pack, &chunkstore.Problem{Kind: chunkstore.ProblemDamaged, Object: "packs/1", Detail: "it is"})
	if p, after = readVerifyPlace(text, "v", now.AddDate(0, 0, 9)); after != pack || !p.Begun.Equal(now) || len(p.Problems) != 1 || p.Problems[0].Object != "packs/1" {
		t.Errorf("%+v, %v", p, after)
	}
	for _, other := range []string{"", "{", text} {
		if p, after = readVerifyPlace(other, "w", now); !after.IsZero() || len(p.Problems) > 0 || !p.Begun.Equal(now) {
			t.Errorf("%q: %+v, %v", other, p, after)
		}
	}
}
