package main

import (
	"fmt"
	"os"
	"os/user"
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
