package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A sync that is killed at random moments, over and over: the vault verifies,
// the next run completes, the export equals that of a run nobody disturbed, and
// no part of a file is fetched twice but those in flight.
//
// TELEKEEP_KILLS sets how many kills there are.
func TestKilledAtAnyMoment(t *testing.T) {
	kills := 10
	if text := os.Getenv("TELEKEEP_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	t.Logf("seed %d, %d kills", seed, kills)
	random := rand.New(rand.NewPCG(seed, 0))
	sim := startSimulator(t, "--seed", "5", "--messages", "600", "--media", "24 MiB")

	signedIn := sim.install(t)
	calm := copyFolder(t, signedIn)
	start := time.Now()
	mustCall(t, "", "sync", "--dir", calm)
	length := time.Since(start)
	want := exported(t, calm)
	mediaBytes := sim.served(t)

	for done := 0; done < kills; {
		dir := copyFolder(t, signedIn)
		before := sim.served(t)
		here := 0
		for done < kills && here < 25 {
			start := time.Now()
			if !killedSync(t, dir, time.Duration(random.Int64N(int64(length)))) {
				if here == 0 { // a whole one takes so long now: the machine has other work at times
					length = max(time.Since(start), time.Millisecond)
				}
				break
			}
			done++
			here++
			if done%5 == 0 {
				mustCall(t, "", "verify", "--dir", dir)
			}
		}
		mustCall(t, "", "sync", "--dir", dir)
		mustCall(t, "", "verify", "--dir", dir)
		if got := exported(t, dir); !bytes.Equal(got, want) {
			t.Fatalf("after %d kills the export differs from that of an undisturbed run", here)
		}
		mustCall(t, "", "verify", "--dir", dir, "--deep", "-i", filepath.Join(dir, "owner.key"))
		// Each kill may cost what was in flight: a part of 512 KiB on each of the
		// four connections to each of the two data centres that have files.
		again := sim.served(t) - before - mediaBytes
		if limit := int64(here) * 2 * 4 * 512 << 10; again > limit {
			t.Errorf("%d kills cost %d bytes fetched again, more than the parts in flight (%d)", here, again, limit)
		}
		t.Logf("%d kills: %d of %d bytes were fetched again", here, again, mediaBytes)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// killedSync starts a sync and kills it after a while; false if it ended first.
func killedSync(t *testing.T, dir string, after time.Duration) bool {
	t.Helper()
	c := program(t, "sync", "--dir", dir)
	var errs bytes.Buffer
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("sync failed by itself: %v\n%s", err, errs.String())
		}
		return false
	case <-time.After(after):
		_ = c.Process.Signal(syscall.SIGKILL)
		<-ended
		return true
	}
}

// exported is everything an export holds, as one text: result.json and the sums
// of all files.
func exported(t *testing.T, dir string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	mustCall(t, "", "export", "--dir", dir, "-i", filepath.Join(dir, "owner.key"), "--out", out)
	var all bytes.Buffer
	err := filepath.WalkDir(out, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(out, path)
		if err != nil {
			return err
		}
		sum, _ := fileSum(t, path)
		if name == "result.json" {
			sum = withoutActivity(t, path)
		}
		all.WriteString(name + " " + sum + "\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(out); err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}

// withoutActivity is an export's text without the times at which the account's
// sessions were last active: they go by the clock.
func withoutActivity(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(string(data), "\n"), func(line string) bool { return strings.Contains(line, `"last_active`) })
	return strings.Join(lines, "\n")
}

func copyFolder(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "t")
	if out, err := exec.Command("cp", "-a", dir, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return to
}

// served is how many bytes of files the simulator has handed out.
func (s *simulated) served(t *testing.T) int64 {
	t.Helper()
	var control struct{ Control string }
	readJSON(t, filepath.Join(s.dir, "control.json"), &control)
	r, err := http.Get(control.Control + "/stats")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var stats struct {
		BytesServed int64 `json:"bytes_served"`
	}
	if err := json.NewDecoder(r.Body).Decode(&stats); err != nil {
		t.Fatal(err)
	}
	return stats.BytesServed
}
