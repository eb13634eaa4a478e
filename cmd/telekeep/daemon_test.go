package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"telekeep/config"
	"telekeep/daemon"
)

// A kept is telekeep daemon in a process of its own.
type kept struct {
	t   *testing.T
	dir string
	c   *exec.Cmd
	log *lockedBuffer
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// startDaemon starts one, with more in its environment.
func startDaemon(t *testing.T, dir string, env ...string) *kept {
	t.Helper()
	k := &kept{t: t, dir: dir, c: program(t, "daemon", "--dir", dir), log: &lockedBuffer{}}
	k.c.Env = append(k.c.Env, env...)
	k.c.Stderr, k.c.Stdout = k.log, k.log
	if err := k.c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = k.c.Process.Kill()
		_ = k.c.Wait()
		if t.Failed() {
			t.Logf("the daemon said:\n%s", k.log)
		}
	})
	return k
}

// status asks the daemon; nil if it does not answer.
func (k *kept) status() *daemon.Status {
	state := filepath.Join(k.dir, "state", socketName)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		path, done := reachable(state)
		defer done()
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	got, err := client.Get("http://daemon/status")
	if err != nil {
		return nil
	}
	defer got.Body.Close()
	s := new(daemon.Status)
	if json.NewDecoder(got.Body).Decode(s) != nil {
		return nil
	}
	return s
}

// until waits for a status.
func (k *kept) until(what string, is func(*daemon.Status) bool) *daemon.Status {
	k.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if s := k.status(); s != nil && is(s) {
			return s
		}
	}
	k.t.Fatalf("it never is %s: %+v", what, k.status())
	return nil
}

func isWell(s *daemon.Status) bool { return s.Well && s.Accounts[0].State == daemon.StateLive }

func (k *kept) untilSaid(text string) {
	k.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(k.log.String(), text) {
			return
		}
	}
	k.t.Fatalf("it never says %q", text)
}

// end sends a signal and returns the exit code.
func (k *kept) end(s os.Signal) int {
	k.t.Helper()
	if err := k.c.Process.Signal(s); err != nil {
		k.t.Fatal(err)
	}
	_ = k.c.Wait()
	return k.c.ProcessState.ExitCode()
}

// A message that is deleted a second after it was sent, and a daemon that is killed a
// second after that: the next daemon's commit has the message, and that it was deleted.
func TestDaemonKeepsWhatWasDeletedAtOnce(t *testing.T) {
	t.Parallel()
	sim := startSimulator(t, "--seed", "6", "--messages", "40", "--media", "64KiB")
	dir := sim.install(t)
	chat := someChat(t, dir)
	k := startDaemon(t, dir)
	k.until("well", isWell)

	var sent struct{ ID int }
	if err := json.Unmarshal(sim.control(t, "POST", "/messages", map[string]any{"chat": chat, "text": "gone in a second"}), &sent); err != nil || sent.ID == 0 {
		t.Fatalf("%v: %+v", err, sent)
	}
	k.untilSaid("messages=1\n")
	sim.control(t, "DELETE", "/messages", map[string]any{"chat": chat, "ids": []int{sent.ID}})
	k.untilSaid("deleted=1\n")
	k.end(syscall.SIGKILL)

	journal, err := filepath.Glob(filepath.Join(dir, "state", "journal", "*"))
	if err != nil || len(journal) == 0 {
		t.Fatalf("no journal (%v)", err)
	}
	for _, path := range journal {
		if data, err := os.ReadFile(path); err != nil || bytes.Contains(data, []byte("gone in a second")) {
			t.Errorf("%s: the journal can be read (%v)", path, err)
		}
	}
	var before []logLine
	decodeStrict(t, mustCall(t, "", "log", "--dir", dir, "--json"), &before)

	k = startDaemon(t, dir)
	k.until("well", isWell)
	if code := k.end(syscall.SIGTERM); code != 0 {
		t.Errorf("it ends with %d", code)
	}
	var after []logLine
	decodeStrict(t, mustCall(t, "", "log", "--dir", dir, "--json"), &after)
	if len(after) != len(before)+1 {
		t.Errorf("%d commits became %d", len(before), len(after))
	}
	out := filepath.Join(t.TempDir(), "out")
	mustCall(t, "", "export", "--dir", dir, "-i", filepath.Join(dir, "owner.key"), "--deleted", "--extended", "--out", out)
	data, err := os.ReadFile(filepath.Join(out, "result.json"))
	if err != nil || !strings.Contains(string(data), "gone in a second") {
		t.Errorf("the message is not in the export (%v)", err)
	}
}

// sync, pause, resume and status talk to the daemon, with the exit codes that they have
// without it.
func TestDaemonIsAsked(t *testing.T) {
	t.Parallel()
	sim := startSimulator(t, "--seed", "7", "--messages", "40", "--media", "64KiB")
	dir := sim.install(t)
	chat := someChat(t, dir)
	k := startDaemon(t, dir)
	k.until("well", isWell)
	if o := call(t, "", "daemon", "--dir", dir); o.code != exitBusy || !strings.Contains(o.err, "a daemon runs already") {
		t.Errorf("a second one ends with %d: %s", o.code, o.err)
	}
	if info, err := os.Stat(filepath.Join(dir, "state", socketName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	sim.control(t, "POST", "/messages", map[string]any{"chat": chat, "text": "not pushed", "silent": true})
	o := mustCall(t, "", "sync", "--dir", dir, "--json")
	var run syncRun
	decodeStrict(t, o, &run)
	if run.Messages != 1 || run.Commits != 1 || len(run.Accounts) != 1 || run.Error != "" {
		t.Errorf("sync says %s", o.out)
	}
	if o := mustCall(t, "", "sync", "--dir", dir); !strings.Contains(o.out, "nothing new") {
		t.Errorf("sync says %s", o.out)
	}
	if o := call(t, "", "sync", "--dir", dir, "--follow"); o.code != exitBusy {
		t.Errorf("sync --follow ends with %d: %s", o.code, o.err)
	}
	var status statusReport
	decodeStrict(t, mustCall(t, "", "status", "--dir", dir, "--json"), &status)
	if status.Daemon == nil || !status.Daemon.Well || status.Accounts[0].LastSync == nil {
		t.Errorf("status: %+v", status)
	}

	mustCall(t, "", "pause", "--dir", dir)
	if o := call(t, "", "sync", "--dir", dir); o.code != exitBusy || !strings.Contains(o.err, "telekeep resume") {
		t.Errorf("sync while it is paused ends with %d: %s", o.code, o.err)
	}
	mustCall(t, "", "sync", "--dir", dir, "--takeout") // the daemon gave everything back
	mustCall(t, "", "resume", "--dir", dir)
	k.until("well", isWell)
	if o := call(t, "", "sync", "--dir", dir, "--takeout"); o.code != exitBusy {
		t.Errorf("a data export beside the daemon ends with %d: %s", o.code, o.err)
	}

	sim.control(t, "POST", "/revoke", nil)
	if o := call(t, "", "sync", "--dir", dir); o.code != exitNotSignedIn || !strings.Contains(o.err, "telekeep login") {
		t.Errorf("sync without a session ends with %d: %s", o.code, o.err)
	}
	s := k.until("wrong", func(s *daemon.Status) bool { return len(s.Alarms) == 1 })
	if s.Well || s.Alarms[0].Kind != daemon.AlarmSession {
		t.Errorf("%+v", s)
	}
	mustCall(t, sim.code+"\n"+sim.password+"\n", "login", "--dir", dir, "--phone", sim.phone)
	mustCall(t, "", "sync", "--dir", dir)
	k.until("well", isWell)
	if code := k.end(syscall.SIGTERM); code != 0 {
		t.Errorf("it ends with %d", code)
	}
	if o := call(t, "", "pause", "--dir", dir); o.code != exitFailure || !strings.Contains(o.err, "no daemon runs") {
		t.Errorf("pause without a daemon ends with %d: %s", o.code, o.err)
	}
}

// Settings that are wrong are refused with file and line, and the old ones stay; right
// ones are taken up, also if an editor puts a new file in the place of the old one.
func TestDaemonReadsItsSettingsAnew(t *testing.T) {
	t.Parallel()
	sim := startSimulator(t, "--seed", "8", "--messages", "20", "--media", "64KiB")
	dir := sim.install(t)
	k := startDaemon(t, dir)
	k.until("well", isWell)
	path := filepath.Join(dir, "telekeep.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	replace("nonsense = 1\n" + string(text))
	k.untilSaid("telekeep.toml:1: nonsense: unknown key")
	if s := k.status(); !s.Well {
		t.Errorf("%+v", s)
	}
	replace(string(text) + "\n[[account]]\nname = \"second\"\n")
	s := k.until("with two accounts", func(s *daemon.Status) bool {
		return len(s.Accounts) == 2 && s.Accounts[1].State == daemon.StateEnded && len(s.Alarms) > 0
	})
	if len(s.Alarms) != 1 || s.Alarms[0].Account != "second" {
		t.Errorf("%+v", s.Alarms)
	}
	replace(string(text))
	k.until("with one account", func(s *daemon.Status) bool { return len(s.Accounts) == 1 && len(s.Alarms) == 0 && s.Well })
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "[chats]", "[[account]]\nname = \"hup\"\n[chats]", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.c.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	k.until("with two accounts", func(s *daemon.Status) bool { return len(s.Accounts) == 2 && s.Accounts[1].Name == "hup" })
	if code := k.end(syscall.SIGTERM); code != 0 {
		t.Errorf("it ends with %d", code)
	}
}

// What is wrong is told to the hook, once, and when it is over; the URL is fetched while
// all is well. An empty mount point stays empty.
func TestDaemonSaysSo(t *testing.T) {
	t.Parallel()
	sim := startSimulator(t, "--seed", "9", "--messages", "20", "--media", "64KiB")
	dir := sim.install(t)
	chat := someChat(t, dir)
	pinged := make(chan string, 100)
	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		pinged <- r.Method + " " + r.URL.String()
	})}
	go server.Serve(web) //nolint:errcheck // it is closed at the end
	t.Cleanup(func() { server.Close() })
	told := filepath.Join(dir, "told")
	path := filepath.Join(dir, "telekeep.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	prom := filepath.Join(dir, "telekeep.prom")
	text = bytes.Replace(text, []byte("[alarm]\n"), []byte("[alarm]\nping = \"http://"+web.Addr().String()+"/well\"\n"+
		`hook = ["/bin/sh", "-c", "echo $TELEKEEP_EVENT $TELEKEEP_ALARM account=$TELEKEEP_ACCOUNT: $TELEKEEP_TEXT >>`+told+`"]`+"\n"), 1)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	text = bytes.Replace(text, []byte("[daemon]\n"), []byte("[daemon]\nmetrics = \""+address+"\"\ntextfile = \""+prom+"\"\n"), 1)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	k := startDaemon(t, dir)
	k.until("well", isWell)
	select {
	case what := <-pinged:
		if what != "GET /well" {
			t.Errorf("the ping is %s", what)
		}
	case <-time.After(30 * time.Second):
		t.Error("nobody was pinged")
	}
	sim.control(t, "POST", "/revoke", nil)
	call(t, "", "sync", "--dir", dir) // a server says so when it is asked something
	k.until("wrong", func(s *daemon.Status) bool { return len(s.Alarms) == 1 })
	waitFor(t, told)
	mustCall(t, sim.code+"\n"+sim.password+"\n", "login", "--dir", dir, "--phone", sim.phone)
	mustCall(t, "", "sync", "--dir", dir)
	k.until("well", isWell)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		data, err := os.ReadFile(told)
		if lines := strings.Split(strings.TrimSpace(string(data)), "\n"); err == nil && len(lines) == 2 &&
			strings.HasPrefix(lines[0], "failure session account=main: ") && strings.HasPrefix(lines[1], "recovery session account=main: ") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the hook was told %q (%v)", data, err)
		}
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) { // not with the next tick only
		data, err := os.ReadFile(prom)
		if err == nil && strings.Contains(string(data), "telekeep_well 1\n") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the textfile says %q (%v)", data, err)
		}
	}
	waitFor(t, prom)
	if data, err := os.ReadFile(prom); err != nil || !strings.Contains(string(data), `telekeep_account_live{account="main"}`) {
		t.Errorf("the metrics: %v\n%s", err, data)
	}

	scraped, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer scraped.Body.Close()
	var numbers bytes.Buffer
	if _, err := numbers.ReadFrom(scraped.Body); err != nil || !strings.Contains(numbers.String(), "telekeep_well 1") {
		t.Errorf("over TCP: %v\n%s", err, numbers.String())
	}
	other, err := http.Post("http://"+address+"/pause", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Body.Close()
	if other.StatusCode != http.StatusNotFound {
		t.Errorf("the daemon can be told things over TCP: %s", other.Status)
	}

	vault := filepath.Join(dir, "vault")
	if err := os.Rename(vault, vault+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(vault, 0o700); err != nil { // the mount point
		t.Fatal(err)
	}
	sim.control(t, "POST", "/messages", map[string]any{"chat": chat, "text": "while it is away"})
	k.untilSaid("messages=1\n")
	k.end(syscall.SIGTERM)
	if entries, err := os.ReadDir(vault); err != nil || len(entries) > 0 {
		t.Errorf("the mount point holds %v (%v)", entries, err)
	}
}

// A state folder with a long name has a socket all the same.
func TestSocketInALongFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 40))
	cfg := &config.Config{State: dir}
	k := &keeper{}
	l, err := k.listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.done()
	if running(cfg) == nil {
		t.Error("nobody finds it")
	}
	if _, err := k.listen(cfg); exitCode(err) != exitBusy {
		t.Errorf("a second one: %v", err)
	}
	if err := l.socket.Close(); err != nil {
		t.Fatal(err)
	}
	if running(cfg) != nil {
		t.Error("it is found though it is gone")
	}
}

// A daemon that is there and says nothing is not called well.
func TestDaemonThatHangs(t *testing.T) {
	cfg := &config.Config{State: t.TempDir()}
	l, err := (&keeper{}).listen(cfg) // and nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer l.done()
	defer l.socket.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	r := &statusReport{Accounts: []accountStatus{{Name: "main"}}}
	new(app).hearDaemon(ctx, cfg, r)
	if !strings.Contains(r.DaemonProblem, "does not answer") || r.Daemon != nil || r.Accounts[0].atWork {
		t.Errorf("%+v", r)
	}
}
