package telegram

import (
	"testing"

	"telekeep/archive"
)

// What was put aside is stored with something else or not at all, once, as it was
// put last; what a batch brings anew outdates it.
func TestAside(t *testing.T) {
	a := newFakeArchive()
	r := newFakeRun(t, newFakeServer(nil), a)
	rec := func(text string) *archive.Record {
		rec := r.record(archive.KindSession)
		rec.Item = text
		return rec
	}
	r.aside.putRecord("thing", []byte("1"), rec("first"))
	r.aside.putRecord("thing", []byte("2"), rec("second"))
	r.aside.putRecord("other", []byte("1"), rec("other"))
	r.aside.putRecord("third", []byte("1"), rec("third"))
	r.aside.drop("third")
	if err := r.aside.put("note", "said"); err != nil {
		t.Fatal(err)
	}
	settle := func(want int) {
		t.Helper()
		if err := r.settleAside(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a.applied != want {
			t.Fatalf("%d steps, want %d", a.applied, want)
		}
	}
	settle(0)
	var b batch
	b.put("other", []byte("newer"))
	if err := r.apply(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	settle(2)
	settle(2)
	if len(a.records) != 1 || a.records[0].Item != "second" {
		t.Errorf("records %v, want the second", a.records)
	}
	for key, want := range map[string]string{"thing": "2", "other": "newer", "third": "", "note": `"said"`} {
		if got := string(a.state[key]); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	r.aside.putRecord("thing", []byte("3"), rec("last"))
	if err := r.aside.put("note", "again"); err != nil {
		t.Fatal(err)
	}
	if state := r.aside.takeState(); len(state) != 1 || string(state["note"]) != `"again"` {
		t.Errorf("state without records: %q", state)
	}
	if b := r.aside.take(); len(b.records) != 1 || len(b.state) != 1 {
		t.Errorf("the rest: %+v", b)
	}
}
