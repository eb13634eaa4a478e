package resultjson

import (
	"bufio"
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
	r     *bufio.Reader
	line  int
	depth int
}

func newScanner(r io.Reader) *scanner {
	s := &scanner{r: bufio.NewReaderSize(r, 64<<10), line: 1}
	if head, err := s.r.Peek(3); err == nil && string(head) == "\ufeff" {
		s.r.Discard(3)
	}
	return s
}

// next returns the first byte that is no white space and does not take it.
func (s *scanner) next() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, cut(err)
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return c, s.r.UnreadByte()
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
	_, err = s.r.ReadByte()
	return err
}

// object calls member for each key of an object. member must take the value.
func (s *scanner) object(member func(key string) error) error {
	return s.list('{', '}', func() error {
		if c, err := s.next(); err != nil {
			return err
		} else if c != '"' {
			return fmt.Errorf("%q where a key belongs", c)
		}
		key, err := s.str()
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
	v := &value{kind: c, line: s.line}
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

// word takes a run of bytes of a set.
func (s *scanner) word(set string) (string, error) {
	var b strings.Builder
	for b.Len() < 64 {
		c, err := s.r.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		if strings.IndexByte(set, c) < 0 {
			return b.String(), s.r.UnreadByte()
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

// str takes a string. Bytes that are no UTF-8 become U+FFFD.
func (s *scanner) str() (string, error) {
	if err := s.expect('"'); err != nil {
		return "", err
	}
	var b []byte
	for {
		b = s.plain(b)
		c, err := s.r.ReadByte()
		if err != nil {
			return "", cut(err)
		}
		switch c {
		case '"':
			if !utf8.Valid(b) {
				return strings.ToValidUTF8(string(b), "\ufffd"), nil
			}
			return string(b), nil
		case '\\':
			if b, err = s.escape(b); err != nil {
				return "", err
			}
		case '\n':
			s.line++
			fallthrough
		default:
			b = append(b, c)
		}
		if len(b) > maxString {
			return "", fmt.Errorf("string longer than %d bytes", maxString)
		}
	}
}

// plain takes what is buffered up to a byte that means something in a string.
// It only makes str fast.
func (s *scanner) plain(b []byte) []byte {
	ready, _ := s.r.Peek(min(s.r.Buffered(), 4096))
	n := 0
	for n < len(ready) && ready[n] != '"' && ready[n] != '\\' && ready[n] != '\n' {
		n++
	}
	b = append(b, ready[:n]...)
	s.r.Discard(n)
	return b
}

// escape takes what follows a backslash, \xHH included.
func (s *scanner) escape(b []byte) ([]byte, error) {
	c, err := s.r.ReadByte()
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
	head, err := s.r.Peek(2)
	if err != nil || head[0] != '\\' || head[1] != 'u' {
		return utf8.AppendRune(b, utf8.RuneError), nil
	}
	s.r.Discard(2)
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
		c, err := s.r.ReadByte()
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
