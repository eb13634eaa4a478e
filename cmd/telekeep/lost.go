package main

import (
	"fmt"
	"os"
	"path/filepath"

	"telekeep/export"
)

// What cannot be read of a damaged vault is listed, and everything else is written
// all the same: on the day somebody needs a restore, most of it is better than none.

// lost lists what opening the vault showed to be unreadable.
func (r *restorer) lost() []problemLine {
	lines := []problemLine{}
	for _, p := range r.reader.Faults() {
		lines = append(lines, describeProblem(p))
	}
	for _, p := range r.snapshot.Problems() {
		lines = append(lines, problemLine{lostKind, p.Object, p.Err.Error()})
	}
	return lines
}

// lostKind is the kind of what is in the archive and cannot be read.
const lostKind = "lost"

// withFailures adds what the reading itself met, and returns how many things that
// are in all. A failure without chat and key is a stretch of records, which lost has.
func withFailures(lines []problemLine, f export.Failures) ([]problemLine, int) {
	total := len(lines) + f.Failed
	for _, p := range f.Problems {
		switch {
		case p.Key != "":
			lines = append(lines, problemLine{lostKind, "media " + string(p.Key), fmt.Sprint(p.Err)})
		case p.Chat != "":
			lines = append(lines, problemLine{lostKind, "a message of " + string(p.Chat), fmt.Sprint(p.Err)})
		default:
			total--
		}
	}
	return lines, total
}

// listedLost is how many problems are listed on a screen; --json has more.
const listedLost = 50

func (a *app) printLost(lines []problemLine, total int) {
	for i, l := range lines {
		if i == listedLost {
			break
		}
		fmt.Fprintf(a.out, "%s: %s: %s\n", l.Kind, l.Object, printable(l.Detail))
	}
	if total > listedLost {
		fmt.Fprintf(a.out, "… and %s more\n", count(total-listedLost))
	}
}

// damageFailure is the error of a reading that met problems.
func damageFailure(total int) error {
	if total == 0 {
		return nil
	}
	return &failure{
		code: exitProblems,
		err:  fmt.Errorf("the vault is damaged: %s; everything that can be read was written", plural(total, "problem is listed", "problems are listed")),
		hint: "another copy of the vault may have it whole; read that one into a folder of its own",
	}
}

// keepEarlier refuses to replace what an earlier reading wrote to out with what is
// left of a damaged vault: it may be less.
func (r *restorer) keepEarlier(out string, documents ...string) error {
	lost := r.lost()
	if len(lost) == 0 {
		return nil
	}
	for _, name := range documents {
		if _, err := os.Lstat(filepath.Join(out, name)); err == nil {
			return &failure{
				code: exitProblems,
				err:  fmt.Errorf("the vault is damaged (%s: %s), and %s holds what was read earlier", lost[0].Object, lost[0].Detail, out),
				hint: "give a new folder with --out: what was read earlier may be more than what is left, and is not replaced",
			}
		}
	}
	return nil
}
