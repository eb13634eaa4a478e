package chunkstore

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// headDigits is how many hex digits of a commit's hash a head's text has: nobody finds
// another commit with them that the writer signed.
const headDigits = 16

// String is a head in short: "12-3f2a91bc5d6e7f80". The chain below it is fixed by it, so
// whoever wrote it down outside can tell, also years later and without any key, that
// nothing up to there was taken out or exchanged: see Matches.
func (h Head) String() string {
	if h.Seq == 0 {
		return ""
	}
	return fmt.Sprintf("%d-%s", h.Seq, h.Hash.String()[:headDigits])
}

// Matches reports whether text is the String of the head that c is.
func (c *Commit) Matches(text string) bool { return c.Head().String() == strings.ToLower(text) }

// Head returns what a writer remembers of a commit.
func (c *Commit) Head() Head { return Head{Vault: c.Vault, Writer: c.Writer, Seq: c.Seq, Hash: c.Hash} }

// CheckHeadText returns an error if text can be the String of no head.
func CheckHeadText(text string) error {
	seq, digits, _ := strings.Cut(strings.ToLower(text), "-")
	n, err := strconv.ParseUint(seq, 10, 32)
	if err != nil || n < 1 || n > maxSeq || len(digits) != headDigits || strings.Trim(digits, "0123456789abcdef") != "" {
		return fmt.Errorf("%q is no head: a number, a hyphen and %d hex digits", shorten(text), headDigits)
	}
	return nil
}

// HeadsOf returns the last commit of each writer, by writer. The commits of one writer
// must be in the order of its chain, as Commits returns them.
func HeadsOf(commits []*Commit) []Head {
	last := make(map[string]Head)
	for _, c := range commits {
		last[c.Writer] = c.Head()
	}
	heads := make([]Head, 0, len(last))
	for _, h := range last {
		heads = append(heads, h)
	}
	slices.SortFunc(heads, func(a, b Head) int { return cmp.Compare(a.Writer, b.Writer) })
	return heads
}
