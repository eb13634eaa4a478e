package resultjson

import "io"

// bufferSize is for files; strings that hold JSON are short.
const bufferSize, stringBuffer = 128 << 10, 1 << 10

// An input is what is read, piece by piece. It is bufio.Reader for somebody who looks at
// every byte, without a call for each.
type input struct {
	src      io.Reader
	buf      []byte
	pos, end int   // buf[pos:end] is to be read
	base     int64 // how many bytes came before buf
	err      error // of src, once what came before is read
}

// fill makes more bytes ready behind those that are; at the end it returns io.EOF.
func (in *input) fill() error {
	if in.err != nil {
		return in.err
	}
	in.base += int64(in.pos)
	in.end = copy(in.buf, in.buf[in.pos:in.end])
	in.pos = 0
	for range 100 {
		n, err := in.src.Read(in.buf[in.end:])
		in.end += n
		if in.err = err; n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	in.err = io.ErrNoProgress
	return in.err
}

// offset is how many bytes were taken.
func (in *input) offset() int64 { return in.base + int64(in.pos) }

// readByte takes one byte.
func (in *input) readByte() (byte, error) {
	if in.pos == in.end {
		if err := in.fill(); err != nil {
			return 0, err
		}
	}
	in.pos++
	return in.buf[in.pos-1], nil
}
