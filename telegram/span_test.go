package telegram

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// The set behaves like a plain table of ids, whatever is put into it.
func TestSpansAreASet(t *testing.T) {
	const top = 60
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var s spans
		var table [top + 1]bool
		for range 1 + random.IntN(12) {
			lo := 1 + random.IntN(top)
			hi := min(top, lo+random.IntN(10)-1) // sometimes empty
			s = s.add(lo, hi)
			for id := lo; id <= hi; id++ {
				table[id] = true
			}
		}
		checkSpans(t, s, table[:])
		lo := 1 + random.IntN(top)
		hi := lo + random.IntN(top-lo+1)
		var missing []int
		for _, gap := range s.gaps(lo, hi) {
			for id := gap[1]; id >= gap[0]; id-- {
				missing = append(missing, id)
			}
		}
		var want []int
		for id := hi; id >= lo; id-- {
			if !table[id] {
				want = append(want, id)
			}
		}
		if !reflect.DeepEqual(missing, want) {
			t.Fatalf("gaps of %v in [%d,%d]: %v, want %v", s, lo, hi, missing, want)
		}
	}
}

func checkSpans(t *testing.T, s spans, table []bool) {
	t.Helper()
	for id, want := range table {
		if s.has(id) != want {
			t.Fatalf("%v: has(%d) = %v", s, id, !want)
		}
	}
	for i, x := range s {
		if x[0] > x[1] || i > 0 && s[i-1][1]+1 >= x[0] {
			t.Fatalf("%v is not in its shortest form", s)
		}
	}
}

// A set that was handed out does not change when something is added to it.
func TestSpansAddCopies(t *testing.T) {
	a := spans{{1, 5}, {10, 12}}
	b := a.add(6, 9)
	if !reflect.DeepEqual(a, spans{{1, 5}, {10, 12}}) || !reflect.DeepEqual(b, spans{{1, 12}}) {
		t.Fatalf("a = %v, b = %v", a, b)
	}
}

// Gaps that lie close together count as one; what lies between is read again.
func TestWideGaps(t *testing.T) {
	s := spans{{1, 40}, {43, 43}, {50, 57}, {60, 68}, {90, 90}}
	for few, want := range map[int]string{
		0:   "[[91 100] [69 89] [58 59] [44 49] [41 42]]",
		1:   "[[69 100] [58 59] [41 49]]",
		8:   "[[69 100] [41 59]]",
		100: "[[41 100]]",
	} {
		if got := fmt.Sprint(s.wideGaps(1, 100, few)); got != want {
			t.Errorf("%d ids: %s, want %s", few, got, want)
		}
	}
}
