package copies

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/local"
	"telekeep/crypto"
)

const killVariable = "TELEKEEP_TEST_KILL_COPIES"

// TestKillChild is no test of its own: TestKilledSet runs it as another process, and kills
// it. It commits to two folders of which one is away at times, brings that up to date in
// between, and tells of every commit.
func TestKillChild(t *testing.T) {
	dir := os.Getenv(killVariable)
	if dir == "" {
		t.Skip("runs only as a child of TestKilledSet")
	}
	away := &atomic.Int32{} // 0: none, 1: the first, 2: the second
	away.Store(rand.Int32N(3))
	s, w := openKilled(t, dir, away)
	for i := 0; ; i++ {
		stream := w.NewStream()
		_, err := stream.Write(noise(rand.Uint64(), 30_000))
		check(t, err)
		ids, err := stream.Close()
		check(t, err)
		c, err := w.Commit(t.Context(), ids)
		check(t, err)
		fmt.Println("committed", c.Seq, c.Hash)
		if i%3 == 2 {
			away.Store(rand.Int32N(3))
			for _, name := range s.Names() {
				check(t, s.Release(name))
				s.CatchUp(t.Context(), name, nil) // which fails if it is away
			}
		}
	}
}

func openKilled(t *testing.T, dir string, away *atomic.Int32) (*Set, *chunkstore.Writer) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "secrets"))
	check(t, err)
	secrets, err := chunkstore.ParseWriterSecrets(text)
	check(t, err)
	o := Options{
		Vault: secrets.VaultID, Secrets: secrets, Reserve: -1,
		Spool: filepath.Join(dir, "spool"), State: filepath.Join(dir, "copies.db"),
	}
	for i := range int32(2) {
		o.Places = append(o.Places, Place{fmt.Sprint("place", i), func(context.Context) (Driver, error) {
			if away.Load() == i+1 {
				return nil, ErrAway
			}
			return local.Open(filepath.Join(dir, fmt.Sprint("place", i)))
		}})
	}
	s, err := Open(t.Context(), o)
	check(t, err)
	w, err := chunkstore.OpenWriter(t.Context(), s, chunkstore.WriterOptions{
		Secrets: secrets, StatePath: filepath.Join(dir, "state.db"), PackSize: 8 << 20, OpenPacks: 1, Workers: 1,
	})
	check(t, err)
	return s, w
}

// A process is killed again and again, at any moment. No place ever holds a commit before
// what it needs, the chain never forks, and all that was told to be committed comes to both
// places.
func TestKilledSet(t *testing.T) {
	kills := 4
	if n, err := strconv.Atoi(os.Getenv("TELEKEEP_KILLS")); err == nil {
		kills = n
	}
	dir := fastDir(t)
	places := makeKilled(t, dir)
	said := make(map[string]bool)
	for range kills {
		for _, line := range runAndKill(t, dir, 100*time.Millisecond+rand.N(300*time.Millisecond)) {
			said[line] = true
		}
		for i, d := range places {
			report, err := chunkstore.Verify(t.Context(), d, chunkstore.VerifyOptions{})
			check(t, err)
			for _, p := range report.Problems {
				t.Fatalf("place %d after a kill: %v", i, p)
			}
		}
	}
	s, w := openKilled(t, dir, &atomic.Int32{})
	for range 2 {
		_, err := s.CatchUpAll(t.Context(), nil)
		check(t, err)
	}
	check(t, w.Close())
	check(t, s.Close())
	for i, d := range places {
		checkSaid(t, i, d, said)
	}
	if len(said) == 0 {
		t.Error("nothing was ever committed")
	}
}

// makeKilled makes a vault in two folders.
func makeKilled(t *testing.T, dir string) []*local.Destination {
	t.Helper()
	owner, err := crypto.NewIdentity()
	check(t, err)
	var places []*local.Destination
	for i := range 2 {
		d, err := local.Create(filepath.Join(dir, fmt.Sprint("place", i)))
		check(t, err)
		t.Cleanup(func() { check(t, d.Close()) })
		places = append(places, d)
	}
	o := chunkstore.CreateOptions{Owners: []chunkstore.Owner{{Name: "owner", Recipient: owner.Recipient()}}}
	_, secrets, err := chunkstore.Create(t.Context(), places[0], o)
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, "secrets"), secrets.Marshal(), 0o600))
	check(t, places[0].List(t.Context(), "", func(name string, size int64) error {
		data, err := readSmall(t.Context(), places[0], name, size)
		check(t, err)
		return places[1].Put(t.Context(), name, data)
	}))
	return places
}

// runAndKill runs the child until some time after its first commit, and returns the commits
// that it told of.
func runAndKill(t *testing.T, dir string, life time.Duration) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKillChild$")
	cmd.Env = append(os.Environ(), killVariable+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	var said []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var seq uint64
		var hash string
		if _, err := fmt.Sscanf(lines.Text(), "committed %d %s", &seq, &hash); err != nil {
			t.Errorf("the child says: %s", lines.Text())
			continue
		}
		if len(said) == 0 {
			time.AfterFunc(life, func() { cmd.Process.Kill() }) // an error means that it has ended
		}
		said = append(said, hash)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		t.Fatalf("the child ended by itself: %v\n%s", err, stderr.Bytes())
	}
	return said
}

// checkSaid verifies a place and looks for every commit that was told of.
func checkSaid(t *testing.T, i int, d *local.Destination, said map[string]bool) {
	t.Helper()
	commits, problems, err := chunkstore.Commits(t.Context(), d)
	check(t, err)
	if len(problems) > 0 {
		t.Errorf("place %d: %v", i, problems)
	}
	report, err := chunkstore.Verify(t.Context(), d, chunkstore.VerifyOptions{})
	check(t, err)
	if !report.OK() {
		t.Errorf("place %d: %v", i, report.Problems)
	}
	for hash := range said {
		if !slices.ContainsFunc(commits, func(c *chunkstore.Commit) bool { return c.Hash.String() == hash }) {
			t.Errorf("place %d lacks a commit of %d that the process told of", i, len(said))
		}
	}
}
