package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// An opKind names a step of the writer in the journal.
type opKind string

const (
	opSegment opKind = "segment" // first of every segment: what it builds upon
	opBatch   opKind = "batch"   // records and state, together or not at all
	opBegin   opKind = "begin"   // a media file is about to be fetched
	opPart    opKind = "part"    // a part of it
	opFinish  opKind = "finish"  // all parts are there: it is stored
	opDrop    opKind = "drop"    // its bytes behind the last cut are given up
)

// An op is one step of the writer: a line of JSON, LF, and its bytes.
//
//	{"op":"batch","records":2,"state":{"cursor":"…"}}\n<record stream>
//	{"op":"part","key":"photo:7","off":524288}\n<bytes>
type op struct {
	Kind    opKind            `json:"op"`
	Segment *segmentHead      `json:"segment,omitempty"`
	Key     MediaKey          `json:"key,omitempty"`
	Size    int64             `json:"size,omitempty"`    // begin: of the whole file
	Off     int64             `json:"off,omitempty"`     // part
	Hashed  bool              `json:"hashed,omitempty"`  // finish
	Seen    int64             `json:"seen,omitempty"`    // finish: Unix seconds
	Records int               `json:"records,omitempty"` // batch: how many follow
	State   map[string][]byte `json:"state,omitempty"`   // batch; null deletes

	body []byte // batch: a record stream; part: the bytes
}

// maxOp is the largest op in bytes. A batch is gathered in memory to be atomic,
// so it must be far below what a sync may use.
const maxOp = 64 << 20

// append encodes o behind dst.
func (o *op) append(dst []byte) ([]byte, error) {
	line, err := json.Marshal(o)
	if err != nil {
		return dst, err
	}
	if n := len(line) + 1 + len(o.body); n > maxOp {
		return dst, fmt.Errorf("%s: %w: %d bytes", o.Kind, ErrTooLarge, n)
	}
	dst = append(append(dst, line...), '\n')
	return append(dst, o.body...), nil
}

// parseOp is the reverse of append. The body aliases p.
func parseOp(p []byte) (*op, error) {
	line, body, found := bytes.Cut(p, []byte{'\n'})
	o := &op{body: body}
	if !found || json.Unmarshal(line, o) != nil {
		return nil, fmt.Errorf("an entry is not a step of the writer")
	}
	switch o.Kind {
	case opBatch:
	case opSegment:
		if o.Segment == nil {
			return nil, fmt.Errorf("a segment does not say what it builds upon")
		}
	case opBegin, opPart, opFinish, opDrop:
		if o.Key == "" || o.Off < 0 || o.Size < 0 {
			return nil, fmt.Errorf("a %s entry names no media, or an impossible place", o.Kind)
		}
	default:
		return nil, fmt.Errorf("an entry is of a kind that this version does not know")
	}
	return o, nil
}
