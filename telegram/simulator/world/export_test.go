package world

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"telekeep/internal/resultjson"
)

const (
	trantor  = "../../../../shared/data/trantor/export"
	eras     = "../../../../shared/data/exports-by-era/20*"
	madeUp   = "../../../internal/resultjson/testdata/everything.json"
	noShared = "the shared exports are not on this machine"
)

// madeUpFolder is the made-up export with files of the declared sizes.
func madeUpFolder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(madeUp)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "result.json", text)
	sizes := map[string]int64{}
	_, err = resultjson.Read("made up", bytes.NewReader(text), resultjson.Options{}, resultjson.Visitor{
		Message: func(_ *resultjson.Chat, m *resultjson.Message) error {
			sizes[m.Photo], sizes[m.File], sizes[m.Thumbnail], sizes[m.ContactVCard] = m.PhotoFileSize, m.FileSize, m.ThumbnailSize, m.ContactVCardLen
			for _, p := range m.Text {
				sizes[p.DocumentID] = 900
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	sizes["profile_pictures/photo_1@22-07-2023.jpg"] = 1200
	sizes["stories/story_1@02-08-2023.jpg"] = 1300
	for name, size := range sizes {
		if name == "" || resultjson.IsPlaceholder(name) {
			continue
		}
		data := make([]byte, size)
		made{seed: mixText(7, name), size: size}.ReadAt(data, 0)
		if strings.HasSuffix(name, ".vcard") {
			data = []byte("BEGIN:VCARD\nVERSION:3.0\nFN:Otto\nEND:VCARD\n\n\n\n\n")[:size]
		}
		write(t, dir, name, data)
	}
	return dir
}

func write(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func fromExport(t testing.TB, dir string) (*World, []Warning) {
	t.Helper()
	w, warnings, err := FromExport(dir, newClock().options())
	if err != nil {
		t.Fatal(err)
	}
	return w, warnings
}

// original reads the chats of an export without the package that reads exports.
func original(t *testing.T, dir string) []object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`\\x([0-9A-F]{2})`).ReplaceAll(text, []byte(`\u00$1`))
	text = bytes.ReplaceAll(text, []byte("\"text\": \"Chosen: tea\",\n"), []byte("\"web_view_data\": \"Chosen: tea\",\n"))
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var doc object
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if doc["messages"] != nil {
		return []object{doc}
	}
	var out []object
	for _, key := range []string{"chats", "left_chats"} {
		if list, ok := doc[key].(object); ok {
			for _, c := range list["list"].([]any) {
				out = append(out, c.(object))
			}
		}
	}
	return out
}

// again exports a chat of the world as Telegram Desktop would.
func again(g *guest, w *World, p peer) []object {
	d := &desktop{messages: g.history(p), chat: p, self: g.call.User}
	var out []object
	for _, m := range d.list {
		out = append(out, d.write(m))
	}
	if place := w.places[p]; place != nil && place.movedFrom != 0 {
		old := groupPeer(place.movedFrom)
		d := &desktop{messages: g.history(old), chat: old, self: g.call.User, shift: -migratedShift}
		for _, m := range d.list {
			out = append(out, d.write(m))
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, _ := out[i]["id"].(json.Number).Int64()
		b, _ := out[j]["id"].(json.Number).Int64()
		return a < b
	})
	return out
}

// settle makes the two forms of a message comparable: paths are not kept, and
// versions differ in what they write.
func settle(o object, old bool) object {
	if o["date_unixtime"] != nil { // the zone of the machine that exported is not known
		delete(o, "date")
		delete(o, "edited")
	}
	for _, key := range []string{"photo", "file", "thumbnail", "contact_vcard", "forwarded_from_id", "values"} {
		delete(o, key)
	}
	if old {
		for _, key := range []string{"photo_file_size", "file_size", "thumbnail_file_size", "file_name", "mime_type"} {
			delete(o, key)
		}
	}
	if nested, ok := o["invoice_information"].(string); ok {
		o["invoice_information"] = decodeJSON(nested)
	}
	if nested, ok := o["peers"].(string); ok {
		o["peers"] = decodeJSON(nested)
	}
	if c, ok := o["contact_information"].(object); ok {
		c["phone_number"] = digits(c["phone_number"].(string))
	}
	forget(o, "document_id")
	rows, _ := o["inline_bot_buttons"].([]any)
	for _, row := range rows {
		for _, b := range row.([]any) {
			b := b.(object)
			if data := str(b["data"]); b["type"] == "callback" && data != "" { // before 2024 it was written as text
				b["dataBase64"], b["data"] = base64.RawURLEncoding.EncodeToString([]byte(data)), ""
			}
		}
	}
	return floats(o).(object)
}

func decodeJSON(s string) any {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	return v
}

func forget(v any, key string) {
	switch v := v.(type) {
	case object:
		delete(v, key)
		for _, one := range v {
			forget(one, key)
		}
	case []any:
		for _, one := range v {
			forget(one, key)
		}
	}
}

// floats compares numbers by value.
func floats(v any) any {
	switch v := v.(type) {
	case object:
		for key, one := range v {
			v[key] = floats(one)
		}
	case []any:
		for i, one := range v {
			v[i] = floats(one)
		}
	case json.Number:
		if f, err := v.Float64(); err == nil && strings.Contains(v.String(), ".") {
			return f
		}
		return v.String()
	}
	return v
}

// compare checks that a world exports again as what it was made from.
func compare(t *testing.T, dir string) {
	t.Helper()
	w, warnings := fromExport(t, dir)
	warned := map[string][]string{}
	for _, warning := range warnings {
		key := warning.Chat + "/" + strconv.FormatInt(warning.Message, 10)
		warned[key] = append(warned[key], warning.Text)
	}
	g := visit(t, w)
	for _, chat := range original(t, dir) {
		p, err := parsePeer(string((&resultjson.Chat{Type: chat["type"].(string), ID: int64(mustInt(chat["id"]))}).Peer()))
		if err != nil {
			t.Fatal(err)
		}
		if w.places[p] == nil && p.kind == 'g' {
			p.kind = 'c'
		}
		got := again(g, w, p)
		want := chat["messages"].([]any)
		if len(got) != len(want) {
			t.Errorf("%s: %d messages, want %d", p, len(got), len(want))
			continue
		}
		for i := range want {
			original := want[i].(object)
			id, old := original["id"], original["date_unixtime"] == nil && original["type"] != "unsupported"
			if old {
				delete(got[i], "date_unixtime")
				delete(got[i], "edited_unixtime")
				delete(got[i], "text_entities")
				delete(original, "text_entities")
				if strings.HasPrefix(str(original["edited"]), "1970") {
					delete(original, "edited")
				}
			}
			if warnings := warned[p.String()+"/"+string(id.(json.Number))]; len(warnings) > 0 {
				forgive(warnings, got[i], original)
			}
			undoByHand(got[i], original)
			a, b := settle(got[i], old), settle(original, old)
			if !reflect.DeepEqual(a, b) {
				x, _ := json.MarshalIndent(a, "  ", " ")
				y, _ := json.MarshalIndent(b, "  ", " ")
				t.Errorf("%s message %v:\n  got  %s\n  want %s", p, id, x, y)
			}
		}
	}
}

// forgive drops what the importer said it cannot express.
func forgive(warnings []string, both ...object) {
	for _, o := range both {
		for _, w := range warnings {
			switch {
			case strings.Contains(w, "is served as it is"):
				delete(o, "file_size")
				delete(o, "photo_file_size")
				delete(o, "thumbnail_file_size")
			case strings.Contains(w, "it is served empty"):
				delete(o, "action")
				delete(o, "actor")
				delete(o, "actor_id")
			}
		}
	}
}

// undoByHand evens out what people did to the shared exports: sizes that were
// taken out, and an empty end that no version writes after a text of ASCII.
func undoByHand(got, original object) {
	for _, key := range []string{"photo_file_size", "file_size", "thumbnail_file_size", "file_name"} {
		if original[key] == nil {
			delete(got, key)
		}
	}
	for _, key := range []string{"text", "text_entities"} {
		list, ok := original[key].([]any)
		if whole, _ := json.Marshal(list); !ok || len(list) == 0 || !isASCII(whole) {
			continue
		}
		switch last := list[len(list)-1].(type) {
		case string:
			if last == "" {
				original[key] = list[:len(list)-1]
			}
		case object:
			if last["text"] == "" {
				original[key] = list[:len(list)-1]
			}
		}
	}
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

func str(v any) string { s, _ := v.(string); return s }

func mustInt(v any) int64 {
	n, err := v.(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	return n
}

func TestMadeUpExportComesBack(t *testing.T) {
	compare(t, madeUpFolder(t))
}

func TestRealExportComesBack(t *testing.T) {
	if _, err := os.Stat(trantor); err != nil {
		t.Skip(noShared)
	}
	compare(t, trantor)
}

func TestExportsOfEveryEraComeBack(t *testing.T) {
	dirs, err := filepath.Glob(eras)
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) == 0 {
		t.Skip(noShared)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) { compare(t, dir) })
	}
}

func TestWhatCannotBeExpressedIsListed(t *testing.T) {
	_, warnings := fromExport(t, madeUpFolder(t))
	if len(warnings) != 1 || warnings[0].String() != `user700000002 message 51: the action "requested_phone_number" cannot be expressed; it is served empty` {
		t.Errorf("%v", warnings)
	}
	dir := t.TempDir()
	write(t, dir, "result.json", []byte(`{"name": "N", "type": "private_group", "id": 5, "messages": [
		{"id": 1, "type": "message", "from_id": "user7", "text": [{"type": "sparkling", "text": "x"}], "date": "2024-01-01T00:00:00", "glitter": 1},
		{"id": 3, "type": "message", "from_id": "user7", "text": "three", "date": "2024-01-01T00:00:02", "file": "files/gone", "media_type": "hologram"},
		{"id": 2, "type": "message", "from_id": "user7", "text": "two", "date": "2024-01-01T00:00:01", "inline_bot_buttons": [[{"type": "request_phone", "text": "x"}]]},
		{"id": 2, "type": "message", "from_id": "user7", "text": "two again", "date": "2024-01-01T00:00:01"},
		{"id": 0, "type": "message", "from_id": "user7", "text": "no id", "date": "2024-01-01T00:00:01"},
		{"id": 4, "type": "service", "actor_id": "user7", "action": "send_premium_gift", "cost": "a lot", "date": "2024-01-01T00:00:03"}]}`))
	w, warnings := fromExport(t, dir)
	var got []string
	for _, one := range warnings {
		got = append(got, one.String())
	}
	want := []string{
		"result.json line 2: messages[0].glitter: unknown key",
		`chat5 message 1: text of the type "sparkling" is served as unknown`,
		"chat5 message 3: a file is not in the folder; it is unavailable",
		`chat5 message 3: media of the type "hologram" is served as a plain file`,
		`chat5 message 2: an inline button of the type "request_phone"; it is served disabled`,
		"chat5: no server gives a message this id; it is left out",
		"chat5 message 4: the cost of a gift is not understood; it is served as 0",
		"chat5: message 2 is there twice; the first one is served",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	m := visit(t, w).history(groupPeer(5))
	if !slices.Equal(ids(m.list), []int{4, 3, 2, 1}) || textOf(m.list[2]) != "two" {
		t.Errorf("%v", ids(m.list))
	}
}

func TestMoney(t *testing.T) {
	for text, want := range map[string]string{
		"$4.99": "USD 499", "€14.99": "EUR 1499", "14,99 €": "EUR 1499", "1,234.50 USD": "USD 123450", "1.234,50\u00a0€": "EUR 123450",
		"$5": "USD 500", "¥600": "JPY 600", "⭐100": "XTR 100", "₹1,299": "INR 129900", "RUB 99.90": "RUB 9990",
	} {
		currency, amount, ok := money(text)
		if got := currency + " " + strconv.FormatInt(amount, 10); !ok || got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "a lot", "12"} {
		if c, n, ok := money(text); ok {
			t.Errorf("%q is %s %d", text, c, n)
		}
	}
}
