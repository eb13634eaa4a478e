// Package local keeps a vault in a folder: on this disk, on a drive that is plugged in,
// on a share that is mounted.
//
//	Put packs/ab/ab12….age
//	   mkdir packs, packs/ab        if missing, each followed by an fsync of its parent
//	   create packs/ab/.tk-….tmp    hidden: List, Get and Stat do not see it
//	   write, fsync, close
//	   rename to ab12….age          never over an existing file
//	   fsync packs/ab
//	Replace                       the same, but over whatever file has the name
//	Remove                        remove, fsync packs/ab
//
// Everything happens below the folder that was opened, through an os.Root: no name and
// no symbolic link leads out of it, and if the drive is unplugged nothing lands in the
// empty mount point. Files get mode 0600, directories 0700.
//
// A file system without hard links and permissions, such as exFAT, will do. With some
// drivers of it (exfat-fuse) an object that Replace exchanges is absent for an instant.
//
// It overwrites in Replace alone, and deletes nothing but what Remove names and temporary
// files that a stopped process left behind. It does not know what it stores.
package local
