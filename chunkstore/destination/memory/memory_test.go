package memory

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"

	"telekeep/chunkstore/destination/suite"
)

func TestSuite(t *testing.T) {
	suite.Test(t, func(*testing.T) suite.Destination { return New() })
}

// With a fault function that never fails it is still a destination.
func TestSuiteWithFaults(t *testing.T) {
	suite.Test(t, func(*testing.T) suite.Destination {
		return WithFaults(func(Call) error { return nil })
	})
}

var errNetwork = errors.New("connection reset")

func TestFaults(t *testing.T) {
	var fault func(Call) error
	d := WithFaults(func(c Call) error { return fault(c) })
	fault = func(Call) error { return errNetwork }
	check := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, errNetwork) {
			t.Errorf("%s = %v", what, err)
		}
	}
	check("Put", d.Put(t.Context(), "a", []byte("x")))
	_, err := d.Get(t.Context(), "a")
	check("Get", err)
	_, err = d.ReadAt(t.Context(), "a", make([]byte, 1), 0)
	check("ReadAt", err)
	_, err = d.Stat(t.Context(), "a")
	check("Stat", err)
	check("List", d.List(t.Context(), "", func(string, int64) error { return nil }))
	if len(d.Names()) != 0 {
		t.Errorf("a lost Put stored %q", d.Names())
	}
	fault = func(Call) error { return Kept(errNetwork) }
	check("kept Put", d.Put(t.Context(), "a", []byte("x")))
	if string(d.Object("a")) != "x" {
		t.Error("a kept Put stored nothing")
	}
	_, err = d.Get(t.Context(), "a")
	check("Get whose answer is lost", err)
	if err := d.Put(t.Context(), "a", []byte("y")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("kept Put of other bytes = %v", err)
	}
}

func TestCallsAndCounts(t *testing.T) {
	var calls []Call
	d := WithFaults(func(c Call) error { calls = append(calls, c); return nil })
	ctx := t.Context()
	for range 2 { // the second time nothing new is stored
		if err := d.Put(ctx, "a/b", []byte("four")); err != nil {
			t.Fatal(err)
		}
	}
	r, err := d.Get(ctx, "a/b")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ReadAt(ctx, "a/b", make([]byte, 3), 2); err != io.EOF {
		t.Fatal(err)
	}
	if err := d.List(ctx, "a/", func(string, int64) error { return nil }); err != nil {
		t.Fatal(err)
	}
	want := []Call{{Put, "a/b", 4, 1}, {Put, "a/b", 4, 2}, {Get, "a/b", 0, 3}, {ReadAt, "a/b", 3, 4}, {List, "a/", 0, 5}}
	if !slices.Equal(calls, want) {
		t.Errorf("calls %v, want %v", calls, want)
	}
	counts := d.Counts()
	if counts.Calls[Put] != 2 || counts.Calls[Get] != 1 || counts.Calls[Stat] != 0 || counts.BytesIn != 4 || counts.BytesOut != 6 {
		t.Errorf("counts %+v", counts)
	}
}

func TestCrashClone(t *testing.T) {
	fail := false
	d := WithFaults(func(Call) error {
		if fail {
			return errNetwork
		}
		return nil
	})
	if err := d.Put(t.Context(), "before", []byte("x")); err != nil {
		t.Fatal(err)
	}
	fail = true
	clone := d.CrashClone()
	if err := clone.Put(t.Context(), "after", []byte("y")); err != nil {
		t.Errorf("the clone inherited the fault: %v", err)
	}
	if !slices.Equal(clone.Names(), []string{"after", "before"}) || !slices.Equal(d.Names(), []string{"before"}) {
		t.Errorf("clone %q, original %q", clone.Names(), d.Names())
	}
	clone.Damage("before", func(data []byte) []byte { data[0] ^= 1; return data })
	if string(d.Object("before")) != "x" {
		t.Error("damage to the clone shows in the original")
	}
	if counts := clone.Counts(); counts.BytesIn != 1 {
		t.Errorf("the clone inherited counts: %+v", counts)
	}
}

func TestDamageAndDelete(t *testing.T) {
	d := New()
	if err := d.Put(t.Context(), "a", []byte("abc")); err != nil {
		t.Fatal(err)
	}
	d.Damage("a", func(data []byte) []byte { return data[:2] })
	if string(d.Object("a")) != "ab" {
		t.Errorf("object %q", d.Object("a"))
	}
	d.Delete("a")
	if _, err := d.Stat(t.Context(), "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat = %v", err)
	}
	for what, f := range map[string]func(){
		"Delete": func() { d.Delete("a") },
		"Damage": func() { d.Damage("a", func(data []byte) []byte { return data }) },
		"Object": func() { d.Object("a") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of a missing object proves nothing and does not say so", what)
				}
			}()
			f()
		}()
	}
}
