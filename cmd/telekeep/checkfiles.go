package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"telekeep/chunkstore"
	"telekeep/config"
)

// checkConfig looks at the settings file: is it there, is everything in it understood,
// and who may read and change it?
func checkConfig(_ context.Context, p *patient) []finding {
	if f, err := os.Open(p.place.config); errors.Is(err, fs.ErrPermission) {
		return []finding{failing(exitConfig, "run telekeep as the user that the file belongs to", "%s may not be read by this user", p.place.config)}
	} else if err == nil {
		_ = f.Close() // nothing was read
	}
	var bad *config.Error
	if errors.As(p.loadErr, &bad) {
		var all []finding
		for i := range bad.Problems {
			one := &config.Error{File: bad.File, Problems: bad.Problems[i : i+1]}
			all = append(all, failed(one))
		}
		return append(all, openToOthers(p.place.config, false)...)
	}
	if p.loadErr != nil {
		return []finding{failed(p.loadErr)}
	}
	all := []finding{ok("%s is understood", p.place.config)}
	if len(p.config.Accounts) == 0 {
		all = append(all, failing(exitConfig, "add a section [[account]] with a name", "the settings name no account"))
	}
	return append(all, openToOthers(p.place.config, false)...)
}

// checkKeys looks at the writer's key, and for keys that should not be here.
func checkKeys(ctx context.Context, p *patient) []finding {
	if p.config == nil {
		return noSettings()
	}
	var all []finding
	if p.secretsErr != nil {
		all = append(all, failed(p.secretsErr))
	} else {
		all = append(all, p.writerFits(ctx))
	}
	for _, path := range []string{p.config.Secrets, writerKeyPath(p.config), p.config.State} {
		all = append(all, openToOthers(path, true)...)
	}
	for _, account := range p.config.Accounts {
		all = append(all, openToOthers(sessionPath(p.config, account), true)...)
	}
	for _, one := range p.config.Copies {
		for _, path := range copySecretPaths(p.config, one) {
			all = append(all, openToOthers(path, true)...)
		}
	}
	return append(all, p.ownerKeysHere()...)
}

// writerFits compares the writer's key with the vault.
func (p *patient) writerFits(ctx context.Context) finding {
	here := ok("the writer's key is there")
	dst, err := p.app.openAny(ctx, p.config)
	if err != nil {
		here.Text += "; whether it fits the vault cannot be said"
		return here
	}
	defer dst.Close()
	vault, err := chunkstore.OpenVault(ctx, dst)
	if err != nil {
		here.Text += "; whether it fits the vault cannot be said"
		return here
	}
	if vault.ID != p.secrets.VaultID {
		return failing(exitVault, "check vault in the settings file; or put back the writer.key that belongs to this vault",
			"the writer's key belongs to vault %s, and %s is vault %s", p.secrets.VaultID, dst.URL, vault.ID)
	}
	for _, w := range vault.Writers {
		if w.ID == p.secrets.WriterID {
			return ok("the writer's key is there and fits the vault")
		}
	}
	return failing(exitVault, "run telekeep verify", "the vault does not list writer %s, whose key lies here", p.secrets.WriterID)
}

// largestKeyFile is the size in bytes above which no file is looked into for a key.
const largestKeyFile = 64 << 10

// A line of a file that is the secret half of a key.
const (
	keyMark   = "AGE-SECRET-KEY-"
	keyLength = 60 // letters at least: what only speaks of such a line is shorter
)

// ownerKeysHere finds owner keys that lie where telekeep keeps its files.
func (p *patient) ownerKeysHere() []finding {
	var all []finding
	seen := map[string]bool{writerKeyPath(p.config): true}
	dirs := []string{filepath.Dir(p.place.owner), p.config.Secrets, p.config.State}
	for _, dir := range p.config.Folders() {
		dirs = append(dirs, dir, filepath.Join(dir, "keys"))
	}
	inVault := func(path string) bool {
		return slices.ContainsFunc(p.config.Folders(), func(dir string) bool { return within(dir, path) })
	}
	for _, dir := range dirs {
		entries, _ := os.ReadDir(dir) // what cannot be read is told of elsewhere
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if seen[path] || !e.Type().IsRegular() || !holdsKey(path) {
				continue
			}
			seen[path] = true
			if inVault(path) {
				all = append(all, failing(exitKey, "move it out of the vault at once: whoever gets a copy of the vault can read everything", "a secret key lies in the vault: %s", path))
				continue
			}
			all = append(all, warning("move it to a USB stick, a password manager or paper, and remove it here: a backup does not need it, and it opens everything",
				"an owner key lies on the machine that writes: %s", path))
			all = append(all, openToOthers(path, true)...)
		}
	}
	if len(all) == 0 {
		all = append(all, ok("no owner key lies beside the settings, the secrets, the state or the vault"))
	}
	return all
}

// holdsKey reports whether a small file has a secret key in the clear.
func holdsKey(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() // read only
	data, err := io.ReadAll(io.LimitReader(f, largestKeyFile))
	if err != nil {
		return false
	}
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) >= keyLength && bytes.HasPrefix(line, []byte(keyMark)) {
			return true
		}
	}
	return false
}

// openToOthers says whether other users of the machine may change the file or folder at
// path, or read it. Of one that cannot be looked at others speak.
func openToOthers(path string, secret bool) []finding {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	mode, right := info.Mode().Perm(), "600"
	if info.IsDir() {
		right = "700"
	}
	hint := "chmod " + right + " " + shellWord(path)
	switch {
	case mode&0o022 != 0:
		return []finding{failing(exitFailure, hint, "others can change %s (mode %03o)", path, mode)}
	case mode&0o077 != 0:
		what := "it holds your api_hash and the names of your accounts"
		if secret {
			what = "it is for its owner alone"
		}
		return []finding{warning(hint, "others can read %s (mode %03o): %s", path, mode, what)}
	}
	return nil
}
