package local

import (
	"strings"
	"testing"
)

// Two folders of one file system have one identity, and it names at least a type.
func TestIdentity(t *testing.T) {
	a, err := create(t, t.TempDir()).Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := create(t, t.TempDir()).Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a != b || !strings.HasPrefix(a, "type=") {
		t.Errorf("identities %q and %q", a, b)
	}
	t.Log(a)
}
