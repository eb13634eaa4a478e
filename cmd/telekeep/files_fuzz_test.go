package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"telekeep/chunkstore"
)

// FuzzOwnFiles: whatever the small files of the state folder hold, they are read for what they
// are or not at all: the list of what was installed, what an interrupted init leaves, where a
// verification was.
func FuzzOwnFiles(f *testing.F) {
	f.Add([]byte(`{"folders":["/a"],"files":{"/a/b":"00"},"enabled":true}`))
	f.Add([]byte("{\"folder\":\"/a\"}\n{\"file\":\"/a/b\",\"sha256\":\"00\"}\n{\"fol"))
	f.Add([]byte(`{"vault":"v","begun":"2024-05-31T18:00:00Z","after":"` + chunkstore.Hash{1}.String() + `","problems":[{}]}`))
	now := time.Unix(1_700_000_000, 0)
	path := filepath.Join(f.TempDir(), "file")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if l, err := readServiceList(path); (l == nil) == (err == nil) {
			t.Errorf("list %v, error %v", l, err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := readUndo(file)
		file.Close()
		if err == nil && len(steps) > bytes.Count(data, []byte("\n"))+1 {
			t.Errorf("%d steps from %d lines", len(steps), bytes.Count(data, []byte("\n")))
		}
		p, after := readVerifyPlace(string(data), "v", now)
		if p.Vault != "v" || after == (chunkstore.Hash{}) && p.After != after.String() && len(p.Problems) > 0 {
			t.Errorf("place %+v after %s", p, after)
		}
		if again, same := readVerifyPlace(p.reached(after, nil), "v", now); same != after || len(again.Problems) != len(p.Problems) {
			t.Errorf("%+v became %+v", p, again)
		}
	})
}

// FuzzCredentials: an access key of a bucket is one line each, as it stands in the file.
func FuzzCredentials(f *testing.F) {
	f.Add([]byte("[default]\naws_access_key_id = A\naws_secret_access_key=\"s=/+\"\n"))
	f.Add([]byte("aws_access_key_id=A\r\n[other]\naws_secret_access_key = b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		k := parseAccessKey(data)
		for _, v := range []string{k.id, k.secret, k.session} {
			if !bytes.Contains(data, []byte(v)) || bytes.ContainsRune([]byte(v), '\n') {
				t.Errorf("%q does not stand in the file", v)
			}
		}
	})
}

// FuzzWords: what people type for a part, shares and moments is in its bounds or refused.
func FuzzWords(f *testing.F) {
	for _, text := range []string{"5%", "0%", "100%", "1e1%", "NaN%", "-0%", "3/5", "2/256", "2024-05-31", "2024-05-31T18:00:00+02:00", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := parsePercent(text); err == nil && !(p >= 0 && p <= 1) {
			t.Errorf("%q is the part %v", text, p)
		}
		if needed, n, err := parseShares(text); err == nil && text != "" && (needed < 2 || n < needed || n > 255) {
			t.Errorf("%q is %d of %d", text, needed, n)
		}
		if m, err := parseMoment(text, time.UTC); err == nil && text != "" && (m.Year() < 0 || m.Year() > 9999) {
			t.Errorf("%q is %s", text, m)
		}
	})
}

// fixed is a place where every object holds the same.
type fixed struct {
	driver
	data []byte
}

func (p fixed) Get(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(p.data)), nil
}

// FuzzCommitTime: a time that is taken from a commit is one that it says.
func FuzzCommitTime(f *testing.F) {
	f.Add([]byte(`{"commit":{"time":"2024-05-31T18:00:00Z"},"signature":""}`))
	f.Add([]byte(`{"commit":{"time":""}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		when, ok := commitTime(t.Context(), fixed{data: data}, "x")
		if ok == when.IsZero() {
			t.Errorf("%s, %v", when, ok)
		}
	})
}
