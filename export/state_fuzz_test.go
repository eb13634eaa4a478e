package export

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// FuzzState: whatever somebody wrote into the state of an export, no file that it names lies
// outside of its chat's folder, and no line that is torn counts.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"key":"photo:1","path":"chats/chat_1/photos/a.jpg","size":3,"sha256":"00"}` + "\n"))
	f.Add([]byte(`{"path":"chats/chat_1/../../../etc/passwd"}` + "\n" + `{"path":`))
	f.Add([]byte(`{"version":1,"kind":"","folders":{"user1":"chats/chat_1/","user2":"chats/../"}}` + "\n"))
	const prefix = "chats/chat_1/"
	f.Fuzz(func(t *testing.T, data []byte) {
		good, err := readLines(bytes.NewReader(data), func(raw []byte) error {
			p, err := parsePlacement(raw, prefix)
			if err == nil && (!strings.HasPrefix(filepath.Clean(p.Path), "chats/chat_1/") || strings.Contains("/"+p.Path+"/", "/../")) {
				t.Errorf("%q lies elsewhere", p.Path)
			}
			return err
		})
		if good < 0 || good > int64(len(data)) || good > 0 && data[good-1] != '\n' || err == nil && bytes.IndexByte(data[good:], '\n') >= 0 {
			t.Errorf("%d of %d bytes are whole lines, error %v", good, len(data), err)
		}
		place := new(folder)
		if place.recognise(data, header{}) != nil {
			return
		}
		for _, at := range place.head.Folders {
			if !strings.HasPrefix(at, chatsFolder) || !filepath.IsLocal(at) {
				t.Errorf("a chat lies in %q", at)
			}
		}
	})
}

// FuzzOther: what the server says of an account, whatever it is, stays the same JSON.
func FuzzOther(f *testing.F) {
	f.Add([]byte(`{"b":[1,2.50,1e400,"\u0000\ud800<"],"a":{},"c":{"d":null,"e":true}}`))
	f.Add([]byte(`[[],[[]],{"":""}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		var value any
		if d.Decode(&value) != nil {
			return
		}
		var w buffer
		w.any(1, value)
		d = json.NewDecoder(bytes.NewReader(w.b))
		d.UseNumber()
		var again any
		if err := d.Decode(&again); err != nil || !reflect.DeepEqual(value, again) {
			t.Fatalf("%s became %s: %v", data, w.b, err)
		}
	})
}
