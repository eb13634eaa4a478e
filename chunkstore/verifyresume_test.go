package chunkstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// A check that was stopped after any pack goes on behind it: both parts together read each
// pack once, and find what is damaged in either.
func TestVerifyGoesOnWhereItStopped(t *testing.T) {
	v := fillVault(t, nil)
	w := v.writer()
	for i := range 3 {
		store(t, w, noise(byte(10+i), 100_000))
		commit(t, w, nil)
	}
	packs := names(sizes(v.dst, packsPrefix))
	if len(packs) < 3 {
		t.Fatalf("%d packs: too few to stop between", len(packs))
	}
	damaged := []string{packs[0], packs[len(packs)-1]}
	for _, name := range damaged {
		v.dst.Damage(name, func(data []byte) []byte { data[100]++; return data })
	}
	for stop := 1; stop < len(packs); stop++ {
		var read, bad []string
		var after Hash
		ctx, cancel := context.WithCancel(t.Context())
		reached := func(pack Hash, p *Problem) {
			after, read = pack, append(read, packName(pack))
			if p != nil {
				bad = append(bad, p.Object)
			}
			if len(read) == stop {
				cancel()
			}
		}
		if _, err := Verify(ctx, v.dst, VerifyOptions{Workers: 1, Reached: reached}); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after %d: %v", stop, err)
		}
		var done, total int64
		report, err := Verify(t.Context(), v.dst, VerifyOptions{
			Workers: 1, After: after, Reached: reached, Progress: func(d, n int64) { done, total = d, n },
		})
		check(t, err)
		if !slices.Equal(read, packs) || !slices.Equal(bad, damaged) {
			t.Errorf("stopped after %d: read %q, damaged %q", stop, read, bad)
		}
		if done != total || report.Packs != len(packs) || len(report.Problems) != 1 || report.Problems[0].Object != damaged[1] {
			t.Errorf("stopped after %d: %d of %d bytes, %+v", stop, done, total, report)
		}
	}
	report, err := Verify(t.Context(), v.dst, VerifyOptions{After: Hash([]byte(strings.Repeat("\xff", 32)))})
	if check(t, err); !report.OK() {
		t.Errorf("nothing was left to be read: %+v", report.Problems)
	}
}
