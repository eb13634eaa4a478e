package crypto

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestShares(t *testing.T) {
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{id.String(), "x", strings.Repeat("\xff", 62), strings.Repeat("y", 31)} {
		shares, err := SplitSecret(text, 3, 5)
		if err != nil {
			t.Fatal(err)
		}
		for a := range shares {
			for b := range a {
				for c := range b {
					got, err := JoinShares([]Share{shares[a], shares[b], shares[c], shares[a]})
					if err != nil || got != text {
						t.Fatalf("shares %d, %d and %d give %q, %v", a+1, b+1, c+1, got, err)
					}
				}
				if _, err := JoinShares([]Share{shares[a], shares[b], shares[a]}); !errors.Is(err, ErrShares) {
					t.Errorf("two shares of three give %v", err)
				}
			}
		}
	}
}

// TestSharesVector: what was printed once must be readable for ever.
func TestSharesVector(t *testing.T) {
	const one = "TELEKEEP-SHARE1-C6OZMFR5-1-2-3VZDT7E46ELV77L4T2C5U6HWILE7CRXMREQPN5RTTC5PFTHEL4AB3DX2TW2VTRTXVVWC3BOZJPQFK7VHSDAGLNXEYJCZ6ELDCIXNOAY-TXFBDZPL"
	three := "TELEKEEP-SHARE1-C6OZMFR5-3-2-2UL4MKIQ6B6DJN4OBLHKMKPVAV2ZJ3XDYSHPTI555PXO7FPD3YAIXVYK6M34ZCVECVCYRD4M4OQAC67WWFATCI5OJDI52NBJG6FIKCY-76HSDHHS"
	var shares []Share
	for _, text := range []string{one, strings.ToLower(three[:20]) + "\n " + three[20:]} {
		s, err := ParseShare(text)
		if err != nil {
			t.Fatal(err)
		}
		shares = append(shares, s)
	}
	if shares[0].String() != one {
		t.Errorf("the share is written as %s", shares[0].String())
	}
	if got, err := JoinShares(shares); err != nil || got != "a secret that was split on the first day" {
		t.Errorf("JoinShares = %q, %v", got, err)
	}
}

func TestBadShares(t *testing.T) {
	shares, err := SplitSecret("a secret", 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	text := shares[1].String()
	for i := range text {
		c := byte('A')
		if text[i] == c {
			c = 'B'
		}
		if _, err := ParseShare(text[:i] + string(c) + text[i+1:]); !errors.Is(err, ErrBadKey) {
			t.Errorf("a slip in letter %d gives %v", i, err)
		}
	}
	if _, err := ParseShare(text[:len(text)-1]); !errors.Is(err, ErrBadKey) {
		t.Errorf("a share that is cut off gives %v", err)
	}
	others, err := SplitSecret("a secret", 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := JoinShares([]Share{shares[0], others[1]}); !errors.Is(err, ErrShares) {
		t.Errorf("shares of two splits give %v", err)
	}
	changed := shares[0]
	changed.values = others[0].values
	if _, err := JoinShares([]Share{shares[0], changed}); !errors.Is(err, ErrShares) {
		t.Errorf("two shares of one number give %v", err)
	}
	if _, err := JoinShares(nil); !errors.Is(err, ErrShares) {
		t.Errorf("no share gives %v", err)
	}
	for _, bad := range [][2]int{{1, 3}, {4, 3}, {2, 256}} {
		if _, err := SplitSecret("a secret", bad[0], bad[1]); !errors.Is(err, ErrShares) {
			t.Errorf("a split of %d of %d gives %v", bad[0], bad[1], err)
		}
	}
	if s := fmt.Sprintf("%v %s", shares[0], shares[0]); strings.Contains(s, "TELEKEEP") {
		t.Errorf("a share prints as %s", s)
	}
}
