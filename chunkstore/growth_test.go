package chunkstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"telekeep/chunkstore/destination/local"
	"telekeep/crypto"
)

// BenchmarkGrowth is what a vault of many chunks costs, each step in nanoseconds for one chunk, so that a
// line that grows shows: storing them, opening the writer with its state, building the state anew, opening
// a reader, verifying without a key, and asking for a chunk that is there. heap-B is what a reader holds of each in memory.
// Chunks are of 64 bytes. TELEKEEP_GROWTH names other numbers than 10,000, 100,000 and 1,000,000, with commas.
//
//	go test ./chunkstore -run '^$' -bench Growth -benchtime 1x
func BenchmarkGrowth(b *testing.B) {
	counts := []int{10_000, 100_000, 1_000_000}
	if text := os.Getenv("TELEKEEP_GROWTH"); text != "" {
		counts = nil
		for part := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(part)
			check(b, err)
			counts = append(counts, n)
		}
	}
	for _, n := range counts {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				grow(b, n)
			}
		})
	}
}

func grow(b *testing.B, n int) {
	ctx := context.Background()
	base := b.TempDir()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		dir, err := os.MkdirTemp("/dev/shm", "telekeep-growth-")
		check(b, err)
		defer os.RemoveAll(dir)
		base = dir
	}
	dst, err := local.Create(filepath.Join(base, "vault"))
	check(b, err)
	owner, err := crypto.NewIdentity()
	check(b, err)
	_, secrets, err := Create(ctx, dst, CreateOptions{Owners: []Owner{{Name: "owner", Recipient: owner.Recipient()}}})
	check(b, err)
	o := WriterOptions{Secrets: secrets, StatePath: filepath.Join(base, "state.db")}
	each := func(name string, f func()) {
		start := time.Now()
		f()
		b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(n), name+"-ns")
	}
	var w *Writer
	open := func() {
		w, err = OpenWriter(ctx, dst, o)
		check(b, err)
	}
	open()
	each("store", func() {
		chunk := make([]byte, 64)
		for i := range n {
			binary.LittleEndian.PutUint64(chunk, uint64(i))
			s := w.NewStream()
			_, err := s.Write(chunk)
			check(b, err)
			_, err = s.Close()
			check(b, err)
			if i%1_000_000 == 999_999 { // as a long first run does
				_, err := w.Commit(ctx, nil)
				check(b, err)
			}
		}
		_, err := w.Commit(ctx, nil)
		check(b, err)
	})
	id := func(i int) crypto.ID {
		chunk := make([]byte, 64)
		binary.LittleEndian.PutUint64(chunk, uint64(i))
		return secrets.IDKey.ID(chunk)
	}
	each("has", func() {
		for i := range n {
			if ok, err := w.Has(id(i * 7919 % n)); err != nil || !ok {
				b.Fatal(i, ok, err)
			}
		}
	})
	check(b, w.Close())
	each("open", open)
	check(b, w.Close())
	for _, suffix := range []string{"", "-wal", "-shm"} {
		check(b, os.RemoveAll(o.StatePath+suffix))
	}
	each("rebuild", open)
	check(b, w.Close())
	each("verify", func() {
		r, err := Verify(ctx, dst, VerifyOptions{})
		check(b, err)
		if !r.OK() {
			b.Fatal(r.Problems)
		}
	})
	before := heap()
	var r *Reader
	each("read", func() {
		r, err = OpenReader(ctx, dst, ReaderOptions{Identities: []crypto.Identity{owner}})
		check(b, err)
	})
	b.ReportMetric(float64(heap()-before)/float64(n), "heap-B")
	if size, err := r.Size(id(n / 2)); err != nil || size != 64 {
		b.Fatal(fmt.Errorf("%d bytes: %w", size, err))
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
