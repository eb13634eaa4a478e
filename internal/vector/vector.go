// Package vector reads test vectors: one case in one file.
//
//	name: sealed to somebody else
//	expect: ErrWrongKey
//	identity: AGE-SECRET-KEY-PQ-1…
//	                                   ◀ empty line
//	the bytes of the case, whatever they are, to the end of the file
//
// A vector is never edited after it was committed: it is how we notice that the code
// broke the format. The package is for tests only.
package vector

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A Vector is one case.
type Vector struct {
	File    string            // base name of the file
	Headers map[string]string // by key, in lower case as they stand in the file
	Body    []byte            // what follows the empty line
}

// Parse reads one vector. A header is a key of lower-case letters, digits, '-' and '_',
// then ": ", then a value that may be empty; no key comes twice. At least one header and
// the empty line must be there; the body may be empty.
func Parse(data []byte) (*Vector, error) {
	v := &Vector{Headers: make(map[string]string)}
	for number := 1; ; number++ {
		line, rest, ok := bytes.Cut(data, []byte("\n"))
		if !ok {
			return nil, fmt.Errorf("line %d: the file ends before the empty line", number)
		}
		data = rest
		if len(line) == 0 {
			break
		}
		key, value, ok := strings.Cut(string(line), ": ")
		if !ok {
			key, ok = strings.CutSuffix(string(line), ":")
		}
		if !ok || key == "" || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return nil, fmt.Errorf("line %d: no \"key: value\"", number)
		}
		if _, twice := v.Headers[key]; twice {
			return nil, fmt.Errorf("line %d: key %q comes twice", number, key)
		}
		v.Headers[key] = value
	}
	if len(v.Headers) == 0 {
		return nil, fmt.Errorf("the file starts with the empty line")
	}
	v.Body = data
	return v, nil
}

// Run reads every file of a folder and runs f on each as a subtest. It fails if there are
// not exactly count of them: a pattern that matches nothing, or a file that was
// deleted, must not pass for success.
func Run(t *testing.T, dir string, count int, f func(t *testing.T, v *Vector)) {
	t.Helper()
	vectors := Load(t, dir)
	if len(vectors) != count {
		t.Errorf("%s holds %d vectors, want %d", dir, len(vectors), count)
	}
	for _, v := range vectors {
		t.Run(v.File, func(t *testing.T) { f(t, v) })
	}
}

// Load reads every file of a folder, in order of the names. A folder that is missing or
// empty fails the test.
func Load(t testing.TB, dir string) []*Vector {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []*Vector
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		v, err := Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", e.Name(), err)
		}
		v.File = e.Name()
		vectors = append(vectors, v)
	}
	if len(vectors) == 0 {
		t.Fatalf("%s holds no vectors", dir)
	}
	return vectors
}

// Header returns the value of a key that must be there.
func (v *Vector) Header(t testing.TB, key string) string {
	t.Helper()
	value, ok := v.Headers[key]
	if !ok {
		t.Fatalf("%s: there is no header %q", v.File, key)
	}
	return value
}
