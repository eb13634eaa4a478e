package chunkstore

import "context"

// A Several is a Destination that gives each object from whichever of several places has
// it. It cannot tell whether what it gives is good; whoever reads can, and asks then for
// the places one by one.
type Several interface {
	Destination
	// Each returns the places that can be read now, each by itself.
	Each(ctx context.Context) []Destination
}

// anywhere calls read with a destination and, if what is there is bad, with each single
// place of it until one is good. read must check what it reads. The error is the first.
func anywhere[T any](ctx context.Context, dst Destination, read func(dst Destination) (T, error)) (T, error) {
	got, err := read(dst)
	if err == nil || ctx.Err() != nil {
		return got, err
	}
	several, ok := dst.(Several)
	if !ok {
		return got, err
	}
	for _, place := range several.Each(ctx) {
		if again, err := read(place); err == nil {
			return again, nil
		}
	}
	return got, err
}

// sizedAnywhere reports whether an object has this length at any single place. Of places
// that disagree, a list tells only one length.
func sizedAnywhere(ctx context.Context, dst Destination, name string, size int64) bool {
	several, ok := dst.(Several)
	if !ok {
		return false
	}
	for _, place := range several.Each(ctx) {
		if n, err := place.Stat(ctx, name); err == nil && n == size {
			return true
		}
	}
	return false
}
