package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
)

// How telekeep speaks: results go to standard output, everything else to
// standard error. Messages begin with the program's name, are lower case, and
// end without a full stop; a line "hint:" says what to do next. A library's
// error is wrapped into a sentence before it gets here.

// ui is the one place that writes for people.
type ui struct {
	stdio
	terminal bool // standard error is a terminal: bars and colours make sense
	ask      bool // standard input is a terminal: questions make sense
}

func newUI(s stdio, getenv func(string) string) *ui {
	return &ui{
		stdio:    s,
		terminal: isTerminal(s.err) && getenv("TERM") != "dumb",
		ask:      isTerminal(s.in),
	}
}

// width is how many letters fit on a line of the terminal behind standard error.
func (u *ui) width() int {
	const usual = 80
	f, ok := u.err.(*os.File)
	if !ok {
		return usual
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return usual
	}
	return width
}

func isTerminal(stream any) bool {
	if o, ok := stream.(*output); ok {
		stream = o.to
	}
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A failure is an error with what the user can do about it and the exit code it
// leads to.
type failure struct {
	err  error
	hint string
	code int
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// withHint adds to err what the user can do; the exit code stays err's own.
func withHint(err error, hint string) error {
	return &failure{err: err, hint: hint, code: exitCode(err)}
}

// exit prints what is to be said about err and returns the exit code.
func (u *ui) exit(err error) int {
	if err == nil {
		return exitOK
	}
	code, hint := classify(err)
	for i, line := range strings.Split(err.Error(), "\n") {
		if i == 0 {
			line = "telekeep: " + line
		}
		fmt.Fprintln(u.err, line)
	}
	if hint != "" {
		fmt.Fprintln(u.err, "hint: "+hint)
	}
	return code
}

// joinDistinct is errors.Join without errors that say what an earlier one said.
func joinDistinct(errs []error) error {
	var kept []error
	for _, err := range errs {
		if err != nil && !slices.ContainsFunc(kept, func(k error) bool { return strings.Contains(k.Error(), err.Error()) }) {
			kept = append(kept, err)
		}
	}
	return errors.Join(kept...)
}

// oneLine is the text of an error on one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func (u *ui) warn(format string, args ...any) {
	fmt.Fprintf(u.err, "telekeep: warning: "+format+"\n", args...)
}

func (u *ui) hint(format string, args ...any) {
	fmt.Fprintf(u.err, "hint: "+format+"\n", args...)
}

// json writes v to standard output; run looks at the errors of that.
func (u *ui) json(v any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("cannot write the result: %w", err)
	}
	_, _ = u.out.Write(text.Bytes())
	return nil
}

// line reads one line from standard input without its end. It reads byte by
// byte, so that what follows is left for the next question.
func (u *ui) line() (string, error) {
	var text []byte
	for one := make([]byte, 1); ; {
		n, err := u.in.Read(one)
		if n == 1 && one[0] == '\n' {
			break
		}
		text = append(text, one[:n]...)
		if errors.Is(err, io.EOF) {
			if len(text) == 0 {
				return "", io.ErrUnexpectedEOF
			}
			break
		}
		if err != nil {
			return "", fmt.Errorf("cannot read standard input: %w", err)
		}
	}
	return strings.TrimSuffix(string(text), "\r"), nil
}

// question asks for a line on a terminal; elsewhere it only reads one.
func (u *ui) question(prompt string) (string, error) {
	if u.ask {
		fmt.Fprint(u.err, prompt+": ")
	}
	answer, err := u.line()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "", withHint(fmt.Errorf("standard input ended before the %s", strings.ToLower(prompt)), "give one answer a line on standard input")
	}
	return strings.TrimSpace(answer), err
}

// secret asks for something that must not show on the screen.
func (u *ui) secret(prompt string) (string, error) {
	f, ok := u.in.(*os.File)
	if !u.ask || !ok {
		return u.question(prompt)
	}
	fmt.Fprint(u.err, prompt+": ")
	text, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(u.err)
	if err != nil {
		return "", fmt.Errorf("cannot read from the terminal: %w", err)
	}
	return string(text), nil
}

// size writes a number of bytes for people: 1,234 B, 12.3 MB (MB = 10^6 bytes).
func size(n int64) string {
	if n < 10_000 {
		return count(n) + " B"
	}
	value, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB"} {
		if value /= 1000; value < 1000 {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}

// count writes a number with commas between thousands.
func count[N int | int64 | uint64](n N) string {
	text := fmt.Sprint(n)
	var b strings.Builder
	for i, digit := range text {
		if i > 0 && (len(text)-i)%3 == 0 && text[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// plural writes a count with its noun: "1 chat", "2 chats".
func plural[N int | int64 | uint64](n N, one, many string) string {
	if n == 1 {
		return count(n) + " " + one
	}
	return count(n) + " " + many
}
