package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/chunkstore/destination/local"
	"telekeep/config"
	"telekeep/daemon"
)

// A keptPair is an installation with two copies of a vault that holds something, as a daemon
// has them.
type keptPair struct {
	vault  *keptVault
	dirs   []string // of the copies
	events []string
}

func newKeptPair(t *testing.T) *keptPair {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "t")
	second := filepath.Join(t.TempDir(), "second")
	mustCall(t, "", "init", "--dir", dir)
	mustCall(t, "", "copy", "add", "--dir", dir, "second", second)
	cfg, err := config.Load(filepath.Join(dir, config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	p := &keptPair{dirs: []string{cfg.Vault, second}}
	a := &app{now: time.Now, getenv: func(string) string { return "" }}
	a.ui = &ui{stdio: stdio{err: &lockedBuffer{}}}
	p.vault = &keptVault{app: a, config: cfg, copies: newKeptCopies(a, cfg, func(e daemon.Event) {
		p.events = append(p.events, e.Copy+" "+e.Text+" "+e.Error)
	})}
	b, err := a.openForBackup(t.Context(), cfg, p.vault.copies.use)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "second"} {
		s := b.store.NewStream()
		if _, err := s.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		ids, err := s.Close()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.store.Commit(t.Context(), ids); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// files returns the files of a copy below a folder.
func (p *keptPair) files(t *testing.T, i int, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(p.dirs[i], pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	return found
}

func (p *keptPair) told(words string) bool {
	return slices.ContainsFunc(p.events, func(e string) bool { return strings.Contains(e, words) })
}

// What a verification of a daemon finds at one copy it heals from the other, tells it, and
// has found no problem then. Packs that it read are not scrubbed again.
func TestDaemonHeals(t *testing.T) {
	p := newKeptPair(t)
	pack, index := p.files(t, 1, "packs/*/*.age")[0], p.files(t, 1, "index/*/*.age")[0]
	for _, name := range []string{pack, index} {
		if err := os.WriteFile(name, []byte("bad"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	whole := daemon.Verification{Copy: "second", Reached: func(string) {}, Progress: func(int64, int64) {}}
	found, err := p.vault.Verify(t.Context(), whole)
	if err != nil || found.Problems != 0 || !p.told("second healed packs/") || !p.told("second healed index/") {
		t.Errorf("%+v, %v; told %q", found, err, p.events)
	}
	// That it was set back is healed too, and told to somebody: no drive does that by failing.
	if err := os.Remove(p.files(t, 1, "commits/*/*.json")[1]); err != nil {
		t.Fatal(err)
	}
	found, err = p.vault.Verify(t.Context(), whole)
	if err != nil || found.Problems != 1 || !strings.HasPrefix(found.Detail, "rollback: commits/") || !p.told("second healed commits/") {
		t.Errorf("%+v, %v; told %q", found, err, p.events)
	}
	checked, err := chunkstore.Verify(t.Context(), openLocal(t, p.dirs[1]), chunkstore.VerifyOptions{})
	if err != nil || !checked.OK() {
		t.Errorf("%+v, %v", checked, err)
	}
	if pack := loadProofs(p.vault.config).Copies["second"].Files; pack == nil || pack.Problems != 0 {
		t.Errorf("the proof: %+v", pack)
	}
	if err := p.vault.copies.scrub(t.Context(), time.Nanosecond); err != nil {
		t.Fatal(err)
	}
	if all := p.status(t); !all[0].Checked.IsZero() || all[1].Checked.IsZero() {
		t.Errorf("the first copy was never read and the second was: %v, %v", all[0].Checked, all[1].Checked)
	}
}

func (p *keptPair) status(t *testing.T) (all []copies.Status) {
	t.Helper()
	err := p.vault.copies.with(t.Context(), func(_ context.Context, set *copies.Set, _ string) (err error) {
		all, err = set.Status()
		return err
	})
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	return all
}

// A scrub of a daemon finds a bad pack and heals it.
func TestDaemonScrubs(t *testing.T) {
	p := newKeptPair(t)
	for i := range p.dirs {
		if err := os.WriteFile(p.files(t, i, "packs/*/*.age")[i], []byte("bad"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 { // one that was never read is read by each
		if err := p.vault.copies.scrub(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if !p.told("vault healed packs/") || !p.told("second healed packs/") {
		t.Errorf("told %q", p.events)
	}
	for i, dir := range p.dirs {
		checked, err := chunkstore.Verify(t.Context(), openLocal(t, dir), chunkstore.VerifyOptions{})
		if err != nil || !checked.OK() {
			t.Errorf("copy %d: %+v, %v", i, checked, err)
		}
	}
	for _, s := range p.status(t) {
		if s.Checked.IsZero() {
			t.Errorf("all packs of %s were checked; its status does not say when", s.Name)
		}
	}
}

func openLocal(t *testing.T, dir string) *local.Destination {
	t.Helper()
	d, err := local.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
