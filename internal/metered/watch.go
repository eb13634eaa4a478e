package metered

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/godbus/dbus/v5"
)

// Where NetworkManager is on the bus.
const (
	manager    = "org.freedesktop.NetworkManager"
	managerAt  = dbus.ObjectPath("/org/freedesktop/NetworkManager")
	properties = "org.freedesktop.DBus.Properties"
	property   = "Metered"
)

// What Metered can be, besides unknown (0), no (2) and most likely not (4).
const (
	meteredYes   = 1
	meteredGuess = 3 // most likely
)

// callTime is how long one question may take.
const callTime = 25 * time.Second

// The pauses between two tries to reach a bus that is not there.
const (
	pauseFirst = time.Minute
	pauseMost  = 30 * time.Minute
)

// errClosed says that the bus ended the connection.
var errClosed = errors.New("the bus is gone")

// Watch tells of the link, at once if it can be known, and whenever it changes, until ctx
// ends. It calls tell from one goroutine. Where the bus cannot be reached it tries again
// every half hour; why is told to failed, if that is not nil.
func Watch(ctx context.Context, tell func(metered bool), failed func(error)) {
	watch(ctx, dbus.ConnectSystemBus, tell, failed, pauseFirst)
}

// watch is Watch with a bus and a first pause of one's choice.
func watch(ctx context.Context, connect func(...dbus.ConnOption) (*dbus.Conn, error), tell func(bool), failed func(error), first time.Duration) {
	for pause := first; ctx.Err() == nil; pause = min(2*pause, pauseMost) {
		conn, err := connect(dbus.WithContext(ctx))
		if err == nil {
			pause = first
			err = errors.Join(follow(ctx, conn, tell), conn.Close())
		}
		tell(false)
		if ctx.Err() != nil {
			return
		}
		if failed != nil {
			failed(err)
		}
		timer := time.NewTimer(pause/2 + rand.N(pause/2+1))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// follow tells of the link for as long as the connection to the bus lasts.
func follow(ctx context.Context, conn *dbus.Conn, tell func(bool)) error {
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchSender(manager), dbus.WithMatchObjectPath(managerAt), dbus.WithMatchInterface(properties), dbus.WithMatchMember("PropertiesChanged"), dbus.WithMatchArg(0, manager)},
		{dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchInterface("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, manager)},
	} {
		if err := conn.AddMatchSignalContext(ctx, match...); err != nil {
			return fmt.Errorf("cannot listen on the system bus: %w", err)
		}
	}
	for {
		metered, err := ask(ctx, conn)
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		tell(err == nil && metered) // what nobody knows is not
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-conn.Context().Done():
			return errClosed
		case _, ok := <-signals:
			if !ok {
				return errClosed
			}
		}
	}
}

// ask reads the property. A NetworkManager that does not run is not started.
func ask(ctx context.Context, conn *dbus.Conn) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var value dbus.Variant
	err := conn.Object(manager, managerAt).CallWithContext(ctx, properties+".Get", dbus.FlagNoAutoStart, manager, property).Store(&value)
	if err != nil {
		return false, err
	}
	number, ok := value.Value().(uint32)
	return ok && (number == meteredYes || number == meteredGuess), nil
}
