package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"telekeep/internal/durable/fickle"
)

// A board is an installation with two copies on a disk that takes liberties, and an account in
// which things happen meanwhile.
type board struct {
	t       *testing.T
	sim     *simulated
	random  *rand.Rand
	disk    *fickle.Disk
	front   string // where the disk is mounted
	unmount func() error
	outside string // a folder on another disk: the owner's drawer, and old exports
	chats   []string
	posted  int
	deleted func()       // deletes a message that was posted
	changed map[int]bool // of those that were posted: edited or deleted
}

// newBoard mounts a disk.
func newBoard(t *testing.T, seed uint64, disk *fickle.Disk) *board {
	t.Helper()
	if os.Getenv("TELEKEEP_MOUNTS") == "" {
		t.Skip("TELEKEEP_MOUNTS is not set: nothing may be mounted here")
	}
	b := &board{t: t, random: rand.New(rand.NewPCG(seed, 1)), front: t.TempDir(), outside: t.TempDir(), changed: make(map[int]bool)}
	b.sim = startSimulator(t, "--seed", strconv.FormatUint(seed%1000, 10), "--chats", "8", "--messages", "120", "--media", "2 MiB")
	b.mount(disk)
	t.Cleanup(func() {
		if err := b.unmount(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *board) mount(disk *fickle.Disk) {
	b.t.Helper()
	unmount, err := disk.Mount(b.front)
	if err != nil {
		b.t.Fatal(err)
	}
	b.disk, b.unmount = disk, unmount
}

// swap puts another disk into the place of this one.
func (b *board) swap(disk *fickle.Disk) {
	b.t.Helper()
	if err := b.unmount(); err != nil {
		b.t.Fatal(err)
	}
	b.mount(disk)
}

func (b *board) dir() string   { return filepath.Join(b.front, "t") }
func (b *board) owner() string { return filepath.Join(b.outside, "owner.key") }

// A deed is a command, or what happens in the account.
type deed struct {
	what  string
	run   func() outcome
	kill  func() // begins it, and kills it after a moment; nil if it is not to be killed
	steps int    // of the disk, about
}

func (b *board) deed(stdin string, args ...string) deed {
	args = append(args, "--dir", b.dir())
	what := args[0]
	if what == "copy" || what == "keys" {
		what += " " + args[1]
	}
	d := deed{what: what, run: func() outcome { return call(b.t, stdin, args...) }}
	switch what {
	case "sync", "import", "copy sync", "keys rotate":
		d.kill = func() {
			c := program(b.t, args...)
			if err := c.Start(); err != nil {
				b.t.Fatal(err)
			}
			time.Sleep(time.Duration(50+b.random.IntN(400)) * time.Millisecond)
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
	return d
}

// init keeps the owner's key outside once it is there.
func (b *board) init() deed {
	d := b.deed("", "init", "--telegram", filepath.Join(b.sim.dir, "telegram.toml"))
	run := d.run
	d.run = func() outcome {
		o := run()
		if o.code == 0 {
			b.takeKey()
		}
		return o
	}
	return d
}

// takeKey puts the owner's key into the drawer.
func (b *board) takeKey() {
	b.t.Helper()
	key, err := os.ReadFile(filepath.Join(b.dir(), "owner.key"))
	if err == nil {
		err = os.WriteFile(b.owner(), key, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *board) login() deed {
	return b.deed(b.sim.code+"\n"+b.sim.password+"\n", "login", "--phone", b.sim.phone)
}

// text is that of the n-th message that was posted.
func (b *board) text(n int) string { return fmt.Sprintf("posted %d.", n) }

// post has messages come in, some with files; one is edited and one is deleted.
func (b *board) post() {
	b.t.Helper()
	if b.chats == nil {
		b.chats = chatsOfKind(b.t, b.dir(), "personal", "group")
	}
	chat := b.chats[b.random.IntN(len(b.chats))]
	if b.deleted != nil {
		b.deleted() // somebody had time to fetch it
	}
	for i := range 5 {
		b.posted++
		body := map[string]any{"chat": chat, "text": b.text(b.posted)}
		if i%2 == 1 {
			body["file_name"], body["file_size"] = fmt.Sprintf("file%d.bin", b.posted), 1000+b.random.IntN(900_000)
		}
		var made struct{ ID int }
		if err := json.Unmarshal(b.sim.control(b.t, "POST", "/messages", body), &made); err != nil || made.ID == 0 {
			b.t.Fatalf("a message without an id: %v", err)
		}
		switch i {
		case 0:
			b.sim.control(b.t, "PATCH", "/messages", map[string]any{"chat": chat, "id": made.ID, "text": fmt.Sprintf("edit %d", b.posted)})
			b.changed[b.posted] = true
		case 2:
			b.deleted = func() { b.sim.control(b.t, "DELETE", "/messages", map[string]any{"chat": chat, "ids": []int{made.ID}}) }
			b.changed[b.posted] = true
		}
	}
}

// oldExport makes an export of a chat that nobody has any more.
func oldExport(t *testing.T, dir string) string {
	t.Helper()
	file := make([]byte, 700_000)
	for i := range file {
		file[i] = byte(i * i >> 3)
	}
	text := `{"name": "Old", "type": "personal_chat", "id": 777, "messages": [{"id": 1, "type": "message", "date": "2024-01-01T00:00:00",
	"date_unixtime": "1704067200", "from": "A", "from_id": "user777", "file": "one.bin", "file_name": "one.bin", "mime_type": "application/octet-stream",
	"text": "imported.", "text_entities": [{"type": "plain", "text": "imported."}]}]}`
	err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "one.bin"), file, 0o600), os.WriteFile(filepath.Join(dir, "result.json"), []byte(text), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// daemon runs one until it has stored what was posted, and ends it.
func (b *board) daemon() deed {
	return deed{what: "daemon", run: func() outcome {
		c := program(b.t, "daemon", "--dir", b.dir())
		var errs bytes.Buffer
		c.Stderr = &errs
		if err := c.Start(); err != nil {
			b.t.Fatal(err)
		}
		time.Sleep(time.Second)
		b.post()
		time.Sleep(time.Second)
		_ = c.Process.Signal(syscall.SIGTERM)
		err := c.Wait()
		if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
			b.t.Fatal(err)
		}
		return outcome{"", errs.String(), c.ProcessState.ExitCode()}
	}}
}

// export makes one outside of the disk.
func (b *board) export(name string) string {
	b.t.Helper()
	out := filepath.Join(b.outside, name)
	if err := os.RemoveAll(out); err != nil {
		b.t.Fatal(err)
	}
	mustCall(b.t, "", "export", "--dir", b.dir(), "-i", b.owner(), "--format", "json", "--out", out)
	return out
}

// holds fails if an export does not hold the first messages that were posted, but for those
// that were deleted or edited meanwhile, and what was imported.
func (b *board) holds(what, out string, posted int, imported bool) {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(out, "result.json"))
	if err != nil {
		b.t.Fatal(err)
	}
	if imported && !bytes.Contains(text, []byte("imported.")) {
		b.t.Fatalf("%s: what was imported is gone", what)
	}
	for n := 1; n <= posted; n++ {
		if !b.changed[n] && !bytes.Contains(text, []byte(b.text(n))) {
			b.t.Fatalf("%s: message %d of %d that were acknowledged is gone", what, n, posted)
		}
	}
}

// life is all that is done, in order.
func (b *board) life() []deed {
	sync := b.deed("", "sync")
	posted := func(d deed) deed {
		run := d.run
		d.run = func() outcome { b.post(); return run() }
		return d
	}
	return []deed{
		b.init().of(75), b.login().of(7), sync.of(620), b.deed("", "copy", "add", "second", filepath.Join(b.front, "second")).of(140), posted(sync).of(240),
		b.deed("", "import", oldExport(b.t, filepath.Join(b.outside, "old"))).of(210), posted(sync).of(240), b.daemon().of(250),
		b.deed("", "keys", "rotate", "-i", b.owner(), "--all", "--take").of(130), posted(sync).of(250), b.deed("", "copy", "sync").of(35), posted(sync).of(240),
	}
}

// of says how many steps a deed takes.
func (d deed) of(steps int) deed {
	d.steps = steps
	return d
}

// finish does what leads to the end, from whatever a power cut or a fault left.
func (b *board) finish(what string) {
	b.t.Helper()
	must := func(d deed) {
		b.t.Helper()
		if o := d.run(); o.code != 0 {
			b.t.Fatalf("%s: then %s ended with %d\n%s%s", what, d.what, o.code, o.out, o.err)
		}
	}
	if _, err := os.Stat(b.owner()); err != nil {
		if _, err := os.Stat(filepath.Join(b.dir(), "telekeep.toml")); err == nil { // what init writes last
			b.takeKey()
		} else {
			must(b.init())
		}
	}
	if o := call(b.t, "", "chats", "--dir", b.dir()); o.code != 0 {
		must(b.login())
	}
	must(b.deed("", "sync"))
	if o := call(b.t, "", "copy", "list", "--dir", b.dir()); !strings.Contains(o.out, "second") {
		must(b.deed("", "copy", "add", "second", filepath.Join(b.front, "second")))
	}
	must(b.deed("", "import", oldExport(b.t, filepath.Join(b.outside, "old"))))
	must(b.deed("", "copy", "sync"))
	must(b.deed("", "verify", "--all"))
	must(b.deed("", "verify", "--deep", "--all", "-i", b.owner()))
}

// A power cut at any step of init, login, sync, the daemon, an import, a rotation or a copy, some of them killed before: all
// that was acknowledged is there, nothing is damaged, and the same commands lead to the end.
func TestPowerCutAnywhere(t *testing.T) {
	cuts := 1 // in each deed, about
	if text := os.Getenv("TELEKEEP_POWER_CUTS"); text != "" {
		var err error
		if cuts, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	b := newBoard(t, seed, fickle.New(seed))
	gaps := rand.New(rand.NewPCG(seed, 2))

	type cut struct {
		disk  *fickle.Disk
		steps int
	}
	var taken []cut
	type promise struct {
		steps  int
		what   string
		posted int
	}
	var promises []promise
	killed := 0
	for _, d := range b.life() {
		start := b.disk.Steps()
		next, gap := start, func() int { return 1 + gaps.IntN(2*max(1, d.steps/cuts)) }
		next += (gap() + 1) / 2
		b.disk.CutAt(next, func(left *fickle.Disk) int {
			taken = append(taken, cut{left, next})
			next += gap()
			return next
		})
		if d.kill != nil && b.random.IntN(3) == 0 {
			d.kill() // what it did is seen by the next, and may not be durable
			killed++
		}
		o := d.run()
		if o.code != 0 {
			t.Fatalf("%s ended with %d\n%s%s", d.what, o.code, o.out, o.err)
		}
		promises = append(promises, promise{b.disk.Steps(), d.what, b.posted})
		t.Logf("%-9s %5d steps", d.what, b.disk.Steps()-start)
	}
	b.disk.CutAt(0, nil)
	want := b.export("want")
	key, err := os.ReadFile(b.owner())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range taken {
		b.swap(c.disk)
		what := fmt.Sprintf("a power cut after step %d ", c.steps)
		made, imported, posted := false, false, 0
		for _, p := range promises {
			if p.steps <= c.steps {
				made = true
				what = fmt.Sprintf("a power cut after step %d, behind %s", c.steps, p.what)
				imported = imported || p.what == "import"
				if p.what == "sync" {
					posted = p.posted
				}
			}
		}
		if !made {
			_ = os.Remove(b.owner())
		} else if err := os.WriteFile(b.owner(), key, 0o600); err != nil {
			t.Fatal(err)
		}
		if posted > 0 {
			if o := call(t, "", "verify", "--deep", "--dir", b.dir(), "-i", b.owner()); o.code != 0 {
				t.Fatalf("%s: verify ended with %d\n%s%s", what, o.code, o.out, o.err)
			}
			b.holds(what, b.export("got"), posted, imported)
		}
		b.finish(what)
		sameDialogs(t, want, b.export("got"))
	}
	t.Logf("%d power cuts, %d commands were killed", len(taken), killed)
	if len(taken) < 4*cuts {
		t.Error("these are too few")
	}
}

// A disk that is slow, takes less than it is given, refuses, or forgets what an fsync failed to
// keep: what fails is said, what was acknowledged stays, and the same command goes on.
func TestFickleDisk(t *testing.T) {
	for _, kind := range []struct {
		name   string
		faults fickle.Faults
	}{
		{"slow", fickle.Faults{Slow: 2 * time.Millisecond}},
		{"short", fickle.Faults{Short: 0.3}},
		{"refuses", fickle.Faults{Refuse: 0.004, Cause: syscall.EIO}},
		{"full at times", fickle.Faults{Refuse: 0.004, Cause: syscall.ENOSPC}},
		{"forgets", fickle.Faults{Forget: 0.02}},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			b := newBoard(t, seed, fickle.New(seed))
			struck, failed := make(map[string]int), 0
			posted, imported := 0, false
			for _, d := range b.life() {
				for try := 0; ; try++ {
					if try < 3 {
						b.disk.Take(kind.faults)
					}
					o := d.run()
					b.disk.Take(fickle.Faults{})
					here := b.disk.Struck()
					for what, n := range here {
						struck[what] += n
					}
					if o.code == 0 {
						break
					}
					failed++
					if try == 3 || len(here) == 0 {
						t.Fatalf("%s ended with %d with no fault\n%s%s", d.what, o.code, o.out, o.err)
					}
					if !strings.Contains(o.err, "telekeep: ") || strings.Contains(o.err, "goroutine ") {
						t.Errorf("%s ended with %d and said\n%s", d.what, o.code, o.err)
					}
				}
				imported = imported || d.what == "import"
				if d.what == "sync" {
					posted = b.posted
				}
				if posted == 0 || b.random.IntN(3) > 0 {
					b.remount()
					continue
				}
				b.swap(b.disk.Cut()) // the power goes
				b.holds(kind.name+": "+d.what, b.export("got"), posted, imported)
			}
			b.finish(kind.name)
			t.Logf("%d commands failed; %v", failed, struck)
			if kind.faults.Slow == 0 && len(struck) == 0 {
				t.Error("nothing happened")
			}
			sameDialogs(t, b.undisturbed(), b.export("got"))
		})
	}
}

// remount has programs forget what the disk does not hold.
func (b *board) remount() {
	b.t.Helper()
	unmount, err := b.disk.Remount(b.front, b.unmount)
	if err != nil {
		b.t.Fatal(err)
	}
	b.unmount = unmount
}

// undisturbed is the export of an installation that saw none of this.
func (b *board) undisturbed() string {
	b.t.Helper()
	dir := b.sim.install(b.t)
	mustCall(b.t, "", "sync", "--dir", dir)
	mustCall(b.t, "", "import", oldExport(b.t, filepath.Join(b.outside, "old")), "--dir", dir)
	out := filepath.Join(b.t.TempDir(), "want")
	mustCall(b.t, "", "export", "--dir", dir, "-i", filepath.Join(dir, "owner.key"), "--format", "json", "--out", out)
	return out
}

// A drive that says that bytes are durable which are not, and then loses power, is told by verify and healed
// from the other copy.
func TestLyingDrive(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	b := newBoard(t, seed, fickle.New(seed))
	dir := b.sim.install(t)
	second := filepath.Join(b.front, "second")
	mustCall(t, "", "sync", "--dir", dir)
	mustCall(t, "", "copy", "add", "second", second, "--dir", dir)
	chats := chatsOfKind(t, dir, "personal")
	told := 0
	for round := range 6 {
		b.disk.Take(fickle.Faults{Lie: 0.1})
		for n := range 4 {
			b.sim.control(t, "POST", "/messages", map[string]any{"chat": chats[0], "text": fmt.Sprintf("round %d, %d", round, n), "file_name": "a.bin", "file_size": 300_000 + n})
			mustCall(t, "", "sync", "--dir", dir)
		}
		b.swap(b.disk.Cut())
		o := call(t, "", "verify", "--all", "--dir", dir)
		if o.code != 0 {
			told++
			call(t, "", "verify", "--heal", "--dir", dir)
		}
		mustCall(t, "", "verify", "--all", "--deep", "-i", filepath.Join(dir, "owner.key"), "--dir", dir)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of 6 times something was gone", told)
	if told == 0 {
		t.Error("nothing was ever gone")
	}
	got, want := filepath.Join(b.outside, "got"), filepath.Join(b.outside, "want")
	mustCall(t, "", "export", "--vault", second, "-i", filepath.Join(dir, "owner.key"), "--format", "json", "--out", got)
	mustCall(t, "", "export", "--dir", dir, "-i", filepath.Join(dir, "owner.key"), "--format", "json", "--out", want)
	sameDialogs(t, want, got)
}
