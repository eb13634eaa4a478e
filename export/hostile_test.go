package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"telekeep/archive"
)

// An exporter writes any of the folders that this package makes.
type exporter struct {
	name  string
	write func(ctx context.Context, f *fake, dir string) error
	// read returns the paths of files that the result names, each with the key of what it must hold,
	// or "" where only a file must be there.
	read func(t *testing.T, dir string) map[string]archive.MediaKey
}

func exporters() []exporter {
	all := func(write wholeWriter) func(context.Context, *fake, string) error {
		return func(ctx context.Context, f *fake, dir string) error {
			o := utc()
			o.Versions, o.Deleted, o.Extras = true, true, true
			_, err := write(ctx, f, dir, o)
			return err
		}
	}
	return []exporter{
		{"json", all(JSON), readDocument}, {"html", all(HTML), readPages}, {"files", all(Plain), readPlain}, {"sqlite", all(SQLite), readDatabase},
		{"restore", func(ctx context.Context, f *fake, dir string) error {
			_, err := Restore(ctx, f, dir, RestoreOptions{})
			return err
		}, readSums},
	}
}

// hostileTitles are hostileNames and some that meet each other where a file system does not
// tell them apart.
func hostileTitles() []string {
	return append([]string{
		"caf\u00e9", "cafe\u0301", "CAFE\u0301", "Stra\u00dfe", "STRASSE", "strasse", "\u03c3\u03c2", "\u03c3\u03c3", "\u212a", "k", "K", "mi\u200ds", "mis", "\ufb01n", "\u1e9b\u0323",
		"-rf ~", "--help", "$(touch evil)", "`touch evil`", "; touch evil", "& touch evil", "%2e%2e%2f", "..%2f..", "#", "a#b?c", "100%", "../x", "chats", "media", "messages.txt",
		"a\u0300\u0301\u0302\u0303\u0304\u0305\u0306", strings.Repeat("Z\u0351\u036b", 200), "\u202e\u202dtxt.exe", "\ufeff", "\u3164", "\ufffe", "CON ", "con .txt", "LPT\u00b9",
		"a\\\nb", "\\n", "*  ../../x", "NUL", "clock$",
	}, hostileNames...)
}

// strangers is an archive in which everybody chose such names for everything.
func strangers(titles []string) *fake {
	f := newFake()
	f.emoji = map[archive.MediaKey]*archive.Emoji{}
	for i, title := range titles {
		n := int64(1000 + i)
		chat, sender := archive.PeerID(fmt.Sprintf("channel%d", n)), archive.PeerID(fmt.Sprintf("user%d", n))
		f.peers[chat] = &archive.Peer{ID: chat, Title: title, Username: title, Broadcast: true}
		f.peers[sender] = &archive.Peer{ID: sender, FirstName: title, LastName: title, Username: title, Phone: title}
		document := archive.NewMediaKey("document", n)
		thumb, emoji := archive.NewMediaKey("thumb", n), archive.NewMediaKey("document", n+10_000)
		for _, key := range []archive.MediaKey{document, thumb, emoji} {
			f.media[key] = []byte("content of " + key)
		}
		f.emoji[emoji] = &archive.Emoji{File: archive.File{Key: emoji, Name: title, MIME: title}}
		m := documentMessage(archive.Media{File: file(document, title, title), Thumb: file(thumb, title, title), Sticker: i%3 == 0, StickerEmoji: title, Performer: title, SongTitle: title})
		m.ID, m.Date, m.From, m.Author = 1, morning, sender, title
		m.Text = archive.Text{Text: "words", Entities: []archive.Entity{{Type: partCustomEmoji, Length: 5, Document: emoji}}}
		m.Forward = &archive.Forward{FromName: title, Date: 1}
		card := &archive.Message{ID: 2, Date: morning, From: sender, Media: &archive.Media{Kind: archive.MediaKindContact, Contact: &archive.Contact{FirstName: title, LastName: title, Phone: title, VCard: title + " "}}}
		f.add(chat, archive.ChatPublicChannel, m, card)
		// All of them meet in one chat, too.
		same := *m
		same.ID = i + 1
		f.add("user2", archive.ChatPersonal, &same)
		f.records = append(f.records, &archive.Record{Kind: archive.KindMessage, Account: "user1", Seen: morning, Chat: chat, Message: m})
	}
	f.records = append(f.records, &archive.Record{Kind: archive.KindMessage, Account: "../../evil", Seen: morning, Chat: "../x", Message: &archive.Message{ID: 1, Date: morning}})
	f.peers["user1"].FirstName = "../../\u202e\n"
	return f
}

// Whatever people call themselves, their chats, files and stickers: all that an export makes lies
// below its folder, as plain files and folders whose names no file system refuses, shortens or
// mixes up; and the result names each file where it is.
func TestHostileNamesInEveryExport(t *testing.T) {
	f := strangers(hostileTitles())
	for _, e := range exporters() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			dir := filepath.Join(parent, "out")
			for range 2 { // the second run updates
				if err := e.write(t.Context(), sharing(f), dir); err != nil {
					t.Fatal(err)
				}
			}
			checkBelow(t, parent)
			named := e.read(t, dir)
			seen := map[archive.MediaKey]bool{}
			for name, key := range named {
				data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
				if err != nil {
					t.Errorf("%q is named, and: %v", name, err)
				}
				if key != "" && string(data) != "content of "+string(key) {
					t.Errorf("%q is not %s", name, key)
				}
				seen[key] = true
			}
			if len(named) < 2*len(hostileTitles()) {
				t.Errorf("only %d files are named", len(named))
			}
		})
	}
}

// sharing returns f for a goroutine of its own.
func sharing(f *fake) *fake {
	other := *f
	other.opened, other.media = nil, maps.Clone(f.media)
	return &other
}

// checkBelow expects nothing in parent but the folder out, and there nothing but files and
// folders with names that are safe everywhere.
func checkBelow(t *testing.T, parent string) {
	t.Helper()
	met := map[string]string{}
	err := filepath.WalkDir(parent, func(full string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(parent, full)
		if name == "." {
			return nil
		}
		if top, _, _ := strings.Cut(name, string(filepath.Separator)); top != "out" {
			t.Errorf("%q was made outside", name)
		}
		if !d.IsDir() && !d.Type().IsRegular() {
			t.Errorf("%q is a %v", name, d.Type())
		}
		if fault := unsafeName(d.Name()); fault != "" {
			t.Errorf("%q: %s", name, fault)
		}
		if other, ok := met[sameName(name)]; ok {
			t.Errorf("%q and %q are one file where names are compared loosely", name, other)
		}
		met[sameName(name)] = name
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// unsafeName says what is wrong with the name of a file, or "".
func unsafeName(name string) string {
	switch {
	case !utf8.ValidString(name), strings.ContainsAny(name, `/\<>:"|?*`), strings.ContainsFunc(name, unicode.IsControl):
		return "file systems refuse this"
	case strings.ContainsFunc(name, bidiControl), strings.ContainsAny(name, "\u2028\u2029"):
		return "this shows as something else"
	case strings.HasSuffix(name, " "), strings.HasSuffix(name, "."):
		return "Windows shortens this"
	case len(name) > 255:
		return "this is too long"
	case dosDevice(name):
		return "this is a device"
	case strings.HasPrefix(name, "-"):
		return "programs take this for an option"
	}
	return ""
}

// readDocument takes the paths from result.json.
func readDocument(t *testing.T, dir string) map[string]archive.MediaKey {
	raw, err := os.ReadFile(filepath.Join(dir, resultFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := layoutError(raw); err != nil {
		t.Error(err)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	named := map[string]archive.MediaKey{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			for key, one := range v {
				text, ok := one.(string)
				if ok && (key == "file" || key == "thumbnail" || key == "photo" || key == "contact_vcard") && !strings.HasPrefix(text, "(") && text != "" {
					named[text] = ""
				}
				walk(one)
			}
		}
	}
	walk(v)
	return named
}

// readPages takes the paths from the links of the pages.
func readPages(t *testing.T, dir string) map[string]archive.MediaKey {
	named := map[string]archive.MediaKey{}
	for name, page := range tree(t, dir) {
		if path.Ext(name) != ".html" || strings.Contains(name, "/files/") || strings.Contains(name, "/stickers/") {
			continue
		}
		checkPage(t, name, page)
		for _, n := range elements(t, page) {
			for _, a := range n.Attr {
				if a.Key != "href" && a.Key != "src" {
					continue
				}
				u, err := url.Parse(a.Val)
				if err != nil {
					t.Errorf("%s: %q: %v", name, a.Val, err)
				} else if u.Scheme == "" && u.Path != "" {
					named[path.Join(path.Dir(name), u.Path)] = ""
				}
			}
		}
	}
	return named
}

// readPlain takes the paths from the lines of each chat, and expects the sums to be right.
func readPlain(t *testing.T, dir string) map[string]archive.MediaKey {
	named := readSums(t, dir)
	chats := 0
	for name, data := range tree(t, dir) {
		if path.Base(name) != plainLines || strings.Count(name, "/") != 2 {
			continue
		}
		chats++
		for line := range strings.Lines(data) {
			var one struct{ Files []struct{ Key, Path string } }
			if err := json.Unmarshal([]byte(line), &one); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, f := range one.Files {
				named[path.Join(path.Dir(name), f.Path)] = archive.MediaKey(f.Key)
			}
		}
	}
	if chats != len(hostileTitles())+1 {
		t.Errorf("the lines of %d chats are there", chats)
	}
	return named
}

// readDatabase takes the paths from the table of media.
func readDatabase(t *testing.T, dir string) map[string]archive.MediaKey {
	db, err := sql.Open("sqlite", filepath.Join(dir, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT path, key FROM media")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	named := map[string]archive.MediaKey{}
	for rows.Next() {
		var name, key string
		if err := rows.Scan(&name, &key); err != nil {
			t.Fatal(err)
		}
		named[name] = archive.MediaKey(key)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return named
}

// readSums takes the paths from SHA256SUMS, as sha256sum reads it: a line that it would take for an
// escaped one, or for none, is an error.
func readSums(t *testing.T, dir string) map[string]archive.MediaKey {
	raw, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]archive.MediaKey{}
	for line := range strings.Lines(string(raw)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if own := sha256.Sum256(data); !ok || err != nil || fmt.Sprintf("%x", own) != sum {
			t.Errorf("the line %q: %v", line, err)
		}
		named[name] = ""
	}
	return named
}

// Somebody who may write into the folder of an export puts links there: in place of each folder and
// each file that a run made, and in an empty folder before the first one. Nothing outside is
// written, read into the export or deleted; a run fails, or replaces the link.
func TestLinksInEveryExport(t *testing.T) {
	f := strangers([]string{"Ada", "Bo"})
	for _, e := range exporters() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			made := filepath.Join(t.TempDir(), "out")
			if err := e.write(t.Context(), sharing(f), made); err != nil {
				t.Fatal(err)
			}
			links := 0
			for _, name := range entries(t, made) {
				if strings.Count(name, "/") > 3 {
					continue
				}
				plantLink(t, e, sharing(f), name)
				links++
			}
			if links < 8 {
				t.Errorf("only %d links were planted", links)
			}
		})
	}
}

// entries lists all files and folders below dir.
func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(full string, d fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(dir, full); name != "." {
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// plantLink makes an export, puts a link to the outside in place of one of its files or folders, and
// writes the export again.
func plantLink(t *testing.T, e exporter, f *fake, name string) {
	t.Helper()
	parent := t.TempDir()
	dir, outside := filepath.Join(parent, "out"), filepath.Join(parent, "outside")
	victim := filepath.Join(outside, "victim")
	for _, err := range []error{e.write(t.Context(), f, dir), os.Mkdir(outside, 0o700), os.WriteFile(victim, []byte("private"), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	at := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Lstat(at)
	if err != nil {
		t.Fatal(err)
	}
	target := victim
	if info.IsDir() {
		// What lay in the folder lies outside now, so that a run that followed the link would find it in order.
		if err := os.Rename(at, filepath.Join(outside, "folder")); err != nil {
			t.Fatal(err)
		}
		target = filepath.Join(outside, "folder")
	} else if err := os.Remove(at); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, at); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	before := contents(t, outside)
	f.media["document:77"] = []byte("a new file") // so that there is something to write
	runErr := e.write(t.Context(), f, dir)
	if after := contents(t, outside); after != before {
		t.Errorf("a link at %s: outside is now\n%s\nand was\n%s\n(%v)", name, after, before, runErr)
	}
	if now, err := os.Lstat(at); runErr == nil && (err != nil || now.Mode()&fs.ModeSymlink != 0) {
		t.Errorf("a link at %s: it is still there after a run without an error (%v)", name, err)
	}
	for _, one := range entries(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, one))
		if info, lstatErr := os.Lstat(filepath.Join(dir, one)); err == nil && lstatErr == nil && info.Mode().IsRegular() && bytes.Contains(data, []byte("private")) {
			t.Errorf("a link at %s: what lies outside was copied to %s", name, one)
		}
	}
}

// contents tells all that lies below dir.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for _, name := range entries(t, dir) {
		data, _ := os.ReadFile(filepath.Join(dir, name)) // a folder has none
		fmt.Fprintf(&b, "%s: %x\n", name, sha256.Sum256(data))
	}
	return b.String()
}

// What one file system takes for one name is one name here, and nothing is lost between chats.
func TestSameName(t *testing.T) {
	for _, pair := range [][2]string{
		{"a", "A"}, {"caf\u00e9", "cafe\u0301"}, {"CAF\u00c9", "cafe\u0301"}, {"stra\u00dfe", "STRASSE"}, {"\u03c3\u03c2", "\u03a3\u03a3"}, {"\u212a", "k"}, {"\u017f", "S"},
		{"mi\u200ds", "MIS"}, {"\u0131", "I"}, {"\u1e9b\u0323", "\u1e61\u0323"}, {"\u01c5", "\u01c4"}, {"x\ufe0f", "X"},
	} {
		if sameName(pair[0]) != sameName(pair[1]) {
			t.Errorf("%+q and %+q are told apart", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"a", "b"}, {"cafe", "caf\u00e9"}, {"1", "2"}, {"a/b", "a b"}} {
		if sameName(pair[0]) == sameName(pair[1]) {
			t.Errorf("%+q and %+q are taken for one", pair[0], pair[1])
		}
	}
}
