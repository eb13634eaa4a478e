package archive

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzMessageLine: a line that is taken apart at known places is taken apart as any other.
func FuzzMessageLine(f *testing.F) {
	raw := text(4, "four")
	raw.Raw, raw.Layer = []byte("raw"), 227
	imported := text(5, `"},"origin":{"from":"`)
	imported.Origin = &Origin{From: OriginDesktopJSON, SHA256: "00", Exported: 5, Unknown: map[string]json.RawMessage{"new": []byte("[1]")}}
	for _, r := range []*Record{text(1, "one"), text(1<<31-1, `"},"raw":1}`), raw, imported} {
		line, _, _ := bytes.Cut(encodeAll(f, r), []byte("\n"))
		if got, ok := NewDecoder(nil).message(line); !ok || got.Message.ID != r.Message.ID {
			f.Errorf("%s is not taken at its places", line)
		}
		f.Add(line)
	}
	for _, line := range []string{
		`{"v":1,"kind":"message","account":"a","seen":01,"chat":"c","message":{"id":1,"date":2,"text":{}},"raw":-1}`,
		`{"v":1,"kind":"message","account":"a","seen":-0,"chat":"c","message":{"id":1,"date":2},"raw":007}`,
		`{"v":1,"kind":"message","account":"\u0061","seen":1,"chat":"c","layer":99999999999,"message":{"id":1,"date":2},"raw":0}`,
		`{"v":1,"kind":"message","account":"a","seen":1,"chat":"c","message":{"id":1},"message":{"id":2}}`,
		`{"v":1,"kind":"message","account":"a","seen":1,"chat":"c","message":{"id":1},"origin":{"from":"x","sha256":""},"origin":{"from":"y","sha256":""}}`,
		`{"v":1,"kind":"message","account":"a","seen":1,"chat":"c","message":null,"origin":{"from":"x","sha256":""}}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		p := NewDecoder(nil).parser
		want, err := p.any(line, 0)
		for range 2 { // with an origin that is remembered, too
			got, ok := p.message(line)
			if ok && (err != nil || !reflect.DeepEqual(got, want)) {
				t.Fatalf("%s is %+v, not %+v, %v", line, got, want, err)
			}
		}
	})
}
