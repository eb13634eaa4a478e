package chunkstore

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"telekeep/crypto"
)

func TestSelfTest(t *testing.T) {
	start := time.Now()
	if err := SelfTest(); err != nil {
		t.Fatal(err)
	}
	t.Logf("it took %v", time.Since(start))
}

// Every answer, made wrong in one place, is noticed, and the error names what is wrong.
func TestSelfTestNotices(t *testing.T) {
	for what, c := range map[string]struct {
		area string
		harm func(a *answers)
	}{
		"first cut":         {"chunk cuts", func(a *answers) { a.cuts[0]++ }},
		"last cut":          {"chunk cuts", func(a *answers) { a.cuts[len(a.cuts)-1]-- }},
		"a cut more":        {"chunk cuts", func(a *answers) { a.cuts = slices.Insert(a.cuts, 1, minCut+1) }},
		"a cut less":        {"chunk cuts", func(a *answers) { a.cuts = a.cuts[1:] }},
		"table":             {"chunk cuts", func(a *answers) { a.table = otherDigit(a.table, 40) }},
		"zstd: magic":       {"zstd", func(a *answers) { a.zstd = otherDigit(a.zstd, 0) }},
		"zstd: a literal":   {"zstd", func(a *answers) { a.zstd = otherDigit(a.zstd, len(a.zstd)/2) }},
		"zstd: cut off":     {"zstd", func(a *answers) { a.zstd = a.zstd[:len(a.zstd)-2] }},
		"zstd: nothing":     {"zstd", func(a *answers) { a.zstd = "" }},
		"zstd: other text":  {"zstd", func(a *answers) { a.plain = "T" + a.plain[1:] }},
		"zstd: longer text": {"zstd", func(a *answers) { a.plain += "." }},
		"name":              {"names of packs", func(a *answers) { a.name = otherDigit(a.name, 63) }},
	} {
		t.Run(what, func(t *testing.T) {
			a := knownAnswers()
			c.harm(&a)
			err := a.check()
			if !errors.Is(err, crypto.ErrSelfTest) {
				t.Fatalf("the self-test says %v", err)
			}
			if !strings.HasPrefix(err.Error(), "the self-test failed: "+c.area+": ") {
				t.Errorf("%q does not name %s", err, c.area)
			}
		})
	}
}

// The sample is cut in every way there is: where cuts are rare, where they are easy, and
// after it no more than a tail.
func TestSelfTestSample(t *testing.T) {
	var rare, easy bool
	cuts := knownAnswers().cuts
	for _, n := range cuts[:len(cuts)-1] {
		rare, easy = rare || n <= normalCut, easy || n > normalCut && n < MaxChunk
	}
	if !rare || !easy || len(cuts) < 4 {
		t.Errorf("cuts %v: rare %v, easy %v", cuts, rare, easy)
	}
}

// otherDigit exchanges one hex digit.
func otherDigit(s string, at int) string {
	b := []byte(s)
	if b[at] ^= 1; !strings.ContainsRune("0123456789abcdef", rune(b[at])) {
		b[at] = '0' // ` and g are no digits
	}
	return string(b)
}
