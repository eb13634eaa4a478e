package chunkstore

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/local"
)

// TestFormatByHand does what docs/format.md, section 15, tells people to do, with the
// tools it names, and compares what comes out with what was stored.
func TestFormatByHand(t *testing.T) {
	for _, tool := range []string{"zstd", "b3sum", "jq", "openssl", "bash", "basenc"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	bin := stockAge(t)
	f := newFixture(t, nil)
	dir, work := filepath.Join(t.TempDir(), "vault"), t.TempDir()
	dst, err := local.Create(dir)
	check(t, err)
	owner := filepath.Join(work, "owner.key")
	check(t, os.WriteFile(owner, []byte(f.owner.String()+"\n"), 0o600))
	_, secrets, err := Create(t.Context(), dst, CreateOptions{Owners: []Owner{{"owner", f.owner.Recipient()}}})
	check(t, err)
	w, err := OpenWriter(t.Context(), dst, WriterOptions{Secrets: secrets, StatePath: f.state, Workers: 1, OpenPacks: 1})
	check(t, err)
	defer w.Close()
	records := append(text(1, 900_000), noise(1, 900_000)...) // one chunk of each encoding at least
	ids := store(t, w, records)
	c := commit(t, w, ids)

	script := strings.NewReplacer(
		"/path/to/vault", dir,
		"/path/to/owner.key", owner,
		"packs/ab/ab….age", packName(c.Packs[0].Hash),
		"WRITER/00000001", c.Writer+"/00000001",
	).Replace(formatSteps(t))
	cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-c", script)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got, err := os.ReadFile(filepath.Join(work, "records"))
	check(t, err)
	if !bytes.Equal(got, records) {
		t.Errorf("by hand the records have %d bytes that are not the %d stored", len(got), len(records))
	}
	if n := strings.Count(string(out), " is right\n"); n != len(ids) || !strings.Contains(string(out), "Verified Successfully") {
		t.Errorf("%d of %d ids are right; the tools said:\n%s", n, len(ids), out)
	}
}

// stockAge returns a folder with age's own command: installed, or built from the module
// that the package uses.
func stockAge(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "age"), "filippo.io/age/cmd/age").CombinedOutput()
	if err != nil {
		t.Skipf("age cannot be built: %v\n%s", err, out)
	}
	return dir
}

// formatSteps returns the shell lines of section 15.
func formatSteps(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/format.md")
	check(t, err)
	_, section, _ := strings.Cut(string(text), "\n## 15. ")
	_, steps, _ := strings.Cut(section, "```sh\n")
	steps, _, ok := strings.Cut(steps, "```\n")
	if !ok {
		t.Fatal("section 15 of docs/format.md has no shell lines")
	}
	return steps
}
