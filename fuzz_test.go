package telekeep

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz[A-Za-z0-9_]+)\(`)

// Every fuzz target has seeds that are committed: they are what every run of the tests
// tries, and where fuzzing begins. The list of what is fuzzed names each.
func TestFuzzTargetsHaveSeeds(t *testing.T) {
	targets := 0
	list, err := os.ReadFile("docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range fuzzTarget.FindAllSubmatch(source, -1) {
			targets++
			corpus := filepath.Join(filepath.Dir(path), "testdata", "fuzz", string(m[1]))
			seeds, err := os.ReadDir(corpus)
			if err != nil || len(seeds) == 0 {
				t.Errorf("%s has no seeds: %s is empty", m[1], corpus)
			}
			if !regexp.MustCompile(`\b` + string(m[1]) + `\b`).Match(list) {
				t.Errorf("docs/reliability.md does not name %s", m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if targets < 50 {
		t.Errorf("only %d fuzz targets: the test looks at the wrong place", targets)
	}
}
