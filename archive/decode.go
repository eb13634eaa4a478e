package archive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	fastjson "github.com/go-json-experiment/json"
)

// A Decoder reads a record stream. It holds one record at a time and is for one
// goroutine.
type Decoder struct {
	parser
	src     io.Reader
	r       *bufio.Reader
	off     int64 // of the next byte
	line    []byte
	unknown Unknown
	quick   bool   // with seed: messages are only glanced at
	skim    bool   // set: a message without files is not taken apart, and every record has its Line
	glanced Record // the last that was not taken apart
	err     error  // sticky: the stream cannot be read beyond it
}

// A parser takes apart the lines of records. It is for one goroutine.
type parser struct {
	seed   *maphash.Seed // set: messages have their sum
	strict fastjson.Options
	last   *lastOrigin
}

// Unknown counts what a Decoder met and does not understand. Such records are
// returned like all others, with Line set.
type Unknown struct {
	Kinds  int // records of a kind it does not know
	Fields int // records of a known kind with fields it does not know
}

// decodeBuffer is enough for most lines; longer ones are gathered.
const decodeBuffer = 16 << 10

// NewDecoder returns a Decoder of the record stream r.
func NewDecoder(r io.Reader) *Decoder {
	return &Decoder{
		src: r, r: bufio.NewReaderSize(r, decodeBuffer),
		parser: parser{strict: fastjson.JoinOptions(fastjson.RejectUnknownMembers(true)), last: new(lastOrigin)},
	}
}

// reset makes d go on at byte off of a stream, where its source stands now.
func (d *Decoder) reset(off int64) {
	d.r.Reset(d.src)
	d.off, d.err = off, nil
}

// Offset returns how many bytes were read: where the next record starts.
func (d *Decoder) Offset() int64 { return d.off }

// Unknown returns what was met so far and not understood.
func (d *Decoder) Unknown() Unknown { return d.unknown }

// Next returns the next record. At the end of the stream it returns io.EOF;
// where the bytes are no record, a *FormatError; where the reader below fails,
// that error wrapped with the offset.
func (d *Decoder) Next() (*Record, error) {
	if d.err != nil {
		return nil, d.err
	}
	start := d.off
	r, err := d.next(start)
	if err == nil {
		return r, nil
	}
	if f, ok := errors.AsType[*FormatError](err); !ok || !f.Skipped {
		d.err = err
	}
	return nil, err
}

func (d *Decoder) next(start int64) (*Record, error) {
	line, err := d.readLine(start)
	if err != nil {
		return nil, err
	}
	if d.quick {
		if g, ok := glance(line, *d.seed); ok {
			d.glanced = Record{Kind: KindMessage, Account: g.account, Chat: g.chat, glimpse: &g}
			return &d.glanced, d.skipRaw(g.raw, start)
		}
	}
	if d.skim {
		line = d.keep(line)
		if account, raw, ok := skim(line); ok {
			d.glanced = Record{Version: RecordVersion, Kind: KindMessage, Account: account, RawLen: raw, Line: line}
			d.glanced.Raw, err = d.readRaw(raw, start)
			return &d.glanced, err
		}
	}
	r, err := d.parse(line, start)
	if err != nil {
		return nil, err
	}
	unknown, misfit := understand(r, line, start) // before the raw bytes come where the line is
	if r.Raw, err = d.readRaw(r.RawLen, start); err != nil {
		return nil, err
	}
	d.unknown.add(unknown)
	if misfit != nil {
		return nil, misfit
	}
	if d.skim && unknown.Kinds == 0 {
		r.Line = line
	}
	return r, nil
}

// understand looks whether a record holds what its kind should, and counts what of it is unknown.
func understand(r *Record, line []byte, start int64) (Unknown, error) {
	if _, known := r.holds(r.Kind); !known {
		r.Line = bytes.Clone(line)
		return Unknown{Kinds: 1}, nil
	}
	if reason := r.misfit(); reason != "" {
		return Unknown{}, &FormatError{Offset: start, Reason: reason, Skipped: true}
	}
	if r.Line != nil {
		return Unknown{Fields: 1}, nil
	}
	return Unknown{}, nil
}

func (u *Unknown) add(more Unknown) {
	u.Kinds += more.Kinds
	u.Fields += more.Fields
}

// readLine returns the next line without its LF; it is valid until the next
// call.
func (d *Decoder) readLine(start int64) ([]byte, error) {
	d.line = d.line[:0]
	for {
		piece, err := d.r.ReadSlice('\n')
		d.off += int64(len(piece))
		if len(d.line)+len(piece) > MaxLine+1 {
			return nil, &FormatError{Offset: start, Reason: "line", Err: ErrTooLarge}
		}
		switch {
		case err == nil && len(d.line) == 0:
			return piece[:len(piece)-1], nil
		case err == nil:
			d.line = append(d.line, piece...)
			return d.line[:len(d.line)-1], nil
		case err == io.EOF && len(d.line)+len(piece) == 0:
			return nil, io.EOF
		case err != bufio.ErrBufferFull:
			return nil, d.readError(err, start)
		}
		d.line = append(d.line, piece...)
	}
}

// keep returns line where reading on does not overwrite it, until the next record.
func (d *Decoder) keep(line []byte) []byte {
	d.line = append(d.line[:0], line...)
	return d.line
}

// parse reads the JSON of one line. Its errors never repeat a word of it.
func (p parser) parse(line []byte, start int64) (*Record, error) {
	r, ok := p.message(line)
	if !ok {
		var err error
		if r, err = p.any(line, start); err != nil {
			return nil, err
		}
	}
	if r.Message != nil && p.seed != nil {
		if own, ok := messageOf(line); ok {
			r.sum, r.summed = uint32(maphash.Bytes(*p.seed, own)), true
		}
	}
	switch {
	case r.Version > RecordVersion:
		return nil, &FormatError{Offset: start, Reason: fmt.Sprintf("version %d", r.Version), Err: ErrTooNew}
	case r.Version < 1:
		return nil, &FormatError{Offset: start, Reason: "no version"}
	case r.RawLen < 0:
		return nil, &FormatError{Offset: start, Reason: "negative length of raw bytes"}
	case r.RawLen > MaxRaw:
		return nil, &FormatError{Offset: start, Reason: "raw bytes", Err: ErrTooLarge}
	}
	return r, nil
}

// any takes apart the line of any record.
func (p parser) any(line []byte, start int64) (*Record, error) {
	r := new(Record)
	if fastjson.Unmarshal(line, r, p.strict) == nil {
		return r, nil
	}
	*r = Record{}
	if err := json.Unmarshal(line, r); err != nil {
		return nil, &FormatError{Offset: start, Reason: "the line is not a record in JSON"}
	}
	r.Line = bytes.Clone(line) // fields were there that Record has no place for
	return r, nil
}

// readRaw reads n raw bytes and the LF behind them; nothing if n is 0.
func (d *Decoder) readRaw(n int, start int64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	// Not all at once: a forged length must not cost more than what is there.
	raw := make([]byte, 0, min(n, 64<<10))
	for len(raw) < n {
		step := min(n-len(raw), max(cap(raw)-len(raw), 64<<10))
		raw = append(raw, make([]byte, step)...)
		got, err := io.ReadFull(d.r, raw[len(raw)-step:])
		d.off += int64(got)
		if err != nil {
			return nil, d.readError(err, start)
		}
	}
	return raw, d.endRaw(start)
}

// skipRaw passes over n raw bytes and the LF behind them.
func (d *Decoder) skipRaw(n int, start int64) error {
	if n == 0 {
		return nil
	}
	skipped, err := d.r.Discard(n)
	d.off += int64(skipped)
	if err != nil {
		return d.readError(err, start)
	}
	return d.endRaw(start)
}

// pass goes on n bytes behind where the Decoder is.
func (d *Decoder) pass(n int64) error {
	passed, err := io.CopyN(io.Discard, d.r, n)
	d.off += passed
	if err != nil {
		return d.readError(err, d.off)
	}
	return nil
}

// endRaw takes the LF behind raw bytes.
func (d *Decoder) endRaw(start int64) error {
	end, err := d.r.ReadByte()
	if err != nil {
		return d.readError(err, start)
	}
	d.off++
	if end != '\n' {
		return &FormatError{Offset: start, Reason: "the raw bytes do not end where they should"}
	}
	return nil
}

// readError sorts a failure in the middle of a record.
func (d *Decoder) readError(err error, start int64) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return &FormatError{Offset: start, Reason: "the stream ends within the record", Err: io.ErrUnexpectedEOF}
	}
	return fmt.Errorf("read record at byte %d: %w", start, err)
}
