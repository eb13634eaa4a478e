package resultjson

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A decoder fills structs from values by their json tags. After the key a tag
// may name one of these:
//
//	time    an int64 of Unix seconds; key_unixtime is preferred, else the local time is read
//	text    a []Part; key_entities is preferred
//	long    a Peer or []Peer whose numbers are kind<<48 plus the id
//	nested  the value may stand inside a string
type decoder struct {
	location *time.Location
	note     func(line int, key, text string)
	fields   map[reflect.Type]map[string]field
}

type field struct {
	index  []int
	option string
}

func newDecoder(location *time.Location, note func(line int, key, text string)) *decoder {
	return &decoder{location: location, note: note, fields: map[reflect.Type]map[string]field{}}
}

// A keyError is an error with the key and line it belongs to.
type keyError struct {
	line int
	key  string
	err  error
}

func (e *keyError) Error() string { return e.key + ": " + e.err.Error() }
func (e *keyError) Unwrap() error { return e.err }

// under puts an error below a key. The innermost line wins.
func under(key string, line int, err error) error {
	if inner, ok := errors.AsType[*keyError](err); ok {
		sep := "."
		if strings.HasPrefix(inner.key, "[") {
			sep = ""
		}
		return &keyError{inner.line, key + sep + inner.key, inner.err}
	}
	return &keyError{line, key, err}
}

// fieldsOf lists the keys a struct knows.
func (d *decoder) fieldsOf(t reflect.Type) map[string]field {
	if known, ok := d.fields[t]; ok {
		return known
	}
	known := map[string]field{}
	for _, f := range reflect.VisibleFields(t) {
		name, option, _ := strings.Cut(f.Tag.Get("key"), ",")
		if name != "" && name != "-" {
			known[name] = field{f.Index, option}
		}
	}
	d.fields[t] = known
	return known
}

// ownKey is what this program's exports add to messages on demand. It repeats what
// the other keys say, and more that no key of Telegram Desktop can.
const ownKey = "telekeep"

// object fills the struct that dst points to and returns the keys it does not
// know, rendered as JSON; they are noted too.
func (d *decoder) object(v *value, dst any) (map[string]string, error) {
	if v.kind != '{' {
		return nil, fmt.Errorf("%s where an object belongs", v.what())
	}
	target := reflect.ValueOf(dst).Elem()
	known := d.fieldsOf(target.Type())
	var unknown map[string]string
	for _, m := range v.members {
		f, ok := known[m.key]
		if !ok {
			if companion(known, m.key) {
				continue
			}
			if unknown == nil {
				unknown = map[string]string{}
			}
			unknown[m.key] = m.value.json()
			if m.key != ownKey {
				d.note(m.line, m.key, "unknown key")
			}
			continue
		}
		if err := d.member(v, m, f, target.FieldByIndex(f.index)); err != nil {
			return nil, under(m.key, m.line, err)
		}
	}
	return unknown, nil
}

// companion reports whether key only says the same as another, better or worse:
// date_unixtime for date, text_entities for text.
func companion(known map[string]field, key string) bool {
	if base, ok := strings.CutSuffix(key, "_unixtime"); ok {
		return known[base].option == "time"
	}
	base, ok := strings.CutSuffix(key, "_entities")
	return ok && known[base].option == "text"
}

func (d *decoder) member(object *value, m member, f field, dst reflect.Value) error {
	switch f.option {
	case "time":
		if unix := object.get(m.key + "_unixtime"); unix != nil && !unix.isNull() {
			n, err := integer(unix)
			dst.SetInt(n)
			return err
		}
		n, err := d.time(m.value)
		dst.SetInt(n)
		return err
	case "text":
		parts, err := d.text(m.value)
		if err != nil {
			return err
		}
		if entities := object.get(m.key + "_entities"); entities != nil {
			formatted, err := d.text(entities)
			if err != nil {
				return under(m.key+"_entities", entities.line, err)
			}
			if PlainText(formatted) != PlainText(parts) {
				d.note(m.line, m.key, "text and text_entities differ; the text counts")
			} else {
				parts = formatted
			}
		}
		dst.Set(reflect.ValueOf(parts))
		return nil
	case "nested":
		if m.value.kind == '"' {
			inner, err := newScanner(strings.NewReader(m.value.text), stringBuffer).value()
			if err != nil {
				return fmt.Errorf("inside the string: %w", err)
			}
			return d.value(inner, dst, "long")
		}
	}
	return d.value(m.value, dst, f.option)
}

// value converts one value into dst by dst's type.
func (d *decoder) value(v *value, dst reflect.Value, option string) error {
	switch target := dst.Addr().Interface().(type) {
	case *Peer:
		p, err := peer(v, option == "long")
		*target = p
		return err
	case *Name:
		switch v.kind {
		case 'n':
			*target = Name{Null: true}
		case '"':
			*target = Name{Text: v.text}
		default:
			return fmt.Errorf("%s where a name belongs", v.what())
		}
		return nil
	case **Name:
		*target = &Name{}
		return d.value(v, dst.Elem(), option)
	case **Location:
		*target = &Location{Null: v.isNull()}
		if v.isNull() {
			return nil
		}
		_, err := d.object(v, *target)
		return err
	case *JSON:
		*target = JSON(v.json())
		return nil
	case *Message:
		return d.message(v, target)
	}
	if v.isNull() {
		return nil
	}
	switch dst.Kind() {
	case reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		return d.value(v, dst.Elem(), option)
	case reflect.Struct:
		_, err := d.object(v, dst.Addr().Interface())
		return err
	case reflect.Slice:
		return d.slice(v, dst, option)
	}
	return basic(v, dst)
}

func (d *decoder) slice(v *value, dst reflect.Value, option string) error {
	if v.kind != '[' {
		return fmt.Errorf("%s where an array belongs", v.what())
	}
	all := reflect.MakeSlice(dst.Type(), len(v.list), len(v.list))
	for i, one := range v.list {
		if err := d.value(one, all.Index(i), option); err != nil {
			return under(fmt.Sprintf("[%d]", i), one.line, err)
		}
	}
	dst.Set(all)
	return nil
}

// basic converts strings, booleans and numbers. Numbers may stand in strings
// and booleans may be written as numbers, because versions differ in it.
func basic(v *value, dst reflect.Value) error {
	switch dst.Kind() {
	case reflect.String:
		if v.kind != '"' && v.kind != '0' {
			return fmt.Errorf("%s where a string belongs", v.what())
		}
		dst.SetString(v.text)
		return nil
	case reflect.Bool:
		n, err := integer(v)
		dst.SetBool(n != 0)
		return err
	case reflect.Int64:
		n, err := integer(v)
		dst.SetInt(n)
		return err
	case reflect.Float64:
		if v.kind != '"' && v.kind != '0' {
			return fmt.Errorf("%s where a number belongs", v.what())
		}
		n, err := strconv.ParseFloat(v.text, 64)
		if err != nil {
			return fmt.Errorf("%q is no number", v.text)
		}
		dst.SetFloat(n)
		return nil
	}
	panic("internal error: no way to read into " + dst.Type().String())
}

// integer reads a whole number; true and false count as 1 and 0. Ids above
// the largest int64 keep their bits.
func integer(v *value) (int64, error) {
	switch v.kind {
	case 't':
		return 1, nil
	case 'f':
		return 0, nil
	case '0', '"':
		if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
			return n, nil
		}
		if n, err := strconv.ParseUint(v.text, 10, 64); err == nil {
			return int64(n), nil
		}
		if f, err := strconv.ParseFloat(v.text, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f), nil
		}
		return 0, fmt.Errorf("%q is no whole number", v.text)
	}
	return 0, fmt.Errorf("%s where a whole number belongs", v.what())
}

func peer(v *value, long bool) (Peer, error) {
	switch v.kind {
	case '0':
		n, err := integer(v)
		return numericPeer(n, long), err
	case '"':
		return parsePeer(v.text)
	case 'n':
		return "", nil
	}
	return "", fmt.Errorf("%s where a peer id belongs", v.what())
}

// time reads a date without a zone.
func (d *decoder) time(v *value) (int64, error) {
	if v.kind == '0' {
		return integer(v)
	}
	if v.kind != '"' {
		return 0, fmt.Errorf("%s where a date belongs", v.what())
	}
	if t, err := time.ParseInLocation("2006-01-02T15:04:05", v.text, d.location); err == nil {
		return t.Unix(), nil
	}
	t, err := time.Parse(time.RFC3339, v.text)
	if err != nil {
		return 0, fmt.Errorf("%q is no date", v.text)
	}
	return t.Unix(), nil
}

// text reads a string or an array of strings and formatted parts.
func (d *decoder) text(v *value) ([]Part, error) {
	switch v.kind {
	case 'n':
		return nil, nil
	case '"':
		if v.text == "" {
			return nil, nil
		}
		return []Part{{Type: "plain", Text: v.text}}, nil
	case '[':
	default:
		return nil, fmt.Errorf("%s where a text belongs", v.what())
	}
	var parts []Part
	for i, one := range v.list {
		part := Part{Type: "plain", Text: one.text}
		if one.kind != '"' {
			part = Part{}
			if _, err := d.object(one, &part); err != nil {
				return nil, under(fmt.Sprintf("[%d]", i), one.line, err)
			}
		}
		parts = append(parts, part)
	}
	return parts, nil
}
