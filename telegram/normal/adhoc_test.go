package normal

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"telekeep/export"
)

func TestAdhoc(t *testing.T) {
	dir := t.TempDir()
	b, _ := os.ReadFile("../../internal/resultjson/testdata/everything.json")
	b = []byte(strings.ReplaceAll(string(b), "Jonas Feld", "Jonas"))
	os.WriteFile(filepath.Join(dir, "result.json"), b, 0o600)
	w, warnings := fromExport(t, dir, time.UTC)
	for _, x := range warnings {
		t.Log(x)
	}
	out := t.TempDir()
	writeExport(t, pull(t, w), out, export.Options{Location: time.UTC})
	was, is := readResult(t, filepath.Join(dir, resultFile)), readResult(t, filepath.Join(out, resultFile))
	t.Log(len(was), len(is))
	for id, message := range was {
		saysAll(t, id, reflect.ValueOf(is[id]), reflect.ValueOf(message))
	}
	w2, warnings := fromExport(t, out, time.UTC)
	for _, x := range warnings {
		t.Log("2", x)
	}
	out2 := t.TempDir()
	writeExport(t, pull(t, w2), out2, export.Options{Location: time.UTC})
	one, two := strings.ReplaceAll(string(readFile(t, filepath.Join(out, resultFile))), `"name": "xx"`, `"name": "xx"`), string(readFile(t, filepath.Join(out2, resultFile)))
	sameDocument(t, []byte(two), []byte(one))
}
