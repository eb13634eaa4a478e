package copies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/local"
	"telekeep/crypto"
	"telekeep/internal/durable"
)

// A spool holds what fewer places than needed do, and what a Writer needs to be opened:
//
//	queue/  objects that wait: every index and commit before it goes anywhere, and packs
//	        that too few places took
//	keep/   vault.json, keys, writers, and of each writer the newest index and commit
//
// An object leaves the queue when enough places hold it. What is in the queue counts as
// stored; what is only kept is no proof that any place has it.
type spool struct {
	root  *os.Root
	tree  durable.Tree // what is removed goes through it
	queue *local.Destination
	keep  *local.Destination
	max   int64
	vault string

	mu      sync.Mutex
	waiting map[string]int64            // what is in the queue ▶ length
	packs   int64                       // bytes of packs in the queue, and of those that are being stored there
	links   map[link]*chunkstore.Commit // the commits in the queue
}

// A link is what a commit follows on.
type link struct {
	writer   string
	previous chunkstore.Hash
}

// openSpool opens the folder, or makes it; "" means that there is no spool.
func openSpool(ctx context.Context, o Options) (*spool, error) {
	if o.Spool == "" {
		return nil, nil
	}
	s := &spool{max: o.SpoolMax, vault: o.Vault, waiting: make(map[string]int64), links: make(map[link]*chunkstore.Commit)}
	if err := s.open(o.Spool, o.through); err != nil {
		return nil, errors.Join(fmt.Errorf("spool: %w", err), s.close())
	}
	err := errors.Join(s.queue.Settle(ctx), s.keep.Settle(ctx)) // it is small, and everything relies on it
	if err != nil {
		return nil, errors.Join(fmt.Errorf("spool: %w", err), s.close())
	}
	err = s.queue.List(ctx, "", func(name string, size int64) error {
		s.waiting[name] = size
		if chunkstore.ParseName(name).Kind == chunkstore.PackObject {
			s.packs += size
		}
		return nil
	})
	for name := range s.waiting {
		err = errors.Join(err, s.relink(ctx, name))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("spool: %w", err), s.close())
	}
	return s, nil
}

// relink notes what a commit in the queue follows on. One that cannot be read leads nowhere.
func (s *spool) relink(ctx context.Context, name string) error {
	if chunkstore.ParseName(name).Kind != chunkstore.CommitObject {
		return nil
	}
	data, err := readSmall(ctx, s.queue, name, chunkstore.MaxCommit)
	if err == nil {
		s.linkCommit(name, data)
	}
	return err
}

// linkCommit notes what a commit follows on.
func (s *spool) linkCommit(name string, data []byte) {
	c, err := chunkstore.ParseCommit(name, data, s.vault, nil)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links[link{c.Writer, c.Previous}] = c
}

func (s *spool) open(dir string, through throughTree) error {
	err := durable.MkdirPath(dir, durable.PrivateDir)
	if err != nil {
		return err
	}
	if s.root, err = os.OpenRoot(dir); err != nil {
		return err
	}
	s.tree = durable.Below(s.root)
	if through != nil {
		s.tree = through(".", s.tree)
	}
	if s.queue, err = s.folder(dir, "queue", through); err != nil {
		return err
	}
	s.keep, err = s.folder(dir, "keep", through)
	return err
}

// folder opens a folder of the spool, or makes it.
func (s *spool) folder(dir, name string, through throughTree) (*local.Destination, error) {
	if err := durable.MkdirAll(s.tree, name, durable.PrivateDir); err != nil {
		return nil, err
	}
	d, err := local.Open(filepath.Join(dir, name))
	if err == nil && through != nil {
		d.Through(func(t durable.Tree) durable.Tree { return through(name, t) })
	}
	return d, err
}

// A throughTree may put itself between the spool and one of its folders: tests cut the power.
type throughTree func(folder string, t durable.Tree) durable.Tree

func (s *spool) close() error {
	var errs []error
	if s.root != nil {
		errs = append(errs, s.root.Close())
	}
	for _, d := range []*local.Destination{s.queue, s.keep} {
		if d != nil {
			errs = append(errs, d.Close())
		}
	}
	return errors.Join(errs...)
}

// put makes an object wait. fs.ErrExist if other bytes wait under this name, or are kept;
// ErrSpoolFull if a pack does not fit.
func (s *spool) put(ctx context.Context, name string, data []byte) error {
	pack := chunkstore.ParseName(name).Kind == chunkstore.PackObject
	if pack {
		if err := s.book(name, int64(len(data))); err != nil {
			return err
		}
	} else if kept, err := readSmall(ctx, s.keep, name, int64(len(data))); err == nil && !bytes.Equal(kept, data) || errors.Is(err, errTooLong) {
		return fmt.Errorf("spool: %s is kept with other content: %w", name, fs.ErrExist)
	}
	err := s.queue.Put(ctx, name, data)
	if err == nil {
		s.linkCommit(name, data)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.waiting[name]; ok && pack {
		s.packs -= int64(len(data)) // it was there
	}
	if err != nil {
		if _, ok := s.waiting[name]; !ok && pack {
			s.packs -= int64(len(data))
		}
		return fmt.Errorf("spool: %w", err)
	}
	s.waiting[name] = int64(len(data))
	return nil
}

// book takes room for a pack.
func (s *spool) book(name string, size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.waiting[name]; !ok && s.packs+size > s.max {
		return fmt.Errorf("%w: it holds %d bytes of %d", ErrSpoolFull, s.packs, s.max)
	}
	s.packs += size
	return nil
}

// queued returns what waits, sorted by name.
func (s *spool) queued() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.waiting {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// waitingPacks returns the packs in the queue.
func (s *spool) waitingPacks() []item {
	s.mu.Lock()
	defer s.mu.Unlock()
	var packs []item
	for name, size := range s.waiting {
		if n := chunkstore.ParseName(name); n.Kind == chunkstore.PackObject {
			packs = append(packs, item{name, size, n.Hash})
		}
	}
	return packs
}

// waits reports whether an object is in the queue.
func (s *spool) waits(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.waiting[name]
	return ok
}

// drop ends the waiting of an object that enough places hold. The newest index and commit
// of a writer are kept.
func (s *spool) drop(ctx context.Context, name string) error {
	n := chunkstore.ParseName(name)
	if n.Kind == chunkstore.IndexObject || n.Kind == chunkstore.CommitObject {
		if err := s.keepNewest(ctx, name, n); err != nil {
			return err
		}
	}
	return s.forget(name)
}

// forget removes an object from the queue.
func (s *spool) forget(name string) error {
	err := s.tree.Remove("queue/" + name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("spool: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if chunkstore.ParseName(name).Kind == chunkstore.PackObject {
		s.packs -= s.waiting[name]
	}
	delete(s.waiting, name)
	maps.DeleteFunc(s.links, func(_ link, c *chunkstore.Commit) bool { return chunkstore.CommitName(c.Writer, c.Seq) == name })
	return nil
}

// keepNewest keeps an index or a commit of the queue if no newer commit is kept.
func (s *spool) keepNewest(ctx context.Context, name string, n chunkstore.ObjectName) error {
	data, err := readSmall(ctx, s.queue, name, maxIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process was faster
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return s.keepAs(ctx, name, n, data)
}

// keepAs keeps an object. An index or a commit is kept if no newer commit is, and a commit
// makes the older ones go, but not the one before it: a Writer that was killed before it noted
// its newest commit looks for that one.
func (s *spool) keepAs(ctx context.Context, name string, n chunkstore.ObjectName, data []byte) error {
	if n.Seq == 0 {
		return s.keepObject(ctx, name, data)
	}
	older, newer, err := s.keptBeside(ctx, n)
	if err != nil || newer {
		return err
	}
	if err := s.keepObject(ctx, name, data); err != nil {
		return err
	}
	if n.Kind == chunkstore.IndexObject {
		return nil
	}
	for _, name := range older {
		if err := s.tree.Remove("keep/" + name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("spool: %w", err)
		}
	}
	return nil
}

// keeps reports whether an object is kept.
func (s *spool) keeps(ctx context.Context, name string) (bool, error) {
	_, err := s.keep.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// keptBeside returns which indexes and commits of the same writer are kept that are older than
// the one before, and whether a newer commit is.
func (s *spool) keptBeside(ctx context.Context, n chunkstore.ObjectName) (older []string, newer bool, err error) {
	for _, folder := range []string{chunkstore.IndexFolder, chunkstore.CommitsFolder} {
		err := s.keep.List(ctx, folder+n.Writer+"/", func(name string, _ int64) error {
			switch other := chunkstore.ParseName(name); {
			case other.Seq+1 < n.Seq:
				older = append(older, name)
			case other.Seq > n.Seq && other.Kind == chunkstore.CommitObject:
				newer = true
			}
			return nil
		})
		if err != nil {
			return nil, false, fmt.Errorf("spool: %w", err)
		}
	}
	return older, newer, nil
}

// keepObject keeps an object. What is kept under its name with other content, a damaged
// or an outdated one, makes room.
func (s *spool) keepObject(ctx context.Context, name string, data []byte) error {
	err := s.keep.Put(ctx, name, data)
	if errors.Is(err, fs.ErrExist) {
		if err := s.tree.Remove("keep/" + name); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		err = s.keep.Put(ctx, name, data)
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// hasVault reports whether vault.json of the vault is kept.
func (s *spool) hasVault(ctx context.Context) bool {
	vault, err := chunkstore.ReadVault(ctx, s.keep)
	return err == nil && vault.ID == s.vault
}

// heads returns the last commit of each writer that waits or is kept.
func (s *spool) heads(ctx context.Context) (map[string]chunkstore.Head, error) {
	if err := s.forgetJunk(ctx); err != nil {
		return nil, err
	}
	last := make(map[string]string)
	for _, d := range []*local.Destination{s.queue, s.keep} {
		err := d.List(ctx, chunkstore.CommitsFolder, func(name string, _ int64) error {
			n := chunkstore.ParseName(name)
			if n.Kind == chunkstore.CommitObject && chunkstore.ParseName(last[n.Writer]).Seq < n.Seq {
				last[n.Writer] = name
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("spool: %w", err)
		}
	}
	heads := make(map[string]chunkstore.Head)
	for writer, name := range last {
		data, err := s.read(ctx, name, chunkstore.MaxCommit)
		if err != nil {
			return nil, err
		}
		heads[writer] = chunkstore.Head{Vault: s.vault, Writer: writer, Seq: chunkstore.ParseName(name).Seq, Hash: chunkstore.HashOf(data)}
	}
	return heads, nil
}

// forgetJunk removes what is kept under the name of a commit and is none: it would pass for
// the newest one, and keep the true one out.
func (s *spool) forgetJunk(ctx context.Context) error {
	var junk []string
	err := s.keep.List(ctx, chunkstore.CommitsFolder, func(name string, _ int64) error {
		data, err := readSmall(ctx, s.keep, name, chunkstore.MaxCommit)
		if err == nil {
			_, err = chunkstore.ParseCommit(name, data, s.vault, nil)
		}
		if isFalse(err) || errors.Is(err, crypto.ErrDamaged) || errors.Is(err, errTooLong) {
			junk = append(junk, name)
		}
		return nil
	})
	for _, name := range junk {
		if e := s.tree.Remove("keep/" + name); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// read returns an object of the queue or one that is kept.
func (s *spool) read(ctx context.Context, name string, limit int64) ([]byte, error) {
	data, err := readSmall(ctx, s.queue, name, limit)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = readSmall(ctx, s.keep, name, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	return data, nil
}

// bridges reports whether the queue holds the commits that lead from one to a later one of
// the same writer, with all that they need: that may have gone to a place that is away.
func (s *spool) bridges(from, to chunkstore.Head) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for from.Seq < to.Seq {
		c := s.links[link{to.Writer, from.Hash}]
		if c == nil {
			return false
		}
		for _, n := range neededBy(c) {
			if _, ok := s.waiting[n.name]; !ok {
				return false
			}
		}
		from = chunkstore.Head{Vault: s.vault, Writer: c.Writer, Seq: c.Seq, Hash: c.Hash}
	}
	return from == to
}

// look forgets an object that another process, which uses the same spool, took out of the
// queue.
func (s *spool) look(ctx context.Context, name string) error {
	_, err := s.queue.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return s.forget(name)
	}
	return err
}

// length returns how long an object in the queue is.
func (s *spool) length(name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting[name]
}
