package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const licencesHead = `# Licences

What others wrote, and under which licence. telekeep itself is under MIT. This page is made by ` + "`make licences`" + ` from the licence files
of the modules' packages that are used; a test fails if it is not current, or if a licence asks for more than to be told of.
The Debian package has their texts (` + "`/usr/share/doc/telekeep/licences.txt.gz`" + `) and an SBOM with the versions (` + "`telekeep.cdx.json`" + `).

Go's standard library (BSD-3-Clause) is in the program too.
`

// writeLicences writes docs/licences.md.
func writeLicences(out io.Writer, modules []*Module) error {
	var b strings.Builder
	b.WriteString(licencesHead)
	for _, part := range []struct {
		title  string
		linked bool
	}{{"In the program", true}, {"In its tests and tools only", false}} {
		fmt.Fprintf(&b, "\n## %s\n\n| module | licence |\n|---|---|\n", part.title)
		for _, m := range modules {
			if m.Linked == part.linked {
				fmt.Fprintf(&b, "| `%s` | %s |\n", m.Path, strings.Join(m.Licences, ", "))
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// writeNotices writes the licences' texts of what is in the program.
func writeNotices(out io.Writer, modules []*Module) error {
	for _, m := range modules {
		if !m.Linked {
			continue
		}
		for _, file := range m.Files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			title := fmt.Sprintf("%s %s, %s", m.Path, m.Version, filepath.Base(file))
			_, err = fmt.Fprintf(out, "%s\n%s\n\n%s\n\n", title, strings.Repeat("-", len(title)), strings.TrimSpace(string(text)))
			if err != nil {
				return err
			}
		}
	}
	return nil
}
