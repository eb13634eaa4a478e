package telegram

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
	"golang.org/x/sync/errgroup"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// How often a part is fetched that comes back wrong, how often a file is looked
// for elsewhere, and how often its reference is renewed, before it is given up
// for this run.
const (
	partTries  = 5
	moveTries  = 3
	renewTries = 4
)

var (
	errShort    = errors.New("a part is shorter than it should be")
	errLong     = errors.New("the file is longer than the server said")
	errDiffers  = errors.New("a part does not have the hash that the server gives")
	errMoves    = errors.New("every data centre sends on to another one")
	errStale    = errors.New("new file references do not work either")
	errOddReply = errors.New("unexpected answer to upload.getFile")
)

// A download is one file on its way into the archive. Parts come in any order;
// each is checked before the archive gets it.
type download struct {
	run    *run
	file   workFile
	origin *origin
	writer MediaWriter
	hashes *hashes

	renewing turn
	renews   int // guarded by renewing

	mu     sync.Mutex
	ref    normal.FileRef // with the newest reference and place
	moved  int
	mirror *mirror // where the file is fetched from, if not from where it lies
	tokens int     // of mirrors that were no good
	direct bool    // mirrors are refused
}

// busyMost is the longest pause before a look whether somebody else has ended
// with a file.
const busyMost = 2 * time.Second

// begin begins a file in the archive. Another account's sync may be fetching the
// same one: its end is waited for, and archive.ErrStored says that it was a good
// one.
func (r *run) begin(ctx context.Context, f workFile) (MediaWriter, error) {
	for pause := retryPauseMin; ; pause = min(2*pause, busyMost) {
		w, err := r.archive.BeginMedia(ctx, f.Key, f.Size)
		switch {
		case errors.Is(err, archive.ErrStored):
			return nil, err
		case !errors.Is(err, archive.ErrBusy):
			return w, archived(err)
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// download fetches a file and stores it. An *unavailableError says that the
// server does not have it, archive.ErrStored that it is there already.
func (r *run) download(ctx context.Context, f workFile, o *origin) error {
	d := &download{run: r, file: f, origin: o, renewing: newTurn(), ref: f.FileRef}
	err := r.makeRoom(ctx)
	if err != nil {
		return err
	}
	if f.sizeless() {
		if d.ref, err = o.young(ctx, d.ref, r.now()); err != nil {
			return err
		}
		if d.file.Size, err = d.measure(ctx); err != nil {
			return err
		}
	}
	if d.writer, err = r.begin(ctx, d.file); err != nil {
		return err
	}
	defer d.writer.Abort()
	if d.hashes, err = d.newHashes(); err != nil {
		return err
	}
	if len(f.Inline) > 0 {
		// It came within the message, and was checked with it.
		err = archived(d.writer.WritePart(ctx, 0, f.Inline))
	} else if d.ref, err = o.young(ctx, d.ref, r.now()); err == nil {
		err = d.parts(ctx)
	}
	if err != nil {
		return err
	}
	return d.finish(context.WithoutCancel(ctx))
}

// makeRoom waits until media may be fetched.
func (r *run) makeRoom(ctx context.Context) error {
	if r.room == nil {
		return nil
	}
	return r.room(ctx)
}

// parts fetches what is missing, several parts at once.
func (d *download) parts(ctx context.Context) error {
	todo := d.writer.Missing(d.run.options.PartSize)
	have := d.file.Size
	for _, part := range todo {
		have -= part.Len
	}
	d.run.tell(func(e *Event) { e.Bytes += have })
	if d.file.Size == 0 {
		todo = []archive.Range{{}} // nothing to store, but the server must agree
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(d.run.options.Connections)
	for _, part := range todo {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return d.part(ctx, part) })
	}
	return group.Wait()
}

// newHashes prepares the comparison with the server's hashes. Where the server
// has none, the state remembers it for as long as the file is on its way: the
// next run may find hashes, but must not vouch for parts that came before.
func (d *download) newHashes() (*hashes, error) {
	_, lacked, err := d.run.archive.Get(unhashedKey(d.file.Key))
	if err != nil {
		return nil, archived(err)
	}
	return &hashes{turn: newTurn(), size: d.file.Size, before: lacked, ask: d.askHashes, lacks: func(ctx context.Context) error {
		if d.file.Size <= d.run.options.PartSize {
			return nil // one part: there is no before
		}
		var b batch
		b.put(unhashedKey(d.file.Key), []byte("1"))
		return d.run.apply(ctx, &b)
	}}, nil
}

func (d *download) finish(ctx context.Context) error {
	if _, err := d.writer.Finish(ctx, d.hashes.complete()); err != nil {
		return archived(err)
	}
	d.run.stored.Store(true)
	key := unhashedKey(d.file.Key)
	_, noted, err := d.run.archive.Get(key)
	if err != nil || !noted {
		return archived(err)
	}
	var b batch
	b.put(key, nil)
	return d.run.apply(ctx, &b)
}

// part fetches one part until it is right.
func (d *download) part(ctx context.Context, at archive.Range) error {
	pause := retryPauseMin
	for try := 1; ; try++ {
		if err := d.run.makeRoom(ctx); err != nil {
			return err
		}
		data, err := d.get(ctx, at.Off)
		if err != nil {
			return err
		}
		err = d.check(ctx, at, data)
		if err == nil {
			return d.store(ctx, at, data)
		}
		if !errors.Is(err, errShort) && !errors.Is(err, errDiffers) || try == partTries {
			return err
		}
		d.run.log.Debug("a part is fetched again", "key", string(d.file.Key), "offset", at.Off, "reason", err.Error())
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// check compares a part with what the server declared: length, then hashes.
func (d *download) check(ctx context.Context, at archive.Range, data []byte) error {
	switch n := int64(len(data)); {
	case n < at.Len:
		return errShort
	case n > at.Len:
		return errLong
	case n == 0:
		return nil
	}
	return d.hashes.check(ctx, at.Off, data)
}

func (d *download) store(ctx context.Context, at archive.Range, data []byte) error {
	if at.Len == 0 {
		return nil
	}
	// A part that is here is kept, even if the sync is being stopped.
	if err := d.writer.WritePart(context.WithoutCancel(ctx), at.Off, data); err != nil {
		return archived(err)
	}
	d.run.count(func(r *Result) { r.MediaBytes += at.Len })
	d.run.tell(func(e *Event) { e.Bytes += at.Len })
	return d.run.commitIfDue(ctx)
}

// get asks for the part at off, where the server sends it for it.
func (d *download) get(ctx context.Context, off int64) ([]byte, error) {
	for {
		m, direct := d.mirrored()
		if m == nil {
			data, to, err := d.fromHome(ctx, off, direct)
			switch {
			case err != nil || to == nil:
				return data, err
			case direct:
				return nil, &unavailableError{"only a content delivery network has it, which does not give it"}
			}
			d.follow(to)
			continue
		}
		data, err := d.fromMirror(ctx, m, off)
		if err == nil || ctx.Err() != nil || ends(err) {
			return data, err
		}
		d.leave(m, err)
	}
}

// fromHome asks the data centre where the file lies, which may send on to a
// mirror unless it is told that this is of no use.
func (d *download) fromHome(ctx context.Context, off int64, direct bool) (data []byte, to *tg.UploadFileCDNRedirect, err error) {
	err = d.call(ctx, func(c *caller, location tg.InputFileLocationClass) error {
		answer, err := tg.NewClient(c).UploadGetFile(ctx, &tg.UploadGetFileRequest{
			Location: location, Offset: off, Limit: int(d.run.options.PartSize), CDNSupported: !direct,
		})
		if err != nil {
			return err
		}
		switch answer := answer.(type) {
		case *tg.UploadFile:
			data = answer.Bytes
			return nil
		case *tg.UploadFileCDNRedirect:
			to = answer
			return nil
		}
		return errOddReply
	})
	return data, to, err
}

// call makes a call about the file where it lies, with the newest reference. It
// follows the file to another data centre and renews a reference that expired.
func (d *download) call(ctx context.Context, f func(*caller, tg.InputFileLocationClass) error) error {
	for {
		ref := d.newest()
		err := f(d.run.link.dc(d.run.link.nearest(ref.DC)), ref.Location(ref.Reference))
		rpc, ok := tgerr.As(err)
		switch {
		case !ok:
			return err
		case rpc.IsType("FILE_MIGRATE"):
			err = d.move(ref.DC, rpc.Argument)
		case rpc.IsOneOf("FILE_REFERENCE_EXPIRED", "FILE_REFERENCE_INVALID", "FILE_REFERENCE_EMPTY"):
			err = d.renew(ctx, ref.Reference)
		case rpc.IsOneOf("LOCATION_INVALID", "LOCATION_NOT_AVAILABLE", "FILE_ID_INVALID", "VERSION_INVALID"):
			return &unavailableError{rpc.Type}
		}
		if err != nil {
			return err
		}
	}
}

func (d *download) newest() normal.FileRef {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ref
}

// move notes that the file lies in data centre to; from is where it was looked
// for, so that of several parts only the first counts.
func (d *download) move(from, to int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ref.DC != from {
		return nil
	}
	if d.moved++; d.moved > moveTries {
		return errMoves
	}
	d.ref.DC = to
	return nil
}

// renew replaces a stale reference, unless another part did so already.
func (d *download) renew(ctx context.Context, stale []byte) error {
	if err := d.renewing.take(ctx); err != nil {
		return err
	}
	defer d.renewing.give()
	if !bytes.Equal(d.newest().Reference, stale) {
		return nil
	}
	if d.renews++; d.renews > renewTries {
		return errStale
	}
	fresh, err := d.origin.renew(ctx, d.file.Key, stale)
	if err != nil {
		return fmt.Errorf("renew the reference: %w", err)
	}
	if fresh.Size != d.newest().Size {
		return &unavailableError{"its message has another version of it"}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ref = fresh
	return nil
}

// askHashes asks for the hashes of the blocks from off on; none if the server
// has none. A server that never gave any and refuses is not asked again.
func (d *download) askHashes(ctx context.Context, off int64) (list []tg.FileHash, err error) {
	if d.run.hashing.Load() == hashingRefused {
		return nil, nil
	}
	err = d.call(ctx, func(c *caller, location tg.InputFileLocationClass) error {
		if d.run.hashing.Load() != hashingWorks {
			c = c.forOptional(d.run.options.CallTimeout, &d.run.link.quiet)
		}
		list, err = tg.NewClient(c).UploadGetFileHashes(ctx, &tg.UploadGetFileHashesRequest{Location: location, Offset: off})
		return err
	})
	if err == nil {
		if len(list) > 0 {
			d.run.hashing.Store(hashingWorks)
		}
		return list, nil
	}
	if _, gone := errors.AsType[*unavailableError](err); gone {
		return nil, nil // whether the file is there is upload.getFile's to say
	}
	if _, flood := errors.AsType[*FloodError](err); flood || !dispensable(err) || ctx.Err() != nil {
		return nil, err
	}
	if tgerr.IsCode(err, 400) && !tgerr.Is(err, "METHOD_INVALID", "INPUT_METHOD_INVALID") {
		return nil, nil // of this file
	}
	if d.run.hashing.CompareAndSwap(hashingUnknown, hashingRefused) {
		d.run.warn("upload.getFileHashes", err)
	}
	if d.run.hashing.Load() == hashingWorks {
		return nil, err
	}
	return nil, nil
}

// What is known of a server's hashes during a run.
const (
	hashingUnknown int32 = iota
	hashingWorks
	hashingRefused
)
