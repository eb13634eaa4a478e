package resultjson

import (
	"bytes"
	"hash/fnv"
)

// A stretch is some hundred messages as they stand in the file, from the "{" of the first to
// the "}" of the last. Where it ends is found without reading them, by the indentation that
// Telegram Desktop gives them, so it may be wrong; then the messages do not end where it does,
// and nobody is told that they did.
//
//	"messages": [
//	  {            ◀─ begins
//	   "id": 4711,
//	   …
//	  },
//	  {
//	   …
//	  },           ◀─ ends (at "}"): the id of the next has a hash that ends in eight zeros
//	  {
//
// Ends depend on ids alone: what comes, goes or changes moves none but those beside it.
const (
	stretchBuffer = 1 << 20   // bytes
	maxStretch    = 512 << 10 // bytes
	stretchLook   = 128       // bytes behind a message in which the next one's id must show
	stretchEvery  = 256       // one message in so many begins another stretch
)

// pass offers the visitor the stretch that begins here; it returns how many messages were
// passed over, 0 if they are to be read.
func (c *chatReader) pass() (int, error) {
	if c.visitor.Known == nil || !c.told || c.until > 0 || c.odd {
		return 0, nil
	}
	raw := c.stretch()
	if raw == nil {
		c.odd = true // to look for it before each message takes too long
		return 0, nil
	}
	n, err := c.visitor.Known(&c.chat, raw)
	switch {
	case err != nil:
		return 0, &visitorError{err}
	case n == 0:
		c.until = c.offset() + int64(len(raw))
	default:
		c.line += bytes.Count(raw, []byte("\n"))
		c.pos += len(raw)
	}
	return n, nil
}

// passed tells the visitor if a stretch that it did not know was read to its end.
func (c *chatReader) passed() error {
	if c.until == 0 || c.offset() < c.until {
		return nil
	}
	c.odd = c.offset() > c.until
	c.until = 0
	if c.odd || c.visitor.Whole == nil {
		return nil
	}
	if err := c.visitor.Whole(&c.chat); err != nil {
		return &visitorError{err}
	}
	return nil
}

// stretch returns the stretch that begins here, nil if none can be told. It is valid until
// something is read.
func (c *chatReader) stretch() []byte {
	if c.ending == nil {
		c.ending = endingOf(c.buf[:c.pos])
	}
	if c.ending == nil {
		return nil
	}
	at := 0 // from here on, ends are looked for
	for {
		i := bytes.Index(c.buf[c.pos+at:c.input.end], c.ending)
		if i < 0 {
			at = max(at, c.input.end-c.pos-len(c.ending)+1)
			if at >= maxStretch || c.fill() != nil {
				return nil
			}
			continue
		}
		at += i + len(c.ending)
		for c.input.end-c.pos < at+stretchLook && c.fill() == nil {
		}
		if cuts(c.buf[c.pos+at:c.input.end]) || at >= maxStretch {
			return c.buf[c.pos : c.pos+at]
		}
	}
}

// endingOf is how messages end whose first one is indented as the end of before is; nil if
// it is on no line of its own.
func endingOf(before []byte) []byte {
	indented := bytes.TrimRight(before, " \t")
	if !bytes.HasSuffix(indented, []byte("\n")) {
		return nil
	}
	return append(bytes.Clone(before[len(indented)-1:]), '}')
}

// cuts reports whether a stretch ends before what follows a message: ",", a line with "{", and
// one with the id; or if none follows.
func cuts(follows []byte) bool {
	if len(follows) == 0 || follows[0] != ',' {
		return true
	}
	follows = follows[:min(len(follows), stretchLook)]
	lines := bytes.SplitN(follows, []byte("\n"), 4)
	if len(lines) < 4 {
		return false
	}
	h := fnv.New32a()
	_, _ = h.Write(bytes.TrimSpace(lines[2]))
	return h.Sum32()%stretchEvery == 0
}
