package export

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is how many bytes a document's own name may take. File systems allow
// 255; the rest is for what may be added: "_", "_thumb.jpg" and " (12345)".
const maxName = 236

// maxExtension is the longest ending that survives when a name is cut.
const maxExtension = 16

// safeName makes a name that a stranger chose safe on every file system: no
// separators, no control characters, none that change the direction of writing
// (an "Fil\u202Egpj.exe" looks like a picture), no device names of DOS, no hyphen in
// front, not too long, not empty. Ordinary names stay as they are.
func safeName(name string) string {
	name = strings.Map(safeRune, strings.ToValidUTF8(name, "\uFFFD"))
	name = cutName(name, maxName)
	if name == "" || strings.HasSuffix(name, " ") || strings.HasSuffix(name, ".") {
		name += "_" // Windows drops these two at the end of a name
	}
	if dosDevice(name) {
		return "_" + name
	}
	if strings.HasPrefix(name, "-") { // where somebody says *, programs take "-rf" for an option
		return "_" + name[1:]
	}
	return name
}

func safeRune(r rune) rune {
	switch {
	case strings.ContainsRune(`<>:"/\|?*`, r), unicode.IsControl(r), bidiControl(r), r == '\u2028', r == '\u2029':
		return '_'
	}
	return r
}

// bidiControl reports marks, embeddings, overrides and isolates.
func bidiControl(r rune) bool {
	return r == '\u061C' || r == '\u200E' || r == '\u200F' ||
		r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}

// cutName shortens a name to limit bytes between characters and keeps its ending.
func cutName(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > maxExtension {
		ext = ""
	}
	end := limit - len(ext)
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + ext
}

// dosDevice reports the names that Windows takes for devices, whatever their
// ending: CON, NUL.txt, com1, LPT9 .log.
func dosDevice(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	port, isPort := strings.CutPrefix(stem, "COM")
	if !isPort {
		port, isPort = strings.CutPrefix(stem, "LPT")
	}
	return isPort && utf8.RuneCountInString(port) == 1 && strings.ContainsAny(port, "0123456789¹²³")
}

// numbered puts " (n)" before the first dot of the last part of a path, so that
// a.tar.xz becomes "a (1).tar.xz".
func numbered(file string, n string) string {
	dir, base := path.Split(file)
	stem, ext, dotted := strings.Cut(base, ".")
	if dotted {
		ext = "." + ext
	}
	return dir + stem + " (" + n + ")" + ext
}
