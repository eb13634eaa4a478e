package chunkstore

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/local"
	"telekeep/crypto"
)

func TestReadme(t *testing.T) {
	text := string(readme("0123", "family"))
	if !strings.Contains(text, "vault id  0123\n") || !strings.Contains(text, "keys/family.age") || strings.Contains(text, "OWNER") {
		t.Errorf("README.txt:\n%s", text)
	}
	for i, line := range strings.Split(text, "\n") {
		if len(line) > 88 || strings.ContainsFunc(line, func(r rune) bool { return r > 126 || r == '\t' }) {
			t.Errorf("line %d is long or not plain ASCII: %q", i+1, line)
		}
	}
}

// TestReadmeByHand does what README.txt says, with the tools it names, and compares what
// comes out with what was stored.
func TestReadmeByHand(t *testing.T) {
	for _, tool := range []string{"zstd", "bash", "sha256sum", "od"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	bin := stockAge(t)
	dir, work := t.TempDir(), t.TempDir()
	records, ids, media := storeOnDisk(t, dir, filepath.Join(work, "owner.key"))
	script := "set -eu\n" + strings.ReplaceAll(readmeSteps(t, dir), "/path/to/this/folder", dir)
	script = strings.ReplaceAll(script, "ID1 ID2 ID3", strings.Join(ids, " "))
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, want := range map[string][]byte{"records": records, "file": media} {
		got, err := os.ReadFile(filepath.Join(work, name))
		check(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("by hand %s has %d bytes that are not the %d stored", name, len(got), len(want))
		}
	}
}

// readmeSteps returns the indented lines of the README.txt of a vault, from the first step to
// the one that needs b3sum, which is rarely installed.
func readmeSteps(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "README.txt"))
	check(t, err)
	_, steps, ok := strings.Cut(string(text), "WITHOUT TELEKEEP")
	if !ok {
		t.Fatal("README.txt has no part without telekeep")
	}
	steps, _, ok = strings.Cut(steps, "\n6. ")
	if !ok {
		t.Fatal("README.txt has no step 6")
	}
	var script strings.Builder
	for line := range strings.Lines(steps) {
		if strings.HasPrefix(line, "    ") {
			script.WriteString(line)
		}
	}
	return script.String()
}

// storeOnDisk makes a vault with two commits and returns their records, one after the other, and
// a media file with its chunks.
func storeOnDisk(t *testing.T, dir, keyFile string) (records []byte, ids []string, media []byte) {
	t.Helper()
	dst, err := local.Create(dir)
	check(t, err)
	defer dst.Close()
	o, id := owner(t, "me")
	check(t, os.WriteFile(keyFile, id.File(fixedNow()), 0o600))
	_, secrets, err := Create(t.Context(), dst, CreateOptions{Owners: []Owner{o}, Now: fixedNow})
	check(t, err)
	w, err := OpenWriter(t.Context(), dst, WriterOptions{Secrets: secrets, StatePath: filepath.Join(t.TempDir(), "state.db"), Now: fixedNow})
	check(t, err)
	defer w.Close()
	media = noise(9, 3<<20)
	var chunks []crypto.ID
	for seed := range uint64(2) {
		stream := text(seed, 200_000)
		records = append(records, stream...)
		if seed == 0 {
			chunks = store(t, w, media)
		}
		commit(t, w, store(t, w, stream))
	}
	for _, chunk := range chunks {
		ids = append(ids, chunk.String())
	}
	return records, ids, media
}
