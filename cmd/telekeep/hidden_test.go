package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"telekeep/chunkstore"
)

// needles are texts to look for in many megabytes at once: by their first eight
// bytes, and then whole.
type needles map[uint64][][]byte

func (n needles) add(text []byte) {
	if len(text) < 8 {
		return
	}
	start := binary.LittleEndian.Uint64(text)
	n[start] = append(n[start], text)
}

// find returns a needle that data holds, or nil.
func (n needles) find(data []byte) []byte {
	for i := 0; i+8 <= len(data); i++ {
		for _, text := range n[binary.LittleEndian.Uint64(data[i:])] {
			if bytes.HasPrefix(data[i:], text) {
				return text
			}
		}
	}
	return nil
}

// collect adds every text of a JSON document, and every large number, in the
// forms in which they could leak.
func (n needles) collect(v any) {
	switch v := v.(type) {
	case string:
		n.add([]byte(v))
		n.add([]byte(filepath.Base(v)))
	case float64:
		if v >= 1e8 && v == float64(int64(v)) {
			n.add(binary.LittleEndian.AppendUint64(nil, uint64(v)))
			n.add(binary.BigEndian.AppendUint64(nil, uint64(v)))
		}
	case []any:
		for _, one := range v {
			n.collect(one)
		}
	case map[string]any:
		for _, one := range v {
			n.collect(one)
		}
	}
}

// No text, name, id or file name of a real account stands anywhere in the vault,
// neither in a file nor in a file's name; and every pack and index is as long as
// the padding says.
func TestVaultShowsNothing(t *testing.T) {
	original := filepath.Join(sharedData(t, "trantor"), "export")
	sim := startSimulator(t, "--export", original)
	dir := sim.install(t)
	mustCall(t, "", "sync", "--dir", dir)
	n := needles{}
	dialog := readDialogs(t, original)[0]
	n.collect(dialog["messages"])
	n.add([]byte(dialog["name"].(string)))
	n.add([]byte("1878264527"))
	n.add([]byte("channel1878264527"))
	if len(n) < 1000 {
		t.Fatalf("only %d texts to look for", len(n))
	}
	if found := n.find([]byte("xx channel1878264527 xx")); found == nil {
		t.Fatal("the search finds nothing at all")
	}
	checkFolder(t, filepath.Join(dir, "vault"), n)
	// What is on this machine shows no text either; ids and sizes it does.
	texts := needles{}
	for _, m := range dialog["messages"].([]any) {
		texts.collect(m.(map[string]any)["text"])
	}
	checkFolder(t, filepath.Join(dir, "state"), texts)
	checkFolder(t, filepath.Join(dir, "secrets"), texts)
}

func checkFolder(t *testing.T, dir string, n needles) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if found := n.find(data); found != nil && !bytes.Equal(data, chunkstore.RecoverScript()) { // that one is the same in every vault
			t.Errorf("%s holds %q", path, found)
		}
		if found := n.find([]byte(path)); found != nil {
			t.Errorf("the name %s holds %q", path, found)
		}
		if filepath.Ext(path) == ".age" && filepath.Base(filepath.Dir(filepath.Dir(path))) == "packs" && !isBucket(int64(len(data))) {
			t.Errorf("%s is %d bytes long, which is no bucket", path, len(data))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isBucket is written anew from docs/format.md, section 8.
func isBucket(length int64) bool {
	e, s := 0, 0
	for length>>(e+1) > 0 {
		e++
	}
	for e>>(s+1) > 0 {
		s++
	}
	s++
	return length >= 16384 && length%(1<<(e-s)) == 0
}
