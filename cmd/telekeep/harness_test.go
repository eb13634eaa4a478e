package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// asProgram, set in the environment, makes the test binary be telekeep: tests
// run it as a process of its own, as a user would, without a build step.
const asProgram = "TELEKEEP_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if path := os.Getenv(goroutinesTo); path != "" {
			go writeGoroutines(path)
		}
		main()
	}
	runMoreAtOnce()
	testscript.Main(m, map[string]func(){"telekeep": main, "age-plugin-tktest": agePlugin})
}

// runMoreAtOnce has more tests at a time than there are processors, unless somebody says how many:
// most of them wait for other processes. Under another name this is one of those processes.
func runMoreAtOnce() {
	if !strings.HasSuffix(filepath.Base(os.Args[0]), ".test") {
		return
	}
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return
	}
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
}

// goroutinesTo, set in the environment, names a file for the number of goroutines, which
// nobody can see from outside of a process.
const goroutinesTo = "TELEKEEP_TEST_GOROUTINES"

func writeGoroutines(path string) {
	for ; ; time.Sleep(time.Second) {
		_ = os.WriteFile(path, []byte(strconv.Itoa(runtime.NumGoroutine())), 0o600) // what reads it tells that it is stale
	}
}

// program prepares a call of telekeep as a process.
func program(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), asProgram+"=1", "TZ=UTC")
	return c
}

// outcome is what a call of telekeep printed and how it ended.
type outcome struct {
	out, err string
	code     int
}

func call(t testing.TB, stdin string, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	c := program(t, args...)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{out.String(), errs.String(), c.ProcessState.ExitCode()}
}

func mustCall(t testing.TB, stdin string, args ...string) outcome {
	t.Helper()
	o := call(t, stdin, args...)
	if o.code != 0 {
		t.Fatalf("telekeep %s ended with %d\n%s%s", strings.Join(args, " "), o.code, o.out, o.err)
	}
	return o
}

// simulated is a Telegram in a process of its own.
type simulated struct {
	dir                   string
	phone, code, password string
}

func startSimulator(t testing.TB, args ...string) *simulated {
	t.Helper()
	s := &simulated{dir: filepath.Join(t.TempDir(), "sim")}
	c := program(t, append([]string{"simulator", "--listen", "127.0.0.1:0", "--out", s.dir}, args...)...)
	var log bytes.Buffer
	c.Stdout, c.Stderr = io.Discard, &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("simulator said:\n%s", log.String())
		}
	})
	waitFor(t, filepath.Join(s.dir, "telegram.toml"))
	var account struct{ Phone, Code, Password string }
	readJSON(t, filepath.Join(s.dir, "account.json"), &account)
	s.phone, s.code, s.password = account.Phone, account.Code, account.Password
	return s
}

func waitFor(t testing.TB, path string) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not appear", path)
		}
	}
}

// install makes an installation that is signed in to s, and returns its folder.
func (s *simulated) install(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "t")
	mustCall(t, "", "init", "--dir", dir, "--telegram", filepath.Join(s.dir, "telegram.toml"))
	mustCall(t, s.code+"\n"+s.password+"\n", "login", "--dir", dir, "--phone", s.phone)
	return dir
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// sharedData returns a folder of real exports, which is not part of this
// repository.
func sharedData(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("real exports are not part of the repository, and %s is not there", dir)
	}
	return dir
}
