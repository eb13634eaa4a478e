package limits

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

// A block is as large as one that age seals; a buffer does not fit into the caches of one core.
const (
	block  = 64 << 10
	buffer = 64 << 20
)

func noise(b *testing.B, n int) []byte {
	b.Helper()
	p := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(p)
	b.SetBytes(int64(n))
	return p
}

func BenchmarkLimitCopy(b *testing.B) {
	src := noise(b, buffer)
	dst := make([]byte, buffer)
	for b.Loop() {
		copy(dst, src)
	}
}

func BenchmarkLimitSHA256(b *testing.B) {
	src := noise(b, buffer)
	for b.Loop() {
		sha256.Sum256(src)
	}
}

func BenchmarkLimitChaCha20Poly1305(b *testing.B) {
	src := noise(b, block)
	aead, err := chacha20poly1305.New(make([]byte, chacha20poly1305.KeySize))
	if err != nil {
		b.Fatal(err)
	}
	dst, nonce := make([]byte, 0, block+aead.Overhead()), make([]byte, aead.NonceSize())
	for b.Loop() {
		dst = aead.Seal(dst[:0], nonce, src, nil)
	}
}

// BenchmarkLimitDisk writes files in TMPDIR, each durable before the next.
func BenchmarkLimitDisk(b *testing.B) {
	src := noise(b, buffer)
	name := filepath.Join(b.TempDir(), "file")
	for b.Loop() {
		f, err := os.Create(name)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.Write(src); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLimitLoopback sends a buffer over one TCP connection and has it read.
func BenchmarkLimitLoopback(b *testing.B) {
	src := noise(b, buffer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		p := make([]byte, buffer)
		for {
			if _, err := io.ReadFull(c, p); err != nil {
				return
			}
			if _, err := c.Write(p[:1]); err != nil {
				return
			}
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	answer := make([]byte, 1)
	for b.Loop() {
		if _, err := c.Write(src); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			b.Fatal(err)
		}
	}
}
