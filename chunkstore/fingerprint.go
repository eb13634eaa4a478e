package chunkstore

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Fingerprint is a short text that stands for the last commits of all writers: 16 hex
// digits in groups of four, "" for no commit. Whoever wrote it down outside can tell later
// whether a vault still holds what it held then: the same vault shows the same text until
// something is added, and an older one never shows a newer text.
func Fingerprint(heads []Head) string {
	heads = slices.DeleteFunc(slices.Clone(heads), func(h Head) bool { return h.Seq == 0 })
	if len(heads) == 0 {
		return ""
	}
	slices.SortFunc(heads, func(a, b Head) int { return cmp.Compare(a.Writer, b.Writer) })
	sum := sha256.New()
	for _, h := range heads {
		fmt.Fprintf(sum, "%s %s %d %s\n", h.Vault, h.Writer, h.Seq, h.Hash)
	}
	digits := hex.EncodeToString(sum.Sum(nil)[:8])
	return digits[:4] + "-" + digits[4:8] + "-" + digits[8:12] + "-" + digits[12:]
}

// HeadsOf returns the last commit of each writer, by writer. The commits of one writer
// must be in the order of its chain, as Commits returns them.
func HeadsOf(commits []*Commit) []Head {
	last := make(map[string]Head)
	for _, c := range commits {
		last[c.Writer] = Head{Vault: c.Vault, Writer: c.Writer, Seq: c.Seq, Hash: c.Hash}
	}
	heads := make([]Head, 0, len(last))
	for _, h := range last {
		heads = append(heads, h)
	}
	slices.SortFunc(heads, func(a, b Head) int { return cmp.Compare(a.Writer, b.Writer) })
	return heads
}
