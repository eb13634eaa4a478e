package chunkstore

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// What is asked for by prefix is what was set and not deleted, whether a commit has
// stored it, another writer over it has changed it, or neither; and the memory that
// the next commit sets free is counted and given back.
func TestResumePrefixes(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	random := rand.New(rand.NewPCG(1, 2))
	model := map[string]string{}
	parts := []string{"a", "ab", "b", ""}
	key := func() string {
		return "k" + parts[random.IntN(4)] + "/" + parts[random.IntN(4)] + strings.Repeat("/", random.IntN(2)) + parts[random.IntN(4)]
	}
	for round := range 400 {
		switch k := key(); random.IntN(6) {
		case 0:
			check(t, w.Set(k, nil))
			delete(model, k)
		case 1:
			if round%20 == 1 {
				_, err := w.Commit(t.Context(), nil)
				check(t, err)
				if w.Held() != 0 {
					t.Fatalf("%d bytes are held after a commit", w.Held())
				}
			}
		default:
			model[k] = fmt.Sprint(round)
			check(t, w.Set(k, []byte(model[k])))
			if w.Held() == 0 {
				t.Fatal("what was set takes no memory")
			}
		}
		prefix := key()
		prefix = prefix[:random.IntN(len(prefix)+1)]
		var got, want []string
		check(t, w.Range(prefix, func(k string, value []byte) error {
			got = append(got, k+"="+string(value))
			return nil
		}))
		for _, k := range slices.Sorted(maps.Keys(model)) {
			if strings.HasPrefix(k, prefix) {
				want = append(want, k+"="+model[k])
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("round %d, prefix %q: %q, want %q", round, prefix, got, want)
		}
	}
}
