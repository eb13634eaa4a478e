package chunkstore

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"telekeep/crypto"
)

// A ProblemKind sorts what can be wrong with a vault.
type ProblemKind string

// The kinds of problems.
const (
	ProblemMissing    ProblemKind = "missing"     // an object that a commit lists is not there
	ProblemDamaged    ProblemKind = "damaged"     // an object is not what was stored
	ProblemForged     ProblemKind = "forged"      // an object was made by somebody who is no writer
	ProblemChain      ProblemKind = "chain"       // commits do not follow on each other
	ProblemRollback   ProblemKind = "rollback"    // the vault is older than what is remembered
	ProblemOtherVault ProblemKind = "other-vault" // an object of another vault
	ProblemVersion    ProblemKind = "version"     // a format this code does not know
	ProblemPadding    ProblemKind = "padding"     // a length that gives something away
	ProblemUnreadable ProblemKind = "unreadable"  // the destination failed; nothing is known
	ProblemRetired    ProblemKind = "retired"     // no problem: a commit says that packs do not belong to the vault any more
)

// A Problem is one thing that is wrong.
type Problem struct {
	Kind   ProblemKind `json:"kind"`
	Object string      `json:"object"` // name in the vault
	Detail string      `json:"detail"` // a sentence for people; it does not name the object again
	// Lost says what a reader cannot have because of it; "" if nothing, or if that is
	// not known.
	Lost string `json:"lost,omitempty"`
	// Err is what was met, for errors.Is; nil if Detail says it all.
	Err error `json:"-"`
}

// Error makes a Problem an error.
func (p *Problem) Error() string {
	if p.Detail == string(p.Kind) {
		return fmt.Sprintf("%s: %s", p.Kind, p.Object)
	}
	return fmt.Sprintf("%s: %s: %s", p.Kind, p.Object, p.Detail)
}

// Unwrap returns Err.
func (p *Problem) Unwrap() error { return p.Err }

// newProblem sorts an error about an object.
func newProblem(object string, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	kind := problemKind(err)
	return &Problem{Kind: kind, Object: object, Detail: detail(kind, object, err), Err: err}
}

// detail returns what err says beyond kind and object, which stand before it.
func detail(kind ProblemKind, object string, err error) string {
	text := err.Error()
	if kind == ProblemMissing && errors.Is(err, fs.ErrNotExist) {
		return string(kind)
	}
	for _, known := range []string{"read ", object, ": ", string(kind), ": ", object, ": "} {
		text = strings.TrimPrefix(text, known)
	}
	if text == "" {
		return string(kind)
	}
	return text
}

func problemKind(err error) ProblemKind {
	for _, sorted := range []struct {
		err  error
		kind ProblemKind
	}{
		{ErrMissing, ProblemMissing},
		{fs.ErrNotExist, ProblemMissing},
		{ErrNoVault, ProblemMissing},
		{ErrForged, ProblemForged},
		{ErrForgedWriter, ProblemForged},
		{ErrRollback, ProblemRollback},
		{ErrOtherVault, ProblemOtherVault},
		{ErrUnknownFormat, ProblemVersion},
		{ErrChain, ProblemChain},
		{ErrForked, ProblemChain},
		{crypto.ErrDamaged, ProblemDamaged},
		{crypto.ErrWrongKey, ProblemDamaged},
	} {
		if errors.Is(err, sorted.err) {
			return sorted.kind
		}
	}
	return ProblemUnreadable
}
