package copies

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"telekeep/chunkstore"
)

// A FaultKind says what is wrong with an object of one copy, as far as comparing it with
// the others tells.
type FaultKind string

// The kinds of faults. Those of chunkstore.ProblemKind mean the same here.
const (
	FaultMissing    FaultKind = "missing"     // other copies have it, or a commit lists it
	FaultCut        FaultKind = "cut"         // shorter than it was
	FaultDamaged    FaultKind = "damaged"     // other bytes than were stored
	FaultSwapped    FaultKind = "swapped"     // the bytes of another object of the vault
	FaultForged     FaultKind = "forged"      // made by somebody who is no writer
	FaultForked     FaultKind = "forked"      // two commits of one writer that exclude each other
	FaultChain      FaultKind = "chain"       // a commit before it is at no copy
	FaultRollback   FaultKind = "rollback"    // commits that this machine has seen there, or made, are gone
	FaultBehind     FaultKind = "behind"      // it lacks the newest commits, and this machine has not seen them there
	FaultOtherVault FaultKind = "other-vault" // it belongs to another vault
	FaultNoVault    FaultKind = "no-vault"    // nothing of the vault is there: an empty mount point
	FaultKeyGone    FaultKind = "key-deleted" // an owner's key file that a commit lists
	FaultKeyNew     FaultKind = "key-added"   // an owner's key file that no commit lists
	FaultWriterNew  FaultKind = "new-writer"  // a writer that not all copies know, and no key is at hand to tell
	FaultStray      FaultKind = "stray"       // a pack or index that no commit of any copy lists
	FaultDisputed   FaultKind = "disputed"    // copies hold different texts, and nothing tells which is right
	FaultUnsteady   FaultKind = "unsteady"    // read twice, it was bad once: the drive, its cable or the memory
	FaultVersion    FaultKind = "version"     // of a newer telekeep
	FaultUnreadable FaultKind = "unreadable"  // the place failed
)

// A Fault is one thing that is wrong with one copy.
type Fault struct {
	Copy   string    `json:"copy"`
	Kind   FaultKind `json:"kind"`
	Object string    `json:"object"` // "" for the copy as a whole
	Detail string    `json:"detail"` // a sentence for people
	// Healed says that the object is good now; From is the copy it was taken from, "" if
	// it was set aside.
	Healed bool   `json:"healed"`
	From   string `json:"from,omitempty"`
	// Why says why it was not healed, and Lost what nobody can have because of it; "" if
	// another copy has it.
	Why  string `json:"why,omitempty"`
	Lost string `json:"lost,omitempty"`
}

// String is the fault on one line.
func (f *Fault) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", f.Copy, f.Kind)
	if f.Object != "" {
		fmt.Fprintf(&b, ": %s", f.Object)
	}
	if f.Detail != "" {
		fmt.Fprintf(&b, ": %s", f.Detail)
	}
	switch {
	case f.Healed && f.From != "":
		fmt.Fprintf(&b, "; healed from %s", f.From)
	case f.Healed:
		b.WriteString("; set aside")
	case f.Why != "":
		fmt.Fprintf(&b, "; not healed: %s", f.Why)
	}
	if f.Lost != "" {
		fmt.Fprintf(&b, "; lost with it: %s", f.Lost)
	}
	return b.String()
}

// A Member is one place that is compared with the others.
type Member struct {
	Name  string
	Place chunkstore.Destination
	// Heads are the last commits that this machine has seen there; without them a copy
	// that was set back passes for one that is behind.
	Heads []chunkstore.Head
}

// A Comparison is what comparing copies found, and what healing them did.
type Comparison struct {
	Vault   string            `json:"vault"`
	Copies  []string          `json:"copies"` // that could be compared
	Heads   []chunkstore.Head `json:"-"`      // the last commit of each writer that any copy has
	Commits int               `json:"commits"`
	Packs   int               `json:"packs"`
	Bytes   int64             `json:"bytes"` // that were read of packs and indexes
	Healed  int               `json:"healed"`
	Faults  []*Fault          `json:"faults"`
	// Notices cost nothing: an owner's key file that no commit lists, packs that no
	// commit lists, README.txt.
	Notices []*Fault `json:"notices"`

	mended map[string]map[string]bool // copy ▶ objects
}

// Mended reports whether an object of a copy was healed, also if that was not told by
// itself: with the newest commits of a copy that was behind, all that they list.
func (c *Comparison) Mended(copy, object string) bool { return c.mended[copy][object] }

// mend notes that an object was healed.
func (c *Comparison) mend(copy, object string) {
	if c.mended == nil {
		c.mended = make(map[string]map[string]bool)
	}
	if c.mended[copy] == nil {
		c.mended[copy] = make(map[string]bool)
	}
	c.mended[copy][object] = true
	c.Healed++
}

// OK reports whether all is well now: every fault was healed.
func (c *Comparison) OK() bool {
	return !slices.ContainsFunc(c.Faults, func(f *Fault) bool { return !f.Healed })
}

func (c *Comparison) sort() {
	order := func(a, b *Fault) int {
		return cmp.Or(strings.Compare(a.Copy, b.Copy), strings.Compare(a.Object, b.Object))
	}
	slices.SortStableFunc(c.Faults, order)
	slices.SortStableFunc(c.Notices, order)
}

// Compare says what is wrong with each of some copies of a vault, going by names, lengths
// and all small objects; packs and indexes are not read. It changes nothing. Errors are
// those of Heal.
func Compare(ctx context.Context, members []Member, o HealOptions) (*Comparison, error) {
	o.Look, o.Skim = true, true
	return Heal(ctx, members, o)
}

// kindOf turns the kind of a problem.
func kindOf(k chunkstore.ProblemKind) FaultKind {
	switch k {
	case chunkstore.ProblemMissing:
		return FaultMissing
	case chunkstore.ProblemForged:
		return FaultForged
	case chunkstore.ProblemChain:
		return FaultSwapped // of one object alone: it says that it lies elsewhere
	case chunkstore.ProblemOtherVault:
		return FaultOtherVault
	case chunkstore.ProblemVersion:
		return FaultVersion
	case chunkstore.ProblemUnreadable:
		return FaultUnreadable
	}
	return FaultDamaged
}
