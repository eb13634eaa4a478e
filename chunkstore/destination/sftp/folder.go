package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"telekeep/internal/durable"
)

// abandoned is how long a temporary file must not have changed, by the server's clock,
// to be removed: nothing that is being written rests for so long.
const abandoned = 24 * time.Hour

// A folder is one below the base that objects are put into. It is made, and its name made
// durable, once per process; nobody may put an object into it before.
type folder struct {
	lock chan struct{} // holds one token; waiting for it can be ended
	done bool          // whoever has the token may look
}

func (d *Destination) folder(dir string) *folder {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.folders[dir]
	if f == nil {
		f = &folder{lock: make(chan struct{}, 1)}
		d.folders[dir] = f
	}
	return f
}

// forget makes the next Put look whether a folder and those above it are there.
func (d *Destination) forget(dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ; dir != "."; dir = path.Dir(dir) {
		delete(d.folders, dir)
	}
}

// ensureFolder makes a folder and its parents below the base, durably, and clears it of
// what stopped processes left.
func (d *Destination) ensureFolder(ctx context.Context, c *conn, moved func(), dir string) error {
	f := d.folder(dir)
	select {
	case f.lock <- struct{}{}:
		defer func() { <-f.lock }()
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ended:
		return errLost
	}
	moved()
	if f.done {
		return nil
	}
	if dir != "." {
		if err := d.ensureFolder(ctx, c, moved, path.Dir(dir)); err != nil {
			return err
		}
		if err := d.mkdir(c, moved, dir); err != nil {
			return fmt.Errorf("folder %s: %w", dir, err)
		}
	}
	if err := d.sweep(c, moved, dir); err != nil {
		return fmt.Errorf("folder %s: %w", dir, err)
	}
	f.done = true
	return nil
}

// mkdir makes one folder unless it is there, and makes its name durable in both cases.
func (d *Destination) mkdir(c *conn, moved func(), dir string) error {
	if mkErr := c.sftp.Mkdir(d.at(dir)); mkErr != nil {
		info, err := c.sftp.Stat(d.at(dir))
		switch {
		case errors.Is(err, fs.ErrNotExist) && errors.Is(mkErr, fs.ErrNotExist):
			return fmt.Errorf("the folder above it has gone: %w", fs.ErrNotExist)
		case errors.Is(err, fs.ErrNotExist):
			return d.explain(c, mkErr, 0)
		case err != nil:
			return err
		case !info.IsDir():
			return fmt.Errorf("there is a file with this name: %w", fs.ErrExist)
		}
	}
	moved()
	return d.syncNames(c, path.Dir(dir))
}

// sweep removes the temporary files in a folder that stopped processes left behind. What
// it cannot remove it leaves for the next time.
func (d *Destination) sweep(c *conn, moved func(), dir string) error {
	entries, err := c.sftp.ReadDir(d.at(dir))
	if errors.Is(err, fs.ErrPermission) {
		return nil // a login may be allowed to store and not to look
	}
	if err != nil {
		return err
	}
	moved()
	var old []fs.FileInfo
	for _, e := range entries {
		if e.Mode().IsRegular() && durable.IsTemporary(e.Name()) {
			old = append(old, e)
		}
	}
	if len(old) == 0 {
		return nil
	}
	now, err := d.serverTime(c, dir)
	if err != nil {
		return nil //nolint:nilerr // the next file that is written says what is wrong
	}
	for _, e := range old {
		if now.Sub(e.ModTime()) > abandoned {
			c.sftp.Remove(d.at(path.Join(dir, e.Name()))) //nolint:errcheck // as said above
			moved()
		}
	}
	return nil
}
