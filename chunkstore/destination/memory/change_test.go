package memory

import (
	"errors"
	"slices"
	"testing"
)

func TestChangesFail(t *testing.T) {
	var fault error
	var calls []Call
	d := WithFaults(func(c Call) error { calls = append(calls, c); return fault })
	if err := d.Put(t.Context(), "a", []byte("x")); err != nil {
		t.Fatal(err)
	}
	replace := func() error { return d.Replace(t.Context(), "a", []byte("yz")) }
	remove := func() error { return d.Remove(t.Context(), "a") }
	for _, change := range []func() error{replace, remove} {
		fault = errNetwork
		before := string(d.Object("a"))
		if err := change(); !errors.Is(err, errNetwork) || string(d.Object("a")) != before {
			t.Errorf("lost: %v, and the object is %q", err, d.Object("a"))
		}
		fault = Kept(errNetwork)
		if err := change(); !errors.Is(err, errNetwork) {
			t.Errorf("kept: %v", err)
		}
	}
	if names := d.Names(); len(names) != 0 {
		t.Errorf("after a kept Remove there is %q", names)
	}
	want := []Call{{Put, "a", 1, 1}, {Replace, "a", 2, 2}, {Replace, "a", 2, 3}, {Remove, "a", 0, 4}, {Remove, "a", 0, 5}}
	if !slices.Equal(calls, want) {
		t.Errorf("calls %v, want %v", calls, want)
	}
}
