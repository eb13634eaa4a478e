package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telekeep/crypto"
)

// On a machine that computes wrongly no command that stores, checks or reads begins: nothing
// is written, and the error says what is wrong and what to do.
func TestSelfTestComesFirst(t *testing.T) {
	broken := fmt.Errorf("%w: signing: the signature is 00 instead of 01", crypto.ErrSelfTest)
	for _, command := range []string{
		"init", "adopt vault", "sync", "sync --follow", "daemon", "verify", "verify --deep -i owner.key", "verify --heal", "verify --drill -i owner.key",
		"prune", "export --out out", "restore --out out", "import chat", "search word", "serve", "keys list", "keys test -i owner.key",
	} {
		t.Run(command, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "installation")
			var out, said bytes.Buffer
			a := &app{stdio: stdio{strings.NewReader(""), &out, &said}, getenv: func(string) string { return "" }, now: time.Now}
			a.ui = newUI(a.stdio, a.getenv)
			a.selfTest = func() error { return broken }
			root := a.root()
			root.SetArgs(append(strings.Fields(command), "--dir", dir))
			if code := a.ui.exit(root.ExecuteContext(t.Context())); code != exitMachine {
				t.Errorf("exit code %d, want %d; it says %s", code, exitMachine, said.Bytes())
			}
			if text := said.String(); !strings.Contains(text, "signing: the signature is") || !strings.Contains(text, "hint: the processor, the memory or this build") {
				t.Errorf("it says %s", text)
			}
			if _, err := os.Stat(dir); err == nil || out.Len() > 0 {
				t.Errorf("it began: %v, %s", err, out.Bytes())
			}
		})
	}
}

// A machine that computes right goes on, and what does nothing with the vault's bytes is
// not kept waiting.
func TestSelfTestPasses(t *testing.T) {
	for command, want := range map[string]int{"verify": 1, "version": 0} {
		tests := 0
		a := &app{stdio: stdio{strings.NewReader(""), io.Discard, io.Discard}, getenv: func(string) string { return "" }, now: time.Now}
		a.ui = newUI(a.stdio, a.getenv)
		a.selfTest = func() error { tests++; return nil }
		root := a.root()
		root.SetArgs([]string{command, "--dir", filepath.Join(t.TempDir(), "nothing")})
		code := a.ui.exit(root.ExecuteContext(t.Context()))
		if tests != want || code == exitMachine {
			t.Errorf("%s: %d self-tests, exit code %d", command, tests, code)
		}
	}
}
