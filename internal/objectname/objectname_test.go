package objectname

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	word := strings.Repeat("w", MaxWord)
	for _, name := range []string{
		"vault.json", "README.txt", "aside/README.txt.ab12", "readme", "packs/ab/ab12.age", "a", "0", "a/b/c/d",
		"keys/con-1.age", "com", "com0", "lpt10", "console", word, word + "/" + word[:MaxName-MaxWord-1],
	} {
		if err := Check(name); err != nil {
			t.Errorf("good name refused: %v", err)
		}
	}
	for _, name := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", ".hidden", "a/.hidden",
		"-rf", "_a", "a.", "a./b", "a b", "a\\b", "c:a", "a:b", "a*", "a?", "a\x00b", "a\nb", "ä", "a/ä", "\xff",
		"con", "CON", "nul.txt", "keys/aux.age", "com1", "lpt9.x", "LPT9.x", "Vault.json", "packs/AB", "readme.txt", "README.TXT", "a/readme.txt", "README.txt.", "README.txt.X", "README.txtx", "readme.txt.x", word + "w", word + "/" + word,
	} {
		if Check(name) == nil {
			t.Errorf("bad name %q accepted", name)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"vault.json", "packs/ab/ab12.age", "../x", "a\x00b", "con.txt", "a//b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if Check(name) != nil {
			return
		}
		if len(name) > MaxName || strings.Contains(name, "..") && strings.Contains(name, "/..") ||
			strings.ContainsAny(name, "\\:\x00 ") || strings.ReplaceAll(name, readme, "") != strings.ToLower(strings.ReplaceAll(name, readme, "")) || strings.HasPrefix(name, "/") {
			t.Errorf("dangerous name %q accepted", name)
		}
	})
}
