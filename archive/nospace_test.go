package archive

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// A smallDisk has room for a number of bytes in a folder.
type smallDisk struct {
	dir  string
	room atomic.Int64
}

func (d *smallDisk) used() (n int64) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
	}
	return n
}

// wrap makes the writes to a file fail where the disk is full: after some of the bytes.
func (d *smallDisk) wrap(f crypto.FrameFile) crypto.FrameFile { return &smallFile{f, d} }

type smallFile struct {
	crypto.FrameFile
	disk *smallDisk
}

func (f *smallFile) Write(p []byte) (int, error) {
	free := max(0, f.disk.room.Load()-f.disk.used())
	if int64(len(p)) <= free {
		return f.FrameFile.Write(p)
	}
	n, err := f.FrameFile.Write(p[:free])
	return n, errors.Join(err, syscall.ENOSPC)
}

// openOnDisk opens an installation whose journal is on a small disk.
func (i *installation) openOnDisk(t *testing.T, room int64) (*Writer, *smallDisk, func()) {
	t.Helper()
	w, end, err := i.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := &smallDisk{dir: filepath.Join(i.dir, "journal")}
	d.room.Store(room)
	w.journal.wrap = d.wrap
	return w, d, func() {
		t.Helper()
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
}

// Files that are larger than the disk of the journal are stored all the same: whenever
// it is full, a commit empties it.
func TestFullJournalIsCommitted(t *testing.T) {
	i := install(t, memory.New())
	o := worldOf(9<<20, 2<<20, 12<<20, 700_000)
	w, d, end := i.openOnDisk(t, 11<<20)
	if err := (&puller{world: o, w: w, commitEvery: 1 << 30}).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o.fetchedBytes > o.totalBytes()+5*o.part {
		t.Errorf("%d bytes were fetched of %d", o.fetchedBytes, o.totalBytes())
	}
	end()
	if d.used() > 0 {
		t.Errorf("the journal holds %d bytes", d.used())
	}
	s := i.snapshot(t)
	if n := strings.Count(digest(t, s), "media document:"); n != len(o.keys) || len(s.streams) < 2 {
		t.Errorf("%d files in %d commits", n, len(s.streams))
	}
}

// A disk that others have filled makes steps fail, with one clear error, and nothing
// else: when there is room again the same Writer goes on, and so does another one.
func TestFullDiskRecovers(t *testing.T) {
	i := install(t, memory.New())
	w, d, end := i.openOnDisk(t, 1<<20)
	apply := func(w *Writer, id int) error {
		return w.Apply(t.Context(), Batch{Records: []*Record{text(id, "x")}, State: map[string][]byte{"cursor": {byte(id)}}})
	}
	if err := apply(w, 1); err != nil {
		t.Fatal(err)
	}
	d.room.Store(0)
	for _, err := range []error{
		apply(w, 2), apply(w, 2),
		func() error { _, err := w.BeginMedia(t.Context(), "photo:1", 500); return err }(),
	} {
		if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, ErrBroken) || strings.Count(err.Error(), "no space left") != 1 {
			t.Errorf("on a full disk: %v", err)
		}
	}
	if value, _, err := w.Get("cursor"); err != nil || !slices.Equal(value, []byte{1}) {
		t.Errorf("the cursor is %v, %v", value, err)
	}
	d.room.Store(1 << 20)
	if err := apply(w, 3); err != nil {
		t.Fatal(err)
	}
	end()

	w, d, end = i.openOnDisk(t, 0) // another process, on a disk that is full from the start
	if found := w.Recovered(); found.Records != 2 || found.Damage != nil {
		t.Errorf("found %+v", found)
	}
	if err := apply(w, 4); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("on a full disk: %v", err)
	}
	if done, err := w.Commit(t.Context()); err != nil || done.Records != 2 {
		t.Errorf("a commit on a full disk: %+v, %v", done, err)
	}
	d.room.Store(1 << 20)
	if err := apply(w, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	end()
	if got := collect(t, i.snapshot(t), "user1", "user5"); !slices.Equal(got, []string{"1 x 1/1", "3 x 1/1", "5 x 1/1"}) {
		t.Errorf("messages: %v", got)
	}
}

// When the store has used up its reserve the commit comes before the next step.
func TestTightStoreIsCommitted(t *testing.T) {
	v := newFakeVault()
	s := v.writer()
	w := openFake(t, s, t.TempDir())
	m, err := w.BeginMedia(t.Context(), "photo:1", 2*worthRoom)
	if err != nil {
		t.Fatal(err)
	}
	for off := int64(0); off < worthRoom; off += worthRoom / 4 {
		if len(v.commits) > 0 {
			t.Fatal("a commit that nothing asked for")
		}
		if err := m.WritePart(t.Context(), off, randomBytes(uint64(off), worthRoom/4)); err != nil {
			t.Fatal(err)
		}
		s.tight.Store(off > 0)
	}
	if err := m.WritePart(t.Context(), worthRoom, randomBytes(9, 100)); err != nil || len(v.commits) != 1 {
		t.Errorf("%d commits, %v", len(v.commits), err)
	}
}

// A full disk never leaves a journal that a later process cannot read, wherever the
// write stopped.
func TestFullDiskAtEveryByte(t *testing.T) {
	for _, room := range []int64{1, 500, 3000, 4000, 4100, 4200, 4500, 5000, 6000, 8000} {
		v, dir := newFakeVault(), t.TempDir()
		w := openFake(t, v.writer(), dir)
		d := &smallDisk{dir: dir}
		d.room.Store(room)
		w.journal.wrap = d.wrap
		var want []string
		for id := range 40 {
			err := w.Apply(t.Context(), Batch{Records: []*Record{text(id, "xyz")}})
			if err == nil {
				want = append(want, text(id, "xyz").Message.Text.Text)
			} else if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			if id%7 == 6 {
				d.room.Add(700) // a little is freed now and then
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w = openFake(t, v.writer(), dir)
		if found := w.Recovered(); found.Damage != nil || found.Records != len(want) {
			t.Errorf("room %d: found %+v, want %d records", room, found, len(want))
		}
	}
}
