package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"telekeep/archive"
)

func TestSentences(t *testing.T) {
	full := fmt.Errorf("append to a segment: write /s/1.journal: %w", syscall.ENOSPC)
	for _, c := range []struct {
		err  error
		want []string
	}{
		{errors.New("one thing: happened"), []string{"one thing: happened"}},
		{errors.Join(fmt.Errorf("%w: %w", archive.ErrBroken, full), context.Canceled, full, errors.New("the index: disk is full")),
			[]string{"append to a segment: write /s/1.journal: no space left on device", "the index: disk is full"}},
		{fmt.Errorf("the backup stopped: put x: %w", errors.Join(&fs.PathError{Op: "write", Path: "/v/packs/.tk-1.tmp", Err: syscall.ENOSPC}, context.Canceled)),
			[]string{"the backup stopped: no space left on the disk that holds /v/packs"}},
		{fmt.Errorf("cannot export: %w", &fs.PathError{Op: "mkdir", Path: "out", Err: syscall.EROFS}), []string{"cannot export: read-only file system: the disk"}},
		{&fs.PathError{Op: "open", Path: "/x", Err: syscall.EACCES}, []string{"open /x: permission denied"}},
		{context.Canceled, []string{"context canceled"}},
		{errors.Join(errors.New("a"), errors.New("account x: a"), errors.New("a")), []string{"account x: a"}},
		{errors.New("missing: packs/1: missing: packs/1"), []string{"missing: packs/1"}},
		{errors.New("store packs: store packs/1.age: put packs/1.age: mkdir packs: no"), []string{"store packs: store packs/1.age: mkdir packs: no"}},
		{errors.Join(errors.New("close: file already closed"), errors.New("b")), []string{"b"}},
	} {
		if got := sentences(c.err); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q became %q, want %q", strings.ReplaceAll(c.err.Error(), "\n", "⏎"), got, c.want)
		}
	}
}
