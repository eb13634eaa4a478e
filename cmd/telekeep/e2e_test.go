package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// A real export is served by the simulator, backed up and exported again: what
// comes out is what went in.
func TestRealExportComesBack(t *testing.T) {
	original := filepath.Join(sharedData(t, "trantor"), "export")
	sim := startSimulator(t, "--export", original)
	dir := sim.install(t)
	key := filepath.Join(dir, "owner.key")
	mustCall(t, "", "sync", "--dir", dir)

	again := mustCall(t, "", "sync", "--dir", dir, "--json")
	var summary syncReport
	if err := json.Unmarshal([]byte(again.out), &summary); err != nil {
		t.Fatalf("%v in %s", err, again.out)
	}
	if summary.Packs != 0 || summary.Messages != 0 || summary.BytesNew != 0 {
		t.Errorf("a second run with nothing new says %s", again.out)
	}
	mustCall(t, "", "verify", "--dir", dir)
	mustCall(t, "", "verify", "--dir", dir, "--deep", "-i", key)
	out := filepath.Join(t.TempDir(), "out")
	mustCall(t, "", "export", "--dir", dir, "-i", key, "--format", "json", "--out", out)

	want := readDialogs(t, original)
	got := readDialogs(t, out)
	if len(want) != 1 || len(got) != 1 {
		t.Fatalf("%d chats became %d", len(want), len(got))
	}
	compareDialog(t, original, out, want[0], got[0])
	if n := len(want[0]["messages"].([]any)); n != 924 {
		t.Errorf("the original has %d messages", n)
	}
}

// readDialogs reads the dialogs of a result.json, of one chat or of an account.
func readDialogs(t *testing.T, dir string) []map[string]any {
	t.Helper()
	var doc map[string]any
	readJSON(t, filepath.Join(dir, "result.json"), &doc)
	if doc["messages"] != nil {
		return []map[string]any{doc}
	}
	var dialogs []map[string]any
	for _, key := range []string{"chats", "left_chats"} {
		section, _ := doc[key].(map[string]any)
		list, _ := section["list"].([]any)
		for _, d := range list {
			dialogs = append(dialogs, d.(map[string]any))
		}
	}
	return dialogs
}

// sameDialogs compares two exports, chat by chat.
func sameDialogs(t *testing.T, wantDir, gotDir string) {
	t.Helper()
	wanted, had := dialogsByID(t, wantDir), dialogsByID(t, gotDir)
	if len(wanted) != len(had) {
		t.Fatalf("%d chats became %d", len(wanted), len(had))
	}
	for id, one := range wanted {
		if had[id] == nil {
			t.Fatalf("chat %s is not in the export", id)
		}
		compareDialog(t, wantDir, gotDir, one, had[id])
	}
}

// chatFolder is in the paths of emoji that stand in a text. An export numbers its chats in
// the order of their newest messages as of when each was looked at.
var chatFolder = regexp.MustCompile(`chats/chat_\d+/`)

func dialogsByID(t *testing.T, dir string) map[string]map[string]any {
	t.Helper()
	byID := map[string]map[string]any{}
	for _, d := range readDialogs(t, dir) {
		byID[fmt.Sprint(d["type"], d["id"])] = d
		for _, m := range d["messages"].([]any) {
			for _, key := range []string{"text", "text_entities"} {
				data, err := json.Marshal(m.(map[string]any)[key])
				if err != nil {
					t.Fatal(err)
				}
				var plain any
				if err := json.Unmarshal(chatFolder.ReplaceAll(data, []byte("chats/chat/")), &plain); err != nil {
					t.Fatal(err)
				}
				m.(map[string]any)[key] = plain
			}
		}
	}
	return byID
}

func compareDialog(t *testing.T, wantDir, gotDir string, want, got map[string]any) {
	t.Helper()
	for _, key := range []string{"name", "type", "id"} {
		if !reflect.DeepEqual(want[key], got[key]) {
			t.Errorf("%s: %v became %v", key, want[key], got[key])
		}
	}
	wantMessages, gotMessages := want["messages"].([]any), got["messages"].([]any)
	if len(wantMessages) != len(gotMessages) {
		t.Fatalf("%d messages became %d", len(wantMessages), len(gotMessages))
	}
	files := 0
	for i := range wantMessages {
		files += compareMessage(t, wantDir, gotDir, wantMessages[i].(map[string]any), gotMessages[i].(map[string]any))
	}
	t.Logf("%d messages and %d files are equal", len(wantMessages), files)
}

// compareMessage leaves out the keys that depend on the time zone of whoever exports; paths
// are compared by what the files hold.
func compareMessage(t *testing.T, wantDir, gotDir string, want, got map[string]any) (files int) {
	t.Helper()
	for key, value := range want {
		switch key {
		case "date", "edited":
		case "file_size", "photo_file_size", "thumbnail_file_size":
			// Some files of real exports were replaced by shorter notes; what is
			// served is what lies there, and its size is what must come back.
			compareSize(t, wantDir, want, got, key)
		case "photo", "file", "thumbnail", "contact_vcard":
			if compareFile(t, wantDir, gotDir, value.(string), got[key]) {
				files++
			}
		default:
			if !reflect.DeepEqual(value, got[key]) {
				t.Errorf("message %v: %s: %v became %v", want["id"], key, value, got[key])
			}
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("message %v: %s was not there: %v", want["id"], key, got[key])
		}
	}
	return files
}

func compareSize(t *testing.T, wantDir string, want, got map[string]any, key string) {
	t.Helper()
	size := want[key]
	path, _ := want[map[string]string{"file_size": "file", "photo_file_size": "photo", "thumbnail_file_size": "thumbnail"}[key]].(string)
	if info, err := os.Stat(filepath.Join(wantDir, path)); err == nil {
		size = float64(info.Size())
	}
	if got[key] != size {
		t.Errorf("message %v: %s: %v became %v", want["id"], key, size, got[key])
	}
}

func compareFile(t *testing.T, wantDir, gotDir, want string, got any) bool {
	t.Helper()
	wantSum, ok := fileSum(t, filepath.Join(wantDir, want))
	if !ok {
		if text, _ := got.(string); !strings.HasPrefix(text, "(File") {
			t.Errorf("%s is not in the original and became %v", want, got)
		}
		return false
	}
	path, _ := got.(string)
	if gotSum, ok := fileSum(t, filepath.Join(gotDir, path)); !ok || gotSum != wantSum {
		t.Errorf("%s became %v, which is not the same file", want, got)
		return false
	}
	return true
}

func fileSum(t *testing.T, path string) (string, bool) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil)), true
}
