package layer

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tdp"
)

// A layout says how today's layer writes a constructor.
type layout struct {
	name   string // in the schema, "" for a vector that is an answer by itself
	id     uint32
	fields []field // in order
}

// A field of a constructor; a flags word is one too.
type field struct {
	name  string // in the schema
	index int    // in the struct
	flags bool   // it is a flags word
	word  int    // index in the struct of the word whose bit says that it is there; -1: it always is
	bit   int
	bare  bool // its bit is all there is (true in the schema)
}

// layouts are those asked for so far, by type.
type layouts struct{ known sync.Map }

// of returns the layout of a struct of package tg.
func (l *layouts) of(t reflect.Type) (*layout, error) {
	if known, ok := l.known.Load(t); ok {
		return known.(*layout), nil
	}
	made, err := probe(t)
	if err != nil {
		return nil, err
	}
	l.known.Store(t, made)
	return made, nil
}

var flagsType = reflect.TypeFor[bin.Fields]()

// probe finds out which fields depend on which bits by setting one at a time.
func probe(t reflect.Type) (*layout, error) {
	empty := reflect.New(t)
	object, ok := empty.Interface().(tdp.Object)
	if !ok {
		return nil, fmt.Errorf("%v is no object of the API", t)
	}
	info := object.TypeInfo()
	out := &layout{name: info.Name, id: info.ID}
	named, optional := map[string]string{}, map[string]bool{}
	for _, f := range info.Fields {
		named[f.Name], optional[f.Name] = f.SchemaName, f.Null
	}
	for i := range t.NumField() {
		f := field{index: i, word: -1, name: named[t.Field(i).Name]}
		if t.Field(i).Type == flagsType {
			f.flags, f.name = true, "flags"
			if i > 0 {
				f.name = "flags2"
			}
		}
		if f.name == "" {
			return nil, fmt.Errorf("%v: the schema has no field %s", t, t.Field(i).Name)
		}
		if optional[t.Field(i).Name] {
			f.word, f.bit = condition(empty, t.Field(i).Name)
			f.bare = t.Field(i).Type.Kind() == reflect.Bool && !optionalBool(out.name, f.name)
		}
		out.fields = append(out.fields, f)
	}
	return out, nil
}

// condition finds the flag that makes a field of an empty struct appear.
func condition(empty reflect.Value, name string) (word, bit int) {
	shows := func() bool {
		for _, f := range empty.Interface().(tdp.Object).TypeInfo().Fields {
			if f.Name == name {
				return !f.Null
			}
		}
		return false
	}
	for i := range empty.Elem().NumField() {
		flags := empty.Elem().Field(i)
		if flags.Type() != flagsType {
			continue
		}
		for bit := range 32 {
			flags.SetUint(1 << bit)
			if shows() {
				flags.SetUint(0)
				return i, bit
			}
		}
		flags.SetUint(0)
	}
	return -1, 0
}

// optionalBool names the fields that are a Bool which may be absent. In gotd's
// structs they look like those of which the bit is all there is.
func optionalBool(constructor, field string) bool {
	switch constructor + "." + field {
	case "messageActionTopicEdit.closed", "messageActionTopicEdit.hidden",
		"peerNotifySettings.show_previews", "peerNotifySettings.silent",
		"peerNotifySettings.stories_muted", "peerNotifySettings.stories_hide_sender",
		"inputPeerNotifySettings.show_previews", "inputPeerNotifySettings.silent",
		"inputPeerNotifySettings.stories_muted", "inputPeerNotifySettings.stories_hide_sender",
		"updateWebBrowserException.open_external_browser", "codeSettings.app_sandbox",
		"requestPeerTypeUser.bot", "requestPeerTypeUser.premium",
		"requestPeerTypeChat.has_username", "requestPeerTypeChat.forum", "requestPeerTypeBroadcast.has_username",
		"payments.savedStarGifts.chat_notifications_enabled", "communityPeer.visible", "buttonTypeRequestPoll.quiz":
		return true
	}
	return false
}
