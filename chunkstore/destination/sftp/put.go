package sftp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/pkg/sftp"

	"telekeep/internal/durable"
)

// Put stores data under name; see chunkstore.Destination, and the package comment for
// what the server must be able to do. A full file system is syscall.ENOSPC, a read-only
// one syscall.EROFS, a server that refuses to write fs.ErrPermission.
func (d *Destination) Put(ctx context.Context, name string, data []byte) error {
	if err := begin(ctx, name); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	err := d.do(ctx, func(c *conn, moved func()) error { return d.put(ctx, c, moved, name, data) })
	if err != nil {
		d.forget(path.Dir(name)) // the folder may have been emptied or replaced: look again next time
		return fmt.Errorf("put %s: %w", name, err)
	}
	return nil
}

func (d *Destination) put(ctx context.Context, c *conn, moved func(), name string, data []byte) error {
	info, err := c.sftp.Lstat(d.at(name))
	if err == nil {
		return d.settle(ctx, c, moved, name, info, data)
	}
	if err = d.absent(c, name, err); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.ensureFolder(ctx, c, moved, path.Dir(name)); err != nil {
		return err
	}
	err = d.save(ctx, c, moved, name, data, d.nameNew)
	if errors.Is(err, fs.ErrExist) {
		if info, err = c.sftp.Lstat(d.at(name)); err == nil { // somebody was faster
			return d.settle(ctx, c, moved, name, info, data)
		}
	}
	return err
}

// A namer gives the temporary file its name.
type namer func(c *conn, temporary, name string) error

// save writes a temporary file beside name, makes its bytes durable, gives it its name
// and makes that durable.
func (d *Destination) save(ctx context.Context, c *conn, moved func(), name string, data []byte, give namer) error {
	temporary := path.Join(path.Dir(name), durable.TemporaryName())
	d.clearLitter(c)
	f, err := c.sftp.OpenFile(d.at(temporary), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		err = d.explain(c, err, int64(len(data)))
		if isLoss(err) || isVague(err) { // the server may have got that far
			d.discard(c, temporary)
		}
		return err
	}
	moved()
	if err := d.fill(ctx, c, moved, f, data); err != nil {
		err = d.explain(c, err, int64(len(data)))
		d.discard(c, temporary)
		return err
	}
	if err := ctx.Err(); err != nil {
		d.discard(c, temporary)
		return err
	}
	if err := give(c, temporary, name); err != nil {
		if !errors.Is(err, fs.ErrExist) {
			err = d.explain(c, err, 0)
		}
		d.discard(c, temporary)
		return err
	}
	moved()
	return d.syncNames(c, path.Dir(name))
}

// fill writes, syncs and closes. Close comes last and always: what lies behind a server
// may report a full disk only there.
func (d *Destination) fill(ctx context.Context, c *conn, moved func(), f *sftp.File, data []byte) error {
	err := inParts(ctx, int64(len(data)), func(off int64, n int) error {
		_, err := f.WriteAt(data[off:off+int64(n)], off)
		moved()
		return err
	})
	if err == nil && d.durability(c).Bytes {
		err = f.Sync()
		moved()
	}
	return errors.Join(err, f.Close())
}

// nameNew gives a file a name that must be free, or it is fs.ErrExist. A hard link never
// replaces anything. Where there are none it looks first; servers then mostly refuse to
// replace a file too.
func (d *Destination) nameNew(c *conn, temporary, name string) error {
	if c.has("hardlink@openssh.com") && !d.noLinks.Load() {
		err := c.sftp.Link(d.at(temporary), d.at(name))
		if err == nil {
			d.discard(c, temporary)
			return nil
		}
		if err := d.taken(c, name); err != nil {
			return err
		}
		if !isVague(err) && !errors.Is(err, fs.ErrPermission) && !isUnsupported(err) {
			return err
		}
	}
	d.naming.Lock()
	defer d.naming.Unlock()
	if err := d.taken(c, name); err != nil {
		return err
	}
	err := c.sftp.Rename(d.at(temporary), d.at(name))
	if err == nil {
		d.noLinks.Store(true)
		return nil
	}
	return errors.Join(d.taken(c, name), err)
}

// taken returns fs.ErrExist if a name is taken, nil if it is not or nobody can tell.
func (d *Destination) taken(c *conn, name string) error {
	if _, err := c.sftp.Lstat(d.at(name)); err == nil {
		return fmt.Errorf("the name is taken: %w", fs.ErrExist)
	}
	return nil
}

func isUnsupported(err error) bool {
	status, ok := errors.AsType[*sftp.StatusError](err)
	return ok && (status.FxCode() == sftp.ErrSSHFxOpUnsupported || status.FxCode() == sftp.ErrSSHFxBadMessage)
}

// syncNames makes the names in a folder durable, if the server can.
func (d *Destination) syncNames(c *conn, dir string) error {
	if !d.durability(c).Names {
		return nil
	}
	if err := syncPath(c, d.at(dir)); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, d.explain(c, err, 0))
	}
	return nil
}

// settle compares an object that is there with what should be. It also syncs it: whoever
// stored it may have been stopped, or may have failed, just before that.
func (d *Destination) settle(ctx context.Context, c *conn, moved func(), name string, info fs.FileInfo, data []byte) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("there is something with this name that is no file: %w", fs.ErrExist)
	}
	f, err := c.sftp.Open(d.at(name))
	if err != nil {
		return err
	}
	defer c.later(f)
	same := info.Size() == int64(len(data))
	if same {
		same, err = holds(ctx, moved, f, data)
	}
	if err != nil {
		return err
	}
	if !same {
		return fmt.Errorf("the object exists with other content: %w", fs.ErrExist)
	}
	if d.durability(c).Bytes {
		if err := f.Sync(); err != nil {
			return fmt.Errorf("sync: %w", d.explain(c, err, 0))
		}
		moved()
	}
	return d.syncNames(c, path.Dir(name))
}

var errOther = errors.New("other bytes")

// holds reports whether the content of f is data, as long as which it is.
func holds(ctx context.Context, moved func(), f *sftp.File, data []byte) (bool, error) {
	err := inParts(ctx, int64(len(data)), func(off int64, n int) error {
		part := make([]byte, n)
		read, err := f.ReadAt(part, off)
		moved()
		if err != nil && err != io.EOF {
			return err
		}
		if !bytes.Equal(part[:read], data[off:off+int64(n)]) {
			return errOther
		}
		return nil
	})
	if errors.Is(err, errOther) {
		return false, nil
	}
	return err == nil, err
}
