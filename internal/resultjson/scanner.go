package resultjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits against files made to exhaust memory; real exports stay far below.
const (
	maxDepth  = 200
	maxString = 64 << 20
)

// An Error says where a file cannot be read.
type Error struct {
	File string
	Line int    // from 1
	Key  string // path of keys, "" at the top
	Err  error
}

// Error gives file, line, key and reason.
func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d: %s: %v", e.File, e.Line, e.Key, e.Err)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// A scanner splits JSON, as Telegram Desktop writes it, into values. After an
// error its position is where the error was seen.
type scanner struct {
	input
	line  int
	depth int
	keys  map[string]string // those seen so far: each is held once
	made  []*value          // by value, for reuse
	used  int               // of made
	text  []byte            // a string that is not in one piece in the buffer
}

func newScanner(r io.Reader, buffer int) *scanner {
	s := &scanner{input: input{src: r, buf: make([]byte, buffer)}, line: 1, keys: map[string]string{}}
	for s.end < 3 && s.fill() == nil {
	}
	if bytes.HasPrefix(s.buf[:s.end], []byte("\ufeff")) {
		s.pos = 3
	}
	return s
}

// next returns the first byte that is no white space and does not take it.
func (s *scanner) next() (byte, error) {
	for {
		for s.pos < s.end {
			switch c := s.buf[s.pos]; c {
			case '\n':
				s.line++
			case ' ', '\t', '\r':
			default:
				return c, nil
			}
			s.pos++
		}
		if err := s.fill(); err != nil {
			return 0, cut(err)
		}
	}
}

// cut turns the end of the file, which is always too early here, into an error
// that says so.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// expect takes one byte that must be want.
func (s *scanner) expect(want byte) error {
	c, err := s.next()
	if err != nil {
		return err
	}
	if c != want {
		return fmt.Errorf("%q where %q belongs", c, want)
	}
	s.pos++
	return nil
}

// object calls member for each key of an object. member must take the value.
func (s *scanner) object(member func(key string) error) error {
	return s.list('{', '}', func() error {
		if c, err := s.next(); err != nil {
			return err
		} else if c != '"' {
			return fmt.Errorf("%q where a key belongs", c)
		}
		key, err := s.key()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		return member(key)
	})
}

// array calls element for each element of an array. element must take the value.
func (s *scanner) array(element func(i int) error) error {
	i := -1
	return s.list('[', ']', func() error { i++; return element(i) })
}

func (s *scanner) list(open, end byte, item func() error) error {
	if err := s.expect(open); err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return errors.New("nested too deeply")
	}
	defer func() { s.depth-- }()
	c, err := s.next()
	if err != nil {
		return err
	}
	if c == end {
		return s.expect(end)
	}
	for {
		if err := item(); err != nil {
			return err
		}
		c, err := s.next()
		if err != nil {
			return err
		}
		if c == end {
			return s.expect(end)
		}
		if err := s.expect(','); err != nil {
			return err
		}
	}
}

// value takes one whole value.
func (s *scanner) value() (*value, error) {
	c, err := s.next()
	if err != nil {
		return nil, err
	}
	v := s.fresh()
	v.kind, v.line = c, s.line
	switch {
	case c == '{':
		err = s.object(func(key string) error {
			line := s.line
			one, err := s.value()
			if err != nil {
				return err
			}
			v.members = append(v.members, member{key: key, line: line, value: one})
			return nil
		})
	case c == '[':
		err = s.array(func(int) error {
			one, err := s.value()
			v.list = append(v.list, one)
			return err
		})
	case c == '"':
		v.text, err = s.str()
	case c == '-' || c >= '0' && c <= '9':
		v.kind = '0'
		v.text, err = s.word("+-.eE0123456789")
		if err == nil && !json.Valid([]byte(v.text)) {
			err = fmt.Errorf("%q is no number", v.text)
		}
	default:
		v.text, err = s.word("abcdefghijklmnopqrstuvwxyz")
		if err == nil && v.text != "true" && v.text != "false" && v.text != "null" {
			err = fmt.Errorf("a value cannot begin with %q", c)
		}
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// fresh returns an empty value, one that was used before if there is one.
func (s *scanner) fresh() *value {
	if s.used == len(s.made) {
		more := make([]value, 64)
		for i := range more {
			s.made = append(s.made, &more[i])
		}
	}
	v := s.made[s.used]
	s.used++
	*v = value{list: v.list[:0], members: v.members[:0]}
	return v
}

// maxMade bounds how many values are kept to be used again.
const maxMade = 4096

// forget lets all values so far be used again.
func (s *scanner) forget() {
	if len(s.made) > maxMade {
		s.made = nil
	}
	s.used = 0
}

// word takes a run of bytes of a set.
func (s *scanner) word(set string) (string, error) {
	var word [64]byte
	n := 0
	for n < len(word) {
		c, err := s.readByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		if strings.IndexByte(set, c) < 0 {
			s.pos--
			break
		}
		word[n] = c
		n++
	}
	return string(word[:n]), nil
}

// maxKeys and maxKey bound which keys are remembered: Telegram Desktop has some hundreds.
const (
	maxKeys = 4096
	maxKey  = 64
)

// key takes a string that is a key.
func (s *scanner) key() (string, error) {
	text, err := s.bytes()
	if err != nil {
		return "", err
	}
	if key, ok := s.keys[string(text)]; ok {
		return key, nil
	}
	key := strings.ToValidUTF8(string(text), "\ufffd")
	if len(key) <= maxKey && len(s.keys) < maxKeys && key == string(text) {
		s.keys[key] = key
	}
	return key, nil
}

// str takes a string. Bytes that are no UTF-8 become U+FFFD.
func (s *scanner) str() (string, error) {
	text, err := s.bytes()
	if err != nil {
		return "", err
	}
	if !utf8.Valid(text) {
		return strings.ToValidUTF8(string(text), "\ufffd"), nil
	}
	return string(text), nil
}

// bytes takes a string as it is meant. It is valid until the next call.
func (s *scanner) bytes() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, err
	}
	n := s.plain()
	if s.pos+n < s.end && s.buf[s.pos+n] == '"' {
		text := s.buf[s.pos : s.pos+n]
		s.pos += n + 1
		return text, nil
	}
	s.text = s.text[:0]
	if cap(s.text) > 1<<20 {
		s.text = nil
	}
	for {
		n := s.plain()
		s.text = append(s.text, s.buf[s.pos:s.pos+n]...)
		s.pos += n
		c, err := s.readByte()
		if err != nil {
			return nil, cut(err)
		}
		switch c {
		case '"':
			return s.text, nil
		case '\\':
			if s.text, err = s.escape(s.text); err != nil {
				return nil, err
			}
		case '\n':
			s.line++
			fallthrough
		default:
			s.text = append(s.text, c)
		}
		if len(s.text) > maxString {
			return nil, fmt.Errorf("string longer than %d bytes", maxString)
		}
	}
}

// plain says how many bytes there are in the buffer before one that means something in a string.
func (s *scanner) plain() int {
	for i, c := range s.buf[s.pos:s.end] {
		if c == '"' || c == '\\' || c == '\n' {
			return i
		}
	}
	return s.end - s.pos
}

// escape takes what follows a backslash, \xHH included.
func (s *scanner) escape(b []byte) ([]byte, error) {
	c, err := s.readByte()
	if err != nil {
		return nil, cut(err)
	}
	switch c {
	case 'n':
		return append(b, '\n'), nil
	case 'r':
		return append(b, '\r'), nil
	case 't':
		return append(b, '\t'), nil
	case 'b':
		return append(b, '\b'), nil
	case 'f':
		return append(b, '\f'), nil
	case '"', '\\', '/':
		return append(b, c), nil
	case 'x':
		n, err := s.hex(2)
		return utf8.AppendRune(b, n), err
	case 'u':
		return s.unicode(b)
	}
	return nil, fmt.Errorf("unknown escape \\%c", c)
}

func (s *scanner) unicode(b []byte) ([]byte, error) {
	first, err := s.hex(4)
	if err != nil || !utf16.IsSurrogate(first) {
		return utf8.AppendRune(b, first), err
	}
	for s.end-s.pos < 2 && s.fill() == nil {
	}
	if !bytes.HasPrefix(s.buf[s.pos:s.end], []byte(`\u`)) {
		return utf8.AppendRune(b, utf8.RuneError), nil
	}
	s.pos += 2
	second, err := s.hex(4)
	if err != nil {
		return nil, err
	}
	if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
		return utf8.AppendRune(b, r), nil
	}
	return utf8.AppendRune(utf8.AppendRune(b, utf8.RuneError), second), nil
}

func (s *scanner) hex(n int) (rune, error) {
	var r rune
	for range n {
		c, err := s.readByte()
		if err != nil {
			return 0, cut(err)
		}
		d, err := strconv.ParseUint(string(rune(c)), 16, 8)
		if err != nil {
			return 0, fmt.Errorf("%q is no hexadecimal digit", c)
		}
		r = r<<4 | rune(d)
	}
	return r, nil
}
