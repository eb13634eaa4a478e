package crypto

import (
	"errors"
	"strings"
	"testing"
	"time"
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
		"id":                   {"ids", func(a *answers) { a.id = flip(a.id, 63) }},
		"short id":             {"ids", func(a *answers) { a.short = flip(a.short, 0) }},
		"mac":                  {"ids", func(a *answers) { a.mac = flip(a.mac, 31) }},
		"sealed: first byte":   {"opening", func(a *answers) { a.sealed = flip(a.sealed, 0) }},
		"sealed: last byte":    {"opening", func(a *answers) { a.sealed = flip(a.sealed, len(a.sealed)-1) }},
		"sealed: the key":      {"opening", func(a *answers) { a.sealed = flip(a.sealed, 700) }},
		"sealed: cut off":      {"opening", func(a *answers) { a.sealed = a.sealed[:len(a.sealed)-1] }},
		"sealed: nothing":      {"opening", func(a *answers) { a.sealed = "" }},
		"opened":               {"opening", func(a *answers) { a.opened = flip(a.opened, 5) }},
		"blocks":               {"sealing", func(a *answers) { a.blocks = flip(a.blocks, 10) }},
		"signature":            {"signing", func(a *answers) { a.signature = flip(a.signature, 127) }},
		"signature: too short": {"signing", func(a *answers) { a.signature = a.signature[:126] }},
	} {
		t.Run(what, func(t *testing.T) {
			a := knownAnswers()
			c.harm(&a)
			err := a.check()
			if !errors.Is(err, ErrSelfTest) {
				t.Fatalf("the self-test says %v", err)
			}
			if !strings.HasPrefix(err.Error(), "the self-test failed: "+c.area+": ") {
				t.Errorf("%q does not name %s", err, c.area)
			}
		})
	}
}

// Two bits of one byte of a sample are what broken memory changes. None may go unnoticed
// anywhere: each answer is over all of the sample.
func TestSelfTestSample(t *testing.T) {
	for _, at := range []int{0, 1023, 1024, payloadBlock - 1, payloadBlock, selfTestSize - 1} {
		sample := selfTestSample()
		sample[at] ^= 0x41
		a := knownAnswers()
		for name, check := range map[string]func([]byte) error{"ids": a.checkIDs, "sealing": a.checkSealing, "signing": a.checkSigning} {
			if check(sample) == nil {
				t.Errorf("%s: a change of byte %d is not noticed", name, at)
			}
		}
	}
}

// flip changes one bit.
func flip(s string, at int) string {
	b := []byte(s)
	b[at] ^= 1
	return string(b)
}
