package chunkstore

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/local"
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

// TestReadmeByHand runs the command that README.txt gives to who has no telekeep, in every
// shell that is there, and compares what comes out with what was stored.
func TestReadmeByHand(t *testing.T) {
	for _, tool := range []string{"zstd", "sha256sum", "od"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	bin := stockAge(t)
	work := t.TempDir()
	dir := filepath.Join(work, "a vault's place")
	records, media := storeOnDisk(t, dir, filepath.Join(work, "owner.key"))
	command := readmeCommand(t, dir)
	for _, shell := range []string{"sh", "dash", "bash"} {
		if _, err := exec.LookPath(shell); err != nil {
			t.Logf("%s is not installed", shell)
			continue
		}
		t.Run(shell, func(t *testing.T) {
			script := strings.NewReplacer("sh DIR", shell+` "$DIR"`, "DIR", `"$DIR"`, "FOLDER", shell+".out").Replace(command)
			cmd := exec.Command("sh", "-c", script)
			cmd.Dir = work
			cmd.Env = append(os.Environ(), "DIR="+dir, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for name, want := range map[string][]byte{"records.stream": records, "media/document_1_notes.pdf": media} {
				got, err := os.ReadFile(filepath.Join(work, shell+".out", name))
				check(t, err)
				if !bytes.Equal(got, want) {
					t.Errorf("by hand %s has %d bytes that are not the %d stored", name, len(got), len(want))
				}
			}
		})
	}
}

// readmeCommand returns the command of README.txt for who has no telekeep.
func readmeCommand(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "README.txt"))
	check(t, err)
	_, part, _ := strings.Cut(string(text), "WITHOUT TELEKEEP")
	_, line, _ := strings.Cut(part, "\n    ")
	line, _, ok := strings.Cut(line, "\n")
	if !ok || !strings.Contains(line, "recover.sh") {
		t.Fatalf("README.txt has no command without telekeep: %q", line)
	}
	return line
}

// storeOnDisk makes a vault with two commits and returns their records, one after the other, and
// the media file that they tell of.
func storeOnDisk(t *testing.T, dir, keyFile string) (records, media []byte) {
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
	var ids []string
	for _, chunk := range store(t, w, media) {
		ids = append(ids, chunk.String())
	}
	message := fmt.Sprintf(`{"v":1,"kind":"message","account":"user1","seen":1,"chat":"user2","message":{"id":1,"date":2,"text":{"text":"%s"},`+
		`"media":{"kind":"document","file":{"key":"document:1","size":5,"name":"notes.pdf"}}},"raw":%d}`+"\n%s\n", "one \\\"raw\\\":9}", 300_000, noise(3, 300_000))
	file := fmt.Sprintf(`{"v":1,"kind":"media","account":"","seen":1,"media":{"key":"document:1","size":%d,"sha256":"%x","chunks":["%s"]}}`+"\n",
		len(media), sha256.Sum256(media), strings.Join(ids, `","`))
	for _, stream := range []string{message, file} {
		records = append(records, stream...)
		commit(t, w, store(t, w, []byte(stream)))
	}
	return records, media
}

// TestRecoverComesBack: a vault without recover.sh gets it from the next writer, one of
// which README.txt is not there either shows a part only and gets nothing.
func TestRecoverComesBack(t *testing.T) {
	f := newFixture(t, nil)
	f.dst.Delete(recoverName)
	check(t, f.writer().Close())
	if !bytes.Equal(f.dst.Object(recoverName), RecoverScript()) {
		t.Error("recover.sh was not written")
	}
	f.dst.Delete(recoverName)
	f.dst.Delete(readmeName)
	check(t, f.writer().Close())
	if slices.Contains(f.dst.Names(), recoverName) {
		t.Error("recover.sh was written to where README.txt is not")
	}
	report, err := Verify(t.Context(), f.dst, VerifyOptions{})
	check(t, err)
	if len(report.Problems) != 0 || len(report.Notices) != 2 {
		t.Errorf("problems %v, notices %v", report.Problems, report.Notices)
	}
}
