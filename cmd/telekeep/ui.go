package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

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

	done <-chan struct{}            // closed by a signal: nobody answers any more
	slow atomic.Pointer[time.Timer] // announces a silent server; nil if none is waited for
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
	u.answered()
	if err == nil {
		return exitOK
	}
	code, hint := classify(err)
	if code == exitInterrupted && u.terminal {
		fmt.Fprintln(u.err) // behind the ^C that the terminal shows
	}
	for i, line := range sentences(err) {
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

// oneLine is the text of an error on one line.
func oneLine(err error) string { return strings.Join(sentences(err), "; ") }

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

// silence is how long a server may say nothing before that is worth a line.
const silence = 3 * time.Second

// waitFor says that an answer of server is waited for, if it does not come soon.
func (u *ui) waitFor(server string) {
	if server == "" {
		server = "Telegram"
	}
	u.answered()
	u.slow.Store(time.AfterFunc(silence, func() { fmt.Fprintf(u.err, "waiting for an answer of %s\n", server) }))
}

// answered ends waitFor.
func (u *ui) answered() {
	if slow := u.slow.Load(); slow != nil {
		slow.Stop()
	}
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
	u.answered()
	if u.ask {
		fmt.Fprint(u.err, prompt+": ")
	}
	answer, err := u.untilDone(u.line)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "", withHint(fmt.Errorf("standard input ended before the %s", strings.ToLower(prompt)), "give one answer a line on standard input")
	}
	return strings.TrimSpace(answer), err
}

// secret asks for something that must not show on the screen.
func (u *ui) secret(prompt string) (string, error) {
	u.answered()
	f, ok := u.in.(*os.File)
	if !u.ask || !ok {
		return u.question(prompt)
	}
	before, err := term.GetState(int(f.Fd()))
	if err != nil {
		return "", fmt.Errorf("cannot read from the terminal: %w", err)
	}
	fmt.Fprint(u.err, prompt+": ")
	text, err := u.untilDone(func() (string, error) {
		text, err := term.ReadPassword(int(f.Fd()))
		defer clear(text)
		return string(text), err
	})
	fmt.Fprintln(u.err)
	if errors.Is(err, context.Canceled) {
		return "", errors.Join(err, term.Restore(int(f.Fd()), before)) // or the shell would not show what is typed
	}
	if err != nil {
		return "", fmt.Errorf("cannot read from the terminal: %w", err)
	}
	return text, nil
}

// untilDone reads an answer, and gives up when a signal comes: a read from a
// terminal cannot be ended.
func (u *ui) untilDone(read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := read()
		got <- answer{text, err}
	}()
	select {
	case a := <-got:
		return a.text, a.err
	case <-u.done:
		return "", context.Canceled
	}
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
