package main

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"telekeep/systemd"
)

// foreignOwner says why the service could not read its settings, if they are another
// user's: the usual slip is an init that root has run.
func foreignOwner(settings, folder string) string {
	info, err := os.Stat(settings)
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	owner, err := user.Lookup(systemd.DefaultUser)
	if err == nil && owner.Uid == strconv.FormatUint(uint64(stat.Uid), 10) {
		return ""
	}
	return fmt.Sprintf("%s is not the user %s's. Give it the installation, and the vault, then start it:\n  sudo chown -R %s: %s", settings, systemd.DefaultUser, systemd.DefaultUser, shellWord(folder))
}

// ownerName is the name of the user that a file belongs to; "" of root's, and where that
// cannot be found out.
func ownerName(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 {
		return ""
	}
	owner, err := user.LookupId(strconv.FormatUint(uint64(stat.Uid), 10))
	if err != nil {
		return ""
	}
	return owner.Username
}

// mountPoint is where the file system of path is mounted, and path itself if that is the
// root's or cannot be found out. A folder within a drive must not be named to systemd as
// writable: it would be mounted apart, and the drive could not be unmounted while the
// service runs, although umount says so.
func mountPoint(path string) string {
	device, ok := deviceOf(path)
	for at := path; ok; at = filepath.Dir(at) {
		if at == filepath.Dir(at) {
			return path // the root file system
		}
		above, ok := deviceOf(filepath.Dir(at))
		if !ok {
			return path
		}
		if above != device {
			return at
		}
	}
	return path
}

func deviceOf(path string) (uint64, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return uint64(stat.Dev), true
}
