package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// What an account holds besides chats goes the whole way: from a server into the
// vault, into an export, from there to another server, and back again.
func TestTheWholeAccountComesBack(t *testing.T) {
	sim := startSimulator(t, "--seed", "5", "--messages", "150", "--media", "0")
	first := sim.backedUp(t)
	checkLayout(t, first)
	var made map[string]any
	readJSON(t, filepath.Join(first, "result.json"), &made)
	for key, n := range map[string]int{"profile_pictures": 2, "stories": 3, "profile_music": 2} {
		if list, _ := made[key].([]any); len(list) != n {
			t.Errorf("%d %s, want %d", len(list), key, n)
		}
	}
	for key, n := range map[string]int{"contacts": 12, "frequent_contacts": 10, "sessions": 3, "web_sessions": 1} {
		section, _ := made[key].(map[string]any)
		if list, _ := section["list"].([]any); len(list) != n {
			t.Errorf("%d %s, want %d", len(list), key, n)
		}
	}

	if other, _ := made["other_data"].(map[string]any); other["saved_gifs"] != 2.0 {
		t.Errorf("other data: %v", made["other_data"])
	}
	left, _ := made["left_chats"].(map[string]any)
	if list, _ := left["list"].([]any); len(list) != 1 {
		t.Errorf("%d chats that were left", len(list))
	}

	second := startSimulator(t, "--export", first).backedUp(t)
	checkLayout(t, second)
	var again map[string]any
	readJSON(t, filepath.Join(second, "result.json"), &again)
	for _, key := range slices.Sorted(maps.Keys(made)) {
		if key == "chats" || key == "left_chats" {
			continue // TestRealExportComesBack
		}
		compareParts(t, key, first, second, made[key], again[key])
	}
}

// backedUp signs in, backs up and returns the folder of an export.
func (s *simulated) backedUp(t *testing.T) string {
	t.Helper()
	dir := s.install(t)
	mustCall(t, "", "sync", "--dir", dir, "--takeout") // there it tells more
	out := filepath.Join(t.TempDir(), "out")
	mustCall(t, "", "export", "--dir", dir, "-i", filepath.Join(dir, "owner.key"), "--format", "json", "--out", out)
	return out
}

// checkLayout runs the checker that is shared between projects.
func checkLayout(t *testing.T, dir string) {
	t.Helper()
	checker := filepath.Join("..", "..", "..", "shared", "tools", "result-json-check")
	python, err := exec.LookPath("python3")
	if err != nil {
		return
	}
	if _, err := os.Stat(checker); err != nil {
		return
	}
	if out, err := exec.Command(python, checker, filepath.Join(dir, "result.json")).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// compareParts compares two values of two exports; paths by what the files hold,
// and without the time of last use, which the second server counts anew.
func compareParts(t *testing.T, where, dirA, dirB string, a, b any) {
	t.Helper()
	switch a := a.(type) {
	case map[string]any:
		other, _ := b.(map[string]any)
		for key, value := range a {
			if key == "last_active" || key == "last_active_unixtime" {
				continue
			}
			compareParts(t, where+"."+key, dirA, dirB, value, other[key])
		}
	case []any:
		other, _ := b.([]any)
		if len(a) != len(other) {
			t.Errorf("%s: %d became %d", where, len(a), len(other))
			return
		}
		for i := range a {
			compareParts(t, where, dirA, dirB, a[i], other[i])
		}
	case string:
		if a == b {
			return
		}
		name, _ := b.(string)
		was, errA := os.ReadFile(filepath.Join(dirA, a))
		is, errB := os.ReadFile(filepath.Join(dirB, name))
		if errA != nil || errB != nil || !bytes.Equal(was, is) {
			t.Errorf("%s: %q became %v", where, a, b)
		}
	default:
		if a != b {
			t.Errorf("%s: %v became %v", where, a, b)
		}
	}
}
