package export

import (
	"path"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostileNames are names of documents that somebody might choose to do harm, and
// some that are merely unusual.
var hostileNames = []string{
	"..", ".", "...", "../../../etc/passwd", `..\..\windows\win.ini`, "/etc/passwd", `C:\x`, "a/b/c", "//server/share",
	"nul", "NUL.txt", "con", "CON.tar.gz", "com1", "lpt9.log", "aux ", "COM¹.txt", "conin$",
	"a\x00b", "\x00", "a\nb\r\tc", "\x7f\u0085", " ", "a ", "a.", "", "-rf", "~", "$HOME", "`id`", "%00", "*?<>|\":",
	"-" + strings.Repeat(".", 400), "evil\u202egpj.exe", "\u200f\u2066\u2069\u061c", "line\u2028break", "\xff\xfe\xfd", "ok\xc3",
	strings.Repeat("a", 4000), strings.Repeat("é", 4000) + ".tar.gz", strings.Repeat("😀", 300) + ".jpg",
	"x." + strings.Repeat("e", 400), strings.Repeat(".", 400), ".telekeep", "result.json", ".bashrc", "日本語.pdf",
}

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"report.final.pdf":             "report.final.pdf",
		"日本語 (1).pdf":                  "日本語 (1).pdf",
		"..":                           ".._",
		"":                             "_",
		"../x":                         ".._x",
		`a\b:c`:                        "a_b_c",
		"NUL.txt":                      "_NUL.txt",
		"nullable.txt":                 "nullable.txt",
		"com10":                        "com10",
		"evil\u202egpj.exe":            "evil_gpj.exe",
		"trailing ":                    "trailing _",
		".bashrc":                      ".bashrc",
		"-rf":                          "_rf",
		"-" + strings.Repeat(".", 400): "_" + strings.Repeat(".", 235) + "_",

		strings.Repeat("é", 500):             strings.Repeat("é", 118),
		strings.Repeat("x", 500) + ".tar.gz": strings.Repeat("x", 233) + ".gz",
	} {
		if got := safeName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
	for _, name := range hostileNames {
		checkSafe(t, name)
	}
}

func FuzzSafeName(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) { checkSafe(t, name) })
}

// checkSafe states what a name must be so that no file system does harm with it.
func checkSafe(t *testing.T, name string) {
	t.Helper()
	got := safeName(name)
	switch {
	case got == "", got == ".", got == "..", path.Base(got) != got:
		t.Errorf("%q becomes %q, which is no name of a file", name, got)
	case !utf8.ValidString(got):
		t.Errorf("%q becomes %q, which is not UTF-8", name, got)
	case strings.ContainsAny(got, `/\<>:"|?*`), strings.ContainsFunc(got, unicode.IsControl):
		t.Errorf("%q becomes %q, with characters that file systems refuse", name, got)
	case strings.ContainsAny(got, "\u061C\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069"):
		t.Errorf("%q becomes %q, which shows as something else", name, got)
	case strings.HasSuffix(got, " "), strings.HasSuffix(got, "."):
		t.Errorf("%q becomes %q, which Windows shortens", name, got)
	case len(got+"_thumb.jpg"+" (99999)") > 255:
		t.Errorf("%q becomes %q, of %d bytes", name, got, len(got))
	case strings.HasPrefix(got, "-"):
		t.Errorf("%q becomes %q, which is an option", name, got)
	case dosDevice(got):
		t.Errorf("%q becomes %q, which is a device", name, got)
	}
}

func TestNumbered(t *testing.T) {
	for file, want := range map[string]string{
		"files/a.tar.xz":        "files/a (1).tar.xz",
		"files/a":               "files/a (1)",
		"chats/chat_1/photos/x": "chats/chat_1/photos/x (1)",
		"files/.hidden":         "files/ (1).hidden",
	} {
		if got := numbered(file, "1"); got != want {
			t.Errorf("%q becomes %q, want %q", file, got, want)
		}
	}
}

func TestFormatPhone(t *testing.T) {
	for digits, want := range map[string]string{
		"":              "",
		"998911234567":  "+998 91 1234567",
		"79993334455":   "+7 999 333 44 55",
		"447400123456":  "+44 7400 123456",
		"14155550123":   "+1 415 555 0123",
		"4915112345678": "+49 15112345678",
		"99662123456":   "+996 621 23456",
		"1":             "+1",
		"2":             "+2",
		"not a number":  "+not a number",
		"+447400123456": "+44 7400 123456",
	} {
		if got := formatPhone(digits); got != want {
			t.Errorf("%q becomes %q, want %q", digits, got, want)
		}
	}
}

func TestExtension(t *testing.T) {
	for mime, want := range map[string]string{
		"video/mp4": ".mp4", "VIDEO/MP4": ".mp4", "video/quicktime": ".qt", "image/jpeg": ".jpg",
		"audio/ogg": ".oga", "application/x-tgsticker": ".tgs", "application/octet-stream": ".other", "": ".other",
	} {
		if got := extension(mime, ".other"); got != want {
			t.Errorf("%q gives %q, want %q", mime, got, want)
		}
	}
}
