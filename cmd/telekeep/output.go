package main

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// An output is standard output that remembers the first error: a result that a full
// disk or a closed pipe has swallowed must not look like success.
type output struct {
	to    io.Writer
	first error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err != nil && o.first == nil {
		o.first = err
	}
	return n, err
}

// outputError is what went wrong with standard output, nil if nothing did. Whoever
// closed the pipe, as head does, has what was wanted.
func outputError(w io.Writer) error {
	o, ok := w.(*output)
	if !ok || o.first == nil || errors.Is(o.first, syscall.EPIPE) {
		return nil
	}
	return &failure{code: exitFailure, err: fmt.Errorf("cannot write the result to standard output: %w", o.first), hint: "the command did its work; only what it prints is lost"}
}

// printf writes a part of the result to standard output; run looks at the errors.
func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }
