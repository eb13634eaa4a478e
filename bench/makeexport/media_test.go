package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func made(t *testing.T) (out, later string) {
	t.Helper()
	dir := t.TempDir()
	out, later = filepath.Join(dir, "tree"), filepath.Join(dir, "new")
	if err := writeBoth(out, later, 1, 200, 2<<20); err != nil {
		t.Fatal(err)
	}
	return out, later
}

func sums(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][32]byte{}
	for _, e := range list {
		p, err := os.ReadFile(filepath.Join(dir, "files", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = sha256.Sum256(p)
	}
	return got
}

func messages(t *testing.T, dir string) []json.RawMessage {
	t.Helper()
	p, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Messages []json.RawMessage }
	if err := json.Unmarshal(p, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Messages
}

// One seed makes one tree, and what is new comes after all of it.
func TestTheSameAgainAndMore(t *testing.T) {
	out, later := made(t)
	again, _ := made(t)
	one, two := sums(t, out), sums(t, again)
	if len(one) == 0 || len(one) != len(two) {
		t.Fatalf("%d files, then %d", len(one), len(two))
	}
	for name, sum := range one {
		if two[name] != sum {
			t.Errorf("%s differs", name)
		}
	}
	old, grown := messages(t, out), messages(t, later)
	if len(grown) <= len(old) {
		t.Fatalf("%d messages, then %d", len(old), len(grown))
	}
	for i := range old {
		if !bytes.Equal(old[i], grown[i]) {
			t.Fatalf("message %d is another later", i)
		}
	}
	for name := range sums(t, later) {
		if _, ok := one[name]; ok {
			t.Errorf("%s is not new", name)
		}
	}
}

// What the benchmark says of the tree holds.
func TestPlan(t *testing.T) {
	const total = 64 << 30
	files := plan(rand.New(rand.NewPCG(1, 1)), "f", total)
	seen, sum, same, near := map[uint64]bool{}, int64(0), 0, 0
	for _, f := range files {
		if f.size < smallestFile || f.size > largestFile+nearBytes {
			t.Fatalf("%s has %d bytes", f.name, f.size)
		}
		sum += f.size
		switch {
		case f.near != 0:
			near++ // and the duplicates of near-duplicates
		case seen[f.origin]:
			same++
		}
		seen[f.origin] = true
	}
	if sum < total || sum > total+largestFile+nearBytes {
		t.Errorf("%d bytes", sum)
	}
	if share := float64(same+near) / float64(len(files)); share < 0.23 || share > 0.27 {
		t.Errorf("%.3f of the files are like others", share)
	}
	if share := float64(near) / float64(len(files)); share < 0.04 || share > 0.08 {
		t.Errorf("%.3f of the files are almost others", share)
	}
}

// A near-duplicate is as long as it says, and the other file but for its middle.
func TestNear(t *testing.T) {
	f := file{size: 30_000, origin: 7}
	n := f
	n.near, n.size = 12_345, f.size+nearBytes
	var a, b bytes.Buffer
	if err := f.content(&a); err != nil {
		t.Fatal(err)
	}
	if err := n.content(&b); err != nil {
		t.Fatal(err)
	}
	half := n.size / 2
	without := append(bytes.Clone(b.Bytes()[:half]), b.Bytes()[half+nearBytes:]...)
	if int64(b.Len()) != n.size || !bytes.Equal(without, a.Bytes()) || string(b.Bytes()[half:half+nearBytes]) != "12345" {
		t.Errorf("%d bytes, near %d", a.Len(), b.Len())
	}
}
