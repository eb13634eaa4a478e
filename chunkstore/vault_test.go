package chunkstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

func TestParseVault(t *testing.T) {
	f := newFixture(t, nil)
	data := f.dst.Object("vault.json")
	v, err := ParseVault(data)
	check(t, err)
	if !bytes.Equal(v.Marshal(), data) {
		t.Error("vault.json does not survive")
	}
	if want := "{\n  \"telekeep\": \"vault\",\n  \"version\": 1,\n  \"id\": \"" + v.ID + "\",\n"; !strings.HasPrefix(string(data), want) {
		t.Errorf("vault.json begins with %.100s", data)
	}
}

// swapText returns vault.json or writer.json with one text replaced by another.
func swapText(t *testing.T, data []byte, from, to string) []byte {
	t.Helper()
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("there is no %q to change", from)
	}
	return bytes.Replace(data, []byte(from), []byte(to), 1)
}

func TestParseVaultRefuses(t *testing.T) {
	f := newFixture(t, nil)
	data := f.dst.Object("vault.json")
	other := newFixture(t, nil)
	v, err := ParseVault(data)
	check(t, err)
	for what, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":           {nil, crypto.ErrDamaged},
		"cut":               {data[:len(data)/2], crypto.ErrDamaged},
		"no line feed":      {data[:len(data)-1], crypto.ErrDamaged},
		"not JSON":          {[]byte("hello\n"), crypto.ErrDamaged},
		"null":              {[]byte("null\n"), crypto.ErrDamaged},
		"a list":            {[]byte("[]\n"), crypto.ErrDamaged},
		"other JSON":        {[]byte(`{"name": "my-website", "version": 1}`), crypto.ErrDamaged},
		"another kind":      {swapText(t, data, `"vault"`, `"writer"`), crypto.ErrDamaged},
		"newer":             {swapText(t, data, `"version": 1`, `"version": 2`), ErrUnknownFormat},
		"newer, other rest": {[]byte(`{"telekeep":"vault","version":7,"id":7}`), ErrUnknownFormat},
		"no version":        {swapText(t, data, `"version": 1`, `"version": 0`), crypto.ErrDamaged},
		"version a string":  {swapText(t, data, `"version": 1`, `"version": "1"`), crypto.ErrDamaged},
		"other id":          {swapText(t, data, v.ID, other.secrets.VaultID), crypto.ErrDamaged},
		"other recipient":   {swapText(t, data, v.Recipient.String(), other.secrets.VaultRecipient.String()), crypto.ErrDamaged},
		"bad recipient":     {swapText(t, data, "age1pq1", "age1pq2"), crypto.ErrDamaged},
		"bad date":          {swapText(t, data, "2026-01-31", "yesterday"), crypto.ErrDamaged},
		"date in Berlin":    {swapText(t, data, "Z\"", "+00:00\""), crypto.ErrDamaged},
		"extra field":       {swapText(t, data, `"version": 1,`, `"version": 1, "x": 1,`), crypto.ErrDamaged},
		"spaces":            {append(bytes.Clone(data), ' '), crypto.ErrDamaged},
		"twice":             {append(bytes.Clone(data), data...), crypto.ErrDamaged},
		"CRLF":              {bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")), crypto.ErrDamaged},
		"field twice":       {swapText(t, data, `"version": 1,`, `"version": 9, "version": 1,`), crypto.ErrDamaged},
		"id of wrong type":  {swapText(t, data, `"`+v.ID+`"`, `5`), crypto.ErrDamaged},
	} {
		_, err := ParseVault(c.data)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "vault.json: ") {
			t.Errorf("%s: the error does not name vault.json: %v", what, err)
		}
	}
}

// Every single flipped bit of vault.json is noticed.
func TestVaultFlips(t *testing.T) {
	data := newFixture(t, nil).dst.Object("vault.json")
	for i := range data {
		flipped := bytes.Clone(data)
		flipped[i] ^= 1 << (i % 8)
		if v, err := ParseVault(flipped); err == nil {
			// Only the date is not bound to anything else.
			if start := bytes.Index(data, []byte(`"created"`)); i < start || i > start+35 {
				t.Errorf("byte %d flipped: accepted as vault %s", i, v.ID)
			}
		}
	}
}

func TestOpenVault(t *testing.T) {
	_, err := OpenVault(t.Context(), memory.New())
	wantError(t, err, ErrNoVault)
	f := newFixture(t, nil)
	f.dst.Damage("vault.json", func([]byte) []byte { return bytes.Repeat([]byte("x"), 2<<20) })
	_, err = OpenVault(t.Context(), f.dst)
	wantError(t, err, crypto.ErrDamaged)
	broken := errors.New("input/output error")
	_, err = OpenVault(t.Context(), memory.WithFaults(func(memory.Call) error { return broken }))
	wantError(t, err, broken)
	if errors.Is(err, ErrNoVault) {
		t.Error("a broken drive is taken for an empty one")
	}
}

func TestOpenVaultWithFaults(t *testing.T) {
	for what, c := range map[string]struct {
		spoil func(f *fixture)
		want  error
	}{
		"missing entry": {func(f *fixture) { f.dst.Delete(writerName(f.secrets.WriterID)) }, ErrMissing},
		"cut entry": {func(f *fixture) {
			f.dst.Damage(writerName(f.secrets.WriterID), func(d []byte) []byte { return d[:100] })
		}, crypto.ErrDamaged},
	} {
		f := newFixture(t, nil)
		c.spoil(f)
		v, err := OpenVault(t.Context(), f.dst)
		check(t, err)
		if len(v.Writers) != 0 || len(v.Faults) != 1 || v.Faults[0].WriterID != f.secrets.WriterID {
			t.Fatalf("%s: writers %v, faults %v", what, v.Writers, v.Faults)
		}
		wantError(t, v.Faults[0].Err, c.want)
		wantError(t, v.CheckSecrets(f.secrets), c.want)
	}
	f := newFixture(t, nil)
	check(t, f.dst.Put(t.Context(), "writers/somebody/writer.json", []byte("{}")))
	v, err := OpenVault(t.Context(), f.dst)
	check(t, err)
	if len(v.Writers) != 1 || len(v.Faults) != 0 { // it cannot be a writer's, so it is none of the vault's
		t.Errorf("writers %v, faults %v", v.Writers, v.Faults)
	}
	check(t, v.CheckSecrets(f.secrets))
}

// OpenVault fails rather than taking a broken line for a broken entry.
func TestOpenVaultPassesErrorsOn(t *testing.T) {
	f := newFixture(t, nil)
	broken := errors.New("connection reset")
	failing := memory.WithFaults(func(c memory.Call) error {
		if c.Op == memory.List {
			return broken
		}
		return nil
	})
	for _, name := range f.dst.Names() {
		check(t, failing.Put(t.Context(), name, f.dst.Object(name)))
	}
	_, err := OpenVault(t.Context(), failing)
	wantError(t, err, broken)
}

func TestWriterEntry(t *testing.T) {
	f := newFixture(t, nil)
	data := f.dst.Object(writerName(f.secrets.WriterID))
	w, err := parseWriterEntry(data, f.secrets.VaultID, f.secrets.WriterID)
	check(t, err)
	check(t, w.CheckMAC(f.secrets.IDKey))
	if !bytes.Equal(w.Marshal(), data) {
		t.Error("writer.json does not survive")
	}
	wantError(t, w.CheckMAC(crypto.NewKey()), ErrForgedWriter)
	_, err = parseWriterEntry(data, newFixture(t, nil).secrets.VaultID, f.secrets.WriterID)
	wantError(t, err, ErrOtherVault)
	_, err = parseWriterEntry(data, f.secrets.VaultID, strings.Repeat("0", 32))
	wantError(t, err, ErrForgedWriter)
}

// Every flipped bit of writer.json is noticed: by its form, by the fingerprint, or by the
// MAC.
func TestWriterEntryFlips(t *testing.T) {
	f := newFixture(t, nil)
	data := f.dst.Object(writerName(f.secrets.WriterID))
	for i := range data {
		flipped := bytes.Clone(data)
		flipped[i] ^= 1 << (i % 8)
		w, err := parseWriterEntry(flipped, f.secrets.VaultID, f.secrets.WriterID)
		if err == nil {
			err = w.CheckMAC(f.secrets.IDKey)
		}
		if !errors.Is(err, crypto.ErrDamaged) && !errors.Is(err, ErrForgedWriter) && !errors.Is(err, ErrOtherVault) && !errors.Is(err, ErrUnknownFormat) {
			t.Errorf("byte %d flipped: %v", i, err)
		}
	}
}

func TestWriterEntryRefuses(t *testing.T) {
	f := newFixture(t, nil)
	data := f.dst.Object(writerName(f.secrets.WriterID))
	verify := f.secrets.SigningKey.VerifyKey()
	for what, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":       {nil, crypto.ErrDamaged},
		"newer":         {swapText(t, data, `"version":1`, `"version":2`), ErrUnknownFormat},
		"a vault":       {f.dst.Object("vault.json"), crypto.ErrDamaged},
		"no writer":     {[]byte(`{"telekeep":"writer","version":1}` + "\n"), crypto.ErrDamaged},
		"writer a list": {[]byte(`{"telekeep":"writer","version":1,"writer":[],"mac":""}` + "\n"), crypto.ErrDamaged},
		"mac a number":  {[]byte(`{"telekeep":"writer","version":1,"writer":{},"mac":5}` + "\n"), crypto.ErrDamaged},
		"other key":     {swapText(t, data, verify.String(), crypto.NewSigningKey().VerifyKey().String()), ErrForgedWriter},
		"zero key":      {swapText(t, data, verify.String(), "ed25519:"+strings.Repeat("0", 64)), crypto.ErrDamaged},
		"long mac":      {swapText(t, data, `"mac":"`, `"mac":"00`), crypto.ErrDamaged},
		"bad index key": {swapText(t, data, `"index_recipient":"age1pq1`, `"index_recipient":"age1pq2`), crypto.ErrDamaged},
		"bad hash":      {swapText(t, data, `"secrets_sha256":"`, `"secrets_sha256":"x`), crypto.ErrDamaged},
		"bad date":      {swapText(t, data, `"created":"`, `"created":"x`), crypto.ErrDamaged},
		"extra field":   {swapText(t, data, `"version":1,`, `"version":1,"x":1,`), crypto.ErrDamaged},
		"extra inside":  {swapText(t, data, `"writer":{`, `"writer":{"x":1,`), crypto.ErrDamaged},
		"spaces":        {swapText(t, data, `"version":1,`, `"version": 1,`), crypto.ErrDamaged},
	} {
		_, err := parseWriterEntry(c.data, f.secrets.VaultID, f.secrets.WriterID)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
}

// Somebody who can write to the place, but holds no key of the vault, adds a writer of
// their own: its fingerprint is right, its MAC cannot be.
func TestForgedWriter(t *testing.T) {
	f := newFixture(t, nil)
	evil := *f.secrets
	evil.SigningKey = crypto.NewSigningKey()
	evil.WriterID = evil.SigningKey.VerifyKey().Fingerprint()
	evil.IDKey = crypto.NewKey() // they do not know the real one
	check(t, putWriter(t.Context(), f.dst, &evil, f.now()))
	v, err := OpenVault(t.Context(), f.dst)
	check(t, err)
	entry, ok := v.Writer(evil.WriterID)
	if !ok {
		t.Fatal("without a key the forged writer should look like any other")
	}
	key, err := OpenVaultKey(t.Context(), f.dst, []crypto.Identity{f.owner})
	check(t, err)
	wantError(t, entry.CheckMAC(key.IDKey), ErrForgedWriter)
	_, err = RecoverSecrets(t.Context(), f.dst, key, evil.WriterID)
	wantError(t, err, ErrForgedWriter)
	genuine, ok := v.Writer(f.secrets.WriterID)
	if !ok {
		t.Fatal("the genuine writer is gone")
	}
	check(t, genuine.CheckMAC(key.IDKey))
}

// They replace the keys of the genuine writer under its id: the fingerprint gives it away.
func TestReplacedWriter(t *testing.T) {
	f := newFixture(t, nil)
	evil := *f.secrets
	evil.SigningKey = crypto.NewSigningKey()
	forged := newWriterEntry(&evil, nil, f.now()).Marshal()
	f.dst.Damage(writerName(f.secrets.WriterID), func([]byte) []byte { return forged })
	v, err := OpenVault(t.Context(), f.dst)
	check(t, err)
	if len(v.Writers) != 0 || len(v.Faults) != 1 {
		t.Fatalf("writers %v, faults %v", v.Writers, v.Faults)
	}
	wantError(t, v.Faults[0].Err, ErrForgedWriter)
}

func TestCheckSecrets(t *testing.T) {
	f, other := newFixture(t, nil), newFixture(t, nil)
	v, err := OpenVault(t.Context(), f.dst)
	check(t, err)
	check(t, v.CheckSecrets(f.secrets))
	wantError(t, v.CheckSecrets(other.secrets), ErrOtherVault)

	unknown := *f.secrets
	unknown.SigningKey = crypto.NewSigningKey()
	unknown.WriterID = unknown.SigningKey.VerifyKey().Fingerprint()
	wantError(t, v.CheckSecrets(&unknown), ErrMissing)

	index := *f.secrets
	index.IndexIdentity = other.secrets.IndexIdentity
	wantError(t, v.CheckSecrets(&index), ErrForgedWriter)

	idKey := *f.secrets
	idKey.IDKey = crypto.NewKey()
	wantError(t, v.CheckSecrets(&idKey), ErrForgedWriter)
}

// The public objects can be read by anything that reads JSON.
func TestObjectsAreJSON(t *testing.T) {
	f := newFixture(t, nil)
	for _, name := range []string{"vault.json", writerName(f.secrets.WriterID)} {
		data := f.dst.Object(name)
		var any map[string]any
		if err := json.Unmarshal(data, &any); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if bytes.ContainsFunc(data, func(r rune) bool { return r > 126 }) {
			t.Errorf("%s is not ASCII", name)
		}
	}
}

func TestReadObjectPassesErrorsOn(t *testing.T) {
	_, err := readObject(t.Context(), memory.New(), "vault.json")
	wantError(t, err, fs.ErrNotExist)
}
