package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"telekeep/archive"
)

// A writer of folders with files of all chats.
type wholeWriter func(ctx context.Context, source Source, dir string, o Options) (*Result, error)

func wholeWriters() map[string]wholeWriter {
	return map[string]wholeWriter{"files": Plain, "sqlite": SQLite}
}

func mustWrite(t *testing.T, write wholeWriter, source Source, dir string, o Options) *Result {
	t.Helper()
	result, err := write(t.Context(), source, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// household with an edited message, a preview with a picture, and names that mean harm.
func hostileHousehold() *fake {
	f := household()
	f.peers["user2"].FirstName = "../../x\u202e\x1b[31m"
	f.peers["channel8"].Title = "new GROUP" // as channel7, but for the case
	newest := f.messages["user2"][0]
	newest.Seen, newest.Version, newest.Versions = 90, 2, 2
	first := &archive.StoredMessage{Message: &archive.Message{ID: 5, Date: morning + 5, Text: text("before \x1b[2J")}, Seen: 80, Version: 1, Versions: 2}
	f.versions = map[int][]*archive.StoredMessage{5: {first, newest}}
	f.media["photo:9"] = []byte("a preview")
	page := &archive.Media{Kind: archive.MediaKindWebpage, Webpage: &archive.Webpage{URL: "https://x.org", Title: "X", Photo: file("photo:9", "", "")}}
	evil := &archive.Media{Kind: archive.MediaKindDocument, File: file("document:4", "../../../etc/passwd", "text/plain")}
	f.media["document:4"] = []byte("root")
	f.add("user1", archive.ChatSaved,
		&archive.Message{ID: 20, Date: morning + 20, From: "user1", Text: text("Schöner Tag"), Media: page},
		&archive.Message{ID: 21, Date: morning + 21, From: "user1", Media: evil})
	return f
}

func TestPlain(t *testing.T) {
	dir := t.TempDir()
	o := utc()
	o.Versions = true
	result := mustWrite(t, Plain, hostileHousehold(), dir, o)
	files := tree(t, dir)
	golden(t, "plain.files", fileNames(files))
	golden(t, "plain.txt", files["chats/.._.._x__[31m/messages.txt"]+files["chats/Ada Byron/messages.txt"])
	if result.Messages != 14 || result.Deleted != 0 || result.Written != 5 || result.Failed != 0 {
		t.Errorf("%+v", result)
	}
	listed := 0
	for line := range strings.Lines(files[sumsFile]) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		own := sha256.Sum256([]byte(files[name]))
		if hex.EncodeToString(own[:]) != sum {
			t.Errorf("the sum of %q is wrong", name)
		}
		listed++
	}
	if listed != len(files)-1 {
		t.Errorf("%d of %d files have a sum", listed, len(files)-1)
	}
	for name, content := range files {
		if strings.ContainsAny(content, "\x1b\u202e") && strings.HasSuffix(name, ".txt") {
			t.Errorf("%s can steer a terminal", name)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "chats", "New group", "media"))
	if err != nil || !info.IsDir() {
		t.Fatal(err)
	}
	for name := range files {
		if strings.HasSuffix(name, "photo.jpg") && strings.Contains(name, "New group/") {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.ModTime().Equal(time.Unix(morning+13, 0)) {
				t.Errorf("%s is of %v (%v)", name, info.ModTime(), err)
			}
		}
	}
}

func TestSQLite(t *testing.T) {
	dir := t.TempDir()
	o := utc()
	o.Versions = true
	f := hostileHousehold()
	f.items = []*archive.Item{{Record: &archive.Record{Kind: archive.KindTopic, Chat: "channel7", Item: "channel7/3", Topic: &archive.Topic{ID: 3, Title: "Cats"}}}}
	mustWrite(t, SQLite, f, dir, o)
	db, err := sql.Open("sqlite", filepath.Join(dir, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for query, want := range map[string]string{
		"PRAGMA integrity_check":                                                   "ok",
		"SELECT count(*) FROM messages":                                            "14",
		"SELECT count(*) FROM messages WHERE deleted":                              "1",
		"SELECT group_concat(name, '/') FROM (SELECT name FROM chats ORDER BY id)": "New group/new GROUP/Ada Byron/../../x\u202e\x1b[31m/Robot",
		"SELECT sender FROM messages WHERE chat = 'user2' AND id = 5":              "user1",
		"SELECT text FROM versions":                                                "before \x1b[2J",
		"SELECT path FROM media WHERE message = 21":                                "chats/Ada Byron/media/2023-11/2023-11-14 22.13.41 .._.._.._etc_passwd",
		"SELECT role || kind FROM media JOIN messages m ON m.chat = media.chat AND m.id = message WHERE key = 'photo:9'": "previewlink",
		"SELECT count(*) FROM messages WHERE chat = 'channel7' AND id < 0":                                               "3",
		"SELECT was FROM chats WHERE id = 'channel7'":                                                                    "chat6",
		"SELECT title FROM topics": "Cats",
		"SELECT json_extract(record, '$.text.text') FROM messages WHERE row IN (SELECT rowid FROM search WHERE search MATCH 'schoner')": "Schöner Tag",
	} {
		var got string
		if err := db.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", query, got, err, want)
		}
	}
	var missing, names int
	if err := db.QueryRow("SELECT count(*) FROM media WHERE path IS NULL").Scan(&missing); err != nil || missing != 0 {
		t.Errorf("%d files have no path (%v)", missing, err)
	}
	if err := db.QueryRow("SELECT count(DISTINCT path) FROM media").Scan(&names); err != nil || names != 5 {
		t.Errorf("%d paths (%v)", names, err)
	}
}

// A second run writes nothing that is there, and what is new stands beside it.
func TestWholeAgain(t *testing.T) {
	for format, write := range wholeWriters() {
		f, dir := hostileHousehold(), t.TempDir()
		first := mustWrite(t, write, f, dir, utc())
		before := tree(t, dir)
		f.opened = nil
		f.peers["user2"].FirstName = "Bo again" // keeps its folder
		second := mustWrite(t, write, f, dir, utc())
		if second.Written != 0 || second.Kept != first.Written || len(f.opened) != 0 {
			t.Errorf("%s: the second run wrote %d, kept %d and read %v", format, second.Written, second.Kept, f.opened)
		}
		if after := tree(t, dir); fileNames(after) != fileNames(before) {
			t.Errorf("%s: the second run made\n%s\nof\n%s", format, fileNames(after), fileNames(before))
		}
		f.media["photo:10"] = []byte("new")
		m := photoMessage(file("photo:10", "", ""))
		m.ID, m.Date, m.From = 30, morning+30, "user1"
		f.add("user1", archive.ChatSaved, m)
		third := mustWrite(t, write, f, dir, utc())
		after := tree(t, dir)
		if third.Written != 1 || len(after) != len(before)+1 {
			t.Errorf("%s: the third run wrote %d files, there are %d and were %d", format, third.Written, len(after), len(before))
		}
		if _, err := JSON(t.Context(), f, dir, utc()); !errors.Is(err, ErrOtherExport) {
			t.Errorf("%s: a folder of it takes another format: %v", format, err)
		}
	}
}

// Wherever a run is stopped, what an earlier one put in place is whole, and the next one ends it.
func TestWholeStoppedAnywhere(t *testing.T) {
	for format, write := range wholeWriters() {
		f, dir := hostileHousehold(), t.TempDir()
		mustWrite(t, write, f, dir, utc())
		whole := tree(t, dir)
		late := photoMessage(file("photo:11", "", ""))
		late.ID, late.Date, late.From, f.media["photo:11"] = 39, morning+39, "user1", []byte("late")
		f.add("user1", archive.ChatSaved, late, &archive.Message{ID: 40, Date: morning + 40, From: "user1", Text: text("one more")})
		clean := t.TempDir()
		mustWrite(t, write, f, clean, utc())
		want := tree(t, clean)
		stopped := 0
		for at := 1; ; at++ {
			ctx, stop := context.WithCancel(t.Context())
			calls := 0
			o := utc()
			o.Progress = func(Progress) {
				if calls++; calls == at {
					stop()
				}
			}
			_, err := write(ctx, f, dir, o)
			stop()
			after := tree(t, dir)
			for name, content := range after {
				if strings.HasPrefix(filepath.Base(name), "part-") {
					t.Errorf("%s: stopped at %d it leaves %s", format, at, name)
				}
				if old, ok := whole[name]; name != databaseFile && content != want[name] && (!ok || content != old) {
					t.Fatalf("%s: stopped at %d, %s is neither what it was nor what it becomes", format, at, name)
				}
			}
			if err == nil {
				break
			}
			stopped++
			if !bytes.HasPrefix([]byte(after[databaseFile]), []byte("SQLite format 3")) && format == "sqlite" {
				t.Fatalf("stopped at %d: no database", at)
			}
		}
		after := tree(t, dir)
		if !slices.Equal(strings.Split(fileNames(after), "\n"), strings.Split(fileNames(want), "\n")) || stopped < 10 {
			t.Errorf("%s: %d stops, then\n%s", format, stopped, fileNames(after))
		}
	}
}
