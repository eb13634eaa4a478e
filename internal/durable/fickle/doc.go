// Package fickle is a file system in memory, mounted with FUSE, on which whole programs are
// tried: it keeps what a disk would hold apart from what programs see, and takes liberties
// that real disks take.
//
//	programs ──▶ kernel ──▶ Disk ──┬─▶ what programs see
//	                               └─▶ changes since the last fsync ──fsync──▶ the platter
//	                                              │
//	                                     Cut ─────┴─▶ another Disk: the platter, and any of the changes
//
// It promises no more than fsync says. A power cut leaves of what was not synced any part, in any
// order and torn at any sector; names are there once their directory was synced. Besides
// it can be slow, refuse, write less than it was given, forget what an fsync that failed
// should have kept, and say that bytes are on the platter that are not.
//
// It is for tests, for root, and for Linux.
package fickle
