// Package sftp keeps a vault in a folder of a server that speaks SFTP, such as OpenSSH's.
// No shell and no program of ours is needed there: a chroot with internal-sftp will do.
//
//	Put packs/ab/ab12….age
//	   lstat ab12….age              there: its bytes are compared, nothing is written
//	   mkdir packs, packs/ab        if missing, each followed by an fsync of its parent
//	   open packs/ab/.tk-….tmp      new, hidden: List, Get and Stat do not see it
//	   write, write, write …        many under way at once
//	   fsync, close
//	   link to ab12….age, remove    never over an existing file; where there are no hard
//	                                links: rename, after another look
//	   fsync packs/ab
//	Replace                         the same, but posix-rename over whatever has the name
//	Remove                          remove, fsync packs/ab
//
// # What lasts
//
// The protocol has no fsync. OpenSSH (since 6.3) and others have fsync@openssh.com, with
// which a Put that has returned survives a power cut of the server: the bytes are synced
// before the file gets its name. The name itself is synced by opening the folder as a
// file, which OpenSSH on Linux and BSD allows; it is tried once. Syncs tells what the
// server can do. Where it cannot, a Put is atomic but is durable only when the server's
// system writes back by itself, mostly within half a minute.
//
// Without hardlink@openssh.com and where its file system has no hard links, two machines
// that store one name at the same instant could both succeed. Names in a vault are hashes
// or belong to one writer, so the two would be storing the same bytes.
//
// # Connections
//
//	call ──▶ pool ──▶ the least busy connection, or a new one while there are fewer than allowed
//	           │           │ lost or silent ──▶ every call on it tries once more on another
//	           └ dial ◀────┘ failed ──▶ 0.25 s, 0.5 s … 30 s until the next, 5 min if the server
//	                                    refuses; calls in between fail at once with the same error
//
// A call ends with an error when the server has not moved it on for StallTimeout; the
// connection is given up then. A call on a connection that was lost may still be carried
// out by the server a little later. For Put and Replace that is the same bytes once more.
//
// Host keys are strict: one that is not in the known hosts file, or another one, ends the
// connection before anything is said to the server. See HostKeyError.
//
// Permissions of new files are the server's business (its umask); nothing is ever changed
// by chmod. It deletes nothing but what Remove names and temporary files of its own: at
// once when something fails, and those of stopped processes when they have not changed for
// a day by the server's clock. It does not know what it stores.
package sftp
