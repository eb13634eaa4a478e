//go:build !linux

package export

import "os"

// flushFiles does nothing: there is no call for all the files of a file system,
// and they are on their way to the disk.
func flushFiles(*os.File) error { return nil }
