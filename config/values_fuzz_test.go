package config

import (
	"strings"
	"testing"
)

// FuzzValues: a size and a span are never negative; an address of a copy names a place, and an
// error about one repeats no password that somebody put into it.
func FuzzValues(f *testing.F) {
	for _, text := range []string{
		"500 MB", "4GiB", "1e300", "-1", "7d", "1h30m", "/mnt/drive", "file:///mnt/a%20b", "sftp://anna@nas:2222/~/backup",
		"s3://host/bucket/folder", "s3+http://127.0.0.1:9000/bucket", "sftp://anna:hunter22@nas/b", "sftp://[::1]:0/", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := ParseSize(text); err == nil && n < 0 {
			t.Errorf("%q is %d bytes", text, n)
		}
		if d, err := ParseSpan(text); err == nil && d < 0 {
			t.Errorf("%q is %s", text, d)
		}
		w, err := ParseWhere(text)
		if err != nil {
			_, rest, _ := strings.Cut(text, "://")
			if login, _, at := strings.Cut(rest, "@"); at {
				if _, secret, ok := strings.Cut(login, ":"); ok && len(secret) > 6 && strings.Count(text, secret) == 1 && strings.Contains(err.Error(), secret) {
					t.Errorf("the error repeats a password")
				}
			}
			return
		}
		switch {
		case w.Kind == KindFolder && w.Path == "",
			w.Kind == KindSFTP && (w.Host == "" || w.Path == "" || w.Path == "/"),
			w.Kind == KindS3 && (w.Host == "" || w.Bucket == ""),
			w.Port < 0 || w.Port > 65535:
			t.Errorf("%q names no place: %+v", text, w)
		}
		for part := range strings.SplitSeq(w.Path, "/") {
			if w.Kind == KindS3 && part == ".." {
				t.Errorf("%q leads out of its folder: %+v", text, w)
			}
		}
	})
}
