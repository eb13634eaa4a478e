package crypto

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestIDText(t *testing.T) {
	id := NewKey().ID([]byte("chunk"))
	if again, err := ParseID(id.String()); err != nil || again != id {
		t.Errorf("ParseID(String) = %v, %v", again, err)
	}
	data, err := json.Marshal(map[ID]ID{id: id})
	if err != nil {
		t.Fatal(err)
	}
	var back map[ID]ID
	if err := json.Unmarshal(data, &back); err != nil || back[id] != id {
		t.Errorf("json: %v, %v", back, err)
	}
	zero := strings.Repeat("0", 64)
	for _, bad := range []string{"", "0", zero[1:], zero + "0", strings.ToUpper(id.String()[:63] + "a"), "g" + zero[1:], " " + zero[1:], zero[:63] + "\n"} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("ParseID(%q) succeeded", bad)
		}
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("ParseKey(%q) succeeded", bad)
		}
		if err := new(ID).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("UnmarshalText(%q) succeeded", bad)
		}
	}
	if !(ID{}).IsZero() || id.IsZero() {
		t.Error("IsZero")
	}
}

func TestIDCompare(t *testing.T) {
	a, b := ID{1}, ID{2}
	if a.Compare(b) != -1 || b.Compare(a) != 1 || a.Compare(a) != 0 {
		t.Error("Compare")
	}
}

func TestKeyText(t *testing.T) {
	k := NewKey()
	if again, err := ParseKey(k.String()); err != nil || again != k {
		t.Errorf("ParseKey(String): %v", err)
	}
	if k.IsZero() || !(Key{}).IsZero() || k == NewKey() {
		t.Error("NewKey")
	}
	if _, err := ParseKey(k.String()[:63] + "!"); err == nil || strings.Contains(err.Error(), k.String()[:20]) {
		t.Errorf("ParseKey of a bad key: %v", err)
	}
}

func TestIDDependsOnEverything(t *testing.T) {
	k := NewKey()
	id := k.ID([]byte("chunk"))
	if id == k.ID([]byte("chunK")) || id == k.ID([]byte("chun")) || id == NewKey().ID([]byte("chunk")) {
		t.Error("different chunks or keys have one id")
	}
	if id != k.ID([]byte("chunk")) {
		t.Error("one chunk has two ids")
	}
}

func TestHasherIsID(t *testing.T) {
	k := NewKey()
	h := k.Hasher()
	for _, size := range []int{1 << 20, 0, 1, 64, 1024, 1025, 8192, 8193, 100_000, 64} {
		plaintext := random(size)
		if h.ID(plaintext) != k.ID(plaintext) {
			t.Errorf("a used Hasher differs for %d bytes", size)
		}
	}
}

func TestHasherDoesNotAllocate(t *testing.T) {
	h := NewKey().Hasher()
	plaintext := random(100_000)
	if n := testing.AllocsPerRun(20, func() { h.ID(plaintext) }); n != 0 {
		t.Errorf("%v allocations per id", n)
	}
}

func TestMAC(t *testing.T) {
	k, message := NewKey(), []byte("message")
	mac := k.MAC("a", message)
	if !k.CheckMAC("a", message, mac[:]) {
		t.Error("a MAC is not its own")
	}
	if [32]byte(k.ID(message)) == mac || k.MAC("b", message) == mac || NewKey().MAC("a", message) == mac {
		t.Error("a MAC serves for something else")
	}
	flipped := mac
	flipped[31] ^= 1
	for what, bad := range map[string][]byte{"flipped": flipped[:], "short": mac[:31], "long": append(mac[:], 0), "empty": nil} {
		if k.CheckMAC("a", message, bad) {
			t.Errorf("a %s MAC passes", what)
		}
	}
	if k.CheckMAC("a", []byte("Message"), mac[:]) || k.CheckMAC("b", message, mac[:]) {
		t.Error("a MAC passes for something else")
	}
}

func BenchmarkHasher1MiB(b *testing.B) {
	h := NewKey().Hasher()
	plaintext := random(1 << 20)
	b.SetBytes(int64(len(plaintext)))
	b.ReportAllocs()
	for b.Loop() {
		h.ID(plaintext)
	}
}
