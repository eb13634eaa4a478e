package vector

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	v, err := Parse([]byte("name: a: b\nexpect:\nkey-2_x: \xff\n\nbody\n\nmore: x\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"name": "a: b", "expect": "", "key-2_x": "\xff"}
	if !maps.Equal(v.Headers, want) {
		t.Errorf("headers %q, want %q", v.Headers, want)
	}
	if string(v.Body) != "body\n\nmore: x\n" {
		t.Errorf("body %q", v.Body)
	}
	if v, err := Parse([]byte("a: b\n\n")); err != nil || len(v.Body) != 0 {
		t.Errorf("a vector without a body: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	for input, want := range map[string]string{
		"":                     "line 1: the file ends",
		"\n":                   "starts with the empty line",
		"a: b":                 "line 1: the file ends",
		"a: b\n":               "line 2: the file ends",
		"a: b\na: c\n\n":       "line 2: key \"a\" comes twice",
		"no colon\n\n":         "line 1: no",
		"Upper: case\n\n":      "line 1: no",
		": value\n\n":          "line 1: no",
		"a: b\r\n\r\nbody\r\n": "line 2: no",
	} {
		if _, err := Parse([]byte(input)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want %q", input, err, want)
		}
	}
}

func TestRunAndLoad(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b", "a"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("n: "+name+"\n\n"+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var seen []string
	Run(t, dir, 2, func(t *testing.T, v *Vector) {
		seen = append(seen, v.File)
		if v.Header(t, "n") != v.File || string(v.Body) != v.File {
			t.Errorf("%s holds %q", v.File, v.Body)
		}
	})
	if !slices.Equal(seen, []string{"a", "b"}) {
		t.Errorf("ran %q", seen)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a: b\n\nbody", "name: x\nexpect:\n\n\x00\xff", "\n", "a: b\na: c\n\n", "no colon\n\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data)
		if err != nil {
			return
		}
		// What was read, written again in the order of the keys, reads the same.
		var again bytes.Buffer
		for _, key := range slices.Sorted(maps.Keys(v.Headers)) {
			fmt.Fprintf(&again, "%s: %s\n", key, v.Headers[key])
		}
		again.WriteByte('\n')
		again.Write(v.Body)
		second, err := Parse(again.Bytes())
		if err != nil || !maps.Equal(v.Headers, second.Headers) || !bytes.Equal(v.Body, second.Body) {
			t.Errorf("re-encoded vector differs: %v", err)
		}
	})
}
