package telekeep

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Every module that is asked for by name has a line in docs/decisions.md that says why; those
// that are gone have none.
func TestEveryDependencyHasItsReason(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Tool []struct{ Path string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	reasons := dependencyReasons(t)
	asked := make(map[string]bool)
	for _, r := range mod.Require {
		if !r.Indirect {
			asked[r.Path] = true
		}
	}
	for _, tool := range mod.Tool {
		asked[tool.Path] = true
	}
	if len(asked) < 10 {
		t.Fatalf("go.mod asks for %d modules only", len(asked))
	}
	for path := range asked {
		if len(reasons[path]) < 5 {
			t.Errorf("docs/decisions.md, \"Dependencies\", says no reason for %s", path)
		}
	}
	for path := range reasons {
		if !asked[path] && strings.Contains(path, "/") {
			t.Errorf("docs/decisions.md says why there is %s, which go.mod does not ask for", path)
		}
	}
}

// dependencyReasons reads the table: what stands first in a line, as code, and its reason.
func dependencyReasons(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("docs/decisions.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "\n## Dependencies, each with its reason\n")
	if !ok {
		t.Fatal("docs/decisions.md has no list of dependencies")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	reasons := make(map[string]string)
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		names := strings.Split(cells[1], "`")
		for i := 1; i < len(names); i += 2 { // a line can be about several
			reasons[names[i]] = strings.TrimSpace(cells[2])
		}
	}
	return reasons
}
