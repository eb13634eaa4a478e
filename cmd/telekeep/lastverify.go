package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"telekeep/config"
	"telekeep/internal/durable"
)

// What the last verifications found is kept in the state folder, so that status can
// say when the vault was last read back, and how thoroughly.

// A proof is the outcome of one verification.
type proof struct {
	Time     time.Time `json:"time"`
	Vault    string    `json:"vault"`
	Copy     string    `json:"copy,omitempty"` // which was read
	Commits  int       `json:"commits"`
	Packs    int       `json:"packs"`
	Bytes    int64     `json:"bytes"`
	Problems int       `json:"problems"`
	Daemon   bool      `json:"by_daemon,omitempty"` // the time is when it began then
}

// proofs are the newest verifications: of every file's bytes, and of everything
// decrypted and replayed; of whichever copy, and of each.
type proofs struct {
	Files  *proof                `json:"files,omitempty"` // verify, or verify --deep
	Deep   *proof                `json:"deep,omitempty"`  // verify --deep
	Copies map[string]copyProofs `json:"copies,omitempty"`
}

// copyProofs are those of one copy.
type copyProofs struct {
	Files *proof `json:"files,omitempty"`
	Deep  *proof `json:"deep,omitempty"`
}

func proofPath(cfg *config.Config) string { return filepath.Join(cfg.State, "last-verify.json") }

// saveProof remembers a verification that came to its end, on a machine that writes, of
// a copy of its settings.
func (a *app) saveProof(cfg *config.Config, name string, r *verifyReport) {
	if a.vault != "" {
		return
	}
	p := loadProofs(cfg)
	found := &proof{
		Time: a.now().UTC().Truncate(time.Second), Vault: r.Vault, Copy: name, Commits: r.Commits, Packs: r.Packs, Bytes: r.Bytes,
		Problems: len(r.Problems), Daemon: r.byDaemon,
	}
	if !r.at.IsZero() {
		found.Time = r.at.UTC().Truncate(time.Second)
	}
	one := p.Copies[name]
	p.Files, one.Files = found, found
	if r.Deep {
		p.Deep, one.Deep = found, found
	}
	if p.Copies == nil {
		p.Copies = make(map[string]copyProofs)
	}
	p.Copies[name] = one
	data, err := json.MarshalIndent(p, "", "  ")
	if err == nil {
		err = durable.WriteFile(proofPath(cfg), data, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // no state folder: nothing was written yet
		a.ui.warn("status will not know of this verification: %v", err)
	}
}

// loadProofs returns what is remembered; nothing if it cannot be read.
func loadProofs(cfg *config.Config) proofs {
	var p proofs
	if alone(cfg) {
		return p
	}
	if data, err := os.ReadFile(proofPath(cfg)); err != nil || json.Unmarshal(data, &p) != nil {
		return proofs{}
	}
	if p.Copies == nil && p.Files != nil { // written when there was one copy only
		p.Copies = map[string]copyProofs{config.VaultCopy: {p.Files, p.Deep}}
	}
	return p
}

// damage says what the newest verification of each of these copies of a vault found wrong,
// "" if nothing was.
func (p proofs) damage(vault string, all []config.Copy) string {
	var found []string
	for _, one := range all {
		last, name := p.Copies[one.Name].Files, ""
		if len(all) > 1 {
			name = " of copy " + one.Name
		}
		if last == nil || last.Vault != vault || last.Problems == 0 {
			continue
		}
		found = append(found, "the last telekeep verify"+name+", "+moment(last.Time)+", found "+plural(last.Problems, "problem", "problems"))
	}
	return strings.Join(found, "; ")
}

// inWords says when what was verified.
func (p proofs) inWords() []string {
	line := func(word, never, how string, one *proof) string {
		if one == nil {
			return word + never
		}
		text := word + one.Time.Local().Format("2006-01-02 15:04:05") + ", " + plural(one.Commits, "commit", "commits") + " " + how
		if one.Problems > 0 {
			text += ": " + plural(one.Problems, "problem", "problems")
		}
		return text
	}
	return []string{
		line("verified   ", "never: telekeep verify", "with every file", p.Files),
		line("opened     ", "never: telekeep verify --deep -i KEY", "decrypted and replayed", p.Deep),
	}
}
