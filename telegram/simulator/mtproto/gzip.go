package mtproto

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mt"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

const (
	maxInflated = 16 << 20 // of one message
	minDeflated = 1 << 10  // answers below this are never packed
	probeSize   = 8 << 10  // of a long answer, tried first
)

var errInflated = errors.New("packed data")

// inflate unpacks gzip_packed. Clients send gzip or, some of them, zlib.
func inflate(b *bin.Buffer) ([]byte, error) {
	var packed mt.GzipPacked
	if err := packed.Decode(b); err != nil {
		return nil, err
	}
	r, err := opened(packed.PackedData)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errInflated, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxInflated+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errInflated, err)
	}
	if len(data) > maxInflated {
		return nil, fmt.Errorf("%w: more than %d bytes", errInflated, maxInflated)
	}
	return data, nil
}

func opened(data []byte) (io.ReadCloser, error) {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return gzip.NewReader(bytes.NewReader(data))
	}
	return zlib.NewReader(bytes.NewReader(data))
}

// packers holds gzip writers: each is several hundred KiB.
type packers struct{ pool sync.Pool }

// deflate packs an answer if that saves a tenth or more; a long one only if its
// beginning does, for most long answers are parts of files that are packed already.
func (p *packers) deflate(answer []byte) ([]byte, bool) {
	if len(answer) < minDeflated {
		return nil, false
	}
	if len(answer) > 2*probeSize {
		if _, pays := p.pack(answer[:probeSize]); !pays {
			return nil, false
		}
	}
	return p.pack(answer)
}

func (p *packers) pack(data []byte) ([]byte, bool) {
	var out bytes.Buffer
	w, ok := p.pool.Get().(*gzip.Writer)
	if !ok {
		w, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is one that exists
	}
	defer p.pool.Put(w)
	w.Reset(&out)
	if _, err := w.Write(data); err != nil {
		return nil, false
	}
	if err := w.Close(); err != nil || out.Len() > len(data)/10*9 {
		return nil, false
	}
	var b bin.Buffer
	if err := b.Encode(&mt.GzipPacked{PackedData: out.Bytes()}); err != nil {
		return nil, false
	}
	return b.Raw(), true
}
