package resultjson

import (
	"encoding/json"
	"strings"
)

// A value is one JSON value with the line it begins on.
type value struct {
	kind    byte // '{' '[' '"' '0' 't' 'f' 'n'
	line    int
	text    string // string, or number as it is written
	list    []*value
	members []member
}

// A member is one key of an object. An object can hold a key twice: Telegram
// Desktop writes "text" twice for send_webview_data.
type member struct {
	key   string
	line  int
	value *value
}

func (v *value) isNull() bool { return v.kind == 'n' }

// get returns the value of a key, the last one if there are several, or nil.
func (v *value) get(key string) *value {
	var found *value
	for _, m := range v.members {
		if m.key == key {
			found = m.value
		}
	}
	return found
}

// what names the kind of a value for error messages.
func (v *value) what() string {
	switch v.kind {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	}
	return v.text
}

// json writes the value as valid JSON on one line.
func (v *value) json() string {
	var b strings.Builder
	v.write(&b)
	return b.String()
}

func (v *value) write(b *strings.Builder) {
	switch v.kind {
	case '{':
		b.WriteByte('{')
		for i, m := range v.members {
			if i > 0 {
				b.WriteByte(',')
			}
			quote(b, m.key)
			b.WriteByte(':')
			m.value.write(b)
		}
		b.WriteByte('}')
	case '[':
		b.WriteByte('[')
		for i, one := range v.list {
			if i > 0 {
				b.WriteByte(',')
			}
			one.write(b)
		}
		b.WriteByte(']')
	case '"':
		quote(b, v.text)
	default:
		b.WriteString(v.text)
	}
}

func quote(b *strings.Builder, s string) {
	text, err := json.Marshal(s)
	if err != nil {
		panic("internal error: a string cannot be quoted: " + err.Error())
	}
	b.Write(text)
}
