package normal

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/export"
	"telekeep/internal/resultjson"
	"telekeep/telegram/simulator/world"
)

const (
	sharedData = "../../../shared/data" // real exports, no part of the project
	madeUp     = "testdata/everything"  // an export of everything there is, made by -u
	resultFile = "result.json"
	// stateFolder is what an export keeps for its next run.
	stateFolder = ".telekeep"
)

// TestMadeUp takes an export that has every kind of chat, media and action
// through a made Telegram, records and the export again: nothing may change.
func TestMadeUp(t *testing.T) {
	if *update {
		if err := os.RemoveAll(madeUp); err != nil {
			t.Fatal(err)
		}
		writeExport(t, everything(t), madeUp, export.Options{Location: time.UTC})
		if err := os.RemoveAll(filepath.Join(madeUp, stateFolder)); err != nil {
			t.Fatal(err)
		}
	}
	w, warnings := fromExport(t, madeUp, time.UTC)
	for _, warning := range warnings {
		t.Errorf("the made Telegram cannot hold %s", warning)
	}
	out := t.TempDir()
	writeExport(t, pull(t, w), out, export.Options{Location: time.UTC})
	sameDocument(t, readFile(t, filepath.Join(out, resultFile)), readFile(t, filepath.Join(madeUp, resultFile)))
	sameFolder(t, out, madeUp)
}

// TestRealExport does the same with an export that Telegram Desktop wrote.
func TestRealExport(t *testing.T) {
	dir := filepath.Join(sharedData, "trantor/export")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real export on this machine: ", err)
	}
	zone := time.FixedZone("", 8*3600)
	w, _ := fromExport(t, dir, zone)
	a := pull(t, w)
	out := t.TempDir()
	writeExport(t, a, out, export.Options{Chats: []archive.PeerID{a.chats[0].ID}, Location: zone})
	want := asItLies(t, dir, readFile(t, filepath.Join(dir, resultFile)))
	sameDocument(t, readFile(t, filepath.Join(out, resultFile)), want)
	for _, path := range mediaPaths(want) {
		if string(readFile(t, filepath.Join(out, path))) != string(readFile(t, filepath.Join(dir, path))) {
			t.Errorf("%s has other content", path)
		}
	}
	if len(a.messages[a.chats[0].ID]) != 924 || len(mediaPaths(want)) != 528 {
		t.Errorf("%d messages, %d files: the test looks at the wrong place", len(a.messages[a.chats[0].ID]), len(mediaPaths(want)))
	}
}

// TestEras does it with the formats of 2021 to 2025: everything that the old
// document says is in the new one.
func TestEras(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(sharedData, "exports-by-era", "*", resultFile))
	if err != nil || len(dirs) == 0 {
		t.Skip("no real exports on this machine: ", err)
	}
	for _, path := range dirs {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			w, warnings := fromExport(t, dir, time.UTC)
			for _, warning := range warnings {
				t.Log(warning)
			}
			out := t.TempDir()
			writeExport(t, pull(t, w), out, export.Options{Location: time.UTC})
			was, is := readResult(t, path), readResult(t, filepath.Join(out, resultFile))
			if len(was) == 0 || !slices.Equal(slices.Sorted(maps.Keys(was)), slices.Sorted(maps.Keys(is))) {
				t.Errorf("other messages: %v, was %v", slices.Sorted(maps.Keys(is)), slices.Sorted(maps.Keys(was)))
			}
			for id, message := range was {
				saysAll(t, id, reflect.ValueOf(is[id]), reflect.ValueOf(message))
			}
		})
	}
}

// readResult reads all messages of an export, by the chat's name and the id.
func readResult(t *testing.T, path string) map[string]resultjson.Message {
	t.Helper()
	messages := map[string]resultjson.Message{}
	_, err := resultjson.ReadFile(path, resultjson.Options{}, resultjson.Visitor{
		Message: func(c *resultjson.Chat, m *resultjson.Message) error {
			settle(m, filepath.Dir(path))
			name := ""
			if c.Name != nil {
				name = c.Name.Text
			}
			messages[fmt.Sprint(name, " ", m.ID)] = *m
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// settle takes away what may differ between versions and folders: remarks where
// a file should be, empty parts of texts, and how a button's data is written.
func settle(m *resultjson.Message, dir string) {
	paths := []*string{&m.Photo, &m.File, &m.Thumbnail, &m.ContactVCard}
	for i := range m.Text {
		paths = append(paths, &m.Text[i].DocumentID)
	}
	for _, path := range paths {
		if _, err := os.Stat(filepath.Join(dir, *path)); *path != "" && err != nil {
			*path = "(not there)"
		}
	}
	m.Text = slices.DeleteFunc(m.Text, func(p resultjson.Part) bool { return p.Text == "" })
	for _, row := range m.Buttons {
		for i, b := range row {
			if data, err := base64.RawURLEncoding.DecodeString(b.DataBase64); err == nil && len(data) > 0 {
				row[i].Data, row[i].DataBase64 = string(data), ""
			}
		}
	}
}

// saysAll checks that every field that is set in was has the same value in is.
// New versions say more than old ones.
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

func fromExport(t *testing.T, dir string, zone *time.Location) (*world.World, []world.Warning) {
	t.Helper()
	w, warnings, err := world.FromExport(dir, world.Options{Location: zone})
	if err != nil {
		t.Fatal(err)
	}
	return w, warnings
}

func writeExport(t *testing.T, a *account, dir string, o export.Options) {
	t.Helper()
	result, err := export.JSON(t.Context(), a, dir, o)
	if err != nil || result.Failed != 0 {
		t.Fatalf("export: %v %+v", err, result)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sameDocument(t *testing.T, got, want []byte) {
	t.Helper()
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			from := max(0, i-15)
			t.Fatalf("line %d\n got %s\nwant %s\nafter\n%s", i+1, g[i], w[i], strings.Join(w[from:i], "\n"))
		}
	}
	if len(g) != len(w) {
		t.Fatalf("%d lines, want %d", len(g), len(w))
	}
}

// A pathLine names a file of an export, a sizeLine its size.
var (
	pathLine = regexp.MustCompile(`^ *"(?:photo|file|thumbnail|contact_vcard)": "([^(].*)",?$`)
	sizeLine = regexp.MustCompile(`^( *"(?:photo_file_size|file_size|thumbnail_file_size)": )\d+(,?)$`)
)

// asItLies is the document that fits the files in dir: of some real exports
// parts were lost after Telegram Desktop had written them.
func asItLies(t *testing.T, dir string, document []byte) []byte {
	t.Helper()
	lines := strings.Split(string(document), "\n")
	size := int64(-1)
	for i, line := range lines {
		if m := pathLine.FindStringSubmatch(line); m != nil {
			info, err := os.Stat(filepath.Join(dir, m[1]))
			if err != nil {
				lines[i] = strings.Replace(line, m[1], "(File unavailable, please try again later)", 1)
				size = -1
				continue
			}
			size = info.Size()
		}
		if m := sizeLine.FindStringSubmatch(line); m != nil && size >= 0 {
			lines[i] = fmt.Sprintf("%s%d%s", m[1], size, m[2])
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// mediaPaths lists the files a document names.
func mediaPaths(document []byte) []string {
	paths := map[string]bool{}
	for line := range strings.Lines(string(document)) {
		if m := pathLine.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			paths[m[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

// sameFolder compares all files but the document.
func sameFolder(t *testing.T, got, want string) {
	t.Helper()
	g, w := tree(t, got), tree(t, want)
	for path := range w {
		if g[path] != w[path] {
			t.Errorf("%s is missing or has other content", path)
		}
	}
	for path := range g {
		if _, ok := w[path]; !ok {
			t.Errorf("%s is too much", path)
		}
	}
}

func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		switch {
		case d != nil && d.Name() == stateFolder:
			return filepath.SkipDir
		case err != nil || d.IsDir() || d.Name() == resultFile:
			return err
		}
		name, err := filepath.Rel(dir, path)
		files[name] = string(readFile(t, path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
