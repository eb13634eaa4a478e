package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "modules:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: modules licences | notices | sbom PROGRAM")

func run(ctx context.Context, out io.Writer, args []string) error {
	if len(args) == 0 || (len(args) != 1) != (args[0] == "sbom") || len(args) > 2 {
		return errUsage
	}
	found, err := listModules(ctx)
	if err != nil {
		return err
	}
	switch args[0] {
	case "licences":
		return writeLicences(out, found)
	case "notices":
		return writeNotices(out, found)
	case "sbom":
		return writeSBOM(out, args[1], found)
	}
	return errUsage
}
