package chunkstore

import (
	"bytes"
	"testing"

	"telekeep/crypto"
)

func TestRoundTrip(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	media, records := noise(1, 21<<20+17), text(1, 3<<20)
	mediaIDs := store(t, w, media)
	recordIDs := store(t, w, records)
	check(t, w.Set("cursor", []byte("42")))
	c := commit(t, w, recordIDs)
	if c.Seq != 1 || !c.Previous.IsZero() || c.Vault != f.secrets.VaultID {
		t.Errorf("first commit: %+v", c)
	}

	r := f.reader()
	if len(r.Commits()) != 1 || r.Commits()[0].Hash != c.Hash {
		t.Fatalf("the reader sees %d commits", len(r.Commits()))
	}
	if !bytes.Equal(readAll(t, r, mediaIDs), media) {
		t.Error("the media came back different")
	}
	roots, err := r.Records(t.Context(), r.Commits()[0])
	check(t, err)
	if !bytes.Equal(readAll(t, r, roots), records) {
		t.Error("the records came back different")
	}
	report := f.verify()
	if report.Commits != 1 || report.Packs != len(c.Packs) || report.Chunks == 0 || len(report.Orphans) > 0 {
		t.Errorf("report: %+v", report)
	}
}

func TestCommitOfNothing(t *testing.T) {
	f := newFixture(t, nil)
	w := f.writer()
	before := len(f.dst.Names())
	for range 2 {
		c, err := w.Commit(t.Context(), nil)
		check(t, err)
		if c != nil {
			t.Error("a commit of nothing made a commit")
		}
	}
	if len(f.dst.Names()) != before {
		t.Error("a commit of nothing stored something")
	}
	ids := store(t, w, []byte("hello"))
	commit(t, w, ids)
	before = len(f.dst.Names())
	store(t, w, []byte("hello"))
	check(t, w.Set("absent", nil))
	if c, err := w.Commit(t.Context(), nil); c != nil || err != nil {
		t.Errorf("what is known already made a commit: %v, %v", c, err)
	}
	if len(f.dst.Names()) != before {
		t.Error("what is known already was stored again")
	}
	_ = crypto.ID{}
}
