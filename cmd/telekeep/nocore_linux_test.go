package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A process that dies leaves no core, though this system would write one, and no other
// process of its user may look into it.
func TestNoCoreDump(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &before); err != nil {
		t.Fatal(err)
	}
	if before.Max == 0 {
		t.Skip("this system allows no core dumps")
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: before.Max, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_CORE, &before); err != nil {
			t.Error(err)
		}
	}()
	dir := t.TempDir()
	c := program(t, "simulator", "--listen", "127.0.0.1:0", "--out", filepath.Join(dir, "sim"))
	c.Dir = dir
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, filepath.Join(dir, "sim", "telegram.toml"))
	limits, err := os.ReadFile("/proc/" + strconv.Itoa(c.Process.Pid) + "/limits")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`Max core file size +0 `).Match(limits) {
		t.Errorf("limits:\n%s", limits)
	}
	if err := c.Process.Signal(syscall.SIGSEGV); err != nil { // from outside: the runtime cannot tell it from a fault of its own
		t.Fatal(err)
	}
	_ = c.Process.Signal(syscall.SIGABRT)
	_ = c.Wait()
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || status.CoreDump() {
		t.Errorf("it left a core: %v", c.ProcessState)
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "core*")); len(found) > 0 {
		t.Errorf("there is %v", found)
	}
}
