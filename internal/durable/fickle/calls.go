//go:build linux

package fickle

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Mount shows a Disk at a folder, which must be there, until the function is called that it
// returns. That fails while a program has files open there.
func (d *Disk) Mount(folder string) (unmount func() error, err error) {
	server, err := fuse.NewServer(d, folder, &fuse.MountOptions{
		DirectMount: true, Name: "fickle", FsName: filepath.Base(folder), DisableReadDirPlus: true, DisableXAttrs: true, MaxWrite: 1 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("mount a file system in memory at %s: %w", folder, err)
	}
	go server.Serve()
	if err := server.WaitMount(); err != nil {
		return nil, fmt.Errorf("mount a file system in memory at %s: %w", folder, err)
	}
	return server.Unmount, nil
}

// Remount shows the Disk anew: programs see of what an fsync failed to keep no more than the
// platter holds. No program may have files open there.
func (d *Disk) Remount(folder string, unmount func() error) (func() error, error) {
	if err := unmount(); err != nil {
		return nil, fmt.Errorf("unmount %s: %w", folder, err)
	}
	d.evict()
	return d.Mount(folder)
}

// begin waits and takes the lock. refused is whether the call may fail on purpose.
func (d *Disk) begin(what string, refused bool) (status fuse.Status) {
	d.mu.Lock()
	if slow := d.faults.Slow; slow > 0 {
		wait := time.Duration(d.random.Int64N(int64(slow)))
		d.mu.Unlock()
		time.Sleep(wait)
		d.mu.Lock()
	}
	switch {
	case d.faults.RefuseAll:
		return fuse.EIO
	case refused && d.strikes("refuse "+what, d.faults.Refuse):
		return fuse.Status(d.faults.Cause)
	}
	return fuse.OK
}

func (d *Disk) attributes(n *node, out *fuse.Attr) {
	out.Ino, out.Mode, out.Size, out.Nlink = n.number, n.mode, uint64(len(n.data)), max(n.links, 1)
	out.Blocks, out.Blksize = (out.Size+511)/512, 4096
	out.SetTimes(&n.changed, &n.changed, &n.changed)
	out.Owner = fuse.Owner{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())}
}

func (d *Disk) entry(n *node, out *fuse.EntryOut) fuse.Status {
	out.NodeId, out.Generation = n.number, 1
	out.SetEntryTimeout(time.Hour) // nobody else changes anything
	out.SetAttrTimeout(time.Hour)
	d.attributes(n, &out.Attr)
	return fuse.OK
}

// Lookup implements fuse.RawFileSystem.
func (d *Disk) Lookup(_ <-chan struct{}, h *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	s := d.begin("lookup", false)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	n := d.nodes[h.NodeId].names[name]
	if n == nil {
		return fuse.ENOENT
	}
	return d.entry(n, out)
}

// GetAttr implements fuse.RawFileSystem.
func (d *Disk) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	s := d.begin("getattr", false)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	out.SetTimeout(time.Hour)
	d.attributes(d.nodes[in.NodeId], &out.Attr)
	return fuse.OK
}

// SetAttr implements fuse.RawFileSystem. Modes and times are durable at once.
func (d *Disk) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	s := d.begin("setattr", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	n := d.nodes[in.NodeId]
	if mode, ok := in.GetMode(); ok {
		n.mode = n.mode&syscall.S_IFMT | mode&0o7777
	}
	if at, ok := in.GetMTime(); ok {
		n.changed = at
	}
	if size, ok := in.GetSize(); ok {
		if s := d.change(n, change{at: int64(size), length: true}); s != fuse.OK {
			return s
		}
	}
	out.SetTimeout(time.Hour)
	d.attributes(n, &out.Attr)
	return fuse.OK
}

// change changes a file. The caller holds the lock.
func (d *Disk) change(n *node, c change) fuse.Status {
	before := int64(len(n.data))
	after := max(before, c.at+int64(len(c.data)))
	if c.length {
		after = c.at
	}
	if d.faults.Full > 0 && d.bytes+after-before > d.faults.Full && after > before {
		d.struck["full"]++
		return fuse.Status(syscall.ENOSPC)
	}
	n.data = c.apply(n.data)
	d.bytes += int64(len(n.data)) - before
	n.pending = append(n.pending, c)
	n.changed = time.Now()
	d.step()
	return fuse.OK
}

// name changes a directory. The caller holds the lock.
func (d *Disk) name(dir *node, c change) {
	c.rename(dir.names)
	dir.pending = append(dir.pending, c)
	dir.changed = time.Now()
	d.step()
}

// make makes a file or a directory. The caller holds the lock.
func (d *Disk) make(dir *node, name string, n *node, out *fuse.EntryOut) fuse.Status {
	if dir.names[name] != nil {
		return fuse.Status(syscall.EEXIST)
	}
	d.add(n).links = 1
	d.name(dir, change{name: name, to: n})
	return d.entry(n, out)
}

// Mkdir implements fuse.RawFileSystem.
func (d *Disk) Mkdir(_ <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	s := d.begin("mkdir", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	n := &node{mode: syscall.S_IFDIR | in.Mode&^in.Umask&0o7777, names: map[string]*node{}, durable: map[string]*node{}}
	return d.make(d.nodes[in.NodeId], name, n, out)
}

// Create implements fuse.RawFileSystem.
func (d *Disk) Create(_ <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	s := d.begin("create", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	dir := d.nodes[in.NodeId]
	if n := dir.names[name]; n != nil && in.Flags&syscall.O_EXCL == 0 {
		return d.entry(n, &out.EntryOut)
	}
	return d.make(dir, name, &node{mode: syscall.S_IFREG | in.Mode&^in.Umask&0o7777}, &out.EntryOut)
}

// Open implements fuse.RawFileSystem.
func (d *Disk) Open(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	s := d.begin("open", true)
	defer d.mu.Unlock()
	if s == fuse.OK {
		out.OpenFlags = fuse.FOPEN_KEEP_CACHE
		if in.Flags&syscall.O_TRUNC != 0 {
			s = d.change(d.nodes[in.NodeId], change{length: true})
		}
	}
	return s
}

// Read implements fuse.RawFileSystem.
func (d *Disk) Read(_ <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	s := d.begin("read", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return nil, s
	}
	data := d.nodes[in.NodeId].data
	got := 0
	if in.Offset < uint64(len(data)) {
		got = copy(buf, data[in.Offset:])
	}
	return fuse.ReadResultData(buf[:got]), fuse.OK
}

// Write implements fuse.RawFileSystem.
func (d *Disk) Write(_ <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	s := d.begin("write", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return 0, s
	}
	// What the kernel writes on its own, for memory that is mapped, it does not write again.
	if len(data) > 1 && in.WriteFlags&fuse.WRITE_CACHE == 0 && d.strikes("short", d.faults.Short) {
		data = data[:1+d.random.IntN(len(data)-1)]
	}
	if s := d.change(d.nodes[in.NodeId], change{at: int64(in.Offset), data: slices.Clone(data)}); s != fuse.OK {
		return 0, s
	}
	return uint32(len(data)), fuse.OK
}

// Fsync implements fuse.RawFileSystem.
func (d *Disk) Fsync(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	s := d.begin("fsync", false) // one that fails is what Forget is
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	return d.sync(d.nodes[in.NodeId])
}

// FsyncDir implements fuse.RawFileSystem.
func (d *Disk) FsyncDir(c <-chan struct{}, in *fuse.FsyncIn) fuse.Status { return d.Fsync(c, in) }

// Unlink implements fuse.RawFileSystem.
func (d *Disk) Unlink(_ <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	s := d.begin("unlink", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	dir := d.nodes[h.NodeId]
	n := dir.names[name]
	if n == nil {
		return fuse.ENOENT
	}
	d.name(dir, change{gone: name})
	d.drop(n)
	return fuse.OK
}

// drop counts that a node lost a name.
func (d *Disk) drop(n *node) {
	if n.links--; n.links == 0 {
		d.bytes -= int64(len(n.data))
	}
}

// Rmdir implements fuse.RawFileSystem.
func (d *Disk) Rmdir(c <-chan struct{}, h *fuse.InHeader, name string) fuse.Status {
	s := d.begin("rmdir", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	dir := d.nodes[h.NodeId]
	switch n := dir.names[name]; {
	case n == nil:
		return fuse.ENOENT
	case len(n.names) > 0:
		return fuse.Status(syscall.ENOTEMPTY)
	}
	d.name(dir, change{gone: name})
	return fuse.OK
}

// Link implements fuse.RawFileSystem.
func (d *Disk) Link(_ <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	s := d.begin("link", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	dir, n := d.nodes[in.NodeId], d.nodes[in.Oldnodeid]
	if dir.names[name] != nil {
		return fuse.Status(syscall.EEXIST)
	}
	n.links++
	d.name(dir, change{name: name, to: n})
	return d.entry(n, out)
}

// Rename implements fuse.RawFileSystem. Within a directory it is one change; between two a
// power cut may leave both names, or none.
func (d *Disk) Rename(_ <-chan struct{}, in *fuse.RenameIn, from, to string) fuse.Status {
	s := d.begin("rename", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	const noReplace = 1
	source, target := d.nodes[in.NodeId], d.nodes[in.Newdir]
	n, there := source.names[from], target.names[to]
	switch {
	case in.Flags&^noReplace != 0:
		return fuse.EINVAL
	case n == nil:
		return fuse.ENOENT
	case there != nil && in.Flags&noReplace != 0:
		return fuse.Status(syscall.EEXIST)
	case there == n:
		return fuse.OK
	case there != nil && len(there.names) > 0:
		return fuse.Status(syscall.ENOTEMPTY)
	case there != nil && there.names == nil:
		d.drop(there)
	}
	if source == target {
		d.name(source, change{gone: from, name: to, to: n})
		return fuse.OK
	}
	d.name(target, change{name: to, to: n})
	d.name(source, change{gone: from})
	return fuse.OK
}

// OpenDir implements fuse.RawFileSystem.
func (d *Disk) OpenDir(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	s := d.begin("opendir", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	var list []fuse.DirEntry
	dir := d.nodes[in.NodeId]
	for _, name := range slices.Sorted(maps.Keys(dir.names)) {
		list = append(list, fuse.DirEntry{Name: name, Mode: dir.names[name].mode, Ino: dir.names[name].number})
	}
	d.last++
	d.handles[d.last] = list
	out.Fh = d.last
	return fuse.OK
}

// ReadDir implements fuse.RawFileSystem.
func (d *Disk) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	s := d.begin("readdir", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	for list := d.handles[in.Fh]; in.Offset < uint64(len(list)) && out.AddDirEntry(list[in.Offset]); in.Offset++ {
	}
	return fuse.OK
}

// ReleaseDir implements fuse.RawFileSystem.
func (d *Disk) ReleaseDir(in *fuse.ReleaseIn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.handles, in.Fh)
}

// StatFs implements fuse.RawFileSystem.
func (d *Disk) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	s := d.begin("statfs", false)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	full := d.faults.Full
	if full == 0 {
		full = 1 << 40
	}
	free := max(0, full-d.bytes) / 4096
	*out = fuse.StatfsOut{Bsize: 4096, Frsize: 4096, Blocks: uint64(full / 4096), Bfree: uint64(free), Bavail: uint64(free), Files: 1 << 20, Ffree: 1 << 19, NameLen: 255}
	return fuse.OK
}

// Mknod implements fuse.RawFileSystem: a socket has a name, too.
func (d *Disk) Mknod(_ <-chan struct{}, in *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	s := d.begin("mknod", true)
	defer d.mu.Unlock()
	if s != fuse.OK {
		return s
	}
	return d.make(d.nodes[in.NodeId], name, &node{mode: in.Mode &^ in.Umask}, out)
}
