package chunkstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// A listing is what lies at a place.
type listing struct {
	packs    map[Hash]int64 // lengths
	indexes  map[string]int64
	commits  map[string]bool // ids of writers that have any
	writers  map[string]bool // ids that have an entry or secrets
	secrets  map[string]bool // ids that have secrets
	foreign  []string        // names that no object of a vault has
	vault    bool            // vault.json is there
	readme   bool
	script   bool // recover.sh is there
	keyFiles int
}

// listVault looks what is there.
func listVault(ctx context.Context, dst Destination) (*listing, error) {
	l := &listing{
		packs: make(map[Hash]int64), indexes: make(map[string]int64),
		commits: make(map[string]bool), writers: make(map[string]bool), secrets: make(map[string]bool),
	}
	err := dst.List(ctx, "", func(name string, size int64) error {
		l.add(name, size)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the vault: %w", err)
	}
	return l, nil
}

// add sorts one object by its name.
func (l *listing) add(name string, size int64) {
	folder, _, _ := strings.Cut(name, "/")
	switch folder + "/" {
	case packsPrefix:
		if h, ok := parsePackName(name); ok {
			l.packs[h] = size
			return
		}
	case indexPrefix:
		if _, _, ok := parseIndexName(name); ok {
			l.indexes[name] = size
			return
		}
	case commitsPrefix:
		if writer, _, ok := parseCommitName(name); ok {
			l.commits[writer] = true
			return
		}
	case writerDir:
		if id, ok := parseWriterName(name); ok {
			l.writers[id] = true
			l.secrets[id] = l.secrets[id] || name == secretsName(id)
			return
		}
	case keysPrefix:
		if _, ok := parseKeyName(name); ok {
			l.keyFiles++
			return
		}
		if _, _, ok := parseNoteName(name); ok {
			return
		}
	}
	switch name {
	case vaultName:
		l.vault = true
	case readmeName:
		l.readme = true
	case recoverName:
		l.script = true
	default:
		l.foreign = append(l.foreign, name)
	}
}

// holdsVault reports whether anything but vault.json speaks for a vault.
func (l *listing) holdsVault() bool {
	return l.vault || l.keyFiles > 0 || len(l.writers) > 0
}

// bytesOf returns how many bytes will be read.
func (l *listing) bytesOf(chains []*chain, retired map[Hash]*Commit) int64 {
	var total int64
	for _, p := range packsOf(chains, retired) {
		total += l.packs[p.Hash] // nothing if it is missing
	}
	for _, ch := range chains {
		for _, c := range ch.commits {
			total += l.indexes[indexName(c.Writer, c.Seq)]
		}
	}
	return total
}

// packsOf returns the packs of all commits but those that are retired, each once, ascending.
func packsOf(chains []*chain, retired map[Hash]*Commit) []Object {
	var packs []Object
	for _, ch := range chains {
		for _, c := range ch.commits {
			packs = append(packs, c.Packs...)
		}
	}
	slices.SortFunc(packs, func(a, b Object) int {
		return cmp.Or(slices.Compare(a.Hash[:], b.Hash[:]), cmp.Compare(a.Size, b.Size))
	})
	packs = slices.Compact(packs)
	return slices.DeleteFunc(packs, func(p Object) bool { return retired[p.Hash] != nil })
}

// orphans notes what nothing leads to.
func (v *verifier) orphans(l *listing, chains []*chain) {
	for _, p := range packsOf(chains, nil) {
		delete(l.packs, p.Hash)
	}
	for _, ch := range chains {
		for _, c := range ch.commits {
			delete(l.indexes, indexName(c.Writer, c.Seq))
		}
		for _, p := range ch.problems { // the index of a commit that cannot be read is none
			if writer, seq, ok := parseCommitName(p.Object); ok {
				delete(l.indexes, indexName(writer, seq))
			}
		}
	}
	for h := range l.packs {
		v.report.Orphans = append(v.report.Orphans, packName(h))
	}
	for name := range l.indexes {
		v.report.Orphans = append(v.report.Orphans, name)
	}
	v.report.Orphans = append(v.report.Orphans, l.foreign...)
}
