package copies

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"telekeep/chunkstore"
)

// A wanted is an object as every place should have it.
type wanted struct {
	name  string
	limit int64 // no good object is longer, in bytes
	valid func(data []byte) error
	// object is its hash and length, if a commit lists it; then it is checked as it is
	// read, and not held in memory.
	object chunkstore.Object
	text   []byte    // the good bytes, if they are in memory
	gone   FaultKind // what it is called if it is missing; "" is FaultMissing
	detail string    // why it should be there
	lost   string    // what is lost if no copy has it
	small  bool      // bad bytes are set aside
	quiet  *tail     // it is missed with others and not told by itself
}

// A look is what a place holds under a name.
type look struct {
	there bool
	size  int64
	hash  chunkstore.Hash
	err   error // nil: it is good
}

// look reads an object and checks it.
func (h *healer) look(ctx context.Context, m *member, w *wanted) look {
	size, there := m.size(w.name)
	switch {
	case !there:
		return look{err: fs.ErrNotExist}
	case h.skims(w) && w.object.Size > 0:
		l := look{there: true, size: size}
		if size != w.object.Size {
			l.err = fmt.Errorf("it is %d bytes long, and was %d", size, w.object.Size)
		}
		return l
	case w.object.Size > 0:
		return h.lookThrough(ctx, m, w)
	}
	data, err := readSmall(ctx, m.Place, w.name, w.limit)
	if err != nil {
		return look{there: !errors.Is(err, fs.ErrNotExist), err: err}
	}
	return look{there: true, size: int64(len(data)), hash: chunkstore.HashOf(data), err: w.valid(data)}
}

// skims reports whether only the length of an object is looked at.
func (h *healer) skims(w *wanted) bool { return h.o.Skim && !h.o.Suspects[w.name] }

// lookThrough reads an object that may be long in small steps.
func (h *healer) lookThrough(ctx context.Context, m *member, w *wanted) look {
	r, err := m.Place.Get(ctx, w.name)
	if err != nil {
		return look{there: !errors.Is(err, fs.ErrNotExist), err: err}
	}
	defer r.Close() // read only
	sum, buf := sha256.New(), make([]byte, 256<<10)
	l := look{there: true}
	for l.size <= w.limit {
		start := time.Now() //nolint:forbidigo // measures only
		n, err := r.Read(buf)
		if h.rest != nil {
			h.rest(time.Since(start))
		}
		sum.Write(buf[:n])
		l.size += int64(n)
		h.read(int64(n))
		if err == io.EOF {
			break
		}
		if err != nil {
			l.err = err
			return l
		}
	}
	l.hash = chunkstore.Hash(sum.Sum(nil))
	switch {
	case l.hash == w.object.Hash:
	case l.size < w.object.Size:
		l.err = fmt.Errorf("it is %d bytes long, and was %d", l.size, w.object.Size)
	default:
		l.err = errors.New("its bytes are not those that were stored")
	}
	return l
}

// read counts bytes and tells how far the check is.
func (h *healer) read(n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done += n
	h.report.Bytes += n
	if h.o.Progress != nil {
		h.o.Progress(h.done, max(h.total, h.done))
	}
}

// mend makes an object of one place what it should be.
func (h *healer) mend(ctx context.Context, m *member, w *wanted) {
	l := h.look(ctx, m, w)
	if l.err == nil || ctx.Err() != nil {
		return
	}
	if l.there {
		if again := h.look(ctx, m, w); again.err == nil {
			h.fault(m, FaultUnsteady, w.name, "read twice, it was bad once and good once: look at the drive, its cable and the memory").Healed = true
			return
		}
	}
	if !l.there && w.quiet != nil {
		h.miss(w)
		if h.o.Look || h.restore(ctx, m, w, l, &Fault{}) {
			return
		}
	}
	f := h.describe(m, w, l)
	if h.o.Look {
		h.judge(m, w, f)
		return
	}
	h.restore(ctx, m, w, l, f)
}

// judge says of a fault that is not to be healed whether another copy could.
func (h *healer) judge(m *member, w *wanted, f *Fault) {
	for _, other := range h.there() {
		if size, there := other.size(w.name); other != m && there && (w.object.Size == 0 || size == w.object.Size) {
			f.Why = "nothing was changed; copy " + other.Name + " has it"
			return
		}
	}
	f.Why, f.Lost = noneGood, w.lost
}

// describe names what is wrong.
func (h *healer) describe(m *member, w *wanted, l look) *Fault {
	p := chunkstore.NewProblem(w.name, l.err)
	kind, detail := kindOf(p.Kind), p.Detail
	switch {
	case !l.there:
		kind, detail = FaultMissing, w.detail
		if w.gone != "" {
			kind = w.gone
		}
	case errors.Is(l.err, errTooLong):
		kind, detail = FaultDamaged, errTooLong.Error()
	case w.object.Size == 0:
	case l.hash.IsZero() && l.size == w.object.Size || l.hash.IsZero() && !h.skims(w):
		kind, detail = FaultUnreadable, l.err.Error()
	case h.packs[l.hash].by != nil:
		kind, detail = FaultSwapped, "it holds the bytes of pack "+l.hash.String()
	case l.size < w.object.Size:
		kind, detail = FaultCut, l.err.Error()
	default:
		kind, detail = FaultDamaged, l.err.Error()
	}
	if detail == string(kind) {
		detail = ""
	}
	return h.fault(m, kind, w.name, detail)
}

// restore fetches an object from where it is good, and stores it.
func (h *healer) restore(ctx context.Context, m *member, w *wanted, l look, f *Fault) bool {
	data, from := h.fetch(ctx, m, w)
	if data == nil {
		f.Why, f.Lost = noneGood, w.lost
		return false
	}
	if err := h.store(ctx, m, w, l, data); err != nil {
		f.Why = err.Error()
		m.misses(w.name)
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	f.Healed, f.From = true, from
	m.holds(w.name, int64(len(data)))
	h.report.mend(m.Name, w.name)
	return true
}

// fetch returns good bytes, and whose they are.
func (h *healer) fetch(ctx context.Context, m *member, w *wanted) ([]byte, string) {
	for _, other := range h.there() {
		if other == m || !other.has(w.name) {
			continue
		}
		data, err := readSized(ctx, other, w.name, w.limit)
		if err == nil && w.valid(data) == nil {
			return data, other.Name
		}
	}
	if w.text != nil {
		return w.text, "this machine"
	}
	return nil, ""
}

// replacer is what a place must be able to do to exchange an object that is there.
type replacer interface {
	Replace(ctx context.Context, name string, data []byte) error
}

// store puts good bytes where bad ones or none are, and reads them back.
func (h *healer) store(ctx context.Context, m *member, w *wanted, l look, data []byte) error {
	if err := w.valid(data); err != nil {
		return err // fetch has checked; nothing is stored that does not verify
	}
	var err error
	if l.there {
		err = h.exchange(ctx, m, w, l, data)
	} else {
		err = m.Place.Put(ctx, w.name, data)
	}
	if err != nil {
		return err
	}
	if err := h.readBack(ctx, m, w); err != nil {
		return fmt.Errorf("stored and read back: %w", err)
	}
	return nil
}

func (h *healer) readBack(ctx context.Context, m *member, w *wanted) error {
	if w.object.Size > 0 {
		return h.lookThrough(ctx, m, w).err
	}
	data, err := readSmall(ctx, m.Place, w.name, w.limit)
	if err != nil {
		return err
	}
	return w.valid(data)
}

// readSized reads an object whole, into as much memory as it takes.
func readSized(ctx context.Context, m *member, name string, limit int64) ([]byte, error) {
	r, err := m.Place.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close() // read only
	size, _ := m.size(name)
	buf := bytes.NewBuffer(make([]byte, 0, min(size, limit)+bytes.MinRead))
	n, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = errTooLong
	}
	return buf.Bytes(), err
}

func (h *healer) exchange(ctx context.Context, m *member, w *wanted, l look, data []byte) error {
	r, ok := m.Place.(replacer)
	if !ok {
		return errors.New("this kind of place cannot exchange an object")
	}
	if w.small && !l.hash.IsZero() {
		if err := h.keepAside(ctx, m, w.name, w.limit); err != nil {
			return fmt.Errorf("set the bad bytes aside: %w", err)
		}
	}
	return r.Replace(ctx, w.name, data)
}

// asideFolder is where bad small objects are kept, in the place where they were.
const asideFolder = "aside/"

// keepAside copies what lies under a name to where nobody looks for it.
func (h *healer) keepAside(ctx context.Context, m *member, name string, limit int64) error {
	data, err := readSmall(ctx, m.Place, name, limit)
	if err != nil {
		return err
	}
	return m.Place.Put(ctx, asideFolder+name+"."+chunkstore.HashOf(data).String()[:16], data)
}

// A setAside is a writer that is none of the vault's, at one place.
type setAside struct {
	m      *member
	writer string
	fault  *Fault
}

// putAside moves all small objects of a stranger out of the way: they keep every reader
// that is careful from opening the vault. What its commits list is left: nothing leads
// there any more.
func (h *healer) putAside(ctx context.Context, a setAside) {
	for name := range a.m.sizes {
		n := chunkstore.ParseName(name)
		if n.Writer != a.writer || n.Kind == chunkstore.IndexObject {
			continue
		}
		if err := h.moveAside(ctx, a.m, name); err != nil {
			a.fault.Why = err.Error()
			return
		}
	}
	a.fault.Healed = true
	h.report.mend(a.m.Name, a.fault.Object)
}

func (h *healer) moveAside(ctx context.Context, m *member, name string) error {
	r, ok := m.Place.(chunkstore.Remover)
	if !ok {
		return errors.New("this kind of place cannot remove an object")
	}
	if err := h.keepAside(ctx, m, name, chunkstore.MaxCommit); err != nil {
		return err
	}
	if err := r.Remove(ctx, name); err != nil {
		return err
	}
	delete(m.sizes, name)
	return nil
}
