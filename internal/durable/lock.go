package durable

import "os"

// Lock takes the exclusive lock of an open file without waiting and reports whether
// it has it now. The lock ends when the file is closed, also by the end of the process.
// On systems without such locks it always reports false.
func Lock(f *os.File) bool { return lock(f) }
