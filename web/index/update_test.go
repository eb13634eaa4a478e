package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"telekeep/archive"
)

func TestLaterVersionsAndDeletions(t *testing.T) {
	log := &fakeLog{}
	first := said(village, 1, "the first words")
	log.commit(first, said(anna, 2, "private"), deleted(village, 9))
	x := open(t, "")
	update(t, x, log)
	edited := changed(first, func(m *archive.Message) { m.Text.Text, m.Edited = "other words", 1_700_000_500 })
	log.commit(edited, edited, changed(edited, func(m *archive.Message) { m.Views = 5 }), said(village, 9, "came after its deletion"), deleted("", 1, 2))
	if p := update(t, x, log); p.Commits != 1 || p.Of != 1 || p.Records != 5 {
		t.Errorf("progress %+v", p)
	}
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{Text: "first"}, "[-1]"}, {Query{Text: "words"}, "[1 -1]"}, {Query{Text: "words", Earlier: Hide}, "[1]"}, {Query{Text: "words", Earlier: Only}, "[-1]"},
		{Query{Deleted: Only}, "[9 2]"}, {Query{Text: "words", Deleted: Only}, "[]"},
	} {
		if got := ids(t, x, c.q); got != c.want {
			t.Errorf("%+v finds %s, not %s", c.q, got, c.want)
		}
	}
	log.commit(deleted(village, 1))
	update(t, x, log)
	if got := ids(t, x, Query{Text: "words", Deleted: Only}); got != "[1 -1]" {
		t.Errorf("deleted: %s", got)
	}
	page, err := x.Search(t.Context(), Query{Text: "other"})
	if err != nil || len(page.Hits) != 1 || page.Hits[0].Version != 3 || page.Hits[0].Versions != 3 {
		t.Errorf("%+v, %v", page, err)
	}
}

// A disk that is full is told as that, at any moment of an Update; with room it goes on.
func TestFullDisk(t *testing.T) {
	log := &fakeLog{}
	var some []*archive.Record
	for id := 1; id <= 3000; id++ {
		some = append(some, said(village, id, fmt.Sprintf("word%d is here", id)))
	}
	log.commit(some...)
	x := open(t, t.TempDir())
	full := 0
	for pages := 60; ; pages += 40 {
		if _, err := x.db.write.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
		_, err := x.Update(t.Context(), log, nil)
		if err == nil {
			break
		}
		if full++; !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("with %d pages: %v", pages, err)
		}
	}
	if full == 0 {
		t.Fatal("it was never full")
	}
	if got := ids(t, x, Query{Text: "word2999"}); got != "[2999]" {
		t.Errorf("then it finds %s", got)
	}
}

// What was imported is an earlier version of what was fetched, whichever came first, and none
// if it says the same.
func TestImported(t *testing.T) {
	imported := func(r *archive.Record, at int64) *archive.Record {
		again := *r
		again.Origin = &archive.Origin{Exported: at}
		return &again
	}
	same, other := said(village, 1, "as it  is"), said(village, 2, "it was another")
	now := []*archive.Record{said(village, 1, "as it is"), said(village, 2, "it is this")}
	old := []*archive.Record{imported(called(anna, "Old", "Name"), 5), imported(same, 5), imported(other, 5), imported(said(village, 3, "it is gone"), 5)}
	for name, commits := range map[string][][]*archive.Record{
		"before": {old, append(now, called(anna, "Anna", ""))},
		"after":  {append(now, called(anna, "Anna", "")), old},
		"twice":  {old, append(now, called(anna, "Anna", "")), {imported(other, 9)}},
	} {
		x := open(t, "")
		update(t, x, &fakeLog{commits: commits})
		page, err := x.Search(t.Context(), Query{Text: "it"})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range page.Hits {
			got = append(got, fmt.Sprintf("%d:%s %v %d/%d %s", h.ID, marked(h.Snippet), h.Earlier, h.Version, h.Versions, h.SenderName))
		}
		slices.Sort(got)
		want := "[1:as [it] is false 1/1 Anna 2:[it] is this false 2/2 Anna 2:[it] was another true 1/2 Anna 3:[it] is gone false 1/1 Anna]"
		if fmt.Sprint(got) != want {
			t.Errorf("%s:\n%s\n%s", name, got, want)
		}
	}
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a?b", "index")
	log := &fakeLog{}
	log.commit(called(anna, "Anna", ""), said(village, 1, "one"))
	log.commit(said(village, 2, "two"))
	x := open(t, dir)
	update(t, x, log)
	if _, err := Open(t.Context(), Options{Vault: "v", Dir: dir}); !errors.Is(err, ErrBusy) {
		t.Errorf("opened twice: %v", err)
	}
	checkPrivate(t, dir)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Vault: "other", Dir: dir}); !errors.Is(err, ErrOtherVault) {
		t.Errorf("another vault: %v", err)
	}
	log.reads = 0
	log.commit(said(village, 3, "three"))
	x = open(t, dir)
	if got := ids(t, x, Query{}); got != "[2 1]" || x.Ready() {
		t.Errorf("before the update: %s, ready %v", got, x.Ready())
	}
	if p := update(t, x, log); p.Of != 1 || log.reads != 1 || !x.Ready() {
		t.Errorf("%+v, %d commits read", p, log.reads)
	}
	if got := ids(t, x, Query{}); got != "[3 2 1]" {
		t.Errorf("after the update: %s", got)
	}
	if page, err := x.Search(t.Context(), Query{Text: "three"}); err != nil || page.Hits[0].SenderName != "Anna" {
		t.Errorf("%+v, %v", page, err)
	}
	checkPrivate(t, dir)
}

func checkPrivate(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatal(entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
}

func TestForeignFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Vault: "v", Dir: dir}); !errors.Is(err, ErrForeign) {
		t.Errorf("opened: %v", err)
	}
}

// A torn database, and one of another version, are made anew.
func TestMadeAnew(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"torn": func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, databaseName), 5000); err != nil {
				t.Fatal(err)
			}
		},
		"noise": func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, databaseName), []byte(strings.Repeat("noise", 2000)), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"version": func(t *testing.T, dir string) {
			db, err := openDatabase(t.Context(), dir, "v")
			if err == nil {
				_, err = db.write.Exec("UPDATE meta SET value = '0' WHERE key = 'version'")
				err = errors.Join(err, db.close())
			}
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			log := &fakeLog{}
			log.commit(said(village, 1, "one"))
			x, err := Open(t.Context(), Options{Vault: "v", Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			update(t, x, log)
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			spoil(t, dir)
			x = open(t, dir)
			if p := update(t, x, log); p.Commits != 1 {
				t.Errorf("%+v", p)
			}
			if got := ids(t, x, Query{Text: "one"}); got != "[1]" {
				t.Errorf("found %s", got)
			}
		})
	}
}

// An update that ended early goes on where it was, and gives the same as one that did not.
func TestEndedEarly(t *testing.T) {
	log := &fakeLog{}
	var records []*archive.Record
	for id := 1; id <= batchRecords+100; id++ {
		records = append(records, said(village, id, "first"))
	}
	for id := 1; id <= 10; id++ {
		records = append(records, said(village, id, "second"))
	}
	log.commit(records...)
	dir := t.TempDir()
	x := open(t, dir)
	ctx, stop := context.WithCancel(t.Context())
	if _, err := x.Update(ctx, log, func(Progress) { stop() }); !errors.Is(err, context.Canceled) || x.Ready() {
		t.Fatalf("ended with %v", err)
	}
	if p := update(t, x, log); p.Records != 110 {
		t.Errorf("%+v: not what was left", p)
	}
	for text, want := range map[string]int{"second": 2, "first": 1} {
		page, err := x.Search(t.Context(), Query{Text: text, Limit: 1})
		if err != nil || page.Hits[0].Versions != want || page.Hits[0].Earlier {
			t.Errorf("%s: %+v, %v", text, page, err)
		}
	}
	if got := ids(t, x, Query{Text: "first", Earlier: Only}); got != "[-10 -9 -8 -7 -6 -5 -4 -3 -2 -1]" {
		t.Errorf("earlier versions %s", got)
	}
}

// Where the vault's commits are others than those that were taken in, nothing of these stays.
func TestOtherCommits(t *testing.T) {
	log := &fakeLog{}
	log.commit(said(village, 1, "one"))
	log.commit(said(village, 2, "two"))
	x := open(t, "")
	update(t, x, log)
	rolledBack := &fakeLog{commits: log.commits[:1]}
	update(t, x, rolledBack)
	if got := ids(t, x, Query{}); got != "[1]" {
		t.Errorf("found %s", got)
	}
}

func TestDamage(t *testing.T) {
	log := &fakeLog{}
	log.commit(said(village, 1, "one"), nil, said(village, 3, "three"))
	x := open(t, "")
	if p := update(t, x, log); p.Problems != 1 {
		t.Errorf("%+v", p)
	}
	if got := ids(t, x, Query{}); got != "[3 1]" {
		t.Errorf("found %s", got)
	}
	log.commits[0][1] = said(village, 2, "two")
	if p := update(t, x, log); p.Problems != 0 || ids(t, x, Query{}) != "[3 2 1]" {
		t.Errorf("%+v, found %s", p, ids(t, x, Query{}))
	}
}

func TestTopics(t *testing.T) {
	with := func(chat archive.PeerID, id, topic int, saved archive.PeerID) *archive.Record {
		return changed(said(chat, id, "x"), func(m *archive.Message) { m.Topic, m.SavedPeer = topic, saved })
	}
	x := indexOf(t, with(village, 3, 7, ""), with(village, 1, 1, ""), with(village, 2, 7, ""), with(village, 4, 0, ""), with(me, 5, 0, anna), with(me, 6, 0, ""))
	for chat, want := range map[archive.PeerID]string{village: "map[1:[1 4] 7:[2 3]]", me: "map[:[6] user2:[5]]", "user99": "map[]"} {
		if topics, err := x.Topics(t.Context(), me, chat); err != nil || fmt.Sprint(topics) != want {
			t.Errorf("%s: %v, %v; not %s", chat, topics, err, want)
		}
	}
}

func TestFind(t *testing.T) {
	x := indexOf(t,
		&archive.Record{Kind: archive.KindAccount, Account: me, Profile: &archive.Peer{ID: me, FirstName: "Me", Phone: "4915"}},
		&archive.Record{Kind: archive.KindPeer, Account: me, Profile: &archive.Peer{ID: village, Title: "Das Dörfchen", Username: "village"}},
		called(anna, "Anna", "Smith"), called("user5", "anna", "smith"), called("user6", "Zoë", ""), said(village, 1, "x"),
	)
	for text, want := range map[string]string{
		"channel3": "[channel3]", "@Village": "[channel3]", "das dorfchen": "[channel3]", "Anna Smith": "[user2]", "ANNA SMITH": "[user2 user5]", "zoe": "[user6]",
		"+4915": "[user1]", "": "[]", "...": "[]", "nobody": "[]", "@": "[]",
	} {
		peers, err := x.Find(t.Context(), "", text)
		var found []archive.PeerID
		for _, p := range peers {
			found = append(found, p.ID)
		}
		if err != nil || fmt.Sprint(found) != want {
			t.Errorf("%q is %v, %v; not %s", text, found, err, want)
		}
	}
	if accounts, err := x.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Name != "Me" {
		t.Errorf("%+v, %v", accounts, err)
	}
}

// Searching goes on during an update, and what is decrypted stays in memory.
func TestSearchDuringUpdate(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		log := &fakeLog{}
		for from := 1; from < 2500; from += 500 {
			var records []*archive.Record
			for id := from; id < from+500; id++ {
				records = append(records, said(village, id, "some words"))
			}
			log.commit(records...)
		}
		x := open(t, dir)
		var store int
		if err := x.db.read.QueryRow("PRAGMA temp_store").Scan(&store); store != 2 || err != nil {
			t.Errorf("temporary tables are in store %d, %v", store, err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := x.Update(t.Context(), log, nil)
			done <- err
		}()
		last := 0
		for ended := false; !ended; {
			select {
			case err := <-done:
				if ended = true; err != nil {
					t.Fatal(err)
				}
			default:
			}
			page, err := x.Search(t.Context(), Query{Text: "some words", Limit: 1})
			if err != nil || page.Total < last {
				t.Fatalf("%d hits after %d, %v", page.Total, last, err)
			}
			last = page.Total
		}
		if last != MostCounted {
			t.Errorf("%d hits at the end", last)
		}
	}
}

func TestFigures(t *testing.T) {
	shows := func(chat archive.PeerID, id int, key archive.MediaKey, size int64) *archive.Record {
		return changed(said(chat, id, ""), func(m *archive.Message) {
			m.Media = &archive.Media{Kind: archive.MediaKindPhoto, File: &archive.File{Key: key, Size: size}}
		})
	}
	file := func(key archive.MediaKey, size int64, sha string) *archive.Record {
		return &archive.Record{Kind: archive.KindMedia, Account: me, Media: &archive.MediaFile{Key: key, Size: size, SHA256: strings.Repeat(sha, 64)}}
	}
	x := indexOf(t,
		shows(village, 1, "photo:1", 100), shows(anna, 2, "photo:1", 100), shows(village, 3, "photo:2", 100), shows(village, 4, "photo:3", 999), said(village, 2000, "late"),
		file("photo:1", 100, "a"), file("photo:2", 100, "a"),
	)
	s, err := x.Saved(t.Context(), "")
	if want := (Saved{Shown: 3, ShownBytes: 300, Files: 2, Bytes: 200, Contents: 1, ContentsBytes: 100}); s != want || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
	stores, err := x.Storage(t.Context(), me)
	if err != nil || len(stores) != 2 || stores[0] != (Store{me, village, archive.ContentPhoto, 2, 200}) || stores[1] != (Store{me, anna, archive.ContentPhoto, 1, 100}) {
		t.Errorf("%+v, %v", stores, err)
	}
	days, err := x.Days(t.Context(), me, village, time.UTC)
	if err != nil || len(days) != 2 || days[0] != (Day{"2023-11-14", me, village, 3}) || days[1] != (Day{"2023-11-16", me, village, 1}) {
		t.Errorf("%+v, %v", days, err)
	}
	if chats, err := x.Chats(t.Context()); err != nil || len(chats) != 2 || chats[0].Messages != 4 || chats[0].Peer != village {
		t.Errorf("%+v, %v", chats, err)
	}
	if senders, err := x.Senders(t.Context(), me, village); err != nil || len(senders) != 1 || senders[0].Peer != anna || senders[0].Messages != 4 {
		t.Errorf("%+v, %v", senders, err)
	}
}
