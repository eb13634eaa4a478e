package desktop

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/export"
	"telekeep/internal/resultjson"
)

const (
	sharedData = "../../../shared/data" // real exports, no part of the project
	madeUp     = "../normal/testdata/everything"
)

// TestEverything takes in an export that has every kind of chat, media and action, and
// exports the archive: nothing may change. A second import adds nothing.
func TestEverything(t *testing.T) {
	v := newVault(t)
	first := v.mustImport(t, madeUp, Options{Location: time.UTC})
	for _, n := range first.Notes {
		t.Log(n)
	}
	out := v.exports(t, export.Options{Location: time.UTC})
	sameDocument(t, filepath.Join(out, resultName), readFile(t, filepath.Join(madeUp, resultName)))
	again := v.mustImport(t, madeUp, Options{Location: time.UTC})
	if again.Added != 0 || again.Facts != 0 || again.FilesAdded != 0 || again.Known != first.Added {
		t.Errorf("the second import adds: %+v", again)
	}
}

// TestRealExport does it with an export that Telegram Desktop wrote.
func TestRealExport(t *testing.T) {
	dir := filepath.Join(sharedData, "trantor/export")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real export on this machine: ", err)
	}
	zone := time.FixedZone("", 8*3600)
	v := newVault(t)
	r := v.mustImport(t, dir, Options{Location: zone, Account: "user7"})
	if r.Messages != 924 || r.Added != 924 || r.FilesAdded == 0 {
		t.Errorf("%+v", r)
	}
	for _, n := range r.Notes {
		t.Log(n)
	}
	s := v.snapshot(t)
	chats := s.Chats("user7")
	out := v.exports(t, export.Options{Chats: []archive.PeerID{chats[0].ID}, Location: zone})
	lost := []byte("files/Merry Christmas Mr. Lawrence - 坂本龍一.mp3") // after Telegram Desktop wrote it
	want := bytes.Replace(readFile(t, filepath.Join(dir, resultName)), lost, []byte("(File unavailable, please try again later)"), 1)
	sameDocument(t, filepath.Join(out, resultName), want)
}

// TestEras does it with the formats of 2021 to 2025: everything that the old document says
// is in the new one.
func TestEras(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedData, "exports-by-era", "*", resultName))
	if err != nil || len(paths) == 0 {
		t.Skip("no real exports on this machine: ", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			v := newVault(t)
			r := v.mustImport(t, filepath.Dir(path), Options{Location: time.UTC})
			out := filepath.Join(v.exports(t, export.Options{Location: time.UTC}), resultName)
			was, is := readResult(t, path), readResult(t, out)
			if len(was) == 0 || r.Added != len(was) || !slices.Equal(slices.Sorted(maps.Keys(was)), slices.Sorted(maps.Keys(is))) {
				t.Errorf("other messages: %v, was %v", slices.Sorted(maps.Keys(is)), slices.Sorted(maps.Keys(was)))
			}
			for id, message := range was {
				saysAll(t, id, reflect.ValueOf(is[id]), reflect.ValueOf(message))
			}
			if again := v.mustImport(t, filepath.Dir(path), Options{Location: time.UTC}); again.Added+again.Facts+again.FilesAdded != 0 {
				t.Errorf("the second import adds: %+v", again)
			}
			twice := newVault(t)
			twice.mustImport(t, filepath.Dir(out), Options{Location: time.UTC})
			sameDocument(t, filepath.Join(twice.exports(t, export.Options{Location: time.UTC}), resultName), readFile(t, out))
		})
	}
}

// readResult reads all messages of an export, by the chat's name and the id, without what
// may differ: remarks where a file should be, empty parts of texts.
func readResult(t *testing.T, path string) map[string]resultjson.Message {
	t.Helper()
	messages := map[string]resultjson.Message{}
	_, err := resultjson.ReadFile(path, resultjson.Options{}, resultjson.Visitor{
		Message: func(c *resultjson.Chat, m *resultjson.Message) error {
			files := []*string{&m.Photo, &m.File, &m.Thumbnail, &m.ContactVCard}
			for i := range m.Text {
				files = append(files, &m.Text[i].DocumentID)
			}
			for _, file := range files {
				if _, err := os.Stat(filepath.Join(filepath.Dir(path), *file)); *file != "" && err != nil {
					*file = "(not there)"
				}
			}
			m.Text = slices.DeleteFunc(m.Text, func(p resultjson.Part) bool { return p.Text == "" })
			for _, row := range m.Buttons {
				for i := range row {
					if data, err := base64.RawURLEncoding.DecodeString(row[i].DataBase64); err == nil && len(data) > 0 {
						row[i].Data, row[i].DataBase64 = string(data), ""
					}
				}
			}
			messages[fmt.Sprint(nameText(c.Name), " ", m.ID)] = *m
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// saysAll checks that every field that is set in was has the same value in is.
func saysAll(t *testing.T, where string, is, was reflect.Value) {
	t.Helper()
	switch {
	case was.IsZero():
	case was.Kind() == reflect.Pointer && !is.IsNil():
		saysAll(t, where, is.Elem(), was.Elem())
	case was.Kind() == reflect.Struct && is.Kind() == reflect.Struct:
		for i := range was.NumField() {
			if f := was.Type().Field(i); f.IsExported() && f.Name != "Line" {
				saysAll(t, where+" "+f.Name, is.Field(i), was.Field(i))
			}
		}
	case was.Kind() == reflect.Slice && is.Len() == was.Len():
		for i := range was.Len() {
			saysAll(t, fmt.Sprint(where, " ", i), is.Index(i), was.Index(i))
		}
	case !reflect.DeepEqual(is.Interface(), was.Interface()):
		t.Errorf("%s: is %#v, was %#v", where, is, was)
	}
}

func sameDocument(t *testing.T, path string, want []byte) {
	t.Helper()
	got := readFile(t, path)
	if bytes.Equal(got, want) {
		return
	}
	a, b := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	differ := 0
	for i := range min(len(a), len(b)) {
		if !bytes.Equal(a[i], b[i]) {
			if differ++; differ < 12 {
				t.Errorf("line %d: %q, want %q", i+1, a[i], b[i])
			}
		}
	}
	t.Errorf("%d lines differ; %d lines, want %d", differ, len(a), len(b))
}
