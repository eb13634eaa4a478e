package sftp

import (
	"io"
	"net"
	"sync"
	"time"
)

// memoryConns returns the two ends of a connection through memory, which a bubble of
// testing/synctest sees through. Each direction holds some bytes, as a network does.
func memoryConns() (net.Conn, net.Conn) {
	a, b := newStream(), newStream()
	return &memoryConn{a, b}, &memoryConn{b, a}
}

type memoryConn struct{ in, out *stream }

func (c *memoryConn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *memoryConn) Write(p []byte) (int, error) { return c.out.write(p) }
func (c *memoryConn) Close() error {
	c.in.close()
	c.out.close()
	return nil
}
func (c *memoryConn) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (c *memoryConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 22} }
func (c *memoryConn) SetDeadline(time.Time) error      { return nil }
func (c *memoryConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memoryConn) SetWriteDeadline(time.Time) error { return nil }

// A stream is one direction.
type stream struct {
	mu     sync.Mutex
	change *sync.Cond
	data   []byte
	closed bool
}

const streamSize = 256 << 10

func newStream() *stream {
	s := &stream{}
	s.change = sync.NewCond(&s.mu)
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.data) == 0 && !s.closed {
		s.change.Wait()
	}
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.data)
	s.data = s.data[n:]
	s.change.Broadcast()
	return n, nil
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(p) {
		for len(s.data) >= streamSize && !s.closed {
			s.change.Wait()
		}
		if s.closed {
			return n, io.ErrClosedPipe
		}
		m := min(len(p)-n, streamSize-len(s.data))
		s.data = append(s.data, p[n:n+m]...)
		n += m
		s.change.Broadcast()
	}
	return n, nil
}

func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.change.Broadcast()
}
