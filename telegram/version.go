package telegram

import (
	"hash/fnv"
	"reflect"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// contentPrint is a short value that changes when a message says something else.
// Counters that move by themselves (views, forwards, comments) and file references, which
// servers make anew all the time, do not count. "" if m cannot be encoded.
func contentPrint(m tg.MessageClass) string {
	var b bin.Buffer
	if err := m.Encode(&b); err != nil {
		return ""
	}
	own, err := tg.DecodeMessage(&b) // m is not ours to change
	if err != nil {
		return ""
	}
	if full, ok := own.(*tg.Message); ok {
		full.Flags.Unset(flagViews)
		full.Flags.Unset(flagReplies)
		full.Views, full.Forwards, full.Replies = 0, 0, tg.MessageReplies{}
	}
	blank(reflect.ValueOf(own))
	b.Reset()
	if err := own.Encode(&b); err != nil {
		return ""
	}
	sum := fnv.New128a()
	sum.Write(b.Buf)
	return string(sum.Sum(nil))
}

// The flags of a message that say whether it has counters.
const (
	flagViews   = 10 // views and forwards
	flagReplies = 23
)

// blank empties every file reference in v.
func blank(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			blank(v.Elem())
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			blank(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name == "FileReference" {
				v.Field(i).SetZero()
				continue
			}
			blank(v.Field(i))
		}
	}
}
