package copies

import (
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore"
)

// The spool keeps the newest commit of a writer and the one before it, whatever the order in which
// it gets them: a writer that was killed before it noted its newest commit looks for the other one.
func TestSpoolKeepsTwoCommits(t *testing.T) {
	s, err := openSpool(t.Context(), Options{Spool: t.TempDir(), Vault: "v"})
	check(t, err)
	defer s.close()
	writer := strings.Repeat("a", 32)
	keep := func(seq uint64) {
		for _, name := range []string{chunkstore.IndexName(writer, seq), chunkstore.CommitName(writer, seq)} {
			check(t, s.keepAs(t.Context(), name, chunkstore.ParseName(name), []byte(name)))
		}
	}
	for seq := range uint64(5) {
		keep(seq + 1)
	}
	keep(2) // late, and old
	var kept []string
	for _, folder := range []string{chunkstore.IndexFolder, chunkstore.CommitsFolder} {
		check(t, s.keep.List(t.Context(), folder, func(name string, _ int64) error {
			kept = append(kept, name)
			return nil
		}))
	}
	want := []string{
		chunkstore.IndexName(writer, 4), chunkstore.IndexName(writer, 5),
		chunkstore.CommitName(writer, 4), chunkstore.CommitName(writer, 5),
	}
	slices.Sort(kept)
	slices.Sort(want)
	if !slices.Equal(kept, want) {
		t.Errorf("kept are %q, not %q", kept, want)
	}
}
