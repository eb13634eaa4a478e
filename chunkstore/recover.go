package chunkstore

import (
	"context"
	_ "embed" // of recover.sh
	"errors"
	"io/fs"
)

// recoverScript is recover.sh: it reads a vault with stock tools, and lies in every vault
// beside README.txt, which tells people to run it. docs/format.md is what it follows.
//
//go:embed recover.sh
var recoverScript string

// RecoverScript returns recover.sh as this telekeep writes it into vaults.
func RecoverScript() []byte { return []byte(recoverScript) }

// putRecover stores recover.sh in a vault that was made before there was one, or has lost
// it: where README.txt is, so not at a place that shows a part of the vault only. Nothing
// depends on it, so a place that does not take it fails nothing here: what needs the
// place will say so.
func putRecover(ctx context.Context, dst Destination) {
	if _, err := dst.Stat(ctx, recoverName); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	if _, err := dst.Stat(ctx, readmeName); err == nil {
		_ = dst.Put(ctx, recoverName, RecoverScript())
	}
}
