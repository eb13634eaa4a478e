package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telekeep/chunkstore"
)

// The archive as of an earlier commit is what it was: no edit and no deletion that came later.
func TestExportOfThePast(t *testing.T) {
	t.Parallel()
	sim := startSimulator(t, "--seed", "12", "--messages", "30", "--media", "32KiB")
	dir := sim.install(t)
	mustCall(t, "", "sync", "--dir", dir)
	chat := someChat(t, dir)
	send := func(text string) int {
		var sent struct{ ID int }
		if err := json.Unmarshal(sim.control(t, "POST", "/messages", map[string]any{"chat": chat, "text": text}), &sent); err != nil || sent.ID == 0 {
			t.Fatalf("%v: %+v", err, sent)
		}
		return sent.ID
	}
	edited, deleted := send("before the edit"), send("still there")
	mustCall(t, "", "sync", "--dir", dir)
	sim.control(t, "PATCH", "/messages", map[string]any{"chat": chat, "id": edited, "text": "behind the edit"})
	sim.control(t, "DELETE", "/messages", map[string]any{"chat": chat, "ids": []int{deleted}})
	mustCall(t, "", "sync", "--dir", dir)

	var log []logLine
	decodeStrict(t, mustCall(t, "", "log", "--dir", dir, "--json"), &log)
	if len(log) < 3 {
		t.Fatalf("%d commits", len(log))
	}
	past := log[1].Hash[:12]
	export := func(name string, flags ...string) string {
		t.Helper()
		out := filepath.Join(t.TempDir(), name)
		mustCall(t, "", append([]string{"export", "--dir", dir, "-i", filepath.Join(dir, "owner.key"), "--chat", chat, "--out", out}, flags...)...)
		data, err := os.ReadFile(filepath.Join(out, "result.json"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for name, c := range map[string]struct {
		flags []string
		has   []string
		lacks []string
	}{
		"newest":   {nil, []string{"behind the edit"}, []string{"before the edit", "still there", `"telekeep"`}},
		"past":     {[]string{"--at", past}, []string{"before the edit", "still there"}, []string{"behind the edit"}},
		"today":    {[]string{"--at", time.Now().Format(time.DateOnly)}, []string{"behind the edit"}, []string{"still there"}},
		"versions": {[]string{"--versions"}, []string{"behind the edit", "before the edit", "still there", `"deleted": true`, `"earlier_versions"`}, nil},
		"deleted":  {[]string{"--deleted"}, []string{"behind the edit", "still there", `"deleted": true`}, []string{"before the edit"}},
		"service":  {[]string{"--kind", "service"}, nil, []string{"behind the edit"}},
		"future":   {[]string{"--from", "2200-01-01"}, nil, []string{`"date"`}},
	} {
		doc := export(name, c.flags...)
		for _, want := range c.has {
			if !strings.Contains(doc, want) {
				t.Errorf("%s: %q is not there", name, want)
			}
		}
		for _, not := range c.lacks {
			if strings.Contains(doc, not) {
				t.Errorf("%s: %q is there", name, not)
			}
		}
	}
	o := call(t, "", "export", "--dir", dir, "-i", filepath.Join(dir, "owner.key"), "--at", "1999-01-01", "--out", filepath.Join(t.TempDir(), "none"))
	if o.code == 0 || !strings.Contains(o.err, "nothing was backed up at 1999-01-01") {
		t.Errorf("before the first commit: %d, %s", o.code, o.err)
	}
}

func TestPickCommit(t *testing.T) {
	commit := func(writer string, seq uint64, at string) *chunkstore.Commit {
		when, err := time.Parse(time.DateTime, at)
		if err != nil {
			t.Fatal(err)
		}
		c := &chunkstore.Commit{Writer: writer, Seq: seq, Time: when}
		c.Hash[0], c.Hash[1] = byte(seq), writer[0]
		return c
	}
	a1, b1, a2 := commit("aa11223344", 1, "2024-05-30 10:00:00"), commit("ab11223344", 2, "2024-05-31 23:59:59"), commit("aa11223344", 3, "2024-06-01 00:00:00")
	commits := []*chunkstore.Commit{a1, b1, a2}
	for text, want := range map[string]*chunkstore.Commit{
		"2024-05-30":          a1,
		"2024-05-31":          b1,
		"2024-06-01":          a2,
		"2030-01-01":          a2,
		"2024-05-31T23:59":    a1,
		"2024-05-31 23:59:59": b1,
		"2024-05-29":          nil,
		"aa112233/3":          a2,
		"AB112233/2":          b1,
		"a/9":                 nil,
		"/1":                  nil,
		"0161000000":          a1,
		a2.Head().String():    a2,
		"yesterday":           nil,
		"0":                   nil,
	} {
		got, err := pickCommit(commits, text, time.UTC)
		if got != want || (err == nil) != (want != nil) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}
