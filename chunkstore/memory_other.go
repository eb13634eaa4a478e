//go:build unix && !linux

package chunkstore

// hugePages does nothing: these systems choose the size of pages themselves.
func hugePages([]byte) {}
