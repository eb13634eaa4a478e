package telegram

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tdp"
	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/export"
	"telekeep/internal/resultjson"
	"telekeep/telegram/simulator/world"
)

// notShown are constructors that no message of a made-up account has, and why.
var notShown = map[string]string{
	"messageMediaEmpty":                "is left out of messages",
	"messageActionPaymentSentMe":       "only a bot gets it",
	"messageActionRequestedPeerSentMe": "only a bot gets it",
	"messageActionSecureValuesSentMe":  "only a bot gets it",
	"messageActionWebViewDataSentMe":   "only a bot gets it",
	"messageActionChannelMigrateFrom":  "brings a second group along; the village has it",
	"inputMessageEntityMentionName":    "only clients send it",
	"inputInlineButtonTypeUrlAuth":     "likewise",
	"inputInlineButtonTypeUserProfile": "likewise",
	"reactionEmpty":                    "takes a reaction away",
}

// TestSyncOfEveryConstructor backs up an account that has a message of every kind
// that the layer knows and exports it: all of them are archived in words, their
// files are stored, and the document has what Telegram Desktop's has.
func TestSyncOfEveryConstructor(t *testing.T) {
	t.Parallel()
	w, err := world.FromSeed(world.SeedOptions{Options: world.Options{FileDCs: []int{2}}, Seed: 11, Chats: 4, Messages: 40, MediaBytes: 1 << 20, Kinds: true})
	if err != nil {
		t.Fatal(err)
	}
	i := install(t, w)
	i.login()
	r := i.mustSync()
	if len(r.Warnings) != 0 {
		t.Errorf("warnings: %v", r.Warnings)
	}
	want := map[string]int{"messageMediaUnsupported": 1, "messageActionEmpty": 1, "messageEntityUnknown": 1}
	if !maps.Equal(r.Unknown, want) {
		t.Errorf("unknown: %v", r.Unknown)
	}
	s := i.snapshot()
	const chat archive.PeerID = "channel1900000001"
	shown := shownIn(t, s, chat)
	for _, class := range []reflect.Type{
		reflect.TypeFor[tg.MessageMediaClass](), reflect.TypeFor[tg.MessageActionClass](), reflect.TypeFor[tg.MessageEntityClass](),
		reflect.TypeFor[tg.InlineButtonTypeClass](), reflect.TypeFor[tg.ReactionClass](), reflect.TypeFor[tg.MessageReplyHeaderClass](),
	} {
		for _, name := range constructorsOf(class) {
			if !shown[name] && notShown[name] == "" {
				t.Errorf("no message of the made-up account has %s", name)
			}
		}
	}
	for _, m := range r.Missing {
		if m.Reason != archive.MissingExpiring && m.Reason != archive.MissingUnavailable {
			t.Errorf("missing: %+v", m)
		}
	}
	checkKinds(t, s, chat)
}

// shownIn lists the TL constructors in the raw bytes of a chat's messages.
func shownIn(t *testing.T, s *archive.Snapshot, chat archive.PeerID) map[string]bool {
	t.Helper()
	shown := map[string]bool{}
	for rec, err := range s.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Kind != archive.KindMessage || rec.Chat != chat {
			continue
		}
		m, err := tg.DecodeMessage(&bin.Buffer{Buf: rec.Raw})
		if err != nil {
			t.Fatal(err)
		}
		nameAll(reflect.ValueOf(m), shown)
	}
	return shown
}

// nameAll adds the names of all TL objects in v.
func nameAll(v reflect.Value, names map[string]bool) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if named, ok := v.Interface().(interface{ TypeInfo() tdp.Type }); ok {
			names[named.TypeInfo().Name] = true
		}
		nameAll(v.Elem(), names)
	case reflect.Slice:
		for i := range v.Len() {
			nameAll(v.Index(i), names)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			nameAll(v.Field(i), names)
		}
	}
}

// constructorsOf lists the constructors of a class by their names in TL.
func constructorsOf(class reflect.Type) []string {
	var names []string
	for _, build := range tg.TypesConstructorMap() {
		o := build()
		if reflect.TypeOf(o).Implements(class) {
			names = append(names, o.(interface{ TypeInfo() tdp.Type }).TypeInfo().Name)
		}
	}
	slices.Sort(names)
	return names
}

// checkKinds exports the chat and reads the document.
func checkKinds(t *testing.T, s *archive.Snapshot, chat archive.PeerID) {
	t.Helper()
	archived := 0
	for _, c := range s.Chats(s.Accounts()[0].ID) {
		if c.ID == chat {
			archived = c.Messages
		}
	}
	dir := t.TempDir()
	result, err := export.JSON(t.Context(), s, dir, export.Options{Chats: []archive.PeerID{chat}, Location: time.UTC})
	if err != nil || result.Failed != 0 || result.Messages != archived || archived < 100 {
		t.Fatalf("export: %v %+v of %d messages", err, result, archived)
	}
	actions, media, texts, files := map[string]bool{}, map[string]bool{}, 0, 0
	_, err = resultjson.ReadFile(filepath.Join(dir, "result.json"), resultjson.Options{}, resultjson.Visitor{
		Message: func(_ *resultjson.Chat, m *resultjson.Message) error {
			actions[m.Action], media[m.MediaType] = true, true
			if len(m.Text) > 0 {
				texts++
			}
			for _, path := range []string{m.Photo, m.File, m.Thumbnail, m.ContactVCard} {
				if _, err := os.Stat(filepath.Join(dir, path)); path != "" && err == nil {
					files++
				}
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"sticker", "video_message", "voice_message", "animation", "video_file", "audio_file"} {
		if !media[word] {
			t.Errorf("no %s in the document", word)
		}
	}
	if len(actions) < 60 || texts < 45 || files < 15 {
		t.Errorf("%d actions, %d texts, %d files in the document", len(actions), texts, files)
	}
}
