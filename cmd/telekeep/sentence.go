package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// sentences are the lines that a person reads of an error. Several things often fail
// for one reason, and each says so in its own words: what an earlier line says
// already, and the echo of what was stopped because of it, are left out.
func sentences(err error) []string {
	if text, ok := diskSentence(err); ok {
		return []string{text}
	}
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = withoutRepeats(strings.TrimSpace(line)); line != "" {
			lines = append(lines, line)
		}
	}
	var kept []string
	for i, line := range lines {
		said := func(other string) bool { return strings.Contains(other, line) }
		if slices.ContainsFunc(kept, said) || slices.ContainsFunc(lines[i+1:], func(o string) bool { return o != line && said(o) }) {
			continue
		}
		if isEcho(line) && slices.ContainsFunc(lines, func(o string) bool { return !isEcho(o) }) {
			continue
		}
		kept = append(kept, line)
	}
	return kept
}

// diskSentence says which disk is full or cannot be written to: a person can do
// something about the folder, and nothing about the temporary file in it.
func diskSentence(err error) (string, bool) {
	place, ok := errors.AsType[*fs.PathError](err)
	if !ok || place.Path == "" {
		return "", false
	}
	doing, _, _ := strings.Cut(err.Error(), ": ")
	where := "the disk that holds " + filepath.Dir(place.Path)
	if !filepath.IsAbs(place.Path) {
		where = "the disk" // the path counts from a folder that is known elsewhere
	}
	switch {
	case errors.Is(place.Err, syscall.ENOSPC), errors.Is(place.Err, syscall.EDQUOT):
		return fmt.Sprintf("%s: no space left on %s", doing, where), true
	case errors.Is(place.Err, syscall.EROFS):
		return fmt.Sprintf("%s: read-only file system: %s", doing, where), true
	}
	return "", false
}

// isEcho reports whether a line says only that something else failed before.
func isEcho(line string) bool {
	for _, echo := range []string{"context canceled", "file already closed", "database or disk is full (13)"} {
		if strings.HasSuffix(line, echo) {
			return true
		}
	}
	return false
}

// withoutRepeats leaves out of "a: b: a: c" what stands there twice, of "store x: put
// x: c" whatever names the same file again, and what is for programmers.
func withoutRepeats(line string) string {
	var kept, files []string
	for _, part := range strings.Split(line, ": ") {
		file := part[strings.LastIndexByte(part, ' ')+1:]
		isFile := strings.Contains(file, "/")
		if part == forProgrammers || slices.Contains(kept, part) || isFile && slices.Contains(files, file) {
			continue
		}
		if isFile {
			files = append(files, file)
		}
		kept = append(kept, part)
	}
	return strings.Join(kept, ": ")
}

// forProgrammers is how the archive tells its caller that nothing more can be stored
// with this writer; to people it is the end of the run, which they see.
const forProgrammers = "archive writer must be reopened"
