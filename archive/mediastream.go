package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"sync"

	"telekeep/crypto"
)

// A MediaStream stores a whole file that its caller has at hand and could read again, such
// as one of an export: from the first byte to the last, in one pass, under the hash of its
// bytes (MediaSHA256).
//
// Its bytes are not in the journal, which would write each of them twice. A process that is
// killed before the next commit loses the file, not the chunks that are in packs: storing it
// again puts only the others there. It is for one goroutine.
type MediaStream struct {
	w      *Writer
	stream stream // nil when the file is finished or given up
	size   int64
	fed    int64
	sum    string    // as the caller knows it
	hash   hash.Hash // nil where the caller knows the sum
}

// StreamMedia starts a file of size bytes. sum is the SHA-256 of exactly the bytes that will
// be written, hex, if they were hashed already; "" if not.
func (w *Writer) StreamMedia(ctx context.Context, size int64, sum string) (*MediaStream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if size < 0 {
		return nil, fmt.Errorf("media of %d bytes cannot be stored", size)
	}
	m := &MediaStream{w: w, size: size, sum: sum}
	if sum == "" {
		m.hash = sha256.New()
	}
	return m, w.gated(func() error {
		m.stream = w.store.NewStream()
		return nil
	})
}

// Write takes the next bytes of the file; p is not kept. More than the size is a *RangeError.
func (m *MediaStream) Write(ctx context.Context, p []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.stream == nil {
		return ErrClosed
	}
	if int64(len(p)) > m.size-m.fed {
		return &RangeError{m.key(), m.fed, int64(len(p)), m.size}
	}
	return m.w.gated(func() error {
		var hashing sync.WaitGroup
		if m.hash != nil {
			hashing.Go(func() { m.hash.Write(p) })
		}
		_, err := m.stream.Write(p)
		hashing.Wait()
		if err != nil {
			return m.w.fail(err)
		}
		m.fed += int64(len(p))
		m.w.bytes.Add(int64(len(p)))
		return nil
	})
}

// key is that of the file, as far as it is known.
func (m *MediaStream) key() MediaKey { return MediaKey(MediaSHA256 + ":" + m.sum) }

// Finish ends the file: it checks that all bytes are there (*IncompleteError) and appends the
// media record. added is false if a file with these bytes was stored already; then nothing is
// appended. The file is durable with the next commit. The MediaStream is of no use afterwards.
func (m *MediaStream) Finish(ctx context.Context) (file *MediaFile, added bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	if m.stream == nil {
		return nil, false, ErrClosed
	}
	if m.hash != nil {
		m.sum, m.hash = hex.EncodeToString(m.hash.Sum(nil)), nil
	}
	if m.fed != m.size {
		return nil, false, &IncompleteError{m.key(), m.size, m.fed}
	}
	t := &transfer{key: m.key(), size: m.size, closed: true}
	err = m.w.gated(func() error {
		if t.chunks, err = m.stream.Close(); err != nil {
			return m.w.fail(err)
		}
		m.stream = nil
		added, err = m.w.record(t)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return t.fileOf(m.sum, false), added, nil
}

// record appends the record of a file that a MediaStream has stored, unless it is known.
func (w *Writer) record(t *transfer) (added bool, err error) {
	w.state.Lock()
	defer w.state.Unlock()
	if _, stored, err := w.HasMedia(t.key); stored || err != nil {
		return false, err
	}
	if old := w.media[t.key]; old != nil && !old.held { // which a MediaWriter had begun
		old.stream.Abort()
		w.idle = slices.DeleteFunc(w.idle, func(other *transfer) bool { return other == old })
	}
	w.dirty.Store(true)
	now := w.options.Now()
	w.stepped.Store(now.UnixNano())
	file := t.fileOf(string(t.key[len(MediaSHA256)+1:]), false)
	return true, w.fail(w.stored(t, &Record{Kind: KindMedia, Seen: now.Unix(), Media: file}))
}

// Abort gives the file up. After Finish it does nothing.
func (m *MediaStream) Abort() {
	if m.stream != nil {
		m.stream.Abort()
		m.stream = nil
	}
}

// RangeMedia calls f for every stored file whose key is of a kind (MediaSHA256 …), in the order
// of the keys. An error of f ends it and is returned.
func (w *Writer) RangeMedia(kind string, f func(key MediaKey, size int64) error) error {
	return w.store.Range(statePrefixMedia+kind+":", func(key string, value []byte) error {
		size, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil {
			return fmt.Errorf("size of %s: %w", key, crypto.ErrDamaged)
		}
		return f(MediaKey(strings.TrimPrefix(key, statePrefixMedia)), size)
	})
}
