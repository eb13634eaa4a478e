package chunkstore

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"telekeep/crypto"
)

// A vault shows nothing of what is in it: no plaintext, no id, no key, nothing of the
// resume state, no length but buckets.
func TestVaultShowsNothing(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	secret := "Grüße an Frau Sommer, channel1234567890, IMG_2041.jpg"
	records := []byte(strings.Repeat(secret+"\n", 500))
	media := noise(1, 3<<20)
	ids := append(store(t, w, media), store(t, w, records)...)
	check(t, w.Set("cursor/channel1234567890", []byte(secret)))
	commit(t, w, ids)

	needles := map[string][]byte{"text": []byte(secret), "chat": []byte("1234567890"), "file name": []byte("IMG_2041")}
	for _, id := range ids {
		needles["id "+id.String()[:8]] = id[:]
	}
	for name, key := range map[string]crypto.Key{"id key": f.secrets.IDKey, "chunker key": f.secrets.ChunkerKey} {
		needles[name] = key[:]
	}
	for i := 0; i+64 < len(media); i += 100_000 {
		needles["media at "+hex.EncodeToString([]byte{byte(i >> 16), byte(i >> 8), byte(i)})] = media[i : i+64]
	}
	for _, identity := range []crypto.Identity{f.owner, f.secrets.IndexIdentity} {
		needles["identity "+identity.Recipient().String()[:20]] = []byte(identity.String())
	}
	for _, object := range f.dst.Names() {
		data := f.dst.Object(object)
		lower := lowered(data)
		for what, needle := range needles {
			if shows(data, lower, needle) {
				t.Errorf("%s shows the %s", object, what)
			}
		}
	}
}

// shows looks for a needle in data as it is, in hexadecimal and in base64 that may begin
// before it; lower is lowered(data).
func shows(data, lower, needle []byte) bool {
	if bytes.Contains(data, needle) || bytes.Contains(lower, lowered(needle)) || bytes.Contains(lower, []byte(hex.EncodeToString(needle))) {
		return true
	}
	for i := range 3 {
		whole := needle[i:]
		whole = whole[:len(whole)/3*3]
		if bytes.Contains(data, []byte(base64.StdEncoding.EncodeToString(whole))) || bytes.Contains(data, []byte(base64.URLEncoding.EncodeToString(whole))) {
			return true
		}
	}
	return false
}

// lowered makes ASCII letters small and leaves all other bytes alone: what lies between them
// is no text.
func lowered(data []byte) []byte {
	small := bytes.Clone(data)
	for i, c := range small {
		if 'A' <= c && c <= 'Z' {
			small[i] = c + 'a' - 'A'
		}
	}
	return small
}

// What lies in random bytes is found, however it is written there.
func TestShows(t *testing.T) {
	for i := range 80 {
		seed := byte(i)
		needle := noise(seed, 32)
		for how, spelled := range map[string][]byte{
			"as it is": needle, "hexadecimal": []byte(hex.EncodeToString(needle)), "large hexadecimal": bytes.ToUpper([]byte(hex.EncodeToString(needle))),
			"base64":                  []byte(base64.StdEncoding.EncodeToString(needle)),
			"base64 behind something": []byte(base64.StdEncoding.EncodeToString(append([]byte("a"), needle...))), "base64 behind more": []byte(base64.URLEncoding.EncodeToString(append([]byte("ab"), needle...))),
		} {
			data := noise(seed+80, 4096)
			copy(data[i*7:], spelled)
			if !shows(data, lowered(data), needle) {
				t.Fatalf("%d: %s is not found", seed, how)
			}
		}
		if data := noise(seed+160, 4096); shows(data, lowered(data), needle) {
			t.Fatalf("%d: found where it is not", seed)
		}
	}
}

// Two vaults with the same amount of media in few large and in many small chunks look
// alike.
func TestChunkLengthsDoNotShow(t *testing.T) {
	lengths := func(pieces int) map[int]int {
		f := newFixture(t, nil)
		f.single = true
		w := f.writer()
		data := noise(1, 400_000)
		for i := range pieces {
			n := len(data) / pieces
			store(t, w, data[i*n:(i+1)*n])
		}
		commit(t, w, nil)
		seen := make(map[int]int)
		for _, folder := range []string{"packs/", "index/", "commits/"} {
			for _, n := range sizes(f.dst, folder) {
				seen[n]++
			}
		}
		return seen
	}
	few, many := lengths(1), lengths(100)
	if len(few) != len(many) {
		t.Errorf("one chunk gives %v, a hundred give %v", few, many)
	}
	for n, count := range few {
		if many[n] != count {
			t.Errorf("one chunk gives %v, a hundred give %v", few, many)
		}
	}
}

// The writer's machine holds nothing that opens a pack.
func TestSecretsOpenNoPack(t *testing.T) {
	v := fillVault(t, nil)
	for _, p := range v.commit.Packs {
		_, err := crypto.OpenBytes(v.dst.Object(packName(p.Hash)), v.secrets.IndexIdentity)
		wantError(t, err, crypto.ErrWrongKey)
	}
	_, err := OpenVaultKey(t.Context(), v.dst, []crypto.Identity{v.secrets.IndexIdentity})
	wantError(t, err, crypto.ErrWrongKey)
}
