package archive

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"
	"time"
)

// A snapshot that is opened quickly is the same.
func TestQuickSnapshot(t *testing.T) {
	v := newFakeVault()
	deep := text(4, `quotes "},"raw":7} and \ and`+"\u2028")
	deep.Raw, deep.Layer = []byte("raw\nbytes"), 227
	bare := text(5, "")
	strange := text(6, "six")
	strange.Chat = `user"5`
	commitRecords(t, v, time.Unix(10, 0), text(3, "three"), deep, bare, strange, &Record{Kind: KindPeer, Account: "user1", Profile: &Peer{ID: "user5", FirstName: "Ida"}},
		&Record{Kind: KindDeletion, Account: "user1", Chat: "user5", Deletion: &Deletion{IDs: []int{4}}})
	commitRecords(t, v, time.Unix(20, 0), text(3, "three"), text(5, "edited"), text(-2147483648, "least"))
	whole := digest(t, openFakeSnapshot(t, v))
	s, err := openSnapshot(t.Context(), v, SnapshotOptions{Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	if quick := digest(t, s); quick != whole {
		t.Errorf("quickly it is\n%s\nnot\n%s", quick, whole)
	}
	// Imported messages are compared with the others, so nothing is only glanced at.
	imported := text(3, "three, as it was")
	imported.Origin = &Origin{From: OriginDesktopJSON, SHA256: "00", Exported: 5}
	commitRecords(t, v, time.Unix(30, 0), imported)
	whole = digest(t, openFakeSnapshot(t, v))
	if s, err := openSnapshot(t.Context(), v, SnapshotOptions{Quick: true, KeepGoing: true}); err != nil || digest(t, s) != whole || len(s.Problems()) > 0 {
		t.Errorf("with an import it is not the same: %v", err)
	}
	if got := strings.Join(collect(t, s, "user1", "user5"), "; "); got != "-2147483648 least 1/1; 3 three 1/1; 4 "+deep.Message.Text.Text+" 1/1 deleted; 5 edited 2/2" {
		t.Errorf("messages are %s", got)
	}
}

// What glance takes, decoding takes for the same; what it does not, it leaves to that.
func FuzzGlance(f *testing.F) {
	seed := maphash.MakeSeed()
	raw := text(4, "four")
	raw.Raw, raw.Layer = []byte("raw"), 227
	for _, r := range []*Record{text(1, "one"), text(1<<31-1, `"},"raw":1}`), raw} {
		r.Message.Date = 77
		f.Add(encodeAll(f, r))
	}
	f.Add([]byte(`{"v":1,"kind":"message","account":"a","seen":1,"chat":"c","message":{"id":1,"date":2,"text":{}},"raw":-1}` + "\n"))
	f.Add([]byte(`{"v":1,"kind":"message","account":"a","seen":1,"chat":"c","message":{"id":99999999999,"date":2}}` + "\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
		}
		skimmed(t, line)
		g, ok := glance(line, seed)
		if !ok {
			return
		}
		stream := append(append(bytes.Clone(line), '\n'), make([]byte, min(g.raw, 1<<20))...)
		r, err := NewDecoder(bytes.NewReader(append(stream, '\n'))).Next()
		if err != nil || r.Line != nil || g.raw > 1<<20 {
			return // it is told when the message is read
		}
		if r.Kind != KindMessage || fmt.Sprint(g.account, g.chat, g.id, g.date, g.raw) != fmt.Sprint(r.Account, r.Chat, r.Message.ID, r.Message.Date, len(r.Raw)) {
			// A name that stands twice counts as JSON has it, the last time; this version writes none.
			if !twice(line) {
				t.Errorf("%s is %+v", line, g)
			}
		}
	})
}

// skimmed compares what skim takes with what decoding takes.
func skimmed(t *testing.T, line []byte) {
	account, raw, ok := skim(line)
	if !ok || raw > 1<<20 {
		return
	}
	stream := append(bytes.Clone(line), '\n')
	if raw > 0 {
		stream = append(append(stream, make([]byte, raw)...), '\n')
	}
	r, err := NewDecoder(bytes.NewReader(stream)).Next()
	if err != nil || r.Line != nil || twice(line) {
		return // it stands in a restore as it is
	}
	if r.Kind != KindMessage || r.Account != account || len(r.Raw) != raw || len(r.Files()) > 0 {
		t.Errorf("%s: account %s and %d raw bytes, not %+v", line, account, raw, r)
	}
}

// twice reports whether a name of the record stands in its line more than once.
func twice(line []byte) bool {
	for _, name := range []string{"account", "chat", "message", "id", "date", "raw", "kind"} {
		if strings.Count(strings.ToLower(string(line)), `"`+name+`"`) > 1 {
			return true
		}
	}
	return bytes.ContainsAny(line, `\`) || !bytes.Equal(bytes.ToValidUTF8(line, nil), line)
}

func TestGlanceIsNoDecoder(t *testing.T) {
	seed := maphash.MakeSeed()
	for _, line := range []string{
		"", "{}", `{"v":2,"kind":"message","account":"a","seen":1,"chat":"c","message":{"id":1,"date":1}}`, `{"v":1,"kind":"message","account":"a\u0041","seen":1,"chat":"c","message":{"id":1,"date":1}}`,
		`{"v":1,"kind":"message","account":"a","seen":1,"chat":"c","message":{"id":1,"date":1}`, `{"v":1,"kind":"message","account":"a","seen":1,"chat":"c","message":{"id":x,"date":1}}`,
		`{"v":1,"kind":"peer","account":"a","seen":1,"profile":{"id":"user1"}}`, `{"v":1,"kind":"message","account":"a","seen":1,"chat":"c","message":{"id":1,"date":1},"raw":99999999999}`,
		`{"v":1,"kind":"message","account":"a","seen":1,"chat":"c","message":{"id":1,"date":1},"raw":`, `{"v":1,"kind":"message","account":"a","seen":1,"chat":"c","message":{"id":1,"date":1},"raw":12`,
	} {
		if g, ok := glance([]byte(line), seed); ok {
			t.Errorf("%s is %+v", line, g)
		}
	}
	v := newFakeVault()
	commitStream(t, v, time.Unix(1, 0), []byte(`{"v":1,"kind":"message","account":"user1","seen":1,"chat":"user5","message":{"id":1,"date":1},"raw":9}`+"\n12345"))
	if _, err := openSnapshot(t.Context(), v, SnapshotOptions{Quick: true}); err == nil {
		t.Error("a stream that ends early was taken for whole")
	} else if f, ok := errors.AsType[*FormatError](err); !ok || f.Skipped {
		t.Error(err)
	}
}

// Lines are the records as they stand in the archive, and those that were not taken apart name
// no file; a snapshot of files alone has all of them.
func TestLines(t *testing.T) {
	v := newFakeVault()
	speaks := text(4, `quotes "key":"photo:9" and },"raw":7}`)
	speaks.Raw, speaks.Layer = []byte("raw\nbytes"), 227
	imported := text(5, "five")
	imported.Origin = &Origin{From: OriginDesktopJSON, SHA256: "00", Exported: 5}
	carries := text(6, "six")
	carries.Message.Media = &Media{Kind: MediaKindPhoto, File: &File{Key: "photo:6"}}
	carries.Raw, carries.Layer = bytes.Repeat([]byte("{\n"), 40_000), 227
	records := []*Record{
		text(3, "three"), speaks, imported, carries, text(7, "seven"),
		{Kind: KindPeer, Account: "user1", Profile: &Peer{ID: "user5", FirstName: "Ida", Photo: &File{Key: "photo:1"}}},
		{Kind: KindMedia, Seen: 3, Media: &MediaFile{Key: "photo:6", Size: 0, SHA256: strings.Repeat("00", 32), Chunks: []string{}}},
		{Kind: KindMissing, Account: "user1", Missing: &Missing{Key: "photo:1", Reason: MissingFailed}},
	}
	commitRecords(t, v, time.Unix(10, 0), records...)
	commitStream(t, v, time.Unix(20, 0), []byte(`{"v":1,"kind":"hologram","account":"user1","seen":5,"glow":true}`+"\n"+
		`{"v":1,"kind":"message","account":"user1","seen":5,"chat":"user5","message":{"id":9,"date":1,"text":{"text":""},"glow":{"key":"photo:6"}}}`+"\n"))
	s, err := openSnapshot(t.Context(), v, SnapshotOptions{Media: true})
	if err != nil {
		t.Fatal(err)
	}
	var want, got []byte
	i, apart := 0, 0
	for r, err := range openFakeSnapshot(t, v).Records(t.Context()) {
		if err == nil {
			want, err = AppendRecord(want, r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for r, err := range s.Lines(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if i++; r.Message != nil || r.Kind != KindMessage {
			apart++
		}
		got = append(append(got, r.Line...), '\n')
		if len(r.Raw) > 0 {
			got = append(append(got, r.Raw...), '\n')
		}
	}
	if !bytes.Equal(got, want) || i != 10 || apart != 6 {
		t.Errorf("%d records, %d of them taken apart:\n%.2000s", i, apart, got)
	}
	whole := openFakeSnapshot(t, v)
	if s.Len() != whole.Len() || fmt.Sprint(slices.Collect(s.AllMedia())[0]) != fmt.Sprint(slices.Collect(whole.AllMedia())[0]) || len(s.Accounts()) > 0 {
		t.Errorf("%d records and not %d, or not the same files", s.Len(), whole.Len())
	}
}

// The sum of a message goes by its own part of the line, whatever stands around it.
func TestMessageOf(t *testing.T) {
	bare := text(4, `},"origin":{"from":"x"}, "message":{`)
	for _, change := range []func(*Record){
		func(*Record) {},
		func(r *Record) { r.Raw, r.Layer = []byte("raw"), 5 },
		func(r *Record) { r.Origin = &Origin{From: OriginDesktopJSON, SHA256: "00", Exported: 5} },
		func(r *Record) {
			r.Raw, r.Layer, r.Origin = []byte("raw"), 5, &Origin{From: OriginDesktopHTML, SHA256: "00"}
		},
	} {
		r := *bare
		change(&r)
		line, _, _ := bytes.Cut(encodeAll(t, &r), []byte("\n"))
		own, ok := messageOf(line)
		if !ok || !strings.HasPrefix(string(own), `"id":4,`) || !strings.HasSuffix(string(own), `message\":{"}`) {
			t.Errorf("of %s it is %s", line, own)
		}
	}
}
