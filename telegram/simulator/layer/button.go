package layer

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tdp"
	"github.com/gotd/td/tg"
)

// An oldButton is a button as it was when each type of button was a constructor:
// its fields are those of the button and of its type.
type oldButton struct {
	id     uint32
	fields []string
}

func (t *table) addButton(words []string) error {
	if len(words) < 3 {
		return fmt.Errorf("%q", words)
	}
	id, err := number(words[1])
	t.buttons[words[0]] = oldButton{id: id, fields: words[2:]}
	return err
}

// typeOf returns the type of a button, nil for what is none.
func typeOf(of tdp.Object) tdp.Object {
	switch b := of.(type) {
	case *tg.KeyboardButton:
		if b.Type != nil {
			return b.Type.(tdp.Object)
		}
	case *tg.KeyboardInlineButton:
		if b.Type != nil {
			return b.Type.(tdp.Object)
		}
	}
	return nil
}

// button writes a button and its type as the one object they were.
func (w *writer) button(button, kind tdp.Object) error {
	old, ok := w.table.buttons[kind.TypeInfo().Name]
	if !ok {
		return unsayable(kind.TypeInfo().Name)
	}
	w.b.PutID(old.id)
	flags := -1
	words := map[int]uint32{}
	for _, name := range old.fields {
		if name == "flags" {
			flags = w.b.Len()
			w.b.PutUint32(0)
			continue
		}
		if err := w.fieldOf(name, words, button, kind); err != nil {
			return err
		}
	}
	if flags >= 0 {
		word := bin.Buffer{Buf: w.b.Buf[flags:flags:len(w.b.Buf)]}
		word.PutUint32(words[0]) // flags come first in both
	}
	return nil
}

// fieldOf writes a field of whichever object has it.
func (w *writer) fieldOf(name string, words map[int]uint32, objects ...tdp.Object) error {
	for _, of := range objects {
		if f, ok := of.(flagger); ok {
			f.SetFlags()
		}
		v := reflect.ValueOf(of).Elem()
		l, err := w.layouts.of(v.Type())
		if err != nil {
			return err
		}
		for _, f := range l.fields {
			if f.name == name {
				return w.field(l, f, &change{}, v, words)
			}
		}
	}
	return errors.New("no button has a field " + name)
}
