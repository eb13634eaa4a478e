package systemd

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// A Manager is the manager of services that started the process, if there is one.
// Its methods send one datagram each to the socket that NOTIFY_SOCKET names; without
// it they do nothing and return nil. An error says that a datagram was not sent; a
// daemon logs it and goes on, since the manager looks after itself. Safe for
// concurrent use.
type Manager struct{}

// Ready says that the process serves, or serves again after Reloading. An empty status
// leaves the one that is shown.
func (Manager) Ready(status string) error {
	if status == "" {
		return notify(daemon.SdNotifyReady)
	}
	return notify(daemon.SdNotifyReady, statusLine(status))
}

// Status says in one line of a few words what the process does. It is shown to
// everybody on the machine: no names, no numbers of phones, no texts.
func (Manager) Status(status string) error { return notify(statusLine(status)) }

// Reloading says that the settings are read anew; Ready must follow, also if they are
// refused and the old ones stay.
func (Manager) Reloading() error {
	return notify(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()))
}

// Stopping says that the process is about to end.
func (Manager) Stopping(status string) error {
	return notify(daemon.SdNotifyStopping, statusLine(status))
}

// Watchdog says that work has got done. If that is not said for the time of
// WatchdogInterval, the manager ends the process.
func (Manager) Watchdog() error { return notify(daemon.SdNotifyWatchdog) }

// Extend asks for d more, from now, before the manager counts a start, a reload or a
// stop as hung. It must be asked again before d is over.
func (Manager) Extend(d time.Duration) error {
	return notify(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", d.Microseconds()))
}

// WatchdogInterval is the longest time without Watchdog, 0 if nobody watches this
// process. Say it twice as often.
func (Manager) WatchdogInterval() (time.Duration, error) {
	d, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return 0, fmt.Errorf("the watchdog's time is not understood: %w", err)
	}
	return d, nil
}

func notify(lines ...string) error {
	state := strings.Join(lines, "\n")
	if _, err := daemon.SdNotify(false, state); err != nil {
		return errors.Join(errNotSent, err)
	}
	return nil
}

var errNotSent = errors.New("the service manager was not told")

// statusLine keeps a text from being taken for another message.
func statusLine(text string) string {
	return "STATUS=" + strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
