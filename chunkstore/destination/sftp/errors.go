package sftp

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/pkg/sftp"
)

// ErrUnreachable is when the server cannot be reached, or the connection to it was lost
// more often than is tried again. It is syscall.ENOTCONN too, which is what a folder
// of a server that has gone gives.
var ErrUnreachable error = unreachable{}

type unreachable struct{}

func (unreachable) Error() string        { return "the server cannot be reached" }
func (unreachable) Is(target error) bool { return target == syscall.ENOTCONN }

// ErrLogin is when the server does not accept the key or the password.
var ErrLogin = errors.New("the server refuses the login")

// Why a connection ends.
var (
	errLost    = errors.New("the connection was lost")
	errStalled = errors.New("the server takes too long to answer")
	errSilent  = errors.New("the server has gone silent")
	errIdle    = errors.New("the connection was not used")
	errClosed  = fmt.Errorf("the destination is closed: %w", fs.ErrClosed)
)

// A lostError is the error of a call whose connection has ended.
type lostError struct{ cause error }

func (e *lostError) Error() string { return e.cause.Error() }
func (e *lostError) Unwrap() error { return e.cause }

// isLoss reports whether err says that the connection has ended under a step.
func isLoss(err error) bool {
	return errors.Is(err, sftp.ErrSSHFxConnectionLost) || errors.Is(err, sftp.ErrSSHFxNoConnection) || errors.Is(err, errLost)
}

// isVague reports whether err is the protocol's "failure", which is its answer to a
// full disk, a read-only one, a name that is taken and everything else.
func isVague(err error) bool {
	status, ok := errors.AsType[*sftp.StatusError](err)
	return ok && status.FxCode() == sftp.ErrSSHFxFailure
}

// explain makes something of the error of a step that writes need bytes: what the server
// does not say is found out from its file system. Errors of the connection stay as
// they are.
func (d *Destination) explain(c *conn, err error, need int64) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the server does not let %s write here, or lets nobody write: %w", d.o.User, err)
	case !isVague(err) || !c.has("statvfs@openssh.com"):
		return err
	}
	v, statErr := c.sftp.StatVFS(d.base)
	if statErr != nil {
		return err
	}
	const readOnly = 1 // as the protocol numbers it
	switch {
	case v.Flag&readOnly != 0:
		return fmt.Errorf("the server's file system is read-only: %w", syscall.EROFS)
	case v.Bavail*v.Frsize <= uint64(need)+slack:
		return fmt.Errorf("the server's file system has %d bytes left: %w", v.Bavail*v.Frsize, syscall.ENOSPC)
	case v.Files > 0 && v.Favail == 0:
		return fmt.Errorf("the server's file system takes no more files: %w", syscall.ENOSPC)
	}
	return fmt.Errorf("the server gives no reason, and its disk is not full (a quota? a failing disk?): %w", err)
}

// slack is how much a file system may need besides the bytes of a file.
const slack = 64 << 10
