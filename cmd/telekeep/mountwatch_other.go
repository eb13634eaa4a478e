//go:build !linux

package main

import "context"

// watchMounts has nothing to watch here: the folders that drives are mounted in are.
func watchMounts(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return nil
}
