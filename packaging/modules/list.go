package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A Module is other people's code that telekeep is made with.
type Module struct {
	Path, Version string
	// Linked: it is a part of the program, not only of its tests and tools.
	Linked bool
	// Files are its licence files, those of the packages that are used and of the module.
	Files []string
	// Licences are the SPDX names of what stands in them.
	Licences []string
}

// systems are what the program is built for: each may link others.
var systems = []string{"linux", "darwin"}

// listModules returns all modules, ascending by path.
func listModules(ctx context.Context) ([]*Module, error) {
	found := make(map[string]*Module)
	for _, goos := range systems {
		if err := addPackages(ctx, found, goos, true, "./cmd/telekeep"); err != nil {
			return nil, err
		}
		if err := addPackages(ctx, found, goos, false, "-test", "./...", "tool"); err != nil {
			return nil, err
		}
	}
	modules := slices.SortedFunc(maps.Values(found), func(a, b *Module) int { return cmp.Compare(a.Path, b.Path) })
	for _, m := range modules {
		if err := m.readLicences(); err != nil {
			return nil, err
		}
	}
	return modules, nil
}

// listed is what go list says of a package.
type listed struct {
	Dir    string
	Module *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// addPackages adds the modules of packages and of all that they import.
func addPackages(ctx context.Context, found map[string]*Module, goos string, linked bool, packages ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-deps", "-json=Dir,Module"}, packages...)...)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		if p.Module == nil || p.Module.Main {
			continue // Go's own, and ours
		}
		m := found[p.Module.Path]
		if m == nil {
			m = &Module{Path: p.Module.Path, Version: p.Module.Version}
			found[m.Path] = m
		}
		m.Linked = m.Linked || linked
		m.addFiles(p.Module.Dir, p.Dir)
	}
}

// addFiles adds the licence files from a package's folder up to its module's.
func (m *Module) addFiles(root, dir string) {
	for ; strings.HasPrefix(dir, root); dir = filepath.Dir(dir) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // readLicences misses the file
		}
		for _, e := range entries {
			name := filepath.Join(dir, e.Name())
			if !e.IsDir() && isLicenceFile(e.Name()) && !slices.Contains(m.Files, name) {
				m.Files = append(m.Files, name)
			}
		}
	}
	slices.Sort(m.Files)
}

func isLicenceFile(name string) bool {
	name = strings.ToLower(name)
	if strings.HasSuffix(name, ".go") {
		return false
	}
	for _, word := range []string{"license", "licence", "copying", "notice", "unlicense"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
