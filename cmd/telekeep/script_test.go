package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"telekeep/chunkstore"
)

// Every command, every hint and every exit code as a script a user could type.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) < 8 {
		t.Fatalf("found %d scripts (%v)", len(files), err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": scriptCode, "waitfor": scriptWaitFor, "answers": scriptAnswers, "flip": scriptFlip, "cut": scriptCut, "remove": scriptRemove, "absent": scriptAbsent,
			"printed": scriptPrinted,
			"replace": scriptReplace, "sshserver": scriptSSHServer,
		},
	})
}

// code N COMMAND…: the command must end with exit code N.
func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command args…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit code is %s, want %s\n%s%s", got, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// waitfor FILE: until it is there, a minute at most.
func scriptWaitFor(ts *testscript.TestScript, _ bool, args []string) {
	for range 3000 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%s did not appear", args[0])
}

// answers SIM FILE: writes what login asks for into FILE, and the phone number
// into the variable PHONE.
func scriptAnswers(ts *testscript.TestScript, _ bool, args []string) {
	var account struct{ Phone, Code, Password string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(args[0], "account.json"))), &account))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(account.Code+"\n"+account.Password+"\n"), 0o600))
	ts.Setenv("PHONE", account.Phone)
}

// replace FILE OLD NEW: puts NEW in the place of OLD, which FILE must hold.
func scriptReplace(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: replace file old new")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

// flip FOLDER [last]: changes one bit in the middle of the first or last file below FOLDER.
func scriptFlip(ts *testscript.TestScript, _ bool, args []string) {
	damage(ts, args, func(data []byte) []byte { data[len(data)/2] ^= 1; return data })
}

// cut FOLDER [last]: cuts the first or last file below FOLDER in half.
func scriptCut(ts *testscript.TestScript, _ bool, args []string) {
	damage(ts, args, func(data []byte) []byte { return data[:len(data)/2] })
}

func damage(ts *testscript.TestScript, args []string, change func([]byte) []byte) {
	path := oneFile(ts, args)
	data, err := os.ReadFile(path)
	ts.Check(err)
	ts.Check(os.Chmod(path, 0o600))
	ts.Check(os.WriteFile(path, change(data), 0o600))
}

// remove FOLDER [last]: removes the first or last file below FOLDER.
func scriptRemove(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.Remove(oneFile(ts, args)))
}

func oneFile(ts *testscript.TestScript, args []string) string {
	found, last := "", len(args) > 1 && args[1] == "last"
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d os.DirEntry, err error) error {
		if err == nil && (found == "" || last) && d.Type().IsRegular() {
			found = path
		}
		return err
	}))
	if found == "" {
		ts.Fatalf("no file below %s", args[0])
	}
	return found
}

// absent FOLDER TEXT…: no file below FOLDER holds any of the texts.
func scriptAbsent(ts *testscript.TestScript, _ bool, args []string) {
	files := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		ts.Check(err)
		if bytes.Equal(data, chunkstore.RecoverScript()) {
			return nil // the same in every vault
		}
		for _, text := range args[1:] {
			if strings.Contains(string(data), text) || strings.Contains(path, text) {
				ts.Fatalf("%s holds %q", path, text)
			}
		}
		return nil
	}))
	if files < 3 {
		ts.Fatalf("only %d files below %s: nothing was looked at", files, args[0])
	}
}

// printed FILE PREFIX NAME=VALUE…: executes the line of FILE that begins with PREFIX as
// it stands there, but for the names.
func scriptPrinted(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, args[1]) {
			continue
		}
		for _, replace := range args[2:] {
			name, value, _ := strings.Cut(replace, "=")
			line = strings.ReplaceAll(line, name, value)
		}
		ts.Check(ts.Exec("sh", "-c", line))
		return
	}
	ts.Fatalf("%s has no line %q", args[0], args[1])
}
