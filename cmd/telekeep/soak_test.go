//go:build soak && linux

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
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

// TestSoak runs a daemon against a simulator in which things happen all the time:
// messages, files, edits, deletions, connections that drop, flood waits. Memory, file
// descriptors and goroutines must not grow, and in the end the vault must be whole and
// hold what somebody gets who looks at the account for the first time then. It has a
// build tag of its own because it takes as long as TELEKEEP_SOAK says (15m):
//
//	bench/soak.sh 15m
func TestSoak(t *testing.T) {
	length := 15 * time.Minute
	if text := os.Getenv("TELEKEEP_SOAK"); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	sim := startSimulator(t, "--seed", "31", "--chats", "30", "--messages", "20000", "--media", "8MiB")
	dir := sim.install(t)
	hurryCommits(t, dir)
	chats := chatsOfKind(t, dir, "personal", "group", "supergroup", "channel")
	d := startSoaked(t, dir)
	waitFor(t, filepath.Join(dir, "state", "last-sync-main.json"))

	w := &weather{t: t, sim: sim, chats: chats, random: rand.New(rand.NewPCG(31, 0)), sent: map[string][]int{}}
	var samples []usage
	start := time.Now()
	for second := 1; time.Since(start) < length; second++ {
		w.second(second)
		time.Sleep(time.Until(start.Add(time.Duration(second) * time.Second)))
		if time.Since(start) > length/5 { // the first files and commits are over
			samples = append(samples, d.usage())
		}
	}
	sim.control(t, "DELETE", "/faults", nil)
	compareThirds(t, samples)
	t.Logf("%v: %d messages, %d files, %d edits, %d deletions, %d drops, %d flood waits; daemon's processor time %v",
		length, w.messages, w.files, w.edits, w.deletions, w.drops, w.floods, d.end())

	mustCall(t, "", "verify", "--dir", dir)
	key := filepath.Join(dir, "owner.key")
	got := filepath.Join(t.TempDir(), "got")
	mustCall(t, "", "export", "--dir", dir, "-i", key, "--format", "json", "--out", got)
	fresh := sim.install(t)
	mustCall(t, "", "sync", "--dir", fresh)
	want := filepath.Join(t.TempDir(), "want")
	mustCall(t, "", "export", "--dir", fresh, "-i", filepath.Join(fresh, "owner.key"), "--format", "json", "--out", want)
	sameDialogs(t, want, got)
}

// hurryCommits makes many commits of what a day makes a few of.
func hurryCommits(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "telekeep.toml")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), "[commit]\n", "[commit]\nafter = \"20s\"\n", 1)
	if text == string(data) {
		t.Fatal("the settings have no section [commit]")
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A weather is what happens in an account, and to its connections.
type weather struct {
	t      *testing.T
	sim    *simulated
	chats  []string
	random *rand.Rand
	sent   map[string][]int // by chat, what is there to be changed

	messages, files, edits, deletions, drops, floods int
}

// second makes happen what happens in one second.
func (w *weather) second(n int) {
	for range 3 {
		w.message(n)
	}
	if n%3 == 0 {
		w.change()
	}
	if n%17 == 0 {
		w.sim.control(w.t, "POST", "/drop", nil)
		w.drops++
	}
	if n%11 == 0 {
		method := []string{"upload.getFile", "updates.getDifference", "messages.getHistory", "messages.getDialogs"}[w.floods%4]
		w.sim.control(w.t, "POST", "/faults", map[string]string{"fault": method + " flood=1 count=1"})
		w.floods++
	}
}

func (w *weather) message(second int) {
	chat := w.chats[w.random.IntN(len(w.chats))]
	body := map[string]any{"chat": chat, "text": fmt.Sprintf("in second %d, number %d", second, w.messages)}
	if w.messages%7 == 0 {
		body["file_name"], body["file_size"] = fmt.Sprintf("file%d.bin", w.messages), 1000+w.random.IntN(400_000)
		w.files++
	}
	var made struct{ ID int }
	if err := json.Unmarshal(w.sim.control(w.t, "POST", "/messages", body), &made); err != nil || made.ID == 0 {
		w.t.Fatalf("a message without an id: %v", err)
	}
	w.messages++
	w.sent[chat] = append(w.sent[chat], made.ID)
}

// change edits or deletes one of the messages.
func (w *weather) change() {
	chat := w.chats[w.random.IntN(len(w.chats))]
	list := w.sent[chat]
	if len(list) == 0 {
		return
	}
	at := w.random.IntN(len(list))
	if w.random.IntN(2) == 0 {
		w.sim.control(w.t, "DELETE", "/messages", map[string]any{"chat": chat, "ids": []int{list[at]}})
		w.sent[chat] = slices.Delete(list, at, at+1)
		w.deletions++
		return
	}
	w.sim.control(w.t, "PATCH", "/messages", map[string]any{"chat": chat, "id": list[at], "text": fmt.Sprintf("edit %d", w.edits)})
	w.edits++
}

// A soaked is a daemon that is watched from outside.
type soaked struct {
	t          *testing.T
	c          *exec.Cmd
	goroutines string
}

func startSoaked(t *testing.T, dir string) *soaked {
	t.Helper()
	d := &soaked{t: t, c: program(t, "daemon", "--dir", dir), goroutines: filepath.Join(t.TempDir(), "goroutines")}
	d.c.Env = append(d.c.Env, goroutinesTo+"="+d.goroutines)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	d.c.Stderr = log
	if err := d.c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.c.Process.Kill()
		_ = d.c.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("the daemon said:\n%s", text[max(0, len(text)-8000):])
		}
		_ = log.Close()
	})
	return d
}

// end ends the daemon, which must have everything in the vault then, and returns the
// processor time that it took.
func (d *soaked) end() time.Duration {
	d.t.Helper()
	if err := d.c.Process.Signal(syscall.SIGTERM); err != nil {
		d.t.Fatal(err)
	}
	if err := d.c.Wait(); err != nil {
		d.t.Fatal(err)
	}
	return d.c.ProcessState.UserTime() + d.c.ProcessState.SystemTime()
}

// A usage is what a process holds at one moment, by name: memory in KiB, and numbers.
type usage map[string]int

func (d *soaked) usage() usage {
	d.t.Helper()
	proc := filepath.Join("/proc", strconv.Itoa(d.c.Process.Pid))
	u := usage{}
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		d.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) > 1 && slices.Contains([]string{"VmRSS:", "RssAnon:", "Threads:"}, fields[0]) {
			u[strings.TrimSuffix(fields[0], ":")], _ = strconv.Atoi(fields[1])
		}
	}
	fds, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		d.t.Fatal(err)
	}
	u["descriptors"] = len(fds)
	text, err := os.ReadFile(d.goroutines)
	if err != nil {
		d.t.Fatal(err)
	}
	if u["goroutines"], err = strconv.Atoi(string(text)); err != nil {
		u["goroutines"] = 0 // it was being written
	}
	return u
}

// compareThirds compares what was held in the first third of the time with the last.
func compareThirds(t *testing.T, samples []usage) {
	t.Helper()
	third := len(samples) / 3
	if third == 0 {
		t.Fatal("too short a time")
	}
	for _, limit := range []struct {
		name  string
		slack int // what comes and goes, as with a commit or a connection
	}{{"VmRSS", 16 << 10}, {"RssAnon", 16 << 10}, {"descriptors", 8}, {"goroutines", 24}, {"Threads", 6}} {
		first, last := median(samples[:third], limit.name), median(samples[len(samples)-third:], limit.name)
		t.Logf("%-12s first third %7d, last third %7d", limit.name, first, last)
		if last > first+limit.slack {
			t.Errorf("%s grew from %d to %d", limit.name, first, last)
		}
	}
}

func median(samples []usage, name string) int {
	var values []int
	for _, u := range samples {
		values = append(values, u[name])
	}
	slices.Sort(values)
	return values[len(values)/2]
}
