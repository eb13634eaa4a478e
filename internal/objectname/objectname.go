// Package objectname holds the rule for the names of objects in a vault, so that
// every destination accepts and refuses the same ones.
//
//	packs/ab/ab12cd….age        word "/" word "/" word
//
// A name that passes can be a path on ext4, APFS, NTFS, exFAT and SMB and a key in S3
// without any escaping. It never touches a file system.
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

// Check returns an error that says what is wrong with name, or nil. A good name is
// one or more words joined by single slashes. A word starts with an ASCII letter or
// digit, goes on with letters, digits, '.', '_' and '-', does not end in '.', and is
// not a device name of Windows.
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
	switch {
	case word == "":
		return "a part is empty"
	case len(word) > MaxWord:
		return fmt.Sprintf("a part is longer than %d bytes", MaxWord)
	case !isAlphanumeric(word[0]):
		return "a part does not start with a letter or digit"
	case word[len(word)-1] == '.':
		return "a part ends in a dot"
	case isDevice(word):
		return "a part is a device name on Windows"
	}
	for i := range len(word) {
		if c := word[i]; !isAlphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return "a character other than letters, digits, '.', '_' and '-'"
		}
	}
	return ""
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isDevice reports whether Windows takes word for a device: "con", "NUL.txt", "com1".
func isDevice(word string) bool {
	base, _, _ := strings.Cut(strings.ToLower(word), ".")
	switch base {
	case "con", "prn", "aux", "nul":
		return true
	}
	if len(base) != 4 || base[3] < '1' || base[3] > '9' {
		return false
	}
	return base[:3] == "com" || base[:3] == "lpt"
}
