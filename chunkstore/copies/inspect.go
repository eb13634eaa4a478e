package copies

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"telekeep/chunkstore"
	"telekeep/crypto"
)

// recheck is after how much time a place must show again that it is the right one before
// something is written to it.
const recheck = 10 // seconds

// A finding is what a place showed when it was opened.
type finding struct {
	identity string // of its file system; "" if that cannot be told
	heads    map[string]chunkstore.Head
	barred   error // why nothing may be written there; reading is fine
}

// inspect looks whether the place is the right one and how far it is. An error means
// that nothing can be done with it.
func (p *place) inspect(ctx context.Context, d Driver) (*finding, error) {
	if err := p.checkMarker(ctx, d); err != nil {
		return nil, err
	}
	identity, err := p.checkFileSystem(ctx, d)
	if err != nil {
		return nil, err
	}
	f := &finding{identity: identity}
	remembered, err := p.set.notes.headsOf(p.Name)
	if err != nil {
		return nil, err
	}
	if err := f.readHeads(ctx, d, p.set.o.Vault, remembered); err != nil {
		return nil, err
	}
	p.set.barJunk(f)
	return f, nil
}

// barJunk bars a place where something that is no commit lies behind the last one that this
// machine knows to have made: a Writer that finds it in the way of its next commit stops, and
// the other places are good for that.
func (s *Set) barJunk(f *finding) {
	if s.secrets() == nil {
		return
	}
	own := s.secrets().WriterID
	if h := f.heads[own]; h.Hash.IsZero() && h.Seq > s.knownHeads()[own].Seq {
		f.bar(fmt.Errorf("%w: %s is none of this machine's commits", crypto.ErrDamaged, chunkstore.CommitName(own, h.Seq)))
	}
}

// checkMarker looks whether vault.json is there and that of the vault.
func (p *place) checkMarker(ctx context.Context, d Driver) error {
	vault, err := chunkstore.ReadVault(ctx, d)
	if err != nil {
		return err
	}
	if vault.ID != p.set.o.Vault {
		return fmt.Errorf("%w: expected %s, found %s", chunkstore.ErrOtherVault, p.set.o.Vault, vault.ID)
	}
	return nil
}

// checkFileSystem compares the file system with the one that the place was on before, and
// whether the place's path still leads there.
func (p *place) checkFileSystem(ctx context.Context, d Driver) (string, error) {
	if err := mounted(ctx, d); err != nil {
		return "", err
	}
	i, ok := d.(identifier)
	if !ok {
		return "", nil
	}
	found, err := i.Identity(ctx)
	if err != nil {
		return "", err
	}
	known, err := p.set.notes.identityOf(p.Name)
	if err != nil {
		return "", err
	}
	if !sameFileSystem(known, found) {
		return "", fmt.Errorf("%w: it was on %s and is on %s", ErrOtherFileSystem, known, found)
	}
	return mergeIdentity(known, found), nil
}

// mergeIdentity returns what was found, with what was known before of what cannot be found
// out today.
func mergeIdentity(known, found string) string {
	if found == "" {
		return known
	}
	for w := range strings.FieldsSeq(known) {
		kind, _, _ := strings.Cut(w, "=")
		if word(found, kind+"=") == "" {
			found += " " + w
		}
	}
	return found
}

// mounted asks the driver, if it can tell, whether its path still leads to what it opened.
func mounted(ctx context.Context, d Driver) error {
	m, ok := d.(mounter)
	if !ok {
		return nil
	}
	if err := m.Mounted(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	return nil
}

// sameFileSystem compares two identities: by the surest kind of word that both have.
func sameFileSystem(known, found string) bool {
	for _, kind := range []string{"uuid=", "fsid=", "type="} {
		a, b := word(known, kind), word(found, kind)
		if a != "" && b != "" {
			return a == b
		}
	}
	return true
}

func word(identity, kind string) string {
	for w := range strings.FieldsSeq(identity) {
		if value, ok := strings.CutPrefix(w, kind); ok {
			return value
		}
	}
	return ""
}

// readHeads finds the last commit of each writer, and compares with what is remembered of
// this place.
func (f *finding) readHeads(ctx context.Context, d Driver, vault string, remembered map[string]chunkstore.Head) error {
	last := make(map[string]uint64)
	kept := make(map[string]bool) // writers whose remembered commit is there
	err := d.List(ctx, chunkstore.CommitsFolder, func(name string, _ int64) error {
		n := chunkstore.ParseName(name)
		if n.Kind != chunkstore.CommitObject {
			return nil
		}
		last[n.Writer] = max(last[n.Writer], n.Seq)
		if n.Seq == remembered[n.Writer].Seq {
			kept[n.Writer] = true
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list the commits: %w", err)
	}
	f.heads = make(map[string]chunkstore.Head)
	for writer, seq := range last {
		if err := f.readHead(ctx, d, vault, writer, seq); err != nil {
			return err
		}
	}
	for writer, h := range remembered {
		if err := f.compare(ctx, d, h, kept[writer]); err != nil {
			return err
		}
	}
	return nil
}

// compare looks whether the last commit that is remembered of this place is still there. One
// that was not listed is asked for by its name: lists of some services are late.
func (f *finding) compare(ctx context.Context, d Driver, h chunkstore.Head, listed bool) error {
	if !listed {
		data, err := readSmall(ctx, d, chunkstore.CommitName(h.Writer, h.Seq), chunkstore.MaxCommit)
		switch {
		case err == nil && chunkstore.HashOf(data) == h.Hash:
			if f.heads[h.Writer].Seq < h.Seq {
				f.heads[h.Writer] = h
			}
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errTooLong):
			return err
		}
	}
	if found := f.heads[h.Writer]; !listed || found.Seq == h.Seq && found.Hash != h.Hash {
		f.bar(fmt.Errorf("%w: commit %d of writer %s is not there any more", chunkstore.ErrRollback, h.Seq, h.Writer))
	}
	return nil
}

// readHead reads one writer's last commit. If it is none that the writer made, nobody
// may write there; if it is damaged, no commit can follow on it.
func (f *finding) readHead(ctx context.Context, d Driver, vault, writer string, seq uint64) error {
	name := chunkstore.CommitName(writer, seq)
	c, err := readCommit(ctx, d, name, vault)
	switch {
	case err == nil:
		f.heads[writer] = chunkstore.Head{Vault: vault, Writer: writer, Seq: seq, Hash: c.Hash}
	case ctx.Err() != nil || problemOf(name, err) == chunkstore.ProblemUnreadable:
		return err
	case isFalse(err):
		f.bar(err)
		fallthrough
	default:
		f.heads[writer] = chunkstore.Head{Vault: vault, Writer: writer, Seq: seq}
	}
	return nil
}

func (f *finding) bar(err error) {
	if f.barred == nil {
		f.barred = err
	}
}

// isFalse reports whether an object was put where it is by somebody: damage does not look
// like that.
func isFalse(err error) bool {
	return errors.Is(err, chunkstore.ErrForged) || errors.Is(err, chunkstore.ErrForgedWriter) ||
		errors.Is(err, chunkstore.ErrOtherVault) || errors.Is(err, chunkstore.ErrChain)
}

func problemOf(name string, err error) chunkstore.ProblemKind {
	return chunkstore.NewProblem(name, err).Kind
}

// readCommit reads a commit of a place and checks it by the writer's entry there.
func readCommit(ctx context.Context, d chunkstore.Destination, name, vault string) (*chunkstore.Commit, error) {
	writer := chunkstore.ParseName(name).Writer
	entryName := chunkstore.WriterName(writer)
	data, err := readSmall(ctx, d, entryName, chunkstore.MaxSmall)
	if err != nil {
		return nil, err
	}
	entry, err := chunkstore.ParseWriterEntry(data, vault, writer)
	if err != nil {
		return nil, err
	}
	if data, err = readSmall(ctx, d, name, chunkstore.MaxCommit); err != nil {
		return nil, err
	}
	return chunkstore.ParseCommit(name, data, vault, entry)
}

// readSmall reads an object whole if it is not longer than limit bytes.
func readSmall(ctx context.Context, d chunkstore.Destination, name string, limit int64) ([]byte, error) {
	r, err := d.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close() // read only: an error of Close says nothing about the bytes
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: %w", name, errTooLong)
	}
	return data, nil
}
