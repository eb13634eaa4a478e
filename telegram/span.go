package telegram

import (
	"slices"
	"sort"
)

// A span is the message ids from the first to the second, both included.
type span [2]int

// spans is a set of message ids: sorted, without overlaps, and never touching.
// In JSON it is [[1,40],[57,90]].
//
// An id in the set means: everything the server had under it when it was asked
// is archived, even if that was nothing.
type spans []span

// add puts the ids from lo to hi into the set.
func (s spans) add(lo, hi int) spans {
	if lo > hi {
		return s
	}
	from := 0
	for from < len(s) && s[from][1] < lo-1 {
		from++
	}
	to := from
	for to < len(s) && s[to][0] <= hi+1 {
		lo, hi = min(lo, s[to][0]), max(hi, s[to][1])
		to++
	}
	return slices.Replace(slices.Clone(s), from, to, span{lo, hi})
}

// has reports whether id is in the set.
func (s spans) has(id int) bool {
	end := sort.Search(len(s), func(i int) bool { return s[i][0] > id })
	return end > 0 && id <= s[end-1][1]
}

// gaps lists what the set lacks of the ids from lo to hi, the newest first.
func (s spans) gaps(lo, hi int) []span {
	var out []span
	end := sort.Search(len(s), func(i int) bool { return s[i][0] > hi })
	for _, x := range slices.Backward(s[:end]) {
		if x[1] < lo || hi < lo {
			break
		}
		if x[1] < hi {
			out = append(out, span{x[1] + 1, hi})
		}
		hi = min(hi, x[0]-1)
	}
	if lo <= hi {
		out = append(out, span{lo, hi})
	}
	return out
}

// union is all ids that are in one of two sets.
func (s spans) union(other spans) spans {
	for _, x := range other {
		s = s.add(x[0], x[1])
	}
	return s
}

// remove takes id out of the set.
func (s spans) remove(id int) spans {
	for i, x := range s {
		if id < x[0] || id > x[1] {
			continue
		}
		var rest []span
		if x[0] < id {
			rest = append(rest, span{x[0], id - 1})
		}
		if id < x[1] {
			rest = append(rest, span{id + 1, x[1]})
		}
		return slices.Replace(slices.Clone(s), i, i+1, rest...)
	}
	return s
}

// ids lists the set, ascending.
func (s spans) ids() []int {
	var out []int
	for _, x := range s {
		for id := x[0]; id <= x[1]; id++ {
			out = append(out, id)
		}
	}
	return out
}

// wideGaps is gaps, but those with at most few ids between them count as one:
// to pass over these costs less than to ask twice.
func (s spans) wideGaps(lo, hi, few int) []span {
	var out []span
	for _, gap := range s.gaps(lo, hi) {
		if n := len(out); n > 0 && out[n-1][0]-gap[1]-1 <= few {
			out[n-1][0] = gap[0]
			continue
		}
		out = append(out, gap)
	}
	return out
}
