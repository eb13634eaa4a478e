// Package durable makes files that survive a power cut.
//
// A new file is first written under another name in the same directory, so that
// nobody ever sees half of it, and counts as saved when both its bytes and its name
// have reached the disk:
//
//	create  dir/.tk-….tmp      must not exist
//	write   dir/.tk-….tmp
//	fsync   dir/.tk-….tmp      the bytes are on the disk
//	close   dir/.tk-….tmp
//	rename  dir/.tk-….tmp ▶ dir/name
//	fsync   dir                the name is on the disk
//
// and a directory:
//
//	mkdir   parent/dir
//	fsync   parent             also if the directory was there already
//
// When a step fails the temporary file is removed and the error returned as the
// system gave it, below some context: errors.Is finds syscall.ENOSPC, fs.ErrExist
// and so on. A failed fsync is never tried again on the same file, because Linux
// reports a lost write once and then forgets it. If the last fsync fails the file
// may have its name or not; storing the same bytes again settles it.
//
// The package never overwrites in place, never follows a path out of the tree it was
// given, and never reads a clock except to tell an abandoned temporary file from a
// fresh one.
package durable
