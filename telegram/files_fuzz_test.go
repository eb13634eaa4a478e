package telegram

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// openSealer seals nothing: what fuzzing writes is what is read.
type openSealer struct{}

func (openSealer) Seal(data []byte) ([]byte, error)   { return data, nil }
func (openSealer) Open(sealed []byte) ([]byte, error) { return sealed, nil }

// FuzzSessionFile: a session file that somebody could open and change is read, or is
// ErrSessionUnreadable; what is in it of gotd's never breaks the program.
func FuzzSessionFile(f *testing.F) {
	f.Add([]byte(`{"v":1,"account":"user7","data":{"Version":1,"Data":{"DC":2,"AuthKey":"AAAA","Config":{"DCOptions":[{"ID":2,"IPAddress":"1.2.3.4","Port":443}]}}},"keys":{"4":{}}}`))
	f.Add([]byte(`{"v":2}`))
	f.Add([]byte(`{"v":1,"data":[1,2]}`))
	path := filepath.Join(f.TempDir(), "session")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		saved, err := readSession(path, openSealer{})
		if (saved == nil) == (err == nil) || err != nil && !errors.Is(err, ErrSessionUnreadable) {
			t.Fatalf("session %v, error %v", saved, err)
		}
		if err != nil {
			return
		}
		s := &Session{saved: saved}
		for _, dc := range s.dataCentres() {
			_ = dc.String()
		}
		if same, err := sameKey(saved.Data, saved.Data); err == nil && !same {
			t.Error("a key is not the same as itself")
		}
		_ = dcOf(saved.Data)
		for _, key := range saved.Keys {
			_ = dcOf(key)
		}
	})
}

// FuzzServer: an address of a server is one that can be dialled, as it was written.
func FuzzServer(f *testing.F) {
	for _, text := range []string{"127.0.0.1:443", "[::1]:8080", "host:0", ":443", "a:b:c", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		dc, err := parseServer(text, 2)
		if err != nil || text == "" {
			return
		}
		host, _, err := net.SplitHostPort(net.JoinHostPort(dc.IPAddress, strconv.Itoa(dc.Port)))
		if err != nil || host != dc.IPAddress || dc.Port < 1 || dc.Port > 65535 || dc.ID != 2 {
			t.Errorf("%q became %+v: %v", text, dc, err)
		}
	})
}
