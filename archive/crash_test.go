package archive

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// errKilled is what a killed process panics with in these tests: nothing of it runs
// on but unlocking.
var errKilled = errors.New("killed")

// pullUntil pulls o into the vault until the n-th call of the store, where the
// process is killed. It reports whether it got to the end before. torn bytes are
// then taken off the journal, as if the last write had not been complete.
func pullUntil(t *testing.T, v *fakeVault, o *world, journal string, n, torn int) (done bool) {
	t.Helper()
	store := v.writer()
	calls := 0
	store.fail = func(string) error {
		if calls++; calls == n {
			panic(errKilled)
		}
		return nil
	}
	defer func() {
		switch err := recover(); {
		case err == nil:
		case err == errKilled:
			tear(t, journal, torn)
		default:
			panic(err)
		}
	}()
	w, err := openWriter(t.Context(), store, testOptions(t, journal))
	if err != nil {
		t.Fatal(err)
	}
	p := &puller{world: o, w: w, commitEvery: 7}
	if err := p.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return true
}

// tear takes n bytes off the newest segment.
func tear(t *testing.T, journal string, n int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(journal, "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 || len(names) == 0 {
		return
	}
	last := names[len(names)-1]
	info, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(last, max(0, info.Size()-int64(n))); err != nil {
		t.Fatal(err)
	}
}

// undisturbed is the digest of a run that nobody killed, and how many calls of
// the store it made.
func undisturbed(t *testing.T) (want string, calls int) {
	t.Helper()
	v, o := newFakeVault(), smallWorld()
	store := v.writer()
	store.fail = func(string) error { calls++; return nil }
	w := openFake(t, store, t.TempDir())
	p := &puller{world: o, w: w, commitEvery: 7}
	if err := p.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o.fetchedBytes != o.totalBytes() || o.fetchedPages != 2*o.pages {
		t.Fatalf("fetched %d of %d bytes, %d of %d pages", o.fetchedBytes, o.totalBytes(), o.fetchedPages, 2*o.pages)
	}
	return digest(t, openFakeSnapshot(t, v)), calls
}

// A process killed at any call below, however its last write to the journal
// ended, goes on without fetching anything twice but what was in flight.
func TestKillAnywhere(t *testing.T) {
	want, calls := undisturbed(t)
	if calls < 100 {
		t.Fatalf("a run makes %d calls only", calls)
	}
	for torn, every := range map[int]int{0: 1, 1: 3, 40: 3} {
		for n := 1; n <= calls; n += every {
			v, o, journal := newFakeVault(), smallWorld(), t.TempDir()
			if pullUntil(t, v, o, journal, n, torn) {
				t.Fatalf("call %d of %d never came", n, calls)
			}
			if !pullUntil(t, v, o, journal, 0, 0) {
				t.Fatal("killed without reason")
			}
			checkRefetched(t, o, 1)
			if got := digest(t, openFakeSnapshot(t, v)); got != want {
				t.Fatalf("killed at call %d, torn %d: the archive is\n%s\nnot\n%s", n, torn, got, want)
			}
		}
	}
}

// checkRefetched fails if more than one part and one page were fetched again for
// each kill: the puller has one of them in flight.
func checkRefetched(t *testing.T, o *world, kills int) {
	t.Helper()
	if again := o.fetchedBytes - o.totalBytes(); again > int64(kills)*o.part {
		t.Fatalf("%d bytes were fetched again after %d kills", again, kills)
	}
	if again := o.fetchedPages - 2*o.pages; again > kills {
		t.Fatalf("%d pages were fetched again after %d kills", again, kills)
	}
}

// Killed again and again, also while the journal is replayed.
func TestKillManyTimes(t *testing.T) {
	want, _ := undisturbed(t)
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		v, o, journal := newFakeVault(), smallWorld(), t.TempDir()
		kills := 0
		for !pullUntil(t, v, o, journal, 1+r.IntN(90), r.IntN(2)*r.IntN(60)) {
			if kills++; kills > 200 {
				t.Fatal("no progress")
			}
		}
		checkRefetched(t, o, kills)
		if got := digest(t, openFakeSnapshot(t, v)); got != want {
			t.Fatalf("seed %d, %d kills: the archive is\n%s\nnot\n%s", seed, kills, got, want)
		}
	}
}
