package archive

import (
	"errors"
	"runtime"
	"sync"
)

const (
	// wideStream is how many bytes of records are worth several cores.
	wideStream = 256 << 10
	// batchBytes is how much text of records goes to a core at once.
	batchBytes = 64 << 10
)

// errOddRaw says that how many raw bytes follow a record stands in its line where this version does not
// write it: what comes behind it can only be found by taking it apart first.
var errOddRaw = errors.New("the length of the raw bytes stands in an odd place")

// A lookahead reads the lines of a Decoder's stream and has all cores take the records apart, which come out
// in their order, without their raw bytes.
//
//	            ┌─▶ parse ─┐
//	lines ──────┼─▶ parse ─┼─────▶ next
//	  batches   └─▶ parse ─┘  batches, in the order of the lines
//
// Nobody else reads from the Decoder until stop.
type lookahead struct {
	decoder *Decoder
	ordered chan *batch
	quit    chan struct{}
	group   sync.WaitGroup
	now     *batch // what next reads from
	err     error  // what ended it
	at      int64  // where
}

// A batch is some lines of a stream, one behind the other, and then the records in them.
type batch struct {
	text   []byte
	lines  []aheadLine
	parsed chan struct{} // closed when the records are there
}

// An aheadLine is one line, and what became of it.
type aheadLine struct {
	start   int64 // in the stream
	end     int   // in the text of the batch
	raw     int   // bytes behind it
	err     error // of reading: the line if it has no record, else its raw bytes
	record  *Record
	unknown Unknown
	failed  error // of taking it apart
}

func newLookahead(d *Decoder) *lookahead {
	workers := runtime.GOMAXPROCS(0)
	a := &lookahead{decoder: d, ordered: make(chan *batch, 2*workers), quit: make(chan struct{})}
	work := make(chan *batch)
	for range workers {
		a.group.Go(func() {
			p := d.parser
			p.last = new(lastOrigin)
			for b := range work {
				b.parse(p)
			}
		})
	}
	a.group.Go(func() {
		defer close(a.ordered)
		defer close(work)
		a.scan(work)
	})
	return a
}

// scan reads lines until there are no more.
func (a *lookahead) scan(work chan<- *batch) {
	for more := true; more; {
		b := &batch{text: make([]byte, 0, batchBytes), parsed: make(chan struct{})}
		for more && len(b.text) < batchBytes {
			more = b.read(a.decoder)
		}
		for _, to := range []chan<- *batch{a.ordered, work} {
			select {
			case to <- b:
			case <-a.quit:
				return
			}
		}
	}
}

// read reads a line, and passes over what is behind it; false if nothing can follow.
func (b *batch) read(d *Decoder) bool {
	l := aheadLine{start: d.off, end: len(b.text)}
	line, err := d.readLine(l.start)
	if err == nil {
		b.text = append(b.text, line...)
		l.end = len(b.text)
		if l.raw, _ = rawLength(line); l.raw <= MaxRaw { // else parse says so
			err = d.skipRaw(l.raw, l.start)
		} else {
			err = errOddRaw
		}
	}
	l.err = err
	b.lines = append(b.lines, l)
	return err == nil
}

// parse takes the records apart.
func (b *batch) parse(p parser) {
	defer close(b.parsed)
	from := 0
	for i := range b.lines {
		l := &b.lines[i]
		line := b.text[from:l.end]
		from = l.end
		if len(line) == 0 && l.err != nil {
			return // the line was not read
		}
		if l.record, l.failed = p.parse(line, l.start); l.failed != nil {
			continue
		}
		if l.record.RawLen != l.raw {
			l.failed = errOddRaw
			continue
		}
		if l.err == nil {
			l.unknown, l.failed = understand(l.record, line, l.start)
		}
	}
}

// next returns the next record and where it starts; errors are those of Decoder.Next, and errOddRaw.
func (a *lookahead) next() (*Record, int64, error) {
	if a.err != nil {
		return nil, a.at, a.err
	}
	for a.now == nil || len(a.now.lines) == 0 {
		a.now = <-a.ordered
		<-a.now.parsed
	}
	l := a.now.lines[0]
	a.now.lines = a.now.lines[1:]
	err := l.failed
	if err == nil {
		err = l.err
	}
	if err != nil {
		if !isSkipped(err) {
			a.err, a.at = err, l.start
		}
		return nil, l.start, err
	}
	a.decoder.unknown.add(l.unknown)
	return l.record, l.start, nil
}

// stop ends it, wherever it is.
func (a *lookahead) stop() {
	close(a.quit)
	a.group.Wait()
}
