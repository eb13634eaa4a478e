// Package objectname holds the rule for the names of objects in a vault, so that
// every destination accepts and refuses the same ones.
//
//	packs/ab/ab12cd….age        word "/" word "/" word
//
// A name that passes can be a path on ext4, APFS, NTFS, exFAT and SMB and a key in S3
// without any escaping, and no other name that passes is the same to a system that does
// not tell upper case from lower. It never touches a file system.
package objectname

import (
	"fmt"
	"strings"
)

// Limits in bytes. They leave room below the 255 bytes of most file systems for the
// suffix of a temporary file, and below 260 for a whole path on Windows.
const (
	MaxName = 200
	MaxWord = 100
)

// readme is the one word that has capital letters, because people look for it. A word may
// also go on after it with a dot.
const readme = "README.txt"

// Check returns an error that says what is wrong with name, or nil. A good name is
// one or more words joined by single slashes. A word starts with a lower-case ASCII letter
// or a digit, goes on with those, '.', '_' and '-', does not end in '.', and is not a
// device name of Windows. The words README.txt and README.txt.… are good too, and are
// never written otherwise.
func Check(name string) error {
	if len(name) > MaxName {
		return fmt.Errorf("object name of %d bytes is longer than %d", len(name), MaxName)
	}
	for word := range strings.SplitSeq(name, "/") {
		if fault := wordFault(word); fault != "" {
			return fmt.Errorf("object name %q: %s", name, fault)
		}
	}
	return nil
}

// wordFault says what is wrong with one word of a name, or "".
func wordFault(word string) string {
	if rest, ok := strings.CutPrefix(word, readme); ok && (rest == "" || rest[0] == '.') {
		word = "readme-txt" + rest
	} else if lower := strings.ToLower(word); lower == strings.ToLower(readme) || strings.HasPrefix(lower, strings.ToLower(readme)+".") {
		return "README.txt is written so"
	}
	switch {
	case word == "":
		return "a part is empty"
	case len(word) > MaxWord:
		return fmt.Sprintf("a part is longer than %d bytes", MaxWord)
	case !isAlphanumeric(word[0]):
		return "a part does not start with a lower-case letter or digit"
	case word[len(word)-1] == '.':
		return "a part ends in a dot"
	case isDevice(word):
		return "a part is a device name on Windows"
	}
	for i := range len(word) {
		if c := word[i]; !isAlphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return "a character other than lower-case letters, digits, '.', '_' and '-'"
		}
	}
	return ""
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z'
}

// isDevice reports whether Windows takes word for a device: "con", "nul.txt", "com1".
func isDevice(word string) bool {
	base, _, _ := strings.Cut(word, ".")
	switch base {
	case "con", "prn", "aux", "nul":
		return true
	}
	if len(base) != 4 || base[3] < '1' || base[3] > '9' {
		return false
	}
	return base[:3] == "com" || base[:3] == "lpt"
}
