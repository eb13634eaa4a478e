package layer

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tdp"
	"github.com/gotd/td/tg"
)

// A writer writes objects as an older layer has them.
type writer struct {
	b       *bin.Buffer
	table   *table
	layouts *layouts
}

// whole writes an object that stands by itself.
func (w *writer) whole(v any) error {
	at := reflect.ValueOf(v)
	if at.Kind() != reflect.Pointer || at.IsNil() || at.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("%T is no object of the API", v)
	}
	return w.object(at)
}

// flagger is what objects with flags have besides.
type flagger interface{ SetFlags() }

// object writes what a pointer points to. Objects of another make write themselves.
func (w *writer) object(at reflect.Value) error {
	of, ok := at.Interface().(tdp.Object)
	if !ok {
		return at.Interface().(bin.Encoder).Encode(w.b)
	}
	if kind := typeOf(of); kind != nil && w.table.buttons != nil {
		return w.button(of, kind)
	}
	l, err := w.layouts.of(at.Type().Elem())
	if err != nil {
		return err
	}
	if l.name == "" { // a vector
		return w.value(at.Elem().Field(0))
	}
	if w.table.missing[l.name] {
		return unsayable(l.name)
	}
	if f, ok := of.(flagger); ok {
		f.SetFlags()
	}
	old := w.table.types[l.name]
	if old == nil {
		old = &change{id: l.id}
	}
	w.b.PutID(old.id)
	return w.fields(l, old, at.Elem())
}

// fields writes the fields that the older layer has.
func (w *writer) fields(l *layout, old *change, v reflect.Value) error {
	words, at := map[int]uint32{}, map[int]int{} // by the word's index: its bits, where in the buffer it is
	for _, extra := range old.after[""] {
		extra.put(w.b)
	}
	for _, f := range l.fields {
		switch {
		case f.flags && !old.drop[f.name]:
			at[f.index] = w.b.Len()
			w.b.PutUint32(0)
		case f.flags || old.drop[f.name]:
		default:
			if err := w.field(l, f, old, v, words); err != nil {
				return err
			}
		}
		for _, extra := range old.after[f.name] {
			extra.put(w.b)
		}
	}
	for word, offset := range at {
		flags := bin.Buffer{Buf: w.b.Buf[offset:offset:len(w.b.Buf)]}
		flags.PutUint32(words[word])
	}
	return nil
}

// field writes one field, or leaves it out.
func (w *writer) field(l *layout, f field, old *change, v reflect.Value, words map[int]uint32) error {
	always := f.word < 0 || old.always[f.name]
	if !always && v.Field(f.word).Uint()&(1<<f.bit) == 0 {
		return nil
	}
	before := w.b.Len()
	if !f.bare {
		err := w.value(v.Field(f.index))
		if errors.Is(err, ErrUnsayable) && !always {
			w.b.Buf = w.b.Buf[:before]
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s.%s: %w", l.name, f.name, err)
		}
	}
	if !always {
		words[f.word] |= 1 << f.bit
	}
	return nil
}

// value writes the value of a field or an element.
func (w *writer) value(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Int:
		w.b.PutInt(int(v.Int()))
	case reflect.Int64:
		w.b.PutLong(v.Int())
	case reflect.Float64:
		w.b.PutDouble(v.Float())
	case reflect.Bool:
		w.b.PutBool(v.Bool())
	case reflect.String:
		w.b.PutString(v.String())
	case reflect.Slice:
		return w.slice(v)
	case reflect.Array: // an int128 or int256
		for i := range v.Len() {
			w.b.Buf = append(w.b.Buf, byte(v.Index(i).Uint()))
		}
	case reflect.Struct:
		return w.object(v.Addr())
	case reflect.Interface:
		return w.class(v)
	default:
		return fmt.Errorf("a field of type %v", v.Type())
	}
	return nil
}

// slice writes bytes or a vector; what cannot be said is left out of a vector.
func (w *writer) slice(v reflect.Value) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		w.b.PutBytes(v.Bytes())
		return nil
	}
	header, n := w.b.Len(), 0
	w.b.PutVectorHeader(v.Len())
	for i := range v.Len() {
		before := w.b.Len()
		err := w.value(v.Index(i))
		if errors.Is(err, ErrUnsayable) {
			w.b.Buf = w.b.Buf[:before]
			continue
		}
		if err != nil {
			return err
		}
		n++
	}
	count := bin.Buffer{Buf: w.b.Buf[header:header:len(w.b.Buf)]}
	count.PutVectorHeader(n)
	return nil
}

// class writes an object of a class, or a substitute of the same class.
func (w *writer) class(v reflect.Value) error {
	if v.IsNil() {
		return errors.New("it is nil")
	}
	before := w.b.Len()
	err := w.object(v.Elem())
	if !errors.Is(err, ErrUnsayable) {
		return err
	}
	other := substitute(v.Interface())
	if other == nil {
		return err
	}
	w.b.Buf = w.b.Buf[:before]
	return other.Encode(w.b)
}

// substitute says that there is something, for what older layers have no word for.
func substitute(v any) bin.Encoder {
	switch v.(type) {
	case tg.MessageMediaClass:
		return &tg.MessageMediaUnsupported{}
	case tg.MessageActionClass:
		return &tg.MessageActionEmpty{}
	case tg.PageBlockClass:
		return &tg.PageBlockUnsupported{}
	case tg.RichTextClass:
		return &tg.TextEmpty{}
	}
	return nil
}
