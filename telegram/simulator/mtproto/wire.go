package mtproto

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/mtproxy/obfuscated2"
	"github.com/gotd/td/proto/codec"
)

// wireBuffer is what is read or written at once: a page of history fits, a file
// part goes past it in one piece.
const wireBuffer = 64 << 10

// A wire carries whole packets over one TCP connection, in the framing that the
// client's first bytes chose.
type wire struct {
	net.Conn
	in      io.Reader
	out     *bufio.Writer
	framing codec.Codec
}

// newWire reads the first bytes of a connection and tells the transport from
// them:
//
//	ef                      abridged
//	ee ee ee ee             intermediate
//	dd dd dd dd             padded intermediate
//	length, 0 (seqno)       full
//	anything else           obfuscated2: 64 bytes of key material, the tag inside
func newWire(conn net.Conn) (*wire, error) {
	in := bufio.NewReaderSize(conn, wireBuffer)
	w := &wire{Conn: conn, in: in, out: bufio.NewWriterSize(conn, wireBuffer)}
	first, err := in.Peek(1)
	if err != nil {
		return nil, fmt.Errorf("read the transport's first byte: %w", err)
	}
	if first[0] == codec.AbridgedClientStart[0] {
		w.framing = codec.Abridged{}
		_, err := in.Discard(1)
		return w, err
	}
	head, err := in.Peek(8) // the tag and the length of the first packet, at least
	if err != nil {
		return nil, fmt.Errorf("read the transport's tag: %w", err)
	}
	if framing := tagged([4]byte(head[:4])); framing != nil {
		w.framing = framing
		_, err := in.Discard(4)
		return w, err
	}
	if binary.LittleEndian.Uint32(head[4:]) == 0 {
		w.framing = &codec.Full{}
		return w, nil
	}
	return w, w.unveil(in)
}

// unveil takes off the obfuscation: two AES-CTR streams keyed by the first 64 bytes.
func (w *wire) unveil(in io.Reader) error {
	plain, head, err := obfuscated2.Accept(struct {
		io.Reader
		io.Writer
	}{in, w.Conn}, nil)
	if err != nil {
		return fmt.Errorf("read the obfuscation header: %w", err)
	}
	if w.framing = tagged(head.Protocol); w.framing == nil {
		return errors.New("no transport that is known")
	}
	w.in, w.out = plain, bufio.NewWriterSize(plain, wireBuffer)
	return nil
}

// tagged names the framing of a four-byte tag, nil for none.
func tagged(tag [4]byte) codec.Codec {
	switch tag {
	case codec.Abridged{}.ObfuscatedTag():
		return codec.Abridged{}
	case codec.IntermediateClientStart:
		return codec.Intermediate{}
	case codec.PaddedIntermediateClientStart:
		return codec.PaddedIntermediate{}
	}
	return nil
}

// read fills b with the next packet. Only one goroutine may read.
func (w *wire) read(b *bin.Buffer) error { return w.framing.Read(w.in, b) }

// write buffers a packet; flush sends it. Only one goroutine may write.
func (w *wire) write(b *bin.Buffer) error { return w.framing.Write(w.out, b) }

func (w *wire) flush() error { return w.out.Flush() }
