package simulator

import (
	"slices"
	"sync"
)

// faults are the rules in force.
type faults struct {
	mu    sync.Mutex
	rules []*rule
}

// A rule is a fault and how often it was asked and struck.
type rule struct {
	Fault
	seen   int
	struck int
}

// strike lists the faults that this request meets.
func (t *faults) strike(name string, dc int) []Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	var met []Fault
	for _, r := range t.rules {
		if !r.fits(name, dc) {
			continue
		}
		r.seen++
		if r.seen <= r.After || (r.seen-r.After)%max(r.Every, 1) != 0 {
			continue
		}
		r.struck++
		met = append(met, r.Fault)
	}
	t.rules = slices.DeleteFunc(t.rules, func(r *rule) bool { return r.Count > 0 && r.struck >= r.Count })
	return met
}

// list is the rules in force.
func (t *faults) list() []Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := []Fault{}
	for _, r := range t.rules {
		all = append(all, r.Fault)
	}
	return all
}
