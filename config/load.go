package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// ErrNotFound says that there is no settings file where one was looked for.
var ErrNotFound = errors.New("no settings file")

// A Problem is one thing wrong with a settings file.
type Problem struct {
	Line int    // 1-based; 0 if it belongs to no line
	Key  string // dotted, as in the file; "" if it belongs to none
	Text string
}

// An Error lists everything that is wrong with one settings file.
type Error struct {
	File     string
	Problems []Problem
}

// Error names file, line and key of each problem, one a line.
func (e *Error) Error() string {
	rows := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		place := e.File
		if p.Line > 0 {
			place += fmt.Sprintf(":%d", p.Line)
		}
		if p.Key != "" {
			place += ": " + p.Key
		}
		rows[i] = place + ": " + p.Text
	}
	return strings.Join(rows, "\n")
}

// Load reads the settings file at path. It returns ErrNotFound where there is
// none and *Error where something in it is wrong.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w at %s", ErrNotFound, path)
	}
	if err != nil {
		text := "cannot be read: " + err.Error()
		if cause, ok := errors.AsType[*fs.PathError](err); ok {
			text = "cannot be read: " + cause.Err.Error()
		}
		return nil, &Error{File: path, Problems: []Problem{{Text: text}}}
	}
	return Parse(path, data)
}

// Parse reads settings from data; path names them in errors and is what
// relative paths in them count from.
func Parse(path string, data []byte) (*Config, error) {
	c := new(Config)
	found := decode(data, c)
	if len(found) == 0 {
		check := checker{path: path, lines: keyLines(data)}
		check.config(c)
		found = check.problems
	}
	if len(found) > 0 {
		return nil, &Error{File: path, Problems: found}
	}
	return c, nil
}

// decode fills out strictly and returns what stood in the way. The library's
// own sentences stay behind: they speak of Go types.
func decode(data []byte, out any) []Problem {
	d := toml.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(out)
	if err == nil {
		return nil
	}
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		return unknownKeys(unknown, out)
	}
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		line, _ := bad.Position()
		key := strings.Join(bad.Key(), ".")
		line = max(line, keyLines(data)[key]) // of a list in a list the library knows no line, and says 1
		return []Problem{{Line: line, Key: key, Text: explain(bad, key, out)}}
	}
	return []Problem{{Text: "cannot be read as TOML"}}
}

func unknownKeys(e *toml.StrictMissingError, out any) []Problem {
	var found []Problem
	for i := range e.Errors {
		bad := &e.Errors[i]
		line, _ := bad.Position()
		key := strings.Join(bad.Key(), ".")
		text := "unknown key"
		if near := nearest(key, keysOf(out)); near != "" {
			text += "; did you mean " + near + "?"
		}
		found = append(found, Problem{Line: line, Key: key, Text: text})
	}
	return found
}

// explain turns a decoding error into a sentence about the file.
func explain(bad *toml.DecodeError, key string, out any) string {
	if want, ok := keysOf(out)[key]; ok && (strings.Contains(bad.Error(), "cannot decode") || strings.Contains(bad.Error(), "cannot store")) {
		return "must be " + want
	}
	text := strings.TrimPrefix(bad.Error(), "toml: ")
	return "not valid TOML: " + text
}

// A Fragment is the part of a settings file that a Telegram server or an
// administrator hands out: where the server is, and which accounts to keep.
type Fragment struct {
	Telegram Telegram  `toml:"telegram"`
	Accounts []Account `toml:"account"`
}

// LoadFragment reads [telegram] and [[account]] from the file at path. Other
// keys are returned as problems to warn of: such files are made by others, and
// what telekeep does not take from them does no harm.
func LoadFragment(path string) (*Fragment, []Problem, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("telegram settings: %w", err)
	}
	f := new(Fragment)
	var warnings []Problem
	if found := decode(data, f); len(found) > 0 {
		if err := toml.Unmarshal(data, f); err != nil {
			return nil, nil, &Error{File: path, Problems: found}
		}
		warnings = found
	}
	check := checker{path: path, lines: keyLines(data)}
	check.telegram(&f.Telegram)
	check.accounts(f.Accounts)
	if len(check.problems) > 0 {
		return nil, nil, &Error{File: path, Problems: check.problems}
	}
	return f, warnings, nil
}

// resolve makes p absolute, counted from the folder of the file at path.
func resolve(path, p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		dir = filepath.Dir(path)
	}
	return filepath.Join(dir, p)
}
