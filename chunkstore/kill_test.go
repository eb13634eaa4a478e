package chunkstore

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"telekeep/chunkstore/destination/local"
	"telekeep/crypto"
)

const killDirVariable = "TELEKEEP_TEST_KILL_DIR"

// TestKillChild is no test of its own: TestKilledProcess runs it as another process,
// and kills it. It commits as fast as it can and says so each time.
func TestKillChild(t *testing.T) {
	dir := os.Getenv(killDirVariable)
	if dir == "" {
		t.Skip("runs only as a child of TestKilledProcess")
	}
	w := openKilled(t, dir)
	for {
		n := 0
		if value, ok, err := w.Get("n"); err != nil {
			t.Fatal(err)
		} else if ok {
			n, err = strconv.Atoi(string(value))
			check(t, err)
		}
		n++
		ids := store(t, w, killedData(n))
		check(t, w.Set("n", []byte(strconv.Itoa(n))))
		commit(t, w, ids)
		fmt.Println("committed", n)
	}
}

// killedData is what the child stores in its commit n.
func killedData(n int) []byte { return noise(byte(n), 2<<20+n) }

func openKilled(t *testing.T, dir string) *Writer {
	dst, err := local.Open(filepath.Join(dir, "vault"))
	check(t, err)
	text, err := os.ReadFile(filepath.Join(dir, "secrets"))
	check(t, err)
	secrets, err := ParseWriterSecrets(text)
	check(t, err)
	w, err := OpenWriter(t.Context(), dst, WriterOptions{Secrets: secrets, StatePath: filepath.Join(dir, "state.db"), PackSize: 8 << 20})
	check(t, err)
	return w
}

// A process is killed again and again, at any moment, on a real file system. Whatever
// it said is committed is there, the vault is whole, and the next process goes on.
func TestKilledProcess(t *testing.T) {
	dir := t.TempDir()
	owner, err := crypto.NewIdentity()
	check(t, err)
	dst, err := local.Create(filepath.Join(dir, "vault"))
	check(t, err)
	_, secrets, err := Create(t.Context(), dst, CreateOptions{Owners: []Owner{{"owner", owner.Recipient()}}})
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, "secrets"), secrets.Marshal(), 0o600))
	said := 0
	for i := range 8 {
		// Half of them at any time after the start, half some time after a first commit:
		// on a busy machine starting can take long.
		if n := runAndKill(t, dir, rand.N(300*time.Millisecond), i%2 == 1); n > 0 {
			if n < said {
				t.Fatalf("commit %d came after commit %d", n, said)
			}
			said = n
		}
		checkKilled(t, dir, dst, secrets, owner, said)
	}
	if said == 0 {
		t.Error("nothing was ever committed")
	}
}

// runAndKill runs the child for a while, from its start or from its first commit on, and
// returns the last commit that it told of.
func runAndKill(t *testing.T, dir string, life time.Duration, fromCommit bool) (last int) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKillChild$")
	cmd.Env = append(os.Environ(), killDirVariable+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	kill := func() { cmd.Process.Kill() } // an error means that it has ended
	killer := time.AfterFunc(life, kill)
	if fromCommit {
		killer.Stop()
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if fromCommit && last == 0 {
			killer = time.AfterFunc(life, kill)
		}
		if _, err := fmt.Sscanf(lines.Text(), "committed %d", &last); err != nil {
			t.Fatalf("the child says: %s", lines.Text())
		}
	}
	killer.Stop()
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		t.Fatalf("the child ended by itself: %v\n%s", err, stderr.Bytes())
	}
	return last
}

// checkKilled verifies the vault and reads everything that was committed.
func checkKilled(t *testing.T, dir string, dst Destination, secrets *WriterSecrets, owner crypto.Identity, said int) {
	t.Helper()
	head, err := ReadHead(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil && said > 0 {
		t.Fatal(err)
	}
	o := VerifyOptions{Secrets: secrets, Identities: []crypto.Identity{owner}}
	if err == nil && head.Vault != "" {
		o.Heads = []Head{head}
	}
	report, err := Verify(t.Context(), dst, o)
	check(t, err)
	for _, p := range report.Problems {
		t.Errorf("verify: %v", p)
	}
	r, err := OpenReader(t.Context(), dst, ReaderOptions{Identities: []crypto.Identity{owner}})
	check(t, err)
	if n := len(r.Commits()); n < said {
		t.Fatalf("%d commits, but the process told of %d", n, said)
	}
	for i, c := range r.Commits() {
		ids, err := r.Records(t.Context(), c)
		check(t, err)
		if !bytes.Equal(readAll(t, r, ids), killedData(i+1)) {
			t.Errorf("commit %d came back different", i+1)
		}
	}
}
