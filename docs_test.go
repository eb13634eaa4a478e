package telekeep

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the documents say a test proves, a test proves: each one that they name exists.
func TestDocumentsNameTests(t *testing.T) {
	there := make(map[string]bool)
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z]\w*)\(`)
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range function.FindAllStringSubmatch(string(text), -1) {
			there[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	documents, err := filepath.Glob("docs/*.md")
	if err != nil || len(documents) == 0 {
		t.Fatalf("documents: %q, %v", documents, err)
	}
	named := 0
	for _, path := range append(documents, "README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w*`).FindAllString(string(text), -1) {
			named++
			if !there[name] {
				t.Errorf("%s names %s, which is no test", path, name)
			}
		}
	}
	if named == 0 {
		t.Error("the documents name no test")
	}
}

// Each adversary of the threat model has promises, and each promise names a test: that it exists is TestDocumentsNameTests' matter.
func TestEachAdversaryHasPromises(t *testing.T) {
	text, err := os.ReadFile("docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Promises, by adversary\n")
	section, _, _ = strings.Cut(section, "\n## ")
	promises := make(map[string]int)
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 2 || strings.HasPrefix(cells[1], "---") || strings.TrimSpace(cells[1]) == "adversary" {
			continue
		}
		if len(cells) != 5 || strings.TrimSpace(cells[2]) == "" || !regexp.MustCompile("`Test[A-Z]\\w*`").MatchString(cells[3]) {
			t.Errorf("a promise without a test: %s", line)
			continue
		}
		promises[strings.TrimSpace(cells[1])]++
	}
	for _, who := range []string{"has the drive", "writes to the drive", "has the NAS account", "stole the machine", "posts in a chat"} {
		if promises[who] < 2 {
			t.Errorf("%q: %d promises", who, promises[who])
		}
	}
}
