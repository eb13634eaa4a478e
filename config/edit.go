package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// ErrNoCopy says that the settings name no copy of that name.
var ErrNoCopy = errors.New("no such copy in the settings")

// errByHand says that a settings file is laid out as nothing here can change it.
var errByHand = errors.New("the settings file is written in a way that only a person can change")

// AddCopy returns the text of a settings file with one more copy at its end; everything
// that stood there stays as it is. path is that of the file, as for Parse.
func AddCopy(path string, text []byte, one Copy) ([]byte, error) {
	before, err := Parse(path, text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(text)
	if len(text) > 0 && text[len(text)-1] != '\n' {
		b.WriteByte('\n')
	}
	b.WriteString("\n")
	renderCopy(func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }, one)
	after, err := Parse(path, b.Bytes())
	if err != nil {
		return nil, err
	}
	if len(after.Copies) != len(before.Copies)+1 || !reflect.DeepEqual(after.Copies[:len(before.Copies)], append([]Copy{}, before.Copies...)) {
		return nil, errByHand
	}
	return b.Bytes(), nil
}

// renderCopy writes the section of a copy: what is left out is left out.
func renderCopy(put func(string, ...any), one Copy) {
	put("[[copy]]")
	put("name = %s", quote(one.Name))
	put("url = %s", quote(one.URL))
	for _, k := range []struct{ key, value string }{
		{"key", one.Key}, {"known_hosts", one.KnownHosts}, {"credentials", one.Credentials},
		{"region", one.Region}, {"storage_class", one.StorageClass}, {"retention", one.Retention},
	} {
		if k.value != "" {
			put("%s = %s", k.key, quote(k.value))
		}
	}
}

// RemoveCopy returns the text of a settings file without a copy: its section is gone, the
// line `vault = …` becomes a comment. Other comments stay, but for those within the
// section. ErrNoCopy if there is none.
func RemoveCopy(path string, text []byte, name string) ([]byte, error) {
	before, err := Parse(path, text)
	if err != nil {
		return nil, err
	}
	want := before.without(name)
	if len(want) == len(before.AllCopies()) {
		return nil, fmt.Errorf("%w: %q", ErrNoCopy, name)
	}
	from, to, ok := linesOf(text, before, name)
	if !ok {
		return nil, errByHand
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	var b bytes.Buffer
	for i, line := range lines {
		gone := i+1 >= from && i+1 < to
		if gone && name == VaultCopy {
			b.WriteString("# ")
		}
		if !gone || name == VaultCopy {
			b.Write(line)
		}
	}
	after, err := Parse(path, b.Bytes())
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(after.AllCopies(), want) {
		return nil, errByHand
	}
	return b.Bytes(), nil
}

// without are all copies but one.
func (c *Config) without(name string) []Copy {
	var left []Copy
	for _, one := range c.AllCopies() {
		if one.Name != name {
			left = append(left, one)
		}
	}
	return left
}

// linesOf finds the lines of a copy, from one to another that is not its own any more,
// counted from 1. A blank line before a section goes with it; the comments before the next
// section do not.
func linesOf(text []byte, c *Config, name string) (from, to int, ok bool) {
	starts, lines := sections(text), strings.Split(string(text), "\n")
	if name == VaultCopy {
		line := keyLines(text)["vault"]
		return line, line + 1, line > 0
	}
	n := 0
	for i, one := range c.Copies {
		if one.Name == name {
			n = i + 1
		}
	}
	count := 0
	for i, s := range starts {
		if s.name != "copy" {
			continue
		}
		if count++; count != n {
			continue
		}
		from, to = s.line, len(lines)+1
		if i+1 < len(starts) {
			to = starts[i+1].line
			for to-1 > from && spare(lines[to-2]) {
				to--
			}
		}
		if from > 1 && strings.TrimSpace(lines[from-2]) == "" {
			from--
		}
		return from, to, true
	}
	return 0, 0, false
}

// spare reports whether a line says nothing to a machine.
func spare(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#'
}

// A section is a header in a settings file.
type section struct {
	name string
	line int
}

func sections(text []byte) []section {
	var all []section
	p := unstable.Parser{}
	p.Reset(text)
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.Table && e.Kind != unstable.ArrayTable {
			continue
		}
		s := section{}
		for it := e.Key(); it.Next(); {
			if s.name != "" {
				s.name += "."
			}
			s.name += string(it.Node().Data)
			s.line = p.Shape(it.Node().Raw).Start.Line
		}
		all = append(all, s)
	}
	return all
}
