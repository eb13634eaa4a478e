package export

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telekeep/archive"
)

func (f *fake) AllMedia() iter.Seq[*archive.MediaFile] {
	return func(yield func(*archive.MediaFile) bool) {
		for key := range f.media {
			if m, _ := f.Media(key); !yield(m) {
				return
			}
		}
	}
}

func restorable() *fake {
	f := newFake()
	record := func(m *archive.Message, raw string) *archive.Record {
		return &archive.Record{Kind: archive.KindMessage, Account: "user1", Seen: morning, Chat: "user2", Layer: 227, Message: m, Raw: []byte(raw)}
	}
	with := documentMessage(archive.Media{File: file("document:10", "../Report: final.pdf", "application/pdf"), Thumb: file("thumb:10", "", "")})
	with.ID, with.Date = 1, morning
	again := documentMessage(archive.Media{File: file("document:10", "Report.pdf", "application/pdf")})
	again.ID, again.Date = 2, morning+40*24*3600
	deep := &archive.Message{ID: 3, Date: morning, Media: &archive.Media{Kind: archive.MediaKindPaid, Extended: []archive.Media{
		{Kind: archive.MediaKindPhoto, File: file("photo:3", "", "")}}}}
	future := &archive.Record{Account: "user1", Kind: "hologram", Line: []byte(`{"v":1,"kind":"hologram","account":"user1","seen":5,"glow":true}`)}
	f.records = []*archive.Record{
		{Kind: archive.KindAccount, Account: "user1", Seen: morning, Profile: f.peers["user1"]},
		record(with, "\xf1TL bytes\n"), record(again, ""), record(deep, "\x00"), future,
		{Kind: archive.KindPeer, Account: "user9", Seen: morning, Profile: &archive.Peer{ID: "user2", Photo: &archive.File{Key: "photo:4"}}},
	}
	for _, key := range []archive.MediaKey{"document:10", "thumb:10", "photo:3", "photo:4", "document:77"} {
		f.media[key] = []byte("content of " + key)
	}
	return f
}

func mustRestore(t *testing.T, source RecordSource, dir string) *Restored {
	t.Helper()
	result, err := Restore(t.Context(), source, dir, RestoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestRestore(t *testing.T) {
	f, dir := restorable(), t.TempDir()
	result := mustRestore(t, f, dir)
	if result.Records != 6 || result.Written != 5 || result.Failed != 0 {
		t.Errorf("result is %+v", *result)
	}
	files := tree(t, dir)
	want := `README.txt
SHA256SUMS
media/2023-11/document_10_.._Report_ final.pdf
media/2023-11/photo_3.jpg
media/2023-11/photo_4.jpg
media/2023-11/thumb_10.jpg
media/unnamed/document_77.bin
records/user1.jsonl
records/user9.jsonl`
	if got := fileNames(files); got != want {
		t.Errorf("files are\n%s\nwant\n%s", got, want)
	}
	checkSums(t, files)
	golden(t, "records.jsonl", files["records/user1.jsonl"])
	checkRecords(t, files["records/user1.jsonl"], f.records[:5])
}

// checkSums does what sha256sum -c does, and wants every file in the list.
func checkSums(t *testing.T, files map[string]string) {
	t.Helper()
	listed := map[string]bool{sumsFile: true}
	for line := range strings.Lines(files[sumsFile]) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		own := sha256.Sum256([]byte(files[name]))
		if hex.EncodeToString(own[:]) != sum {
			t.Errorf("the sum of %s is wrong", name)
		}
		listed[name] = true
	}
	for name := range files {
		if !listed[name] {
			t.Errorf("%s is not in the list", name)
		}
	}
}

// checkRecords proves that nothing of a record was lost.
func checkRecords(t *testing.T, lines string, want []*archive.Record) {
	t.Helper()
	i := 0
	for line := range strings.Lines(lines) {
		var got struct {
			archive.Record
			TL   string `json:"tl"`
			Glow bool   `json:"glow"`
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(got.TL)
		if err != nil || string(raw) != string(want[i].Raw) || got.RawLen != len(raw) {
			t.Errorf("line %d: raw bytes are %q", i, raw)
		}
		if want[i].Kind == "hologram" && !got.Glow {
			t.Error("a field of the future was lost")
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d lines, want %d", i, len(want))
	}
}

func TestRestoreAgain(t *testing.T) {
	f, dir := restorable(), t.TempDir()
	first := mustRestore(t, f, dir)
	before := tree(t, dir)
	second := mustRestore(t, f, dir)
	if second.Written != 0 || second.Kept != first.Written {
		t.Errorf("the second run is %+v", *second)
	}
	sameTree(t, before, tree(t, dir))
	// Damage that leaves the size alone is found too.
	name := filepath.Join(dir, "media/2023-11/photo_3.jpg")
	if err := os.WriteFile(name, []byte("damage of photo:3"), 0o600); err != nil {
		t.Fatal(err)
	}
	if third := mustRestore(t, f, dir); third.Written != 1 {
		t.Errorf("the third run is %+v", *third)
	}
	sameTree(t, before, tree(t, dir))
}

func TestRestoreOfADamagedArchive(t *testing.T) {
	f, dir := restorable(), t.TempDir()
	f.broken["photo:3"] = errors.New("a pack is gone")
	result := mustRestore(t, brokenRecords{f}, dir)
	if result.Failed != 2 || result.Records != 5 || result.Written != 4 {
		t.Errorf("result is %+v", *result)
	}
	checkSums(t, tree(t, dir))
}

// brokenRecords is an archive in which the second record cannot be read.
type brokenRecords struct{ *fake }

func (b brokenRecords) Lines(ctx context.Context) iter.Seq2[*archive.Record, error] {
	return func(yield func(*archive.Record, error) bool) {
		i := 0
		for r := range b.fake.Lines(ctx) {
			if i++; i == 3 {
				r = nil
			}
			var err error
			if r == nil {
				err = errTorn
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func TestRestoreRefusesOtherFolders(t *testing.T) {
	exported := t.TempDir()
	mustExport(t, household(), exported, utc())
	if _, err := Restore(t.Context(), restorable(), exported, RestoreOptions{}); !errors.Is(err, ErrOtherExport) {
		t.Errorf("into an export: %v", err)
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), restorable(), full, RestoreOptions{}); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("into a full folder: %v", err)
	}
}

// TestNoFileIsForgotten sets every file field that a message can have and wants
// all of them found.
func TestNoFileIsForgotten(t *testing.T) {
	one := func() *archive.File { return &archive.File{Key: "photo:1"} }
	m := &archive.Message{
		Media: &archive.Media{File: one(), Thumb: one(), Webpage: &archive.Webpage{Photo: one(), Document: one()},
			Extended: []archive.Media{{File: one()}, {Thumb: one()}}, Invoice: &archive.Invoice{}},
		Action:  &archive.Action{Photo: one()},
		Buttons: [][]archive.Button{{{Data: []byte("no file")}}},
	}
	if got := len((&archive.Record{Message: m}).Files()); got != 7 {
		t.Errorf("%d files found, want 7", got)
	}
}

func TestRestoreProgress(t *testing.T) {
	var last RestoreProgress
	_, err := Restore(t.Context(), restorable(), t.TempDir(), RestoreOptions{Progress: func(p RestoreProgress) { last = p }})
	if want := (RestoreProgress{Records: 6, Files: 5, Bytes: last.Bytes}); err != nil || last != want || last.Bytes == 0 {
		t.Errorf("%+v at the end, want %+v; %v", last, want, err)
	}
}
