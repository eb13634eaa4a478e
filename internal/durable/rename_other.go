//go:build !linux

package durable

import "os"

// renameNew gives a file a name that must not be taken.
func renameNew(root *os.Root, from, to string) error {
	sameDir(from, to)
	return linkNew(root, from, to)
}
