//go:build soak && linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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

// TestSoak runs a daemon against a simulator in which things happen all the time: messages, files, edits,
// deletions, connections that drop, flood waits, updates that are lost, come twice or late, less of it by night;
// one of two copies is away now and then, and other commands ask the daemon and look at the vault. Memory, file
// descriptors, goroutines and the files of the state must not grow, and in the end both copies must be whole
// and hold what somebody gets who looks at the account for the first time then. A second is a minute of
// a day, of which commits, reconciliations and what the account does are as many as in a day. It has
// a build tag of its own because it takes as long as TELEKEEP_SOAK says (15m):
//
//	bench/soak.sh 24m
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
	hurry(t, dir)
	drive := filepath.Join(t.TempDir(), "drive")
	if err := os.Mkdir(drive, 0o700); err != nil {
		t.Fatal(err)
	}
	mustCall(t, "", "copy", "add", "second", filepath.Join(drive, "v"), "--dir", dir)
	chats := chatsOfKind(t, dir, "personal", "group", "supergroup", "channel")
	d := startSoaked(t, dir)
	waitFor(t, filepath.Join(dir, "state", "last-sync-main.json"))

	w := &weather{t: t, sim: sim, chats: chats, random: rand.New(rand.NewPCG(31, 0)), sent: map[string][]int{}}
	var samples []usage
	start := time.Now()
	for second := 1; time.Since(start) < length; second++ {
		w.second(second)
		if second%180 == 150 {
			plug(t, drive, false)
		} else if second%180 == 0 {
			plug(t, drive, true)
		}
		if second%60 == 30 {
			look(t, dir, second/60)
		}
		time.Sleep(time.Until(start.Add(time.Duration(second) * time.Second)))
		if time.Since(start) > length/5 { // the first files and commits are over
			samples = append(samples, d.usage())
		}
	}
	sim.control(t, "DELETE", "/faults", nil)
	plug(t, drive, true)
	compareThirds(t, samples)
	t.Logf("%v: %d messages, %d files, %d edits, %d deletions, %d drops, %d flood waits, %d updates gone astray; daemon's processor time %v",
		length, w.messages, w.files, w.edits, w.deletions, w.drops, w.floods, w.astray, d.end())

	mustCall(t, "", "sync", "--dir", dir) // a file of the last second may be left
	mustCall(t, "", "verify", "--all", "--dir", dir)
	key := filepath.Join(dir, "owner.key")
	got := filepath.Join(t.TempDir(), "got")
	mustCall(t, "", "verify", "--deep", "--all", "--dir", dir, "-i", key)
	mustCall(t, "", "export", "--dir", dir, "-i", key, "--format", "json", "--out", got)
	fresh := sim.install(t)
	mustCall(t, "", "sync", "--dir", fresh)
	want := filepath.Join(t.TempDir(), "want")
	mustCall(t, "", "export", "--dir", fresh, "-i", filepath.Join(fresh, "owner.key"), "--format", "json", "--out", want)
	sameDialogs(t, want, got)
}

// plug has the second copy's drive here or away.
func plug(t *testing.T, drive string, here bool) {
	t.Helper()
	from, to := drive, drive+" away"
	if here {
		from, to = to, from
	}
	if err := os.Rename(from, to); err != nil && !(here && errors.Is(err, fs.ErrNotExist)) {
		t.Fatal(err)
	}
}

// look asks a daemon what somebody asks now and then, or looks at the vault beside it.
func look(t *testing.T, dir string, n int) {
	t.Helper()
	args := [][]string{{"status"}, {"copy", "list"}, {"verify"}, {"status", "--gaps"}, {"log"}, {"doctor"}}[n%6]
	// doctor and status end with other codes when something is away: that is an answer.
	if o := call(t, "", append(args, "--dir", dir)...); o.code == exitFailure || strings.Contains(o.err, "goroutine ") {
		t.Errorf("%s ended with %d\n%s", args, o.code, o.err)
	}
}

// hurry makes many commits and reconciliations of what a day makes a few of.
func hurry(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "telekeep.toml")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), "[commit]\n", "[commit]\nafter = \"20s\"\n", 1)
	text = strings.Replace(text, "[daemon]\n", "[daemon]\nreconcile = \"1m\"\ncommit_after = \"20s\"\n", 1)
	if !strings.Contains(text, "after = \"20s\"") || !strings.Contains(text, "reconcile = \"1m\"") {
		t.Fatal("the settings have no section [commit] or [daemon]")
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

	messages, files, edits, deletions, drops, floods, astray int
}

// second makes happen what happens in one second.
func (w *weather) second(n int) {
	night := n%1440 >= 1080 // a second is a minute
	if !night || n%10 == 0 {
		for range 3 {
			w.message(n)
		}
	}
	if n%3 == 0 {
		w.change()
	}
	if n%23 == 0 {
		do := []string{"lost", "twice", "late", "too-long"}[w.astray%4]
		w.sim.control(w.t, "POST", "/pushes", map[string]any{"do": do, "count": 2})
		w.astray++
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
	state      string
	c          *exec.Cmd
	goroutines string
}

func startSoaked(t *testing.T, dir string) *soaked {
	t.Helper()
	d := &soaked{t: t, state: filepath.Join(dir, "state"), c: program(t, "daemon", "--dir", dir), goroutines: filepath.Join(t.TempDir(), "goroutines")}
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
	u["files"] = len(filesThere(d.t, d.state))
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
	}{{"VmRSS", 16 << 10}, {"RssAnon", 16 << 10}, {"descriptors", 8}, {"goroutines", 24}, {"Threads", 6}, {"files", 12}} {
		first, last := median(samples[:third], limit.name), median(samples[len(samples)-third:], limit.name)
		t.Logf("%-12s first third %7d, last third %7d", limit.name, first, last)
		if last > first+limit.slack {
			t.Errorf("%s grew from %d to %d", limit.name, first, last)
		}
	}
}

// filesThere are the names of the files below a folder in which a process works.
func filesThere(t *testing.T, folder string) (names []string) {
	t.Helper()
	_ = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, path)
		}
		return nil // it may be gone by now
	})
	return names
}

func median(samples []usage, name string) int {
	var values []int
	for _, u := range samples {
		values = append(values, u[name])
	}
	slices.Sort(values)
	return values[len(values)/2]
}
