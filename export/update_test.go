package export

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telekeep/archive"
)

func TestRefusals(t *testing.T) {
	many := newFake()
	many.accounts = append(many.accounts, archive.Account{ID: "user9"})
	none := newFake()
	none.accounts = nil
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "thesis.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	used := t.TempDir()
	mustExport(t, household(), used, utc())
	for name, c := range map[string]struct {
		source Source
		dir    string
		o      Options
		want   error
	}{
		"several accounts":  {many, t.TempDir(), Options{}, ErrManyAccounts},
		"no account":        {none, t.TempDir(), Options{}, ErrNoAccount},
		"unknown account":   {many, t.TempDir(), Options{Account: "user10"}, ErrNoAccount},
		"unknown chat":      {household(), t.TempDir(), Options{Chats: []archive.PeerID{"user2", "user100"}}, ErrNoChat},
		"folder in use":     {household(), full, Options{}, ErrNotEmpty},
		"another selection": {household(), used, Options{Chats: []archive.PeerID{"user2"}}, ErrOtherExport},
	} {
		before := tree(t, c.dir)
		if _, err := JSON(t.Context(), c.source, c.dir, c.o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if after := tree(t, c.dir); fileNames(after) != fileNames(before) {
			t.Errorf("%s: something was written: %s", name, fileNames(after))
		}
	}
}

func TestFolderOfANewerTelekeep(t *testing.T) {
	dir := t.TempDir()
	mustExport(t, household(), dir, utc())
	header := filepath.Join(dir, headerFile)
	raw, err := os.ReadFile(header)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"newer":   strings.Replace(string(raw), `"version": 1`, `"version": 2`, 1),
		"escapes": strings.Replace(string(raw), `chats/chat_1/`, `chats/../../x/`, 1),
		"garbage": "{",
	} {
		if err := os.WriteFile(header, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := JSON(t.Context(), household(), dir, utc()); err == nil {
			t.Errorf("%s: the folder is used", name)
		}
	}
}

func TestAgainWritesNothing(t *testing.T) {
	f, dir := household(), t.TempDir()
	first := mustExport(t, f, dir, utc())
	before := tree(t, dir)
	f.opened = nil
	second := mustExport(t, f, dir, utc())
	if second.Written != 0 || second.Bytes != 0 || second.Kept != first.Written || len(f.opened) != 0 {
		t.Errorf("the second run wrote %d, kept %d and read %v", second.Written, second.Kept, f.opened)
	}
	sameTree(t, before, tree(t, dir))
}

func sameTree(t *testing.T, want, got map[string]string) {
	t.Helper()
	if fileNames(want) != fileNames(got) {
		t.Errorf("files are\n%s\nwant\n%s", fileNames(got), fileNames(want))
	}
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%s differs:\n%s\nwant\n%s", name, got[name], content)
		}
	}
}

func TestAgainAddsOnly(t *testing.T) {
	f, dir := household(), t.TempDir()
	mustExport(t, f, dir, utc())
	before := tree(t, dir)
	// The first pull goes backwards: older messages come in later, and with them
	// every counter moves. So do new chats.
	older := photoMessage(file("photo:4", "", ""))
	older.ID, older.Date, older.From = 3, morning, "user2"
	f.messages["user2"] = append([]*archive.StoredMessage{{Message: older}}, f.messages["user2"]...)
	f.media["photo:4"] = []byte("an older photo")
	f.chats = append([]archive.ChatInfo{{ID: "user3", Dialog: &archive.Dialog{Type: archive.ChatPersonal}}}, f.chats...)
	result := mustExport(t, f, dir, utc())
	after := tree(t, dir)
	for name, content := range before {
		if name != resultFile && after[name] != content {
			t.Errorf("%s is not what it was", name)
		}
	}
	if result.Written != 1 || len(after) != len(before)+1 {
		t.Errorf("%d files written:\n%s", result.Written, fileNames(after))
	}
}

func TestDamagedFileIsWrittenAgain(t *testing.T) {
	f, dir := household(), t.TempDir()
	mustExport(t, f, dir, utc())
	before := tree(t, dir)
	name := filepath.Join(dir, "chats/chat_2/photos/photo_1@14-11-2023_22-13-27.jpg")
	if err := os.Truncate(name, 3); err != nil {
		t.Fatal(err)
	}
	if result := mustExport(t, f, dir, utc()); result.Written != 1 {
		t.Errorf("%d files written", result.Written)
	}
	sameTree(t, before, tree(t, dir))
}

// TestStoppedAnywhere stops an export at every step that it tells of, each time
// with what the stops before have left behind.
func TestStoppedAnywhere(t *testing.T) {
	whole := t.TempDir()
	steps := 0
	o := utc()
	o.Progress = func(Progress) { steps++ }
	mustExport(t, household(), whole, o)
	want := tree(t, whole)
	dir := t.TempDir()
	stopped := 0
	for stop := range steps {
		ctx, cancel := context.WithCancel(t.Context())
		at := 0
		o.Progress = func(Progress) {
			if at++; at > stop {
				cancel()
			}
		}
		switch _, err := JSON(ctx, household(), dir, o); {
		case errors.Is(err, context.Canceled):
			stopped++
		case err != nil:
			t.Fatalf("stopped at %d of %d: %v", stop, steps, err)
		}
		cancel()
	}
	if stopped < steps/2 { // files that are in place already take no steps
		t.Fatalf("stopped %d times in %d steps", stopped, steps)
	}
	mustExport(t, household(), dir, utc())
	sameTree(t, want, tree(t, dir))
	left, err := filepath.Glob(filepath.Join(dir, partPrefix+"*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDocumentIsReplacedAtOnce(t *testing.T) {
	f, dir := household(), t.TempDir()
	mustExport(t, f, dir, utc())
	before := tree(t, dir)
	f.media["photo:5"] = []byte("new")
	late := photoMessage(file("photo:5", "", ""))
	late.ID = 20
	f.add("user2", archive.ChatPersonal, late)
	// A folder stands where the chat's state belongs.
	state := filepath.Join(dir, stateFolder, "chat_3.jsonl")
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := JSON(t.Context(), f, dir, utc()); err == nil {
		t.Fatal("no error")
	}
	if after := tree(t, dir); after[resultFile] != before[resultFile] {
		t.Error("result.json was touched by a run that failed")
	}
}

func TestTornState(t *testing.T) {
	f, dir := household(), t.TempDir()
	mustExport(t, f, dir, utc())
	want := tree(t, dir)
	state := filepath.Join(dir, stateFolder, "chat_2.jsonl")
	raw, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(state, raw[:len(raw)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	mustExport(t, f, dir, utc())
	// The photo whose note was torn is not known any more: it gets another name,
	// and the file of before stays.
	after := tree(t, dir)
	if len(after) != len(want)+1 {
		t.Errorf("files are\n%s", fileNames(after))
	}
	again := mustExport(t, f, dir, utc())
	if again.Written != 0 {
		t.Errorf("%d files written by the third run", again.Written)
	}
}
