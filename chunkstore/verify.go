package chunkstore

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"telekeep/crypto"
)

// VerifyOptions says how much is checked. The zero value checks everything that takes
// no key; docs/format.md, section 13, has the table.
type VerifyOptions struct {
	// Secrets, if given, add what a writer can check: the writers' entries and the
	// content of its own indexes.
	Secrets *WriterSecrets
	// Heads are the last commits that somebody remembers: of the local state
	// (ReadHead), of another copy. A vault without them was set back.
	Heads []Head
	// Identities, if given, make the check deep: every pack is opened and the id of
	// every chunk computed. One must be an owner's.
	Identities []crypto.Identity
	// Progress, if not nil, is told how many of the bytes to be read have been. It is
	// never called twice at once.
	Progress func(done, total int64)
	// Workers is how many packs are read at once; a deep check holds one pack in memory
	// for each. 0 means one for each core.
	Workers int
}

// A Report is what Verify found.
type Report struct {
	Vault    string     `json:"vault"`
	Deep     bool       `json:"deep"`
	Writers  int        `json:"writers"`
	Commits  int        `json:"commits"`
	Packs    int        `json:"packs"`  // listed by commits
	Bytes    int64      `json:"bytes"`  // of packs and indexes that were read
	Chunks   int64      `json:"chunks"` // recomputed by a deep check
	Problems []*Problem `json:"problems"`
	// Orphans are objects that no commit leads to: left by a writer that was stopped,
	// or being written right now. They are no problem.
	Orphans []string `json:"orphans"`
}

// OK reports whether there are no problems.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

// Verify checks a vault and reports all that is wrong with it; it never stops at the
// first. It fails, without a report, only if the check itself is impossible: ErrNoVault,
// crypto.ErrWrongKey, an end of ctx, a destination that cannot list.
func Verify(ctx context.Context, dst Destination, o VerifyOptions) (*Report, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	v := &verifier{dst: dst, options: o, dirs: make(map[Hash]Hash)}
	v.report.Deep = len(o.Identities) > 0
	if err := v.run(ctx); err != nil {
		return nil, err
	}
	slices.SortStableFunc(v.report.Problems, func(a, b *Problem) int { return strings.Compare(a.Object, b.Object) })
	slices.Sort(v.report.Orphans)
	return &v.report, nil
}

// A verifier is one run of Verify.
type verifier struct {
	dst     Destination
	options VerifyOptions
	vault   *Vault
	key     *VaultKey // nil unless deep
	index   chunkIndex
	dirs    map[Hash]Hash // hash of a pack ▶ hash of its directory by the index
	total   int64         // bytes to read

	mu     sync.Mutex // guards report and done while packs are read
	report Report
	done   int64
}

func (v *verifier) run(ctx context.Context) error {
	var err error
	if v.vault, err = OpenVault(ctx, v.dst); err != nil {
		return err
	}
	v.report.Vault = v.vault.ID
	if v.report.Deep {
		if v.key, err = OpenVaultKey(ctx, v.dst, v.options.Identities); err != nil {
			return err
		}
	}
	v.checkWriters()
	chains, err := v.checkChains(ctx)
	if err != nil {
		return err
	}
	found, err := v.list(ctx)
	if err != nil {
		return err
	}
	v.total = found.bytesOf(chains)
	records, err := v.checkIndexes(ctx, chains)
	if err != nil {
		return err
	}
	v.checkRecords(records)
	return v.checkPacks(ctx, chains, found)
}

// problem notes something that is wrong.
func (v *verifier) problem(object string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Problems = append(v.report.Problems, newProblem(object, err))
}

// read counts bytes and tells how far the check is.
func (v *verifier) read(n int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.done += n
	v.report.Bytes += n
	if v.options.Progress != nil {
		v.options.Progress(v.done, max(v.total, v.done))
	}
}

// checkWriters checks the writers' entries as far as the keys at hand allow.
func (v *verifier) checkWriters() {
	v.report.Writers = len(v.vault.Writers)
	for _, f := range v.vault.Faults {
		v.problem(writerName(f.WriterID), f.Err)
	}
	if s := v.options.Secrets; s != nil {
		if err := v.vault.CheckSecrets(s); err != nil {
			v.problem(vaultName, err)
			v.options.Secrets = nil
		}
	}
	for _, w := range v.vault.Writers {
		var err error
		switch {
		case v.key != nil:
			err = w.CheckMAC(v.key.IDKey)
		case v.options.Secrets != nil:
			err = w.CheckMAC(v.options.Secrets.IDKey)
		}
		if err != nil {
			v.problem(writerName(w.ID), err)
		}
	}
}

// checkChains checks all commits, and the remembered heads against them.
func (v *verifier) checkChains(ctx context.Context) ([]*chain, error) {
	var chains []*chain
	for _, w := range v.vault.Writers {
		ch, err := readChain(ctx, v.dst, v.vault.ID, w)
		if err != nil {
			return nil, err
		}
		for _, p := range ch.problems {
			v.problem(p.Object, p)
		}
		v.report.Commits += len(ch.commits)
		chains = append(chains, ch)
	}
	for _, h := range v.options.Heads {
		v.checkHead(h, chains)
	}
	return chains, nil
}

func (v *verifier) checkHead(h Head, chains []*chain) {
	if h.Vault != v.vault.ID {
		v.problem(vaultName, fmt.Errorf("%w: the remembered commit belongs to vault %s", ErrOtherVault, h.Vault))
		return
	}
	for _, ch := range chains {
		if ch.writer.ID != h.Writer {
			continue
		}
		if p := ch.remembers(h); p != nil {
			v.problem(p.Object, p)
		}
		return
	}
	if h.Seq > 0 {
		v.problem(writerName(h.Writer), fmt.Errorf("%w: the writer of a remembered commit is missing", ErrRollback))
	}
}

// A listing is what lies in the growing folders.
type listing struct {
	packs   map[Hash]int64 // lengths
	indexes map[string]int64
	other   []string // names that do not belong there
}

// list looks what is there.
func (v *verifier) list(ctx context.Context) (*listing, error) {
	l := &listing{packs: make(map[Hash]int64), indexes: make(map[string]int64)}
	for _, folder := range []string{packsPrefix, indexPrefix, commitsPrefix} {
		err := v.dst.List(ctx, folder, func(name string, size int64) error {
			if h, ok := parsePackName(name); ok {
				l.packs[h] = size
			} else if _, _, ok := parseIndexName(name); ok {
				l.indexes[name] = size
			} else if writer, _, ok := parseCommitName(name); !ok || !v.knows(writer) {
				l.other = append(l.other, name)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", folder, err)
		}
	}
	return l, nil
}

func (v *verifier) knows(writer string) bool {
	_, ok := v.vault.Writer(writer)
	return ok
}

// bytesOf returns how many bytes will be read.
func (l *listing) bytesOf(chains []*chain) int64 {
	var total int64
	for _, p := range packsOf(chains) {
		total += l.packs[p.Hash] // nothing if it is missing
	}
	for _, ch := range chains {
		for _, c := range ch.commits {
			total += l.indexes[indexName(c.Writer, c.Seq)]
		}
	}
	return total
}

// packsOf returns the packs of all commits, each once, ascending.
func packsOf(chains []*chain) []Object {
	var packs []Object
	for _, ch := range chains {
		for _, c := range ch.commits {
			packs = append(packs, c.Packs...)
		}
	}
	slices.SortFunc(packs, func(a, b Object) int {
		return cmp.Or(slices.Compare(a.Hash[:], b.Hash[:]), cmp.Compare(a.Size, b.Size))
	})
	return slices.Compact(packs)
}

// orphans notes what no commit leads to.
func (v *verifier) orphans(l *listing, chains []*chain) {
	for _, p := range packsOf(chains) {
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
	v.report.Orphans = append(v.report.Orphans, l.other...)
}
