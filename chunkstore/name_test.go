package chunkstore

import (
	"strings"
	"testing"

	"telekeep/internal/objectname"
)

func TestNames(t *testing.T) {
	h := hashOf([]byte("x"))
	writer := strings.Repeat("0123456789abcdef", 2)
	for name, parsed := range map[string]bool{
		packName(h):          func() bool { got, ok := parsePackName(packName(h)); return ok && got == h }(),
		indexName(writer, 7): func() bool { w, n, ok := parseIndexName(indexName(writer, 7)); return ok && w == writer && n == 7 }(),
		commitName(writer, 12345678): func() bool {
			w, n, ok := parseCommitName(commitName(writer, 12345678))
			return ok && w == writer && n == 12345678
		}(),
	} {
		if !parsed {
			t.Errorf("%s is not read back", name)
		}
		if err := objectname.Check(name); err != nil {
			t.Errorf("no destination takes %s: %v", name, err)
		}
	}
	if want := "packs/2d/2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881.age"; packName(h) != want {
		t.Errorf("got %s, want %s", packName(h), want)
	}
	if want := "index/" + writer + "/00000007.age"; indexName(writer, 7) != want {
		t.Errorf("got %s, want %s", indexName(writer, 7), want)
	}
}

func TestForeignNames(t *testing.T) {
	writer := strings.Repeat("ab", 16)
	good := packName(hashOf(nil))
	for _, name := range []string{
		"", "packs/", "vault.json",
		strings.ToUpper(good),
		strings.Replace(good, "packs/e3/", "packs/e4/", 1),
		good + "x", strings.TrimSuffix(good, ".age") + ".tmp", good[:len(good)-5] + ".age",
		"packs/00/" + strings.Repeat("0", 64) + ".age",
	} {
		if h, ok := parsePackName(name); ok {
			t.Errorf("%q passes for pack %s", name, h)
		}
	}
	for _, name := range []string{
		"commits/" + writer + "/1.json", "commits/" + writer + "/00000000.json", "commits/" + writer + "/000000001.json",
		"commits/" + writer + "/-0000001.json", "commits/" + writer + "/00000001.age", "commits/x/00000001.json",
		"commits/" + writer + "/0000000１.json", "commits/" + writer + "/00000001.json/x", "index/" + writer + "/00000001.json",
	} {
		if w, n, ok := parseCommitName(name); ok {
			t.Errorf("%q passes for commit %d of %s", name, n, w)
		}
		if w, n, ok := parseIndexName(name); ok {
			t.Errorf("%q passes for index %d of %s", name, n, w)
		}
	}
}

func TestParseHash(t *testing.T) {
	h := hashOf([]byte("y"))
	got, err := ParseHash(h.String())
	check(t, err)
	if got != h {
		t.Errorf("got %s, want %s", got, h)
	}
	if got, err := ParseHash(""); err != nil || !got.IsZero() || got.String() != "" {
		t.Errorf("the empty text is the zero hash, got %v, %v", got, err)
	}
	for _, s := range []string{"x", h.String()[:63], h.String() + "0", strings.ToUpper(h.String()), strings.Repeat("0", 64), strings.Repeat("z", 10_000)} {
		_, err := ParseHash(s)
		if err == nil {
			t.Errorf("%.80q passes for a hash", s)
		} else if len(err.Error()) > 200 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	}
}
