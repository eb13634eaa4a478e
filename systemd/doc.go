// Package systemd is what telekeep knows of the manager of services that runs it:
// how to tell it things, what it hands over, and the units themselves.
//
//	daemon ─▶ Manager ─▶ datagram ─▶ $NOTIFY_SOCKET    READY=1  STATUS=…  WATCHDOG=1
//	          Handler ─▶ stderr   ─▶ journald          <4>text of one line
//	daemon ◀─ Credential ◀─ file  ◀─ $CREDENTIALS_DIRECTORY
//	telekeep service install ◀─ Units (units/*.service, in the program)
//
// Where nothing of systemd is there, everything does nothing and succeeds: the same
// daemon runs in a terminal, in a container and on other systems.
//
// The package never starts a process, never calls systemctl, never decides when the
// watchdog is fed, and imports nothing of ours.
package systemd
