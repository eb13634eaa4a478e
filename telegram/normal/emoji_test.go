package normal

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Every place of a record that can name a custom emoji is looked at: the test
// fills in all of them that the types have.
func TestEmojiIn(t *testing.T) {
	var want []archive.MediaKey
	var m archive.Message
	fillEmoji(reflect.ValueOf(&m).Elem(), &want, 0)
	icon := int64(7)
	m.Action.NewIcon = &icon
	want = append(want, "document:7")
	got := EmojiIn(&m)
	for _, key := range want {
		if !slices.Contains(got, key) {
			t.Errorf("%s is not found", key)
		}
	}
	if len(want) < 15 {
		t.Errorf("only %d places: the test looks at too little", len(want))
	}
	if got := EmojiIn(&archive.Message{}); len(got) != 0 {
		t.Errorf("emoji in nothing: %v", got)
	}
}

// fillEmoji puts an emoji of its own into every text and every reaction below v.
func fillEmoji(v reflect.Value, keys *[]archive.MediaKey, depth int) {
	next := func() archive.MediaKey {
		key := archive.NewMediaKey(archive.MediaDocument, int64(1000+len(*keys)))
		*keys = append(*keys, key)
		return key
	}
	switch v.Type() {
	case reflect.TypeFor[archive.Text]():
		v.Set(reflect.ValueOf(archive.Text{Text: "x", Entities: []archive.Entity{{Type: "custom_emoji", Length: 1, Document: next()}}}))
		return
	case reflect.TypeFor[archive.Reaction]():
		v.Set(reflect.ValueOf(archive.Reaction{Type: "custom_emoji", Document: next()}))
		return
	}
	if depth > 6 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.Type().Elem().Kind() == reflect.Struct {
			v.Set(reflect.New(v.Type().Elem()))
			fillEmoji(v.Elem(), keys, depth+1)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Struct {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fillEmoji(v.Index(0), keys, depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fillEmoji(v.Field(i), keys, depth+1)
		}
	}
}

func TestEmoji(t *testing.T) {
	set := &tg.InputStickerSetID{ID: 5}
	d := &tg.Document{ID: 3, Size: 9, MimeType: "video/webm", Attributes: []tg.DocumentAttributeClass{
		&tg.DocumentAttributeCustomEmoji{Alt: "🐎", Free: true, TextColor: true, Stickerset: set},
		&tg.DocumentAttributeFilename{FileName: "sticker.webm"},
	}}
	e, ref, ok := Emoji(d)
	want := archive.Emoji{File: archive.File{Key: "document:3", Size: 9, Name: "sticker.webm", MIME: "video/webm"}, Alt: "🐎", Set: 5, Free: true, TextColor: true}
	if !ok || *e != want || ref.Kind != KindSticker || ref.Key != "document:3" {
		t.Errorf("%+v %+v %v", e, ref, ok)
	}
	if _, _, ok := Emoji(&tg.DocumentEmpty{ID: 3}); ok {
		t.Error("an emoji that is gone")
	}
	for _, status := range []tg.EmojiStatusClass{&tg.EmojiStatus{DocumentID: 8}, &tg.EmojiStatusCollectible{DocumentID: 8}, &tg.EmojiStatusEmpty{}, nil} {
		want := archive.MediaKey("document:8")
		if _, empty := status.(*tg.EmojiStatusEmpty); empty || status == nil {
			want = ""
		}
		if got := User(&tg.User{ID: 1, EmojiStatus: status}).Emoji; got != want {
			t.Errorf("%s: %q", fmt.Sprint(status), got)
		}
		if got := Chat(&tg.Channel{ID: 1, EmojiStatus: status}).Emoji; got != want {
			t.Errorf("channel, %s: %q", fmt.Sprint(status), got)
		}
	}
}
