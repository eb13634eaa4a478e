package chunkstore

import (
	pathpkg "path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/memory"
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

// portable is what exFAT, SMB and S3 all take without a change, written down without
// looking at what destinations check.
var portable = regexp.MustCompile(`^(README\.txt|[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9_-])?(/[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9_-])?){0,4})$`)

// All that a vault writes can lie on every kind of file
// system and bucket, also where upper and lower case are one and the same.
func TestNamesArePortable(t *testing.T) {
	dst := memory.WithFaults(func(c memory.Call) error {
		if c.Op != memory.List && (!portable.MatchString(c.Name) || len(c.Name) > 150) {
			t.Errorf("%s of %q", c.Op, c.Name)
		}
		return nil
	})
	f := newFixture(t, dst)
	w := f.writer()
	for i := range 3 {
		commit(t, w, store(t, w, noise(byte(i), 3<<20)))
	}
	f.verify()
	folded := make(map[string]string)
	for _, name := range dst.Names() {
		for path := name; path != "."; path = pathpkg.Dir(path) { // its folders too
			if other, ok := folded[strings.ToLower(path)]; ok && other != path {
				t.Errorf("%s and %s are one where case does not count", path, other)
			}
			folded[strings.ToLower(path)] = path
			if _, isObject := slices.BinarySearch(dst.Names(), path); isObject && path != name {
				t.Errorf("%s is an object, and a folder of %s", path, name)
			}
		}
	}
	if len(folded) < 15 {
		t.Errorf("only %d names: the test looks at the wrong place", len(folded))
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
