package export

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// sameName is equal for paths that some file system takes for one. NTFS, exFAT and SMB do not tell
// a from A, nor what has one capital letter (s and ſ, σ and ς); APFS does not tell an é of one
// character from an é of two, nor ß from ss; HFS+ passes over characters that do not show. An
// export that was made where they differ is copied to such a place one day: of two files one would be
// lost there. That more paths are equal than anywhere costs a " (1)" in a name.
func sameName(path string) string {
	path = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) {
			return -1
		}
		return unicode.ToUpper(unicode.ToLower(r))
	}, norm.NFD.String(path))
	return norm.NFD.String(cases.Fold().String(path))
}
