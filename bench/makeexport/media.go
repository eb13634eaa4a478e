package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// The sizes of files in bytes: as many between 20 and 40 KiB as between 20 and 40 MiB.
const (
	smallestFile = 20 << 10
	largestFile  = 50 << 20
)

// A file is what one message carries. Its bytes follow from origin alone, but for the
// near-duplicates, which have a few bytes more in the middle.
type file struct {
	name   string
	size   int64
	origin uint64
	text   bool
	near   uint64 // not 0: what is put into the middle
}

// plan decides on files of at least total bytes: of a hundred, 20 have the bytes of an
// earlier one, 5 almost, and 4 are text. Sizes come from their own source, so that more
// bytes asked for only add files.
func plan(r *rand.Rand, prefix string, total int64) []file {
	var files []file
	for sum := int64(0); sum < total; {
		f := file{name: fmt.Sprintf("%s%06d.bin", prefix, len(files)), origin: r.Uint64()}
		f.size = int64(smallestFile * math.Pow(largestFile/smallestFile, r.Float64()))
		if f.size > total/8 {
			f.size = max(smallestFile, total/8)
		}
		kind, of := r.IntN(100), r.IntN(len(files)+1)
		switch {
		case kind < 25 && of < len(files):
			again := files[of]
			again.name = f.name
			if kind < 5 && again.near == 0 {
				again.near, again.size = f.origin, again.size+nearBytes
			}
			f = again
		case kind >= 96:
			f.text = true
		}
		sum += f.size
		files = append(files, f)
	}
	return files
}

// nearBytes is by how much a near-duplicate is longer.
const nearBytes = 5

func (f file) write(dir string) error {
	out, err := os.Create(filepath.Join(dir, f.name))
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	if err := f.content(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return out.Close()
}

func (f file) content(w io.Writer) error {
	src := f.source()
	if f.near == 0 {
		_, err := io.CopyN(w, src, f.size)
		return err
	}
	half := f.size / 2
	if _, err := io.CopyN(w, src, half); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%05d", f.near%100_000); err != nil {
		return err
	}
	_, err := io.CopyN(w, src, f.size-half-nearBytes)
	return err
}

func (f file) source() io.Reader {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(f.origin >> (8 * i))
	}
	noise := rand.NewChaCha8(key)
	if !f.text {
		return noise
	}
	return &prose{r: rand.New(noise), list: strings.Fields(words)}
}

// prose is text without an end.
type prose struct {
	r    *rand.Rand
	list []string
	rest []byte
}

func (p *prose) Read(b []byte) (int, error) {
	for len(p.rest) < len(b) {
		p.rest = append(append(p.rest, p.list[p.r.IntN(len(p.list))]...), ' ')
	}
	n := copy(b, p.rest)
	p.rest = p.rest[:copy(p.rest, p.rest[n:])]
	return n, nil
}
