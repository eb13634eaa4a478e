package chunkstore

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

// newHashing returns a pipeline that only hashes, with packs of which so many bytes are
// sealed.
func newHashing(two bool, sealed ...int) *pipeline {
	p := &pipeline{limits: pipelineLimits{hashTwo: two}}
	p.changed = sync.NewCond(&p.mu)
	for i, n := range sealed {
		k := &openPack{hash: newPackHash()}
		k.hash.sealed = noise(byte(i), n)
		p.open = append(p.open, k)
	}
	return p
}

// hashPack calls hash for one pack and returns how many bytes of each are hashed.
func hashPack(p *pipeline, number int, last bool) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hash(p.open[number], last)
	var hashed []int
	for _, k := range p.open {
		hashed = append(hashed, k.hash.hashed)
	}
	return hashed
}

// How far each pack gets. In the end all of them have the hash of their bytes.
func TestPackHash(t *testing.T) {
	const kib, mib = 1 << 10, 1 << 20
	for name, c := range map[string]struct {
		two    bool
		last   bool
		sealed []int
		want   []int
	}{
		"nothing else is open":              {true, false, []int{mib}, []int{0}},
		"the other one has less":            {true, false, []int{3 * mib, mib + 1}, []int{mib + 1, mib + 1}},
		"the other one has more":            {true, false, []int{mib + 1, 3 * mib}, []int{mib + 1, mib + 1}},
		"the other one has next to none":    {true, false, []int{mib, 10 * kib}, []int{0, 0}},
		"it has next to none itself":        {true, false, []int{10 * kib, mib}, []int{0, 0}},
		"two others":                        {true, false, []int{5 * mib, mib, 2 * mib}, []int{3 * mib, mib, 2 * mib}},
		"the last time":                     {true, true, []int{mib}, []int{mib}},
		"the last time, and another one":    {true, true, []int{3 * mib, mib}, []int{3 * mib, mib}},
		"the last time, next to nothing":    {true, true, []int{1, mib}, []int{1, 0}},
		"one after the other":               {false, false, []int{mib, mib}, []int{mib, 0}},
		"one after the other, in the end":   {false, true, []int{mib, mib}, []int{mib, 0}},
		"nothing is sealed":                 {true, true, []int{0, mib}, []int{0, 0}},
		"nothing is sealed, as often is so": {true, false, []int{0}, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newHashing(c.two, c.sealed...)
			for i, n := range hashPack(p, 0, c.last) {
				if n != c.want[i] {
					t.Errorf("%d bytes of pack %d are hashed, want %d", n, i, c.want[i])
				}
			}
			checkSums(t, p)
		})
	}
}

// A hash that somebody is at is left alone, whichever of the two it is.
func TestPackHashBusy(t *testing.T) {
	p := newHashing(true, 1<<20, 1<<20)
	p.open[1].hash.busy = true
	for i := range p.open {
		if hashed := hashPack(p, i, false); hashed[0] != 0 || hashed[1] != 0 {
			t.Errorf("pack %d: %d bytes are hashed, want none", i, hashed)
		}
	}
	p.open[1].hash.busy = false
	checkSums(t, p)
}

func sum(data []byte) []byte {
	h := hashOf(data)
	return h[:]
}

// finishPack makes an open pack a finished one.
func finishPack(p *pipeline, number int) *openPack {
	k := p.open[number]
	k.sealed = &sealedPack{data: k.hash.sealed}
	p.finished = append(p.finished, k)
	p.forget(k)
	return k
}

// A finished pack comes first, to its very end if little is left of it, and goes to the
// putters with its name.
func TestFinishedPackHash(t *testing.T) {
	p := newHashing(true, 1<<20+worthTogether-1, 2<<20, 1<<20)
	k := finishPack(p, 0)
	if hashed := hashPack(p, 1, false); hashed[0] != 0 || hashed[1] != 1<<20 {
		t.Errorf("%d bytes of the open packs are hashed", hashed)
	}
	checkSealed(t, p, k)

	p = newHashing(true, 2<<20, 1<<20)
	k = finishPack(p, 0)
	if hashPack(p, 0, false); len(p.finished) != 1 || k.hash.hashed != 1<<20 {
		t.Errorf("%d finished packs, %d bytes are hashed", len(p.finished), k.hash.hashed)
	}
	k.hash.busy = true
	if p.hashFinished() {
		t.Error("a hash that somebody is at is hashed")
	}
	k.hash.busy = false
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hashFinished() || p.hashFinished() {
		t.Error("the finished pack is not hashed to its end, once")
	}
	checkSealed(t, p, k)
}

// A commit does not wait for what might come to be hashed together with a finished pack.
func TestFlushHashesFinishedPacks(t *testing.T) {
	p := newHashing(true, 1<<20)
	k := finishPack(p, 0)
	go func() { // the putter
		p.mu.Lock()
		defer p.mu.Unlock()
		for len(p.sealed) == 0 {
			p.changed.Wait()
		}
		p.sealed = nil
		p.changed.Broadcast()
	}()
	check(t, p.flush(t.Context()))
	if len(p.finished) != 0 || k.sealed.name != hashOf(k.sealed.data) {
		t.Error("the finished pack is not stored")
	}
}

// checkSealed expects that a pack is on its way to the putters.
func checkSealed(t *testing.T, p *pipeline, k *openPack) {
	t.Helper()
	if len(p.finished) != 0 || len(p.sealed) != 1 || p.sealed[0] != k.sealed {
		t.Fatalf("%d finished packs, %d sealed ones", len(p.finished), len(p.sealed))
	}
	if k.sealed.name != hashOf(k.sealed.data) {
		t.Error("the pack has a wrong name")
	}
}

// checkSums hashes all packs to their ends and compares.
func checkSums(t *testing.T, p *pipeline) {
	t.Helper()
	for i, k := range p.open {
		hashPack(p, i, true)
		if !bytes.Equal(k.hash.hash.Sum(nil), sum(k.hash.sealed)) {
			t.Errorf("the hash of pack %d is wrong", i)
		}
	}
}

// Workers hash while packs grow: the last one waits for those that are at it.
func TestPackHashConcurrently(t *testing.T) {
	const packs, steps = 3, 200
	p := newHashing(true, make([]int, packs)...)
	data := noise(1, steps*(worthTogether+worthTogether/2))
	var workers sync.WaitGroup
	for i, k := range p.open {
		workers.Go(func() {
			for n := range steps {
				p.mu.Lock()
				k.hash.sealed = data[:len(data)/steps*(n+1)-i]
				p.mu.Unlock()
				hashPack(p, i, false)
			}
			hashPack(p, i, true)
			if k.hash.busy || !bytes.Equal(k.hash.hash.Sum(nil), sum(k.hash.sealed)) {
				t.Errorf("the hash of pack %d is wrong", i)
			}
		})
	}
	workers.Wait()
}

// Whatever is hashed with what, every pack bears the name of its bytes, and packs are not
// wasted by being filled evenly.
func TestPacksAreNamedRight(t *testing.T) {
	for _, two := range []bool{true, false} {
		f := newFixture(t, nil)
		w := f.writer()
		w.pipeline.limits.hashTwo = two // nobody works yet
		var streams sync.WaitGroup
		for i := range 2 {
			streams.Go(func() { store(t, w, noise(byte(i), 24<<20)) })
		}
		streams.Wait()
		commit(t, w, nil)
		check(t, w.Close())
		packs := 0
		for _, name := range f.dst.Names() {
			if !strings.HasPrefix(name, packsPrefix) {
				continue
			}
			packs++
			if data := f.dst.Object(name); packName(hashOf(data)) != name {
				t.Errorf("two at once: %v; %d bytes are stored as %s", two, len(data), name)
			}
		}
		if packs < 6 || packs > 9 {
			t.Errorf("two at once: %v; 48 MiB are in %d packs of 8 MiB", two, packs)
		}
	}
}
