package resultjson

import "testing"

// FuzzPeer: an id that is accepted is written in one way only; one that was a number is of a
// kind that there is.
func FuzzPeer(f *testing.F) {
	f.Add("user7", int64(7), false)
	f.Add("channel-5", int64(2)<<48|5, true)
	f.Add("chat007", int64(1)<<32|5, false)
	f.Fuzz(func(t *testing.T, text string, n int64, long bool) {
		if p, err := parsePeer(text); err == nil && string(p) != text {
			t.Errorf("%q became %q", text, p)
		}
		p := numericPeer(n, long)
		if kind, id := p.Split(); kind == "" || NewPeer(kind, id) != p {
			t.Errorf("%d became %q", n, p)
		}
	})
}
