package export

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"
)

// A buffer collects JSON text until it is flushed to the file.
type buffer struct{ b []byte }

func (w *buffer) put(s string) { w.b = append(w.b, s...) }

// line starts a new line that is indented by n spaces.
func (w *buffer) line(n int) {
	w.b = append(w.b, '\n')
	for range n {
		w.b = append(w.b, ' ')
	}
}

func (w *buffer) number(v int64) { w.b = strconv.AppendInt(w.b, v, 10) }

func (w *buffer) boolean(v bool) { w.b = strconv.AppendBool(w.b, v) }

// hex digits are lower case in \u00HH.
const hexDigits = "0123456789abcdef"

// quote appends s as a JSON string the way Telegram Desktop escapes it, with two
// exceptions that keep the file valid: it writes \xHH for control characters,
// and bytes that are not UTF-8 as they are; here they become \u00HH and U+FFFD.
func (w *buffer) quote(s string) {
	b := append(w.b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if escape := escapeRune(r, size); escape != "" {
				b = append(append(b, s[start:i]...), escape...)
				start = i + size
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			b = appendEscaped(append(b, s[start:i]...), c)
			start = i + 1
		}
		i++
	}
	b = append(b, s[start:]...)
	w.b = append(b, '"')
}

func escapeRune(r rune, size int) string {
	switch {
	case r == utf8.RuneError && size == 1:
		return "\uFFFD"
	case r == '\u2028':
		return `\u2028`
	case r == '\u2029':
		return `\u2029`
	}
	return ""
}

func appendEscaped(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// An object is a JSON object that is being written: one key per line, each one
// space deeper than the brace that closes it.
type object struct {
	w      *buffer
	indent int // spaces before the closing brace
	filled bool
}

func beginObject(w *buffer, indent int) object {
	w.put("{")
	return object{w: w, indent: indent}
}

// key starts the line of one key; the value must follow.
func (o *object) key(k string) {
	if o.filled {
		o.w.put(",")
	}
	o.filled = true
	o.w.line(o.indent + 1)
	o.w.quote(k)
	o.w.put(": ")
}

func (o *object) end() {
	o.w.line(o.indent)
	o.w.put("}")
}

// text writes a string and leaves the key out if it is empty.
func (o *object) text(k, v string) {
	if v != "" {
		o.quoted(k, v)
	}
}

// quoted writes a string, even an empty one.
func (o *object) quoted(k, v string) {
	o.key(k)
	o.w.quote(v)
}

// nullable writes a string, or null if it is empty.
func (o *object) nullable(k, v string) {
	o.key(k)
	o.w.nullable(v)
}

func (w *buffer) nullable(v string) {
	if v == "" {
		w.put("null")
		return
	}
	w.quote(v)
}

func (o *object) number(k string, v int64) {
	o.key(k)
	o.w.number(v)
}

// count writes a number and leaves the key out if it is 0.
func (o *object) count(k string, v int64) {
	if v != 0 {
		o.number(k, v)
	}
}

// unsigned writes an id that Telegram sends as 64 bits without a sign.
func (o *object) unsigned(k string, v int64) {
	o.key(k)
	o.w.b = strconv.AppendUint(o.w.b, uint64(v), 10)
}

// decimal writes six digits after the point, as Telegram Desktop writes every
// number that is not whole.
func (o *object) decimal(k string, v float64) {
	o.key(k)
	o.w.b = strconv.AppendFloat(o.w.b, v, 'f', 6, 64)
}

func (o *object) boolean(k string, v bool) {
	o.key(k)
	o.w.boolean(v)
}

// mark writes true, or leaves the key out.
func (o *object) mark(k string, v bool) {
	if v {
		o.boolean(k, true)
	}
}

// base64 writes bytes in the URL alphabet without padding.
func (o *object) base64(k string, v []byte) {
	o.key(k)
	o.w.put(`"`)
	o.w.b = base64.RawURLEncoding.AppendEncode(o.w.b, v)
	o.w.put(`"`)
}

// object starts a nested object.
func (o *object) object(k string) object {
	o.key(k)
	return beginObject(o.w, o.indent+1)
}

// list starts a nested array.
func (o *object) list(k string) list { return o.listAt(k, o.indent+1) }

// listAt starts a nested array at another depth than it should have: Telegram
// Desktop does so in a few places.
func (o *object) listAt(k string, indent int) list {
	o.key(k)
	return beginList(o.w, indent)
}

// A list is a JSON array that is being written, one element per line. An empty
// one takes two lines.
type list struct {
	w      *buffer
	indent int // spaces before the closing bracket
	filled bool
}

func beginList(w *buffer, indent int) list {
	w.put("[")
	return list{w: w, indent: indent}
}

// item starts the line of one element; the value must follow.
func (l *list) item() {
	if l.filled {
		l.w.put(",")
	}
	l.filled = true
	l.w.line(l.indent + 1)
}

// object starts an element that is an object.
func (l *list) object() object {
	l.item()
	return beginObject(l.w, l.indent+1)
}

func (l *list) end() {
	l.w.line(l.indent)
	l.w.put("]")
}
