package chunkstore

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// chosenNames are what strangers call files, chats and themselves.
var chosenNames = []string{
	"..", ".", "...", "../../../../../../../../tmp/x", "/etc/passwd", "a/../../b", `..\..\x`, `C:\x`, "-rf", "--", "-", "$(touch x)", "`touch x`", "${HOME}", "~", "*", "?", "[a-z]", "; touch x", "| touch x", "& touch x", "> x", "'", `"`, `\`, `\\`, `\"`, `a\`, `a\\"b`, "'\\''", "%s%n%d", "%%", `\033[31m`, `\n`,
	"a\nb", "a\r\nb", "\n", "\t", "a\tb\tc", "\x00", "a\x00b", "\x1b[31mred", "\x7f", "\u0085", "\u009b31m", "\u2028", "\u2029", "\u202egpj.exe", "\u2066\u2069\u200b\u200f\u061c", "\ufeffbom", "\u180e", "\u00adsoft", "\U000e0041tag", "\xff\xfe", "ok\xc3", "\xc3(", "\x9b31m", "\xf0\x9f", "\xed\xa0\x80", "\xc0\xaf", "\xe0\x80\xaf..",
	"", " ", " a", "a ", "a.", "x.incomplete", ".work", "REPORT.txt", "SHA256SUMS", "media", "nul", "com1.txt", `","key":"document:1","name":"y`, `"chunks":["00"]`, "}\n{", `","raw":9}`, "x\n", strings.Repeat("a", 4000) + ".txt", strings.Repeat("\u00e4", 2000), strings.Repeat("\U0001f600", 900) + ".jpg", strings.Repeat("\xbf", 900), strings.Repeat("../", 300), "a." + strings.Repeat("e", 400), "plain.pdf",
}

// rawQuoted is s as a JSON string with all bytes in it that are no control characters, also those that are no UTF-8.
func rawQuoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			fallthrough
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

// hidden reports what may stand in no name and in no text that people look at in a terminal.
func hidden(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) }

// Whatever strangers call files, chats and themselves: recover.sh writes below OUT and nothing else, under names that a person and a shell can
// take, lets nothing through that a terminal obeys, and gives each file its own bytes; in dash and in busybox alike.
func TestRecoverHostileNames(t *testing.T) {
	for _, tool := range []string{"zstd", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	r := &ruin{t: t, bin: stockAge(t), fixture: newFixture(t, nil)}
	work := t.TempDir()
	r.dir, r.key = filepath.Join(work, "vault"), filepath.Join(work, "owner.key")
	check(t, os.WriteFile(r.key, []byte(r.owner.String()+"\n"), 0o600))
	w := r.writer()
	var records strings.Builder
	want := make(map[string]int) // bytes of files, and how often
	for i, name := range chosenNames {
		quoted, data := rawQuoted(name), fmt.Appendf(nil, "file %d", i)
		want[string(data)]++
		ids := store(t, w, data)
		fmt.Fprintf(&records, `{"v":1,"kind":"peer","account":"user1","seen":1,"profile":{"id":"user%d","first_name":%s,"last_name":%s}}`+"\n", 100+i, quoted, quoted)
		fmt.Fprintf(&records, `{"v":1,"kind":"message","account":"user1","seen":1,"chat":"user%d","message":{"id":%d,"date":1700000000,"from":"user%d","text":{"text":%s},"media":{"kind":"document","file":{"key":"document:%d","size":%d,"name":%s,"mime":%s}}}}`+"\n",
			100+i, i+1, 100+i, quoted, i+1, len(data), quoted, quoted)
		records.WriteString(fileRecord(fmt.Sprint("document:", i+1), data, ids))
	}
	commit(t, w, store(t, w, []byte(records.String())))

	few := t.TempDir() // nothing but busybox, zstd and age
	shells := [][]string{{"sh"}}
	if busybox, err := exec.LookPath("busybox"); err == nil {
		applets, err := exec.Command(busybox, "--list").Output()
		check(t, err)
		for _, name := range strings.Fields(string(applets)) {
			check(t, os.Symlink(busybox, filepath.Join(few, name)))
		}
		zstd, err := exec.LookPath("zstd")
		check(t, err)
		check(t, os.Symlink(zstd, filepath.Join(few, "zstd")))
		check(t, os.Symlink(filepath.Join(r.bin, "age"), filepath.Join(few, "age")))
		shells = append(shells, []string{filepath.Join(few, "sh"), few})
	}
	var first map[string]string
	for _, r.shell = range shells {
		out, said, code := r.recover(func() {})
		if code != 0 {
			t.Fatalf("%s: exit code %d:\n%s", r.shell, code, said)
		}
		got := make(map[string]string)
		for _, name := range files(t, out) {
			if text := content(t, out, name); name != "REPORT.txt" {
				got[name] = text
			}
		}
		if first == nil {
			first = got
		} else if !maps.Equal(first, got) {
			t.Errorf("busybox gives %q, sh %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(first)))
		}
		r.named(t, got, maps.Clone(want))
		if strings.ContainsFunc(strings.ReplaceAll(said, "\n", ""), hidden) {
			t.Errorf("%s: what a terminal obeys is said: %q", r.shell, said)
		}
		sums := exec.Command("sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS")
		sums.Dir = out
		if text, err := sums.CombinedOutput(); err != nil || strings.Count(got["SHA256SUMS"], "\n") != len(chosenNames) {
			t.Errorf("%s: SHA256SUMS: %v\n%s", r.shell, err, text)
		}
	}
}

// named looks at the names and bytes that came out.
func (r *ruin) named(t *testing.T, got map[string]string, want map[string]int) {
	t.Helper()
	chats := 0
	for name, text := range got {
		folder, base := filepath.Split(name)
		switch {
		case folder == "media/":
			want[text]--
		case folder == "messages/":
			chats++
			if text = strings.NewReplacer("\n", "", "\t", "").Replace(text); strings.ContainsFunc(text, hidden) {
				t.Errorf("%q has in it what a terminal obeys: %.300q", name, text)
			}
		case folder == "" && slices.Contains([]string{"SHA256SUMS", "records.jsonl", "records.stream"}, base):
		default:
			t.Errorf("%q is there", name)
		}
		bad := func(r rune) bool {
			return hidden(r) || unicode.Is(unicode.Bidi_Control, r) || strings.ContainsRune(`\/:*?"<>|`, r)
		}
		if strings.ContainsFunc(base, bad) || strings.ContainsRune("-. ", rune(base[0])) || len(base) > 200 || strings.HasSuffix(base, ".") || strings.HasSuffix(base, " ") {
			t.Errorf("a file is called %q", base)
		}
	}
	for data, n := range want {
		if n != 0 {
			t.Errorf("%q is there %d times less than it should", data, n)
		}
	}
	if chats != len(chosenNames) {
		t.Errorf("%d chats, not %d", chats, len(chosenNames))
	}
}
