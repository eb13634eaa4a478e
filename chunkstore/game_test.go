package chunkstore

import (
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"
)

// gameVaults is how many vaults of each kind are looked at: a clue that is right about nine of
// ten is found in every run, one that is right about eight of ten in three of four runs.
const gameVaults = 100

// A clue is something that can be counted in the bytes and the listing of a vault without a key.
type clue struct {
	name  string
	count func(f *fixture) float64
}

// clues are what sets vaults apart that were filled with different things: how many objects there
// are and how long, in which order their names sort, what their bytes look like.
func clues() []clue {
	var list []clue
	for _, folder := range []string{"", packsPrefix, "index/", "commits/", "writers/", keysPrefix} {
		list = append(list,
			clue{"objects in " + folder, func(f *fixture) float64 { return float64(len(sizes(f.dst, folder))) }},
			clue{"bytes in " + folder, func(f *fixture) float64 { return total(f, folder) }},
			clue{"longest in " + folder, func(f *fixture) float64 { return longest(f, folder) }},
			clue{"bits set in " + folder, func(f *fixture) float64 { return bitsSet(f, folder) }},
			clue{"most frequent byte in " + folder, func(f *fixture) float64 { return mostFrequent(f, folder) }},
		)
	}
	return append(list,
		clue{"where the longest pack sorts", func(f *fixture) float64 {
			names := slices.DeleteFunc(f.dst.Names(), func(name string) bool { return !strings.HasPrefix(name, packsPrefix) })
			slices.SortFunc(names, func(a, b string) int { return len(f.dst.Object(b)) - len(f.dst.Object(a)) })
			return float64(names[0][len(packsPrefix)])
		}})
}

func inFolder(f *fixture, folder string, each func(data []byte)) {
	for _, name := range f.dst.Names() {
		if strings.HasPrefix(name, folder) {
			each(f.dst.Object(name))
		}
	}
}

func total(f *fixture, folder string) (n float64) {
	inFolder(f, folder, func(data []byte) { n += float64(len(data)) })
	return n
}

func longest(f *fixture, folder string) (n float64) {
	inFolder(f, folder, func(data []byte) { n = max(n, float64(len(data))) })
	return n
}

// bitsSet is a share of all bits.
func bitsSet(f *fixture, folder string) float64 {
	n, of := 0, 0
	inFolder(f, folder, func(data []byte) {
		for _, c := range data {
			n += bits.OnesCount8(c)
		}
		of += 8 * len(data)
	})
	return float64(n) / float64(max(of, 1))
}

func mostFrequent(f *fixture, folder string) float64 {
	var seen [256]int
	inFolder(f, folder, func(data []byte) {
		for _, c := range data {
			seen[c]++
		}
	})
	return float64(slices.Max(seen[:]))
}

// play fills vaults of two kinds and returns the clue that tells them apart best, and how well:
// in how many standard deviations of chance a guess that goes by it is right. What the clue
// says is learned from one half of the vaults, and guessed about the other.
func play(t *testing.T, vaults int, fill func(f *fixture, kind int)) (best string, sigmas float64) {
	t.Helper()
	all := clues()
	counts := make([][2][]float64, len(all)) // by clue and kind
	for range vaults {
		for kind := range 2 {
			f := newFixture(t, nil)
			fill(f, kind)
			for i, c := range all {
				counts[i][kind] = append(counts[i][kind], c.count(f))
			}
		}
	}
	for i, c := range all {
		if s := guess(counts[i]); s > sigmas {
			best, sigmas = c.name, s
		}
	}
	return best, sigmas
}

// guess learns a threshold and a direction, and returns how far from chance the guesses are.
func guess(counts [2][]float64) float64 {
	half := len(counts[0]) / 2
	right := func(threshold float64, from, to int) int {
		n := 0
		for i := from; i < to; i++ {
			if counts[0][i] < threshold {
				n++
			}
			if counts[1][i] >= threshold {
				n++
			}
		}
		return n
	}
	threshold, most := 0.0, -1.0
	for _, at := range slices.Concat(counts[0][:half], counts[1][:half]) {
		if off := math.Abs(float64(right(at, 0, half) - half)); off > most {
			threshold, most = at, off
		}
	}
	tries := 2 * (len(counts[0]) - half)
	turned := 1.0
	if right(threshold, 0, half) < half {
		turned = -1
	}
	return turned * (float64(right(threshold, half, len(counts[0]))) - float64(tries)/2) / math.Sqrt(float64(tries)/4)
}

// Somebody knows two files and sees all bytes of a vault that has one of them, among other
// things. Nothing that can be counted there says which: over many vaults, every guess is right
// as often as a coin. What is not hidden is found by the same guesses: the amount.
func TestKnownFileGame(t *testing.T) {
	files := [2][]byte{noise(1, 120_000), noise(2, 120_000)}
	fill := func(f *fixture, kind int) {
		w := f.writer()
		store(t, w, noise(3, 50_000))
		commit(t, w, store(t, w, text(uint64(9), 20_000)))
		commit(t, w, append(store(t, w, files[kind]), store(t, w, text(uint64(10), 500))...))
		check(t, w.Close())
	}
	// 100 guesses for each of 31 clues: a fair coin is right 78 times in one of a million games.
	if clue, sigmas := play(t, gameVaults, fill); sigmas > 5.5 {
		t.Errorf("%s tells which of two files is there: %.1f sigmas", clue, sigmas)
	}
	longer := func(f *fixture, kind int) {
		w := f.writer()
		commit(t, w, store(t, w, noise(1, 100_000+kind*60_000)))
		check(t, w.Close())
	}
	if clue, sigmas := play(t, 20, longer); sigmas < 4 {
		t.Errorf("the game cannot be won where it must be: %s, %.1f sigmas", clue, sigmas)
	}
}
