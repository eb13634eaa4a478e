package chunkstore

import (
	"fmt"
	"io/fs"
	"testing"

	"telekeep/crypto"
)

// A problem names its object and its kind once, whoever made the error.
func TestProblemSaysThingsOnce(t *testing.T) {
	const name = "index/x/00000001.age"
	for want, err := range map[string]error{
		"damaged: " + name + ": it is cut off":                  damagedObject(name, "it is cut off"),
		"damaged: " + name + ": it is longer":                   fmt.Errorf("%w: it is longer", crypto.ErrDamaged),
		"damaged: " + name:                                      fmt.Errorf("%s: %w", name, crypto.ErrDamaged),
		"missing: " + name:                                      missing(name, fmt.Errorf("read %s: get %s: %w", name, name, fs.ErrNotExist)),
		"missing: " + name + ": a commit lists it":              fmt.Errorf("%w: a commit lists it", ErrMissing),
		"forged: " + name + ": the signature is not the one":    fmt.Errorf("%s: %w: the signature is not the one", name, ErrForged),
		"unreadable: " + name + ": get " + name + ": it is hot": fmt.Errorf("read %s: get %s: it is hot", name, name),
	} {
		if got := newProblem(name, err).Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
