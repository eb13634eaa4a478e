package chunkstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	// Witness is a head (its String) that somebody wrote down outside: a commit that must
	// be there. "" for none.
	Witness string
	// Identities, if given, make the check deep: every pack is opened and the id of
	// every chunk computed. One must be an owner's.
	Identities []crypto.Identity
	// Progress, if not nil, is told how many of the bytes to be read have been. It is
	// never called twice at once.
	Progress func(done, total int64)
	// Workers is how many packs are read at once; a deep check holds one pack in memory
	// for each. 0 means one for each core.
	Workers int
	// After skips the packs up to this one, in the order of their hashes: an earlier check
	// that came to no end has read them. Zero: none.
	After Hash
	// Reached, if not nil, is told of each pack that was read, in that order if there is
	// one worker, and what is wrong with it (nil: nothing).
	Reached func(pack Hash, problem *Problem)
}

// A Report is what Verify found.
type Report struct {
	Vault   string `json:"vault"`
	Deep    bool   `json:"deep"`
	Writers int    `json:"writers"`
	Commits int    `json:"commits"`
	Packs   int    `json:"packs"`  // listed by commits
	Bytes   int64  `json:"bytes"`  // of packs and indexes that were read
	Chunks  int64  `json:"chunks"` // recomputed by a deep check
	// Retired is how many packs do not belong to the vault any more and lie there still,
	// and how many bytes they have. They are not read.
	Retired      int        `json:"retired,omitempty"`
	RetiredBytes int64      `json:"retired_bytes,omitempty"`
	Problems     []*Problem `json:"problems"`
	// Notices are things that somebody should know about and that cost nothing: an
	// owner's key file was removed, README.txt is gone, a commit retires packs.
	Notices []*Problem `json:"notices"`
	// Orphans are objects that nothing leads to: left by a writer that was stopped,
	// being written right now, or none of the vault's at all. They are no problem.
	Orphans []string `json:"orphans"`
}

// OK reports whether there are no problems.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

// Verify checks a vault and reports all that is wrong with it; it never stops at the
// first. It fails, without a report, only if the check itself is impossible: ErrNoVault,
// ErrUnknownFormat of vault.json, crypto.ErrWrongKey, an end of ctx, a destination that
// cannot list. If the key files are damaged so that no identity opens one, that is a
// problem, and the check is none with keys (Report.Deep).
func Verify(ctx context.Context, dst Destination, o VerifyOptions) (*Report, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	v := &verifier{dst: dst, options: o, dirs: make(map[Hash]Hash)}
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
	retired map[Hash]*Commit // packs that do not belong to the vault any more
	dirs    map[Hash]Hash    // hash of a pack ▶ hash of its directory by the index
	total   int64            // bytes to read

	mu     sync.Mutex // guards report and done while packs are read
	report Report
	done   int64
}

func (v *verifier) run(ctx context.Context) error {
	found, err := listVault(ctx, v.dst)
	if err != nil {
		return err
	}
	if err := v.openVault(ctx, found); err != nil {
		return err
	}
	keyErr := v.openKey(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	v.checkWriters(found)
	chains, err := v.checkChains(ctx, found)
	if err != nil {
		return err
	}
	if err := v.checkKeys(ctx, chains); err != nil {
		return err
	}
	if keyErr != nil && !errors.Is(keyErr, ErrKeyFile) {
		return keyErr
	}
	if err := v.checkSecrets(ctx, found); err != nil {
		return err
	}
	v.checkRetired(chains)
	v.total = found.bytesOf(chains, v.retired)
	records, err := v.checkIndexes(ctx, chains)
	if err != nil {
		return err
	}
	if err := v.checkLostIndexes(ctx, chains, found); err != nil {
		return err
	}
	v.checkRecords(records)
	return v.checkPacks(ctx, chains, found)
}

// openKey opens the vault key if the check is to be deep.
func (v *verifier) openKey(ctx context.Context) error {
	if len(v.options.Identities) == 0 {
		return nil
	}
	var err error
	v.key, err = openVaultKey(ctx, v.dst, v.vault, v.options.Identities)
	v.report.Deep = err == nil
	return err
}

// problem notes something that is wrong. One fault of an object is told once, however
// many checks meet it: the first knows most.
func (v *verifier) problem(object string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p := newProblem(object, err)
	told := slices.ContainsFunc(v.report.Problems, func(other *Problem) bool {
		return other.Object == p.Object && other.Kind != ProblemPadding && p.Kind != ProblemPadding
	})
	if !told {
		v.report.Problems = append(v.report.Problems, p)
	}
}

// notice notes something that is not wrong.
func (v *verifier) notice(p *Problem) { v.report.Notices = append(v.report.Notices, p) }

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

// checkChains checks all commits, and the remembered heads against them.
func (v *verifier) checkChains(ctx context.Context, found *listing) ([]*chain, error) {
	var chains []*chain
	for _, w := range v.vault.Writers {
		ch, err := readChain(ctx, v.dst, v.vault.ID, w)
		if err != nil {
			return nil, err
		}
		chains = append(chains, ch)
	}
	for _, id := range slices.Sorted(maps.Keys(found.commits)) {
		if _, ok := v.vault.Writer(id); ok {
			continue
		}
		// Nobody can check its signatures. But what its commits list should be there.
		ch, err := readChainWith(ctx, v.dst, v.vault.ID, &WriterEntry{ID: id}, parseUnsigned)
		if err != nil {
			return nil, err
		}
		ch.unsigned = true
		chains = append(chains, ch)
	}
	for _, ch := range chains {
		for _, p := range ch.problems {
			v.problem(p.Object, p)
		}
		v.report.Commits += len(ch.commits)
	}
	for _, h := range v.options.Heads {
		v.checkHead(h, chains)
	}
	v.checkWitness(chains)
	return chains, nil
}

// checkWitness looks for the commit that somebody wrote down.
func (v *verifier) checkWitness(chains []*chain) {
	if v.options.Witness == "" {
		return
	}
	for _, ch := range chains {
		if !ch.unsigned && slices.ContainsFunc(ch.commits, func(c *Commit) bool { return c.Matches(v.options.Witness) }) {
			return
		}
	}
	v.problem(commitsPrefix, fmt.Errorf("%w: there is no commit %s, which was there once", ErrRollback, v.options.Witness))
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
