//go:build unix

package chunkstore

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// newPackMemory returns zeroed memory for one pack that the garbage collector does not
// see. Packs are most of what a writer needs: on the collector's heap they would let
// it grow to twice their size before it looks, and they could not be given back to the
// system between commits.
func newPackMemory(size int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("get memory for a pack: %w", err)
	}
	hugePages(b)
	return b, nil
}

// freePackMemory gives the memory back; nobody may use b any more.
func freePackMemory(b []byte) error {
	if err := unix.Munmap(b[:cap(b)]); err != nil {
		return fmt.Errorf("give back the memory of a pack: %w", err)
	}
	return nil
}
