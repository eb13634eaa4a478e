package chunkstore

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"telekeep/chunkstore/destination/local"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// What the benchmarks store.
const (
	mediaBytes   = 1 << 30
	messageBytes = 256 << 20
	sealBytes    = 4 << 20
)

// BenchmarkAgeAlone seals buffers of 4 MiB on one core the way a program does that
// seals one file after the other: each into a buffer of its own. It is what
// BenchmarkIngestMedia is compared with.
func BenchmarkAgeAlone(b *testing.B) {
	sealAlone(b, func() *bytes.Buffer { return new(bytes.Buffer) })
}

// BenchmarkAgeAloneReused is BenchmarkAgeAlone into one buffer that is large enough
// from the start: the cipher and nothing else.
func BenchmarkAgeAloneReused(b *testing.B) {
	var sealed bytes.Buffer
	sealed.Grow(sealBytes + sealBytes/64)
	sealAlone(b, func() *bytes.Buffer { sealed.Reset(); return &sealed })
}

func sealAlone(b *testing.B, next func() *bytes.Buffer) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	id, err := crypto.NewIdentity()
	check(b, err)
	data := noise(1, sealBytes)
	b.SetBytes(sealBytes)
	b.ReportAllocs()
	for b.Loop() {
		sealOnce(b, next(), id.Recipient(), data)
	}
}

func sealOnce(b *testing.B, dst *bytes.Buffer, to crypto.Recipient, data []byte) {
	w, err := crypto.Seal(dst, to)
	check(b, err)
	_, err = w.Write(data)
	check(b, err)
	check(b, w.Close())
}

// BenchmarkIngestMedia stores 1 GiB that does not compress, in a new vault each time,
// the commit included. The vault is on /dev/shm if there is one, or else in memory.
func BenchmarkIngestMedia(b *testing.B) {
	block := newBlock(noise(2, 16<<20))
	ingest(b, ramDisk, mediaBytes, block.next)
}

// BenchmarkIngestMediaMemory is BenchmarkIngestMedia without a file system: what is
// left is what this package does.
func BenchmarkIngestMediaMemory(b *testing.B) {
	block := newBlock(noise(2, 16<<20))
	ingest(b, discard, mediaBytes, block.next)
}

// BenchmarkIngestMessages stores 256 MiB of message JSON.
func BenchmarkIngestMessages(b *testing.B) {
	block := newBlock(text(1, 16<<20))
	ingest(b, ramDisk, messageBytes, block.next)
}

// BenchmarkIngestSmall stores 20,000 files of 5,000 bytes each, as thumbnails and voice
// messages are: what a chunk costs besides its bytes.
func BenchmarkIngestSmall(b *testing.B) {
	const files, size = 20_000, 5_000
	data := noise(3, size)
	b.SetBytes(files * size)
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		dst, remove := ramDisk(b)
		w := openBench(b, dst)
		b.StartTimer()
		for i := range files {
			copy(data, fmt.Sprintf("%08d", i))
			store(b, w, data)
		}
		commit(b, w, nil)
		b.StopTimer()
		check(b, w.Close())
		remove()
		b.StartTimer()
	}
	b.ReportMetric(float64(files)*float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

// ingest stores total bytes from next as one stream, b.N times.
func ingest(b *testing.B, place func(*testing.B) (Destination, func()), total int, next func() []byte) {
	b.SetBytes(int64(total))
	b.ReportAllocs()
	resetPeak()
	var stored int64
	var cpu time.Duration
	for range b.N {
		b.StopTimer()
		dst, remove := place(b)
		w := openBench(b, dst)
		cpu -= cpuTime()
		b.StartTimer()
		s := w.NewStream()
		for left := total; left > 0; {
			data := next()
			data = data[:min(left, len(data))]
			_, err := s.Write(data)
			check(b, err)
			left -= len(data)
		}
		ids, err := s.Close()
		check(b, err)
		_, err = w.Commit(context.Background(), ids)
		check(b, err)
		b.StopTimer()
		cpu += cpuTime()
		stored = w.Stats().PackBytes
		if got := w.Stats().BytesNew; got != int64(total) {
			b.Fatalf("%d bytes were new, want %d", got, total)
		}
		check(b, w.Close())
		remove()
		b.StartTimer()
	}
	b.ReportMetric(float64(stored)/float64(total), "stored/in")
	b.ReportMetric(cpu.Seconds()/float64(b.N)/float64(total)*1e9, "cpu-s/GB")
	b.ReportMetric(peakMB(), "peak-MB")
}

func openBench(b *testing.B, dst Destination) *Writer {
	owner, err := crypto.NewIdentity()
	check(b, err)
	_, secrets, err := Create(context.Background(), dst, CreateOptions{Owners: []Owner{{"owner", owner.Recipient()}}})
	check(b, err)
	dir, err := os.MkdirTemp("/dev/shm", "telekeep-bench-state-")
	if err != nil {
		dir = b.TempDir()
	}
	b.Cleanup(func() { check(b, os.RemoveAll(dir)) })
	w, err := OpenWriter(context.Background(), dst, WriterOptions{Secrets: secrets, StatePath: filepath.Join(dir, "state.db")})
	check(b, err)
	return w
}

// ramDisk makes a folder on a RAM disk.
func ramDisk(b *testing.B) (Destination, func()) {
	dir, err := os.MkdirTemp("/dev/shm", "telekeep-bench-")
	if err != nil {
		return memory.New(), func() {}
	}
	dst, err := local.Create(filepath.Join(dir, "vault"))
	check(b, err)
	return dst, func() { check(b, os.RemoveAll(dir)) }
}

// discard keeps all but packs.
func discard(*testing.B) (Destination, func()) { return &packless{memory.New()}, func() {} }

type packless struct{ *memory.Destination }

func (d *packless) Put(ctx context.Context, name string, data []byte) error {
	if strings.HasPrefix(name, packsPrefix) {
		return ctx.Err()
	}
	return d.Destination.Put(ctx, name, data)
}

// A block is 16 MiB that are changed a little for every use: that costs almost nothing
// beside making new data, and no chunk comes twice.
type block struct {
	data []byte
	uses int
}

func newBlock(data []byte) *block { return &block{data: data} }

// next writes another number into every 128 KiB.
func (k *block) next() []byte {
	k.uses++
	for i := 0; i < len(k.data); i += 128 << 10 {
		copy(k.data[i:], fmt.Sprintf("%016d", k.uses*len(k.data)+i))
	}
	return k.data
}

// cpuTime returns what this process has used of all cores. It says more than the rate
// on a machine that others use too.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resetPeak makes Linux forget the largest resident size so far.
func resetPeak() {
	runtime.GC()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // elsewhere the figure is for the whole run
}

// peakMB returns the largest resident size in 10^6 bytes, 0 where it is not known.
func peakMB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kb float64
	fmt.Sscan(rest, &kb)
	return kb * 1024 / 1e6
}
