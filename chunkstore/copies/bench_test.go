package copies

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/local"
)

// BenchmarkScrub reads packs in a folder as a scrub does, and with sha256sum, in turns.
func BenchmarkScrub(b *testing.B) {
	if _, err := exec.LookPath("sha256sum"); err != nil {
		b.Skip("sha256sum is not installed")
	}
	const packs, size = 16, 32 << 20
	dir := b.TempDir()
	place, err := local.Create(dir)
	check(b, err)
	defer place.Close()
	var files []string
	for i := range packs {
		data := noise(uint64(i), size)
		name := chunkstore.PackName(chunkstore.HashOf(data))
		check(b, place.Put(b.Context(), name, data))
		files = append(files, filepath.Join(dir, filepath.FromSlash(name)))
	}
	notes, _, err := openNotebook(b.Context(), filepath.Join(b.TempDir(), "copies.db"), "v")
	check(b, err)
	defer notes.close()
	now := time.Now()
	check(b, notes.setLastScrub(now)) // else the first call is the beginning, and reads little
	var scrubbed, summed time.Duration
	for b.Loop() {
		now = now.Add(10 * DefaultWithin)
		start := time.Now()
		found, err := scrub(context.Background(), notes, []Member{{Name: "A", Place: place}}, ScrubOptions{}, func() time.Time { return now })
		check(b, err)
		if scrubbed += time.Since(start); found.Packs != packs || len(found.Faults) > 0 {
			b.Fatalf("%+v", found)
		}
		start = time.Now()
		c := exec.Command("sha256sum", files...)
		c.Stderr = os.Stderr
		check(b, c.Run())
		summed += time.Since(start)
	}
	total := float64(b.N) * packs * size / 1e6
	b.ReportMetric(total/scrubbed.Seconds(), "scrub-MB/s")
	b.ReportMetric(total/summed.Seconds(), "sha256sum-MB/s")
}
