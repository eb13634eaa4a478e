package chunkstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"telekeep/crypto"
)

// How much a Reader keeps in memory.
const (
	cachedChunkBytes = 16 << 20
	openPackFiles    = 32
)

// ReaderOptions says how a Reader works.
type ReaderOptions struct {
	// Identities are owner keys; one that opens the vault key is needed.
	Identities []crypto.Identity
	// Damaged makes a Reader of a vault that is not whole: what cannot be read is left
	// out and listed in Faults, what stands in two places is taken from the other.
	// Without it OpenReader fails at the first problem.
	Damaged bool
	// Heads are the last commits that somebody remembers (ReadHead). With Damaged,
	// newer commits that are gone are listed, and looked for. Otherwise they are not used.
	Heads []Head
	// Again is a Reader of the same vault that was opened before: the vault key is taken from it,
	// so that a token need not be touched or a passphrase be worked on for each look. It is
	// only right while no key file was added since; nil opens the key with Identities.
	Again *Reader
}

// vaultKey opens the key of a vault, or takes the one that is open.
func (o ReaderOptions) vaultKey(ctx context.Context, dst Destination, vault *Vault) (*VaultKey, error) {
	if o.Again != nil && vault.ID != "" && o.Again.vault.ID == vault.ID {
		return o.Again.key, nil
	}
	return openVaultKey(ctx, dst, vault, o.Identities)
}

// A Reader reads a vault as it was when it was opened: all writers, all commits. Its
// methods may be used from many goroutines. It needs no closing.
type Reader struct {
	dst     Destination
	vault   *Vault
	key     *VaultKey
	commits []*Commit
	records map[string][]crypto.ID // by the name of the commit
	index   chunkIndex
	retired map[Hash]*Commit // packs that do not belong to the vault any more
	faults  []*Problem
	heads   []Head
	// unindexed are the packs of commits whose index is lost.
	unindexed []Object
	codec     *decompressor
	cache     *chunkCache

	mu    sync.Mutex
	files map[uint32]*packFile // by position in index.packs; some of those used lately
}

// OpenReader opens a vault with an owner key: it checks every commit, reads every
// index, and fails at the first that is wrong unless o.Damaged is set. ErrNoVault,
// crypto.ErrWrongKey, and a *Problem for what is wrong with the vault.
func OpenReader(ctx context.Context, dst Destination, o ReaderOptions) (*Reader, error) {
	r := &Reader{
		dst:     dst,
		records: make(map[string][]crypto.ID),
		cache:   newChunkCache(cachedChunkBytes),
		files:   make(map[uint32]*packFile),
		heads:   o.Heads,
	}
	var err error
	if r.codec, err = newDecompressor(runtime.GOMAXPROCS(0)); err != nil {
		return nil, err
	}
	if o.Damaged {
		return r, r.salvage(ctx, o)
	}
	if r.vault, err = OpenVault(ctx, dst); err != nil {
		return nil, err
	}
	if r.key, err = o.vaultKey(ctx, dst, r.vault); err != nil {
		return nil, err
	}
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	if len(r.faults) > 0 {
		return nil, r.faults[0]
	}
	return r, nil
}

// load reads the chains and the indexes of a vault that should be whole.
func (r *Reader) load(ctx context.Context) error {
	for _, f := range r.vault.Faults {
		r.fault(writerName(f.WriterID), f.Err)
	}
	strangers, err := unknownWriters(ctx, r.dst, r.vault)
	if err != nil {
		return err
	}
	r.faults = append(r.faults, strangers...)
	var chains []*chain
	for _, w := range r.vault.Writers {
		w, err := r.genuine(ctx, w)
		if err != nil {
			r.fault(writerName(w.ID), err) // and nothing of it is taken
			continue
		}
		ch, err := readChain(ctx, r.dst, r.vault.ID, w)
		if err != nil {
			return err
		}
		r.faults = append(r.faults, ch.problems...)
		chains = append(chains, ch)
	}
	r.commits = mergeByTime(chains)
	r.retired = retiredBy(chains, r.believe)
	for _, c := range r.commits {
		err := r.loadIndex(ctx, c)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.fault(indexName(c.Writer, c.Seq), err)
		}
	}
	r.index.sort(r.retired)
	return nil
}

// genuine returns the entry of a writer that somebody who holds the id key made.
func (r *Reader) genuine(ctx context.Context, w *WriterEntry) (*WriterEntry, error) {
	err := w.CheckMAC(r.key.IDKey)
	several, ok := r.dst.(Several)
	if err == nil || !ok {
		return w, err
	}
	for _, place := range several.Each(ctx) {
		if other, readErr := readWriter(ctx, place, r.vault.ID, w.ID); readErr == nil && other.CheckMAC(r.key.IDKey) == nil {
			return other, nil
		}
	}
	return w, err
}

// believe reports whether an owner agreed to what a commit retires. Where not, that is a
// fault of the commit and its packs still belong to the vault.
func (r *Reader) believe(c *Commit) bool {
	err := r.key.checkRetired(c)
	if err != nil {
		r.fault(commitName(c.Writer, c.Seq), err)
	}
	return err == nil
}

func (r *Reader) fault(object string, err error) *Problem {
	p := newProblem(object, err)
	r.faults = append(r.faults, p)
	return p
}

// loadIndex takes over what one index says.
func (r *Reader) loadIndex(ctx context.Context, c *Commit) error {
	sealed, err := readIndexObject(ctx, r.dst, c)
	if err != nil {
		return missing(indexName(c.Writer, c.Seq), err)
	}
	content, err := readCommitIndex(c, sealed, r.key.identities()...)
	if err == nil {
		r.take(c, content)
	}
	return err
}

// take makes the content of an index part of the Reader: all of it or, after an error
// in it, nothing.
func (r *Reader) take(c *Commit, x *commitIndex) {
	for i, p := range x.packs {
		r.index.add(p, x.dirs[i])
	}
	r.records[commitName(c.Writer, c.Seq)] = x.records
}

// Vault returns what the readable objects say about the vault.
func (r *Reader) Vault() *Vault { return r.vault }

// Commits returns the commits of all writers, merged by their times; those of one
// writer are always in the order of its chain. The slice must not be changed. With
// Damaged, a commit that is lost and whose index is not is among them: it has its
// place and what the index says, the time of the commit after it, and no Hash.
func (r *Reader) Commits() []*Commit { return r.commits }

// Faults returns what is wrong with the vault, as far as opening it showed, each with
// what is lost by it. It is empty unless the Reader was opened with Damaged.
func (r *Reader) Faults() []*Problem { return r.faults }

// Records returns the ids of the chunks that make up the record stream of a commit, in
// order; none for a commit without records. A commit whose index could not be read is
// ErrNoIndex, and Faults has the reason.
func (r *Reader) Records(_ context.Context, c *Commit) ([]crypto.ID, error) {
	ids, ok := r.records[commitName(c.Writer, c.Seq)]
	if !ok {
		return nil, fmt.Errorf("%w: commit %d", ErrNoIndex, c.Seq)
	}
	return ids, nil
}

// Size returns the length of a chunk in bytes, or ErrUnknownChunk.
func (r *Reader) Size(id crypto.ID) (int64, error) {
	places := r.index.find(id)
	if len(places) == 0 {
		return 0, fmt.Errorf("%w: %s", ErrUnknownChunk, id)
	}
	return int64(places[0].Raw), nil
}

// Chunk returns the plaintext of a chunk. Its id was computed from it and compared.
// The bytes are shared: they must not be changed. ErrUnknownChunk if no index lists
// it; crypto.ErrDamaged or ErrMissing if none of its copies can be read.
func (r *Reader) Chunk(ctx context.Context, id crypto.ID) ([]byte, error) {
	if data, ok := r.cache.get(id); ok {
		return data, nil
	}
	places := r.index.find(id)
	if len(places) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrUnknownChunk, id)
	}
	var faults []error
	for _, place := range places {
		data, err := r.read(ctx, place)
		if err == nil {
			r.cache.put(id, data)
			return data, nil
		}
		faults = append(faults, err)
	}
	return nil, errors.Join(faults...)
}

// read reads one copy of a chunk, from whichever place has it good.
func (r *Reader) read(ctx context.Context, place chunkPlace) ([]byte, error) {
	return anywhere(ctx, r.dst, func(dst Destination) ([]byte, error) { return r.readAt(ctx, dst, place) })
}

func (r *Reader) readAt(ctx context.Context, dst Destination, place chunkPlace) ([]byte, error) {
	f, err := r.file(ctx, dst, place.pack)
	if errors.Is(err, ErrMissing) && r.index.retired[place.pack] {
		by := r.retired[r.index.packs[place.pack].Hash]
		return nil, fmt.Errorf("%w: %w by commit %d of writer %s", err, ErrRetired, by.Seq, by.Writer)
	}
	if err != nil {
		return nil, err
	}
	stored, err := f.stored(ctx, place.dirEntry)
	if err != nil {
		return nil, err
	}
	data, err := r.codec.decode(place.dirEntry, stored)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	if r.key.IDKey.ID(data) != place.ID {
		return nil, fmt.Errorf("%s: %w: chunk %s is not what its id says", f.name, crypto.ErrDamaged, place.ID)
	}
	return data, nil
}

// file returns an open pack. Two goroutines may open the same one at once; that costs
// a third of a millisecond, a lock around it would cost more.
func (r *Reader) file(ctx context.Context, dst Destination, pack uint32) (*packFile, error) {
	if dst != r.dst { // a single place, because what r.dst gives is bad
		return openPackFile(ctx, dst, r.index.packs[pack], r.key.identities()...)
	}
	r.mu.Lock()
	f := r.files[pack]
	r.mu.Unlock()
	if f != nil {
		return f, nil
	}
	f, err := openPackFile(ctx, dst, r.index.packs[pack], r.key.identities()...)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for old := range r.files { // any: opening again is cheap
		if len(r.files) < openPackFiles {
			break
		}
		delete(r.files, old)
	}
	r.files[pack] = f
	return f, nil
}
