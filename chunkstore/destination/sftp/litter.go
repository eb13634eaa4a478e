package sftp

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"time"

	"telekeep/internal/durable"
)

// mostLitter is how many temporary files are remembered at most; a sweep of a later
// process finds the others.
const mostLitter = 1000

// drop remembers a temporary file of this process that may be there and is of no use.
func (d *Destination) drop(temporary string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.litter) < mostLitter {
		d.litter[temporary] = true
	}
}

// discard removes a temporary file. If that fails, which is not worth an error, the file
// is removed by a later call.
func (d *Destination) discard(c *conn, temporary string) {
	if err := c.sftp.Remove(d.at(temporary)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.drop(temporary)
	}
}

// clearLitter removes what earlier calls could not.
func (d *Destination) clearLitter(c *conn) {
	d.mu.Lock()
	left := d.litter
	d.litter = make(map[string]bool)
	d.mu.Unlock()
	for temporary := range left {
		d.discard(c, temporary)
	}
}

// serverTime returns what the server's clock says, by a file that it has just made.
func (d *Destination) serverTime(c *conn, dir string) (time.Time, error) {
	temporary := path.Join(dir, durable.TemporaryName())
	f, err := c.sftp.OpenFile(d.at(temporary), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return time.Time{}, err
	}
	info, err := f.Stat()
	err = errors.Join(err, f.Close())
	d.discard(c, temporary)
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}
