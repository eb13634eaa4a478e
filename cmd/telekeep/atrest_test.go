package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"telekeep/daemon"
)

// marks are words that stand nowhere by accident, one for each place that words come from.
var marks = []string{
	"Marktextquaxli", "Markeditquaxli", "Marklaterquaxli", "Marktitlequaxli", "Marknamequaxli", "Marksurnamequaxli", "Markuserquaxli",
	"Markfilequaxli", "Markcaptionquaxli", "Markpollquaxli", "Markanswerquaxli", "Markinsidequaxli", "Marklinkquaxli", "Markimportquaxli",
}

func atRestMessage(id int, from, text string, more map[string]any) map[string]any {
	m := map[string]any{
		"id": id, "type": "message", "date": "2024-01-02T03:04:05", "date_unixtime": fmt.Sprint(1_704_164_645 + id),
		"from": "Marknamequaxli Marksurnamequaxli", "from_id": from, "text": text, "text_entities": []any{map[string]any{"type": "plain", "text": text}},
	}
	for key, value := range more {
		m[key] = value
	}
	return m
}

// markedExport is an account whose every word is a mark.
func markedExport(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	inside := bytes.Repeat([]byte("Markinsidequaxli in a file, which compresses well. "), 4000)
	if err := os.WriteFile(filepath.Join(dir, "Markfilequaxli.txt"), inside, 0o600); err != nil {
		t.Fatal(err)
	}
	file := map[string]any{"file": "Markfilequaxli.txt", "file_name": "Markfilequaxli.txt", "file_size": len(inside), "mime_type": "text/plain"}
	poll := map[string]any{"poll": map[string]any{
		"question": "Markpollquaxli?", "closed": false, "total_voters": 1,
		"answers": []any{map[string]any{"text": "Markanswerquaxli", "voters": 1, "chosen": true}, map[string]any{"text": "no", "voters": 0, "chosen": false}},
	}}
	var messages []any
	for i := range 40 {
		messages = append(messages, atRestMessage(i+1, "user101", fmt.Sprintf("Marktextquaxli %d https://example.org/Marklinkquaxli", i), nil))
	}
	messages = append(messages, atRestMessage(41, "user101", "Markcaptionquaxli", file), atRestMessage(42, "user101", "", poll))
	export := map[string]any{
		"about":                "",
		"personal_information": map[string]any{"user_id": 100, "first_name": "Marknamequaxli", "last_name": "Marksurnamequaxli", "phone_number": "+1 555 0100", "username": "@Markuserquaxli"},
		"chats": map[string]any{"about": "", "list": []any{
			map[string]any{"name": "Marknamequaxli Marksurnamequaxli", "type": "personal_chat", "id": 101, "messages": messages},
			map[string]any{"name": "Marktitlequaxli", "type": "private_supergroup", "id": 105, "messages": []any{atRestMessage(1, "user101", "Marktextquaxli too", nil)}},
		}},
	}
	writeAsJSON(t, filepath.Join(dir, "result.json"), export)
	return dir
}

func writeAsJSON(t *testing.T, path string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// No text and no name of an account stands in clear on the machine that writes, but where the
// threat model says so: not in the state, the journal, the spool, the session, the vault, the
// logs or what the control socket answers; not after a kill, nor in other forms. A file that
// the threat model does not name is found, too.
func TestMachineShowsNothing(t *testing.T) {
	sim := startSimulator(t, "--export", markedExport(t))
	dir := sim.install(t)
	var logs bytes.Buffer
	run := func(args ...string) {
		t.Helper()
		o := mustCall(t, "", append(args, "--dir", dir)...)
		logs.WriteString(o.err)
	}
	away := filepath.Join(t.TempDir(), "drive")
	if err := os.Mkdir(away, 0o700); err != nil {
		t.Fatal(err)
	}
	run("copy", "add", "drive", filepath.Join(away, "v"))
	if err := os.Rename(away, away+".gone"); err != nil { // what it lacks waits in the spool
		t.Fatal(err)
	}
	run("sync")
	imported := t.TempDir()
	writeAsJSON(t, filepath.Join(imported, "result.json"), struct { // in the order in which Telegram Desktop has them
		Name     string `json:"name"`
		Type     string `json:"type"`
		ID       int    `json:"id"`
		Messages []any  `json:"messages"`
	}{"Marktitlequaxli", "personal_chat", 102, []any{atRestMessage(7, "user102", "Markimportquaxli", nil)}})
	run("import", imported)
	d := startDaemon(t, dir)
	d.until("live", func(s *daemon.Status) bool { return s.Accounts[0].State == daemon.StateLive })
	sim.control(t, "POST", "/messages", map[string]any{"chat": "user101", "text": "Marklaterquaxli"})
	d.untilSaid("messages=1\n")
	sim.control(t, "PATCH", "/messages", map[string]any{"chat": "user101", "id": 3, "text": "Markeditquaxli"})
	d.untilSaid("edited=1\n")
	status, err := json.Marshal(d.status())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.c.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = d.c.Wait()
	logs.WriteString(d.log.String())

	look := newLooker(t)
	if !look.finds(zstdOf(t, "xx Marktextquaxli")) || !look.finds([]byte(base64.StdEncoding.EncodeToString([]byte("x Marktextquaxli")))) {
		t.Fatal("the search finds nothing at all")
	}
	look.at("the logs", logs.Bytes())
	look.at("the control socket", status)
	known := machineFiles(t)
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		look.at("the name of "+below, []byte(below))
		below = filepath.ToSlash(below)
		if strings.HasPrefix(below, "vault/") {
			look.file(name)
			return nil
		}
		if !known(below) {
			t.Errorf("docs/threat-model.md does not say what %s shows", below)
		}
		if below != "telekeep.toml" && e.Type().IsRegular() {
			look.file(name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if look.files < 15 {
		t.Errorf("only %d files were looked at", look.files)
	}
	o := mustCall(t, "", "sync", "--dir", dir) // what the killed daemon had taken is there
	look.at("the logs of the next run", []byte(o.err))
	checkMarksComeBack(t, dir)
}

// checkMarksComeBack makes sure that all marks were stored at all.
func checkMarksComeBack(t *testing.T, dir string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	mustCall(t, "", "export", "--dir", dir, "-i", filepath.Join(dir, "owner.key"), "--extended", "--out", out)
	var all bytes.Buffer
	err := filepath.WalkDir(out, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		all.WriteString(name)
		all.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range marks {
		if !bytes.Contains(bytes.ToLower(all.Bytes()), bytes.ToLower([]byte(mark))) {
			t.Errorf("%s was not stored: nothing is proved of it", mark)
		}
	}
}

// machineFiles are the files that the threat model's table of the machine names.
func machineFiles(t *testing.T) func(string) bool {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "threat-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(data), "## What is on the machine that writes")
	table, _, _ = strings.Cut(table, "\n## ")
	var patterns []string
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) > 3 {
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
				patterns = append(patterns, m[1])
			}
		}
	}
	if len(patterns) < 8 {
		t.Fatalf("the table names %q", patterns)
	}
	return func(name string) bool {
		for _, p := range patterns {
			if ok, _ := path.Match(p, name); ok {
				return true
			}
			if folder, ok := strings.CutSuffix(p, "/*"); ok && strings.HasPrefix(name, folder+"/") && folder == "state/spool" {
				return true // with folders of its own
			}
		}
		return false
	}
}

// A looker looks for the marks in all the forms in which they could leak.
type looker struct {
	t     *testing.T
	files int
	forms [][]byte
	zstd  *zstd.Decoder
}

func newLooker(t *testing.T) *looker {
	l := &looker{t: t}
	for _, mark := range marks {
		for _, m := range []string{mark, strings.ToLower(mark), strings.ToUpper(mark)} {
			l.forms = append(l.forms, []byte(m), []byte(hex.EncodeToString([]byte(m))))
			var wide []byte
			for _, u := range utf16.Encode([]rune(m)) {
				wide = append(wide, byte(u), byte(u>>8))
			}
			l.forms = append(l.forms, wide)
			for skip := range 3 { // base64 of what begins anywhere
				text := base64.StdEncoding.EncodeToString(append(make([]byte, skip), m...))
				l.forms = append(l.forms, []byte(text[4:len(text)-4]))
			}
		}
	}
	var err error
	if l.zstd, err = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(64<<20)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.zstd.Close)
	return l
}

func (l *looker) file(name string) {
	l.t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		l.t.Fatal(err)
	}
	l.files++
	l.at(name, data)
}

func (l *looker) at(what string, data []byte) {
	l.t.Helper()
	if l.finds(data) {
		l.t.Errorf("%s holds a word of the account", what)
	}
}

func (l *looker) finds(data []byte) bool {
	for _, form := range l.forms {
		if bytes.Contains(data, form) {
			return true
		}
	}
	return l.findsPacked(data, []byte{0x28, 0xb5, 0x2f, 0xfd}, func(at []byte) []byte {
		out, _ := l.zstd.DecodeAll(at, nil) // as far as it goes
		return out
	}) || l.findsPacked(data, []byte{0x1f, 0x8b, 8}, func(at []byte) []byte {
		r, err := gzip.NewReader(bytes.NewReader(at))
		if err != nil {
			return nil
		}
		out, _ := io.ReadAll(io.LimitReader(r, 64<<20)) // as far as it goes
		return out
	})
}

func (l *looker) findsPacked(data, magic []byte, unpack func([]byte) []byte) bool {
	for i := bytes.Index(data, magic); i >= 0; {
		if out := unpack(data[i:]); len(out) > 0 && l.finds(out) {
			return true
		}
		next := bytes.Index(data[i+1:], magic)
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

func zstdOf(t *testing.T, text string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll([]byte(text), nil)
}
