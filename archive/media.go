package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// A MediaWriter takes the bytes of one media file. All methods are safe for use
// by many goroutines at once; files do not wait for each other.
type MediaWriter struct {
	w  *Writer
	mu sync.Mutex
	t  *transfer // nil when the file is finished or given up
}

// BeginMedia starts a media file of size bytes, or goes on with one: what the
// journal or an earlier commit holds of it is there already, see Missing. It
// returns ErrStored if the file is stored, ErrBusy if another MediaWriter has the
// key. What is held of a file of another size under the same key is given up.
func (w *Writer) BeginMedia(ctx context.Context, key MediaKey, size int64) (*MediaWriter, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if key == "" || len(key) > maxMediaKey || size < 0 {
		return nil, fmt.Errorf("media of %d bytes under a key of %d cannot be stored", size, len(key))
	}
	var m *MediaWriter
	err := w.step(ctx, func() (err error) {
		m, err = w.begin(key, size)
		return err
	})
	return m, err
}

// begin is BeginMedia behind the gate.
func (w *Writer) begin(key MediaKey, size int64) (*MediaWriter, error) {
	w.state.Lock()
	defer w.state.Unlock()
	t := w.media[key]
	if t != nil && t.held {
		return nil, fmt.Errorf("%w: %s", ErrBusy, key)
	}
	if _, stored, err := w.HasMedia(key); err != nil {
		return nil, err
	} else if stored {
		return nil, fmt.Errorf("%w: %s", ErrStored, key)
	}
	if t == nil || t.size != size {
		if err := w.do(&op{Kind: opBegin, Key: key, Size: size}, w.applyBegin); err != nil {
			return nil, err
		}
	}
	w.idle = slices.DeleteFunc(w.idle, func(other *transfer) bool { return other == t })
	t = w.media[key]
	t.held = true
	return &MediaWriter{w: w, t: t}, nil
}

// Missing returns what is still to be fetched: every part of partSize bytes,
// counted from the start of the file, that is not there completely; the last one
// of the file may be shorter. Empty means that Finish can be called.
func (m *MediaWriter) Missing(partSize int64) []Range {
	m.w.gate.RLock()
	defer m.w.gate.RUnlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.t == nil {
		return nil
	}
	return m.t.missing(max(partSize, 1))
}

// WritePart takes the bytes from offset off on, which the caller has verified; p
// is not kept. Bytes that are there already are passed over. When it returns, the
// part survives a kill of the process.
//
// Parts may come in any order, but only what has its turn goes on into the store;
// the rest waits in memory. WritePart never waits for another part, which could
// be waiting for it: it is the fetcher's window that bounds that memory.
func (m *MediaWriter) WritePart(ctx context.Context, off int64, p []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return m.w.step(ctx, func() error { return m.write(off, p) })
}

// write is WritePart behind the gate.
func (m *MediaWriter) write(off int64, p []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.t
	if t == nil {
		return ErrClosed
	}
	if off < 0 || int64(len(p)) > t.size-off {
		return &RangeError{t.key, off, int64(len(p)), t.size}
	}
	if len(t.gaps(Range{off, int64(len(p))})) == 0 {
		return nil
	}
	o := &op{Kind: opPart, Key: t.key, Off: off, body: p}
	return m.w.do(o, func(o *op) error { return m.w.applyPart(t, o) })
}

// Finish ends the file: it checks that all bytes are there (*IncompleteError) and
// appends the media record. hashed says that the server's own hashes were
// compared. The MediaWriter is of no use afterwards.
func (m *MediaWriter) Finish(ctx context.Context, hashed bool) (*MediaFile, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var f *MediaFile
	err := m.w.step(ctx, func() (err error) {
		f, err = m.finish(hashed)
		return err
	})
	return f, err
}

// finish is Finish behind the gate.
func (m *MediaWriter) finish(hashed bool) (*MediaFile, error) {
	w := m.w
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.t
	if t == nil {
		return nil, ErrClosed
	}
	// Closing waits for the chunker, so it is done before the lock that all files
	// share. A kill in between leaves a file that has all its bytes and no record.
	if err := t.close(); err != nil {
		if _, incomplete := errors.AsType[*IncompleteError](err); incomplete {
			return nil, err
		}
		return nil, w.fail(err)
	}
	w.state.Lock()
	defer w.state.Unlock()
	o := &op{Kind: opFinish, Key: t.key, Hashed: hashed, Seen: w.options.Now().Unix()}
	if err := w.do(o, func(o *op) error { return w.applyFinish(t, o) }); err != nil {
		return nil, err
	}
	m.t = nil
	return t.file(hashed), nil
}

// Abort releases the file without finishing it: because fetching failed or the
// process ends. What was written stays for the next BeginMedia; if too many files
// are released (WriterOptions.IdleBytes), the oldest go back to their last stored
// chunk. After Finish it does nothing.
func (m *MediaWriter) Abort() {
	w := m.w
	w.gate.RLock()
	defer w.gate.RUnlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.t
	if t == nil {
		return
	}
	m.t = nil
	w.state.Lock()
	defer w.state.Unlock()
	t.held = false
	if t.memory() == 0 {
		w.drop(t)
		return
	}
	w.idle = append(w.idle, t)
	var held int64
	for _, t := range w.idle {
		held += t.memory()
	}
	for held > w.options.IdleBytes {
		oldest := w.idle[0]
		w.idle = w.idle[1:]
		held -= oldest.memory()
		w.drop(oldest)
	}
}

// drop takes a released file back to its last cut. While the disk is full it stays as it
// is. Another failure breaks the Writer, so the next step reports it.
func (w *Writer) drop(t *transfer) {
	err := w.do(&op{Kind: opDrop, Key: t.key}, func(*op) error { return w.applyDrop(t) })
	if isNoSpace(err) && !errors.Is(err, ErrBroken) {
		w.idle = append(w.idle, t)
	}
}
