package main

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// owned looks whether the user that the system's service runs as can use the
// installation: the usual slip is a command that root has run in it.
func (p *patient) owned(kind string, facts map[string]string) []finding {
	if kind != ofSystem || p.config == nil {
		return nil
	}
	name := facts["User"]
	who, err := user.Lookup(name)
	if name == "" || err != nil {
		return nil // root may do anything; and systemd says itself that there is no such user
	}
	var all []finding
	for _, dir := range p.foldersOfService() {
		strange := foreign(dir, who.Uid)
		if len(strange) == 0 {
			continue
		}
		text := strange[0]
		if len(strange) > 1 {
			text += " and " + plural(int64(len(strange)-1), "more entry there", "more entries there")
		}
		all = append(all, failing(exitFailure, "sudo chown -R "+name+": "+shellWord(dir),
			"it runs as the user %s, and does not own %s", name, text))
	}
	return all
}

// foldersOfService are the folders that must be the service's own, none within another.
func (p *patient) foldersOfService() []string {
	var all []string
	for _, dir := range append([]string{filepath.Dir(p.place.config), p.config.State, p.config.Secrets}, p.config.Folders()...) {
		inside := false
		for _, other := range all {
			inside = inside || within(other, dir)
		}
		if !inside {
			all = append(all, dir)
		}
	}
	return all
}

// foreignDepth is how deep folders are looked into: packs/ab of a vault in an
// installation, without the packs themselves.
const foreignDepth = 3

// foreign lists what below dir, itself first, belongs to another user and cannot be
// written by everybody. What cannot be looked at is left out: others speak of it.
func foreign(dir, uid string) []string {
	var strange []string
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() && e.Name() == "lost+found" {
			return fs.SkipDir
		}
		if info, err := e.Info(); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
			return nil
		} else if err == nil && !ownedBy(info, uid) && info.Mode().Perm()&0o022 == 0 {
			strange = append(strange, path)
		}
		rel, err := filepath.Rel(dir, path)
		if e.IsDir() && (err != nil || strings.Count(rel, string(filepath.Separator)) >= foreignDepth || e.Name() == "packs") {
			return fs.SkipDir
		}
		return nil
	})
	return strange
}

func ownedBy(info os.FileInfo, uid string) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || strconv.FormatUint(uint64(stat.Uid), 10) == uid
}
