package chunkstore

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"telekeep/crypto"
)

const testCommitName = "commits/x/00000007.json"

func testSigningKey(t testing.TB) crypto.SigningKey {
	t.Helper()
	key, err := crypto.ParseSigningKey("ed25519-secret:" + strings.Repeat("17", 32))
	check(t, err)
	return key
}

func sampleCommit() *Commit {
	return &Commit{
		Vault:    strings.Repeat("a1", 16),
		Writer:   strings.Repeat("b2", 16),
		Seq:      7,
		Time:     time.Date(2026, 1, 31, 23, 59, 59, 0, time.UTC),
		Previous: hashOf([]byte("previous")),
		Index:    Object{hashOf([]byte("index")), 16384},
		Packs:    []Object{{Hash{1}, 16384}, {Hash{2}, DefaultPackSize}},
	}
}

// commitWithKeys lists the key files of two owners.
func commitWithKeys() *Commit {
	c := sampleCommit()
	c.Keys = []OwnerKey{{"alice", Hash{3}, 2400}, {"bob-2", Hash{4}, 2300}}
	return c
}

// What a commit lists of the owners' keys has one spelling too.
func TestCommitKeys(t *testing.T) {
	key := testSigningKey(t)
	value := string(commitWithKeys().marshalValue())
	for from, to := range map[string]string{
		`"bob-2"`:                               `"Bob-2"`,
		`"name":"alice"`:                        `"name":"bob-2"`,
		`"alice"`:                               `"bob-3"`,
		`"size":2400`:                           `"size":0`,
		`"size":2300`:                           `"size":1048577`,
		`"sha256":"03`:                          `"sha256":"3`,
		`,"keys":[`:                             `,"keys":[],"keys":[`,
		value[strings.Index(value, `,"keys"`):]: `,"keys":[]}`,
	} {
		if !strings.Contains(value, from) {
			t.Fatalf("nothing to replace: %s", from)
		}
		_, err := parseCommit(testCommitName, resign(t, strings.Replace(value, from, to, 1)), key.VerifyKey())
		if !errors.Is(err, crypto.ErrDamaged) {
			t.Errorf("%s: got error %v", to, err)
		}
	}
}

func TestCommitRoundTrip(t *testing.T) {
	key := testSigningKey(t)
	first := sampleCommit()
	first.Previous, first.Packs = Hash{}, nil
	for _, c := range []*Commit{sampleCommit(), first, commitWithKeys()} {
		file := c.sign(key)
		got, err := parseCommit(testCommitName, file, key.VerifyKey())
		check(t, err)
		if !slices.Equal(got.Packs, c.Packs) || !slices.Equal(got.Keys, c.Keys) {
			t.Errorf("packs: %v, keys: %v", got.Packs, got.Keys)
		}
		a, b := *got, *c
		a.Packs, b.Packs = nil, nil
		if !equalCommits(a, b) {
			t.Errorf("came back as %+v, want %+v", a, b)
		}
		if c.Hash != hashOf(file) {
			t.Error("Hash is not that of the file")
		}
	}
}

func equalCommits(a, b Commit) bool {
	return a.Vault == b.Vault && a.Writer == b.Writer && a.Seq == b.Seq && a.Time.Equal(b.Time) &&
		a.Previous == b.Previous && a.Index == b.Index && a.Hash == b.Hash
}

// The text is part of the format: other programs check it byte for byte.
func TestCommitText(t *testing.T) {
	c := sampleCommit()
	file := string(c.sign(testSigningKey(t)))
	want := `{"commit":{"telekeep":"commit","version":1,"vault":"` + c.Vault + `","writer":"` + c.Writer +
		`","seq":7,"time":"2026-01-31T23:59:59Z","previous":"` + c.Previous.String() +
		`","index":{"sha256":"` + c.Index.Hash.String() + `","size":16384},"packs":[{"sha256":"01` + strings.Repeat("0", 62) +
		`","size":16384},{"sha256":"02` + strings.Repeat("0", 62) + `","size":33554432}]},"signature":"`
	if !strings.HasPrefix(file, want) || !strings.HasSuffix(file, "\"}\n") {
		t.Errorf("got  %s\nwant %s…", file, want)
	}
	if n := len(file) - len(want) - len("\"}\n"); n != 128 {
		t.Errorf("a signature of %d digits", n)
	}
}

// Any byte that is changed is noticed.
func TestCommitEveryByteCounts(t *testing.T) {
	key := testSigningKey(t)
	file := sampleCommit().sign(key)
	for i := range file {
		for _, x := range []byte{1, 0x20} {
			b := slices.Clone(file)
			b[i] ^= x
			if _, err := parseCommit(testCommitName, b, key.VerifyKey()); err == nil {
				t.Fatalf("byte %d changed from %q to %q passes", i, file[i], b[i])
			}
		}
	}
	for i := range file {
		if _, err := parseCommit(testCommitName, file[:i], key.VerifyKey()); err == nil {
			t.Fatalf("the first %d bytes pass", i)
		}
	}
}

// resign puts a signature on any value.
func resign(t testing.TB, value string) []byte {
	t.Helper()
	signature := testSigningKey(t).Sign([]byte(value))
	return []byte(`{"commit":` + value + `,"signature":"` + hexOf(signature) + "\"}\n")
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// Values that a thief of the signing key, or a bug, could have signed.
func TestCommitRefusals(t *testing.T) {
	key := testSigningKey(t)
	value := string(sampleCommit().marshalValue())
	file := string(sampleCommit().sign(key))
	replace := func(from, to string) []byte {
		if !strings.Contains(value, from) {
			t.Fatalf("nothing to replace: %s", from)
		}
		return resign(t, strings.Replace(value, from, to, 1))
	}
	_, good, _ := strings.Cut(file, `"signature":"`)
	for name, k := range map[string]struct {
		file []byte
		want error
	}{
		"empty":             {nil, crypto.ErrDamaged},
		"null":              {[]byte("null"), crypto.ErrDamaged},
		"no commit":         {[]byte(`{"signature":""}`), crypto.ErrDamaged},
		"no signature":      {[]byte(strings.Replace(file, good, "\"}\n", 1)), ErrForged},
		"odd signature":     {[]byte(strings.Replace(file, good, "abc\"}\n", 1)), crypto.ErrDamaged},
		"other key":         {sampleCommit().sign(crypto.NewSigningKey()), ErrForged},
		"upper case":        {[]byte(strings.Replace(file, good, strings.ToUpper(good[:128])+"\"}\n", 1)), crypto.ErrDamaged},
		"no LF":             {[]byte(strings.TrimSuffix(file, "\n")), crypto.ErrDamaged},
		"CRLF":              {[]byte(strings.Replace(file, "\n", "\r\n", 1)), crypto.ErrDamaged},
		"something behind":  {[]byte(file + "\n"), crypto.ErrDamaged},
		"space":             {replace(`"seq":7`, `"seq": 7`), crypto.ErrDamaged},
		"unknown field":     {replace(`"seq":7`, `"x":1,"seq":7`), crypto.ErrDamaged},
		"field twice":       {replace(`"seq":7`, `"seq":8,"seq":7`), crypto.ErrDamaged},
		"other kind":        {replace(`"telekeep":"commit"`, `"telekeep":"writer"`), crypto.ErrDamaged},
		"newer":             {replace(`"version":1`, `"version":2`), ErrUnknownFormat},
		"no version":        {replace(`"version":1`, `"version":0`), crypto.ErrDamaged},
		"seq 0":             {replace(`"seq":7`, `"seq":0`), crypto.ErrDamaged},
		"seq too large":     {replace(`"seq":7`, `"seq":100000000`), crypto.ErrDamaged},
		"seq as text":       {replace(`"seq":7`, `"seq":"7"`), crypto.ErrDamaged},
		"vault":             {replace(`"vault":"a1`, `"vault":"A1`), crypto.ErrDamaged},
		"writer":            {replace(`"writer":"b2`, `"writer":"../`), crypto.ErrDamaged},
		"time":              {replace(`23:59:59Z`, `23:59:59.5Z`), crypto.ErrDamaged},
		"time zone":         {replace(`23:59:59Z`, `23:59:59+00:00`), crypto.ErrDamaged},
		"no time":           {replace(`2026-01-31T23:59:59Z`, ``), crypto.ErrDamaged},
		"previous":          {replace(`"previous":"`, `"previous":"0`), crypto.ErrDamaged},
		"no index":          {replace(`"size":16384},"packs"`, `"size":0},"packs"`), crypto.ErrDamaged},
		"pack twice":        {replace(`"02000000`, `"01000000`), crypto.ErrDamaged},
		"packs in disorder": {replace(`"02000000`, `"00000000`), crypto.ErrDamaged},
		"packs null":        {resign(t, value[:strings.Index(value, "[")]+"null}"), crypto.ErrDamaged},
	} {
		_, err := parseCommit(testCommitName, k.file, key.VerifyKey())
		if !errors.Is(err, k.want) {
			t.Errorf("%s: got error %v, want %v", name, err, k.want)
		} else if !strings.Contains(err.Error(), testCommitName) {
			t.Errorf("%s: the error does not name the object: %v", name, err)
		}
	}
}

// FuzzCommit signs whatever comes: what is accepted is written again as it was.
func FuzzCommit(f *testing.F) {
	f.Add(sampleCommit().marshalValue())
	f.Add(commitWithKeys().marshalValue())
	f.Add([]byte(`{"telekeep":"commit","version":1}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		key := testSigningKey(t)
		if !json.Valid(value) {
			return
		}
		file := []byte(`{"commit":` + string(value) + `,"signature":"` + hexOf(key.Sign(value)) + "\"}\n")
		c, err := parseCommit(testCommitName, file, key.VerifyKey())
		if err != nil {
			if !errors.Is(err, crypto.ErrDamaged) && !errors.Is(err, ErrUnknownFormat) && !errors.Is(err, ErrForged) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if !bytes.Equal(c.sign(key), file) {
			t.Fatal("a commit is not written as it was read")
		}
	})
}

// FuzzCommitFile: what is accepted is, to the byte, what its writer writes; else the error is one of ours.
func FuzzCommitFile(f *testing.F) {
	f.Add(sampleCommit().sign(testSigningKey(f)))
	f.Add(commitWithKeys().sign(testSigningKey(f)))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, file []byte) {
		key := testSigningKey(t)
		c, err := parseCommit(testCommitName, file, key.VerifyKey())
		if err == nil {
			if again := c.sign(key); !bytes.Equal(again, file) {
				t.Fatalf("a commit is accepted that its writer would have written as\n%s", again)
			}
			return
		}
		if !errors.Is(err, crypto.ErrDamaged) && !errors.Is(err, ErrUnknownFormat) && !errors.Is(err, ErrForged) {
			t.Fatalf("an error of another kind: %v", err)
		}
	})
}
