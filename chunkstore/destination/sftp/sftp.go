package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"
	"sync/atomic"

	"telekeep/chunkstore/destination/local"
	"telekeep/internal/objectname"
)

// tries is how many connections a call is tried on; a server that was silent gets two.
const tries = 3

// A Destination is a folder on a server that holds a vault. Its methods may be used from
// many goroutines; several machines may use one folder.
type Destination struct {
	o    Options
	base string // o.Path, clean
	pool *pool

	mu      sync.Mutex
	folders map[string]*folder
	litter  map[string]bool // temporary files that could not be removed yet

	naming  sync.Mutex                 // held where a name is looked at before it is given
	syncs   atomic.Pointer[Durability] // once it is known
	noLinks atomic.Bool                // the file system there has no hard links
}

// Open connects to the server and looks whether the folder is there: fs.ErrNotExist if
// it is not. It changes nothing there. See ErrUnreachable, ErrLogin and HostKeyError.
func Open(ctx context.Context, o Options) (*Destination, error) {
	d, err := newDestination(o)
	if err != nil {
		return nil, fmt.Errorf("sftp: %w", err)
	}
	if err := d.do(ctx, d.checkBase); err != nil {
		d.Close()
		return nil, fmt.Errorf("open %s on %s: %w", d.base, o.Host, err)
	}
	return d, nil
}

// Create makes the folder with its parents, and opens it. A folder that is there already
// must be empty, or it is fs.ErrExist; what systems put into the root of every drive does
// not count.
func Create(ctx context.Context, o Options) (*Destination, error) {
	d, err := newDestination(o)
	if err != nil {
		return nil, fmt.Errorf("sftp: %w", err)
	}
	if err := d.do(ctx, d.makeBase); err != nil {
		d.Close()
		return nil, fmt.Errorf("make %s on %s: %w", d.base, o.Host, err)
	}
	return d, nil
}

func newDestination(o Options) (*Destination, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Destination{o: o, base: path.Clean(o.Path), pool: newPool(o),
		folders: make(map[string]*folder), litter: make(map[string]bool)}, nil
}

// Close ends all connections. Calls under way fail with fs.ErrClosed.
func (d *Destination) Close() error {
	d.pool.close()
	return nil
}

// at returns the path of an object on the server.
func (d *Destination) at(name string) string { return path.Join(d.base, name) }

// do runs a call, and again on another connection if the one it is on is lost.
func (d *Destination) do(ctx context.Context, f step) error {
	for try := 1; ; try++ {
		c, err := d.pool.take(ctx)
		if err == nil {
			err = c.run(ctx, f)
			d.pool.give(c, err)
		}
		lost, isLost := errors.AsType[*lostError](err)
		if isLost && errors.Is(err, errClosed) {
			return errClosed
		}
		again := isLost && (lost.cause != errStalled || try == 1) || errors.Is(err, ErrUnreachable) && !errors.Is(err, context.DeadlineExceeded)
		if again && try < tries && ctx.Err() == nil {
			continue
		}
		if isLost {
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		return err
	}
}

func (d *Destination) checkBase(c *conn, _ func()) error {
	info, err := c.sftp.Stat(d.base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the server has no such folder for %s: %w", d.o.User, fs.ErrNotExist)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the server does not let %s look there: %w", d.o.User, err)
	case err != nil:
		return err
	case !info.IsDir():
		return errors.New("that is a file, not a folder")
	}
	return nil
}

func (d *Destination) makeBase(c *conn, moved func()) error {
	if err := d.makeParents(c, moved); err != nil {
		return err
	}
	entries, err := c.sftp.ReadDir(d.base)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !local.Furniture(e.Name()) {
			return fmt.Errorf("the folder is not empty, it holds %q: %w", e.Name(), fs.ErrExist)
		}
	}
	return nil
}

// makeParents makes the folders of the base that are missing, and syncs the names of
// those.
func (d *Destination) makeParents(c *conn, moved func()) error {
	var missing []string
	for dir := d.base; ; dir = path.Dir(dir) {
		info, err := c.sftp.Stat(dir)
		moved()
		if err == nil && !info.IsDir() {
			return fmt.Errorf("%s is a file, not a folder", dir)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return d.explain(c, err, 0)
		}
		missing = append(missing, dir)
		if dir == "." || dir == "/" {
			break
		}
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := c.sftp.Mkdir(missing[i]); err != nil {
			return fmt.Errorf("make %s: %w", missing[i], d.explain(c, err, 0))
		}
		moved()
		if err := syncPath(c, path.Dir(missing[i])); err != nil && d.durability(c).Names {
			return fmt.Errorf("sync %s: %w", path.Dir(missing[i]), err)
		}
		moved()
	}
	return nil
}

// Durability says what the server can make last through a power cut.
type Durability struct {
	Bytes bool // of files: it has fsync@openssh.com
	Names bool // of files: that works for folders too
}

// Syncs returns what a Put that has returned is safe from.
func (d *Destination) Syncs(ctx context.Context) (Durability, error) {
	var found Durability
	err := d.do(ctx, func(c *conn, _ func()) error {
		found = d.durability(c)
		return nil
	})
	if err != nil {
		return Durability{}, fmt.Errorf("what the server can sync: %w", err)
	}
	return found, nil
}

// durability returns what the server can sync, which is tried once on the folder itself.
// A connection that is lost meanwhile decides nothing.
func (d *Destination) durability(c *conn) Durability {
	if known := d.syncs.Load(); known != nil {
		return *known
	}
	found := Durability{Bytes: c.has("fsync@openssh.com")}
	if found.Bytes {
		err := syncPath(c, d.base)
		if err != nil && (c.gone() != nil || isLoss(err) || errors.Is(err, fs.ErrNotExist)) {
			return Durability{Bytes: true, Names: true} // the next step says what is wrong
		}
		found.Names = err == nil
	}
	d.syncs.Store(&found)
	return found
}

// syncPath makes durable what is there already, a file or the names in a folder.
func syncPath(c *conn, name string) error {
	f, err := c.sftp.Open(name)
	if err != nil {
		return err
	}
	err = f.Sync()
	c.later(f)
	return err
}

// begin is what every call with a name checks first.
func begin(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return objectname.Check(name)
}

// absent makes a path through a file what it is for objects: not there. OpenSSH says
// "no such file" to that, others say "failure", and then it is looked up.
func (d *Destination) absent(c *conn, name string, err error) error {
	if !isVague(err) {
		return err
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if info, statErr := c.sftp.Lstat(d.at(dir)); statErr == nil && !info.IsDir() {
			return fs.ErrNotExist
		}
	}
	return err
}
