package index

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"telekeep/archive"
)

// fakeLog is a vault's records; one slice a commit. A nil record is one that cannot be read.
type fakeLog struct {
	commits [][]*archive.Record
	reads   int // commits that were read
}

func (f *fakeLog) Commits() []archive.LogCommit {
	var list []archive.LogCommit
	for i := range f.commits {
		list = append(list, archive.LogCommit{Writer: "w", Seq: uint64(i + 1), Hash: fmt.Sprintf("%064d", i)})
	}
	return list
}

func (f *fakeLog) Records(_ context.Context, i int) iter.Seq2[*archive.Record, error] {
	f.reads++
	return func(yield func(*archive.Record, error) bool) {
		for _, r := range f.commits[i] {
			var err error
			if r == nil {
				err = errors.New("this record cannot be read")
			} else {
				again := *r
				r = &again
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func (f *fakeLog) commit(records ...*archive.Record) { f.commits = append(f.commits, records) }

const (
	me      = archive.PeerID("user1")
	anna    = archive.PeerID("user2")
	village = archive.PeerID("channel3")
)

func said(chat archive.PeerID, id int, text string) *archive.Record {
	return &archive.Record{Kind: archive.KindMessage, Account: me, Chat: chat, Message: &archive.Message{
		ID: id, Date: 1_700_000_000 + int64(id)*60, From: anna, Text: archive.Text{Text: text},
	}}
}

func changed(r *archive.Record, change func(m *archive.Message)) *archive.Record {
	again, m := *r, *r.Message
	again.Message = &m
	change(&m)
	return &again
}

func called(id archive.PeerID, first, last string) *archive.Record {
	return &archive.Record{Kind: archive.KindPeer, Account: me, Profile: &archive.Peer{ID: id, FirstName: first, LastName: last}}
}

func deleted(chat archive.PeerID, ids ...int) *archive.Record {
	return &archive.Record{Kind: archive.KindDeletion, Account: me, Chat: chat, Deletion: &archive.Deletion{IDs: ids}}
}

func open(t testing.TB, dir string) *Index {
	t.Helper()
	x, err := Open(t.Context(), Options{Vault: "v", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return x
}

func update(t testing.TB, x *Index, log Log) Progress {
	t.Helper()
	p, err := x.Update(t.Context(), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func indexOf(t testing.TB, records ...*archive.Record) *Index {
	t.Helper()
	log := &fakeLog{}
	log.commit(records...)
	x := open(t, "")
	update(t, x, log)
	return x
}

// ids are the ids of what is found, the newest first; those of earlier versions are negative.
func ids(t testing.TB, x *Index, q Query) string {
	t.Helper()
	page, err := x.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, h := range page.Hits {
		id := h.ID
		if h.Earlier {
			id = -id
		}
		found = append(found, id)
	}
	return fmt.Sprint(found)
}
