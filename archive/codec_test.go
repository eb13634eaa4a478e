package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// sampleRecords has one record of every kind.
func sampleRecords() []*Record {
	title := "a <b> & \u2028 \"c\"\n"
	return []*Record{
		{Kind: KindAccount, Account: "user1", Seen: 1700000000, Profile: &Peer{ID: "user1", FirstName: "Ada"}},
		{Kind: KindPeer, Account: "user1", Seen: 1700000001, Layer: 229, Profile: &Peer{ID: "channel2", Title: title, Broadcast: true}, Raw: []byte("tl\n\x00{}")},
		{Kind: KindChat, Account: "user1", Seen: 1700000002, Chat: "channel2", Dialog: &Dialog{Type: ChatPublicChannel, TopMessage: 7}},
		{Kind: KindMessage, Account: "user1", Seen: 1700000003, Chat: "channel2", Layer: 229, Raw: bytes.Repeat([]byte{'\n'}, 70000),
			Message: &Message{ID: 7, Date: 1600000000, Text: Text{Text: "žluťoučký 🐎", Entities: []Entity{{Type: "bold", Length: 3}}}}},
		{Kind: KindDeletion, Account: "user1", Seen: 1700000004, Chat: "channel2", Deletion: &Deletion{IDs: []int{3, 4}}},
		{Kind: KindMedia, Seen: 1700000005, Media: &MediaFile{Key: "photo:9", Size: 3, SHA256: strings.Repeat("ab", 32), Chunks: []string{strings.Repeat("01", 32)}}},
		{Kind: KindMissing, Account: "user1", Seen: 1700000006, Missing: &Missing{Key: "document:8", Reason: MissingTooLarge}},
	}
}

func encodeAll(t testing.TB, records ...*Record) []byte {
	t.Helper()
	var stream []byte
	for _, r := range records {
		var err error
		if stream, err = AppendRecord(stream, r); err != nil {
			t.Fatal(err)
		}
	}
	return stream
}

func decodeAll(t testing.TB, stream io.Reader) ([]*Record, *Decoder) {
	t.Helper()
	d := NewDecoder(stream)
	var records []*Record
	for {
		r, err := d.Next()
		if err == io.EOF {
			return records, d
		}
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	records := sampleRecords()
	stream := encodeAll(t, records...)
	for name, src := range map[string]io.Reader{
		"at once":       bytes.NewReader(stream),
		"byte by byte":  iotest.OneByteReader(bytes.NewReader(stream)),
		"data with EOF": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		got, d := decodeAll(t, src)
		if len(got) != len(records) || d.Offset() != int64(len(stream)) || d.Unknown() != (Unknown{}) {
			t.Fatalf("%s: %d records, %d bytes, unknown %+v", name, len(got), d.Offset(), d.Unknown())
		}
		for i, r := range got {
			want := *records[i]
			want.Version, want.RawLen = RecordVersion, len(want.Raw)
			if !reflect.DeepEqual(r, &want) {
				t.Errorf("%s: record %d is %+v, not %+v", name, i, r, want)
			}
		}
	}
}

// The bytes of the stream are part of the format: a change here is a change of
// RecordVersion.
func TestRecordStreamGolden(t *testing.T) {
	records := sampleRecords()
	records[3].Raw = []byte{0, 1, 2}
	stream := encodeAll(t, records...)
	golden := filepath.Join("testdata", "golden", "records.stream")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, stream, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stream, want) {
		t.Errorf("the stream is\n%s\nnot\n%s", stream, want)
	}
}

func TestAppendRecordRefuses(t *testing.T) {
	message := &Message{ID: 1}
	tests := map[string]*Record{
		"no kind":            {Message: message},
		"unknown kind":       {Kind: "opera", Message: message},
		"nothing in it":      {Kind: KindMessage},
		"another part":       {Kind: KindMessage, Message: message, Dialog: &Dialog{}},
		"wrong part":         {Kind: KindChat, Message: message},
		"a version to come":  {Kind: KindMessage, Version: RecordVersion + 1, Message: message},
		"a line of two":      {Kind: KindMessage, Message: message, Line: []byte("{}\n{}")},
		"a line without raw": {Kind: KindMessage, Message: message, Line: []byte("{}"), Raw: []byte{1}},
		"impossible numbers": {Kind: KindMessage, Message: &Message{Media: &Media{Place: &Place{Latitude: inf()}}}},
	}
	for name, r := range tests {
		before := []byte("before")
		got, err := AppendRecord(before, r)
		if err == nil || string(got) != "before" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, r := range map[string]*Record{
		"raw":  {Kind: KindMessage, Message: message, Raw: make([]byte, MaxRaw+1)},
		"line": {Kind: KindMessage, Message: &Message{Text: Text{Text: strings.Repeat("x", MaxLine)}}},
	} {
		if _, err := AppendRecord(nil, r); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func inf() float64 { zero := 0.0; return 1 / zero }

func TestLargestRecord(t *testing.T) {
	r := &Record{Kind: KindMessage, Message: &Message{Text: Text{Text: strings.Repeat("x", MaxLine-200)}}, Raw: make([]byte, MaxRaw)}
	stream := encodeAll(t, r)
	got, _ := decodeAll(t, bytes.NewReader(stream))
	if len(got) != 1 || got[0].Message.Text.Text != r.Message.Text.Text || len(got[0].Raw) != MaxRaw {
		t.Error("the record changed")
	}
}

// What a later version adds is kept to the byte.
func TestUnknownIsKept(t *testing.T) {
	future := "{\"v\":1,\"kind\":\"weather\",\"account\":\"user1\",\"seen\":1,\"weather\":{\"id\":5},\"raw\":3}\nabc\n" +
		"{\"v\":1,\"kind\":\"chat\",\"account\":\"user1\",\"seen\":1,\"chat\":\"user2\",\"dialog\":{\"type\":\"bot_chat\",\"mood\":\"good\"}}\n"
	got, d := decodeAll(t, strings.NewReader(future))
	if d.Unknown() != (Unknown{Kinds: 1, Fields: 1}) {
		t.Errorf("counted %+v", d.Unknown())
	}
	if got[0].Kind != "weather" || string(got[0].Raw) != "abc" || got[1].Dialog.Type != ChatBot {
		t.Errorf("decoded %+v, %+v", got[0], got[1])
	}
	if again := encodeAll(t, got...); string(again) != future {
		t.Errorf("encoded again:\n%s", again)
	}
}

func TestDecoderRefuses(t *testing.T) {
	good := string(encodeAll(t, sampleRecords()[0]))
	tests := []struct {
		name, stream string
		is           error
		skipped      bool
	}{
		{"cut in the line", good[:len(good)-5], io.ErrUnexpectedEOF, false},
		{"cut before the LF", good[:len(good)-1], io.ErrUnexpectedEOF, false},
		{"cut in the raw bytes", `{"v":1,"kind":"peer","profile":{},"raw":9}` + "\nabc", io.ErrUnexpectedEOF, false},
		{"cut behind the raw bytes", `{"v":1,"kind":"peer","profile":{},"raw":3}` + "\nabc", io.ErrUnexpectedEOF, false},
		{"raw bytes without LF", `{"v":1,"kind":"peer","profile":{},"raw":3}` + "\nabcd\n", nil, false},
		{"a later version", `{"v":2,"kind":"peer","profile":{}}` + "\n", ErrTooNew, false},
		{"no version", `{"kind":"peer","profile":{}}` + "\n", nil, false},
		{"raw too large", `{"v":1,"kind":"peer","profile":{},"raw":16777217}` + "\n", ErrTooLarge, false},
		{"raw negative", `{"v":1,"kind":"peer","profile":{},"raw":-1}` + "\n", nil, false},
		{"line too large", `{"v":1,"kind":"` + strings.Repeat("x", MaxLine) + `"}` + "\n", ErrTooLarge, false},
		{"line without end", strings.Repeat("x", MaxLine+2), ErrTooLarge, false},
		{"no JSON", "secret words\n", nil, false},
		{"two values", `{"v":1,"kind":"peer","profile":{}}{}` + "\n", nil, false},
		{"a list", "[]\n", nil, false},
		{"empty line", "\n", nil, false},
		{"another type", `{"v":1,"kind":"peer","profile":"secret words"}` + "\n", nil, false},
		{"kind without its part", `{"v":1,"kind":"message","chat":"user1"}` + "\n", nil, true},
		{"kind with another part", `{"v":1,"kind":"message","message":{"id":1},"dialog":{}}` + "\n", nil, true},
	}
	for _, tt := range tests {
		d := NewDecoder(strings.NewReader(good + tt.stream + good))
		if strings.HasPrefix(tt.name, "cut") {
			d = NewDecoder(strings.NewReader(good + tt.stream))
		}
		if _, err := d.Next(); err != nil {
			t.Fatal(err)
		}
		_, err := d.Next()
		f, ok := errors.AsType[*FormatError](err)
		if !ok || f.Offset != int64(len(good)) || f.Skipped != tt.skipped || !errors.Is(err, tt.is) && tt.is != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats content: %v", tt.name, err)
		}
		_, again := d.Next()
		if tt.skipped && again != nil || !tt.skipped && again != err {
			t.Errorf("%s: the next call returned %v", tt.name, again)
		}
	}
}

func TestDecoderPassesReadErrorsOn(t *testing.T) {
	stream := encodeAll(t, sampleRecords()...)
	for at := range len(stream) - 1 {
		if at > 2000 {
			break
		}
		d := NewDecoder(io.MultiReader(bytes.NewReader(stream[:at]), iotest.ErrReader(errFake)))
		var err error
		for err == nil {
			_, err = d.Next()
		}
		if !errors.Is(err, errFake) {
			t.Fatalf("failure at byte %d: %v", at, err)
		}
		if _, format := errors.AsType[*FormatError](err); format {
			t.Fatalf("failure at byte %d is reported as damage: %v", at, err)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	golden, err := os.ReadFile(filepath.Join("testdata", "golden", "records.stream"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	requireSeeds(f, "FuzzDecoder", 10)
	f.Fuzz(func(t *testing.T, stream []byte) {
		first, unknown := decodeLoosely(t, stream)
		encoded := encodeAll(t, first...)
		second, d := decodeAll(t, bytes.NewReader(encoded))
		if d.Unknown() != unknown || len(second) != len(first) {
			t.Fatalf("%d records, %+v unknown became %d, %+v", len(first), unknown, len(second), d.Unknown())
		}
		if again := encodeAll(t, second...); !bytes.Equal(again, encoded) {
			t.Fatalf("%q became %q", encoded, again)
		}
	})
}

// decodeLoosely returns the records before the first error, which must be typed.
func decodeLoosely(t *testing.T, stream []byte) ([]*Record, Unknown) {
	d := NewDecoder(bytes.NewReader(stream))
	var records []*Record
	for {
		r, err := d.Next()
		if err == io.EOF {
			if d.Offset() != int64(len(stream)) {
				t.Fatalf("the end came at byte %d of %d", d.Offset(), len(stream))
			}
			return records, d.Unknown()
		}
		if f, ok := errors.AsType[*FormatError](err); ok && f.Skipped {
			continue
		} else if ok {
			return records, d.Unknown()
		}
		if err != nil {
			t.Fatalf("untyped error: %v", err)
		}
		records = append(records, r)
	}
}

func BenchmarkAppendRecord(b *testing.B) {
	r := sampleRecords()[3]
	r.Raw = r.Raw[:400]
	var buf []byte
	for b.Loop() {
		var err error
		if buf, err = AppendRecord(buf[:0], r); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkDecoder(b *testing.B) {
	r := sampleRecords()[3]
	r.Raw = r.Raw[:400]
	stream := bytes.Repeat(encodeAll(b, r), 1000)
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		if records, _ := decodeAll(b, bytes.NewReader(stream)); len(records) != 1000 {
			b.Fatal(len(records))
		}
	}
	b.ReportMetric(float64(b.N*1000)/b.Elapsed().Seconds(), "records/s")
}

// The line of a message is what encoding/json makes of its record, however it is written.
func TestMessageLine(t *testing.T) {
	full := text(4, "a <b> & \u2028 \xff \"c\" \\ \n 👍")
	full.Message.Media = &Media{Kind: MediaKindPhoto, File: &File{Key: "photo:6", Size: 5}}
	full.Message.Reactions = []Reaction{{Type: "emoji", Emoji: "👍", Count: 2}}
	full.Chat, full.Layer, full.Seen = "channel-5", 227, -3
	imported := text(5, "")
	imported.Origin = &Origin{From: "x<y", SHA256: "00", Exported: 5, Unknown: map[string]json.RawMessage{"k": json.RawMessage(`{"a":[1, 2]}`)}}
	raw := text(6, "")
	raw.Raw, raw.Layer = []byte("raw"), 1
	strange := text(7, "")
	strange.Account, strange.Chat = "user\"1", "ü"
	bare := &Record{Kind: KindMessage, Message: &Message{}}
	for _, r := range []*Record{full, imported, raw, strange, bare} {
		want := *r
		want.Version, want.RawLen = RecordVersion, len(r.Raw)
		line, err := appendJSON([]byte("before"), &want)
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := EncodeMessage(r.Message)
		if err != nil {
			t.Fatal(err)
		}
		ready := *r
		ready.Encoded = encoded
		for _, r := range []*Record{r, &ready} {
			got, err := AppendRecord([]byte("before"), r)
			if err != nil || !bytes.HasPrefix(got, line) || len(got) != len(line)+min(len(r.Raw), 1)+len(r.Raw) {
				t.Errorf("%v\n%s\nnot\n%s", err, got, line)
			}
		}
	}
}
