package desktop

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
	"telekeep/export"
)

// A vault is one to import into, and to read again.
type vault struct {
	dst     *memory.Destination
	secrets *chunkstore.WriterSecrets
	owner   crypto.Identity
	dir     string
	trusts  bool // what is known of whole exports; else each is read again
}

func newVault(t testing.TB) *vault {
	t.Helper()
	owner, err := crypto.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	dst := memory.New()
	_, secrets, err := chunkstore.Create(t.Context(), dst, chunkstore.CreateOptions{Owners: []chunkstore.Owner{{Name: "owner", Recipient: owner.Recipient()}}})
	if err != nil {
		t.Fatal(err)
	}
	return &vault{dst: dst, secrets: secrets, owner: owner, dir: t.TempDir()}
}

// write opens the vault to write for as long as f takes.
func (v *vault) write(t testing.TB, f func(*archive.Writer)) {
	t.Helper()
	store, err := chunkstore.OpenWriter(t.Context(), v.dst, chunkstore.WriterOptions{Secrets: v.secrets, StatePath: filepath.Join(v.dir, "state.db")})
	if err != nil {
		t.Fatal(err)
	}
	w, err := archive.OpenWriter(t.Context(), store, archive.WriterOptions{Journal: filepath.Join(v.dir, "journal"), Secrets: v.secrets})
	if err != nil {
		t.Fatal(err)
	}
	f(w)
	if err := errors.Join(w.Close(), store.Close()); err != nil {
		t.Fatal(err)
	}
}

// imports imports what lies at path.
func (v *vault) imports(t testing.TB, path string, o Options) (result *Result, err error) {
	t.Helper()
	v.write(t, func(w *archive.Writer) {
		e, fault := Open(path, "")
		if fault != nil {
			err = fault
			return
		}
		defer e.Close()
		o.Again = !v.trusts
		o.Now = func() time.Time { return time.Unix(1_800_000_000, 0) }
		result, err = Import(t.Context(), Into(w), e, o)
	})
	return result, err
}

// mustImport is imports where nothing may go wrong.
func (v *vault) mustImport(t testing.TB, path string, o Options) *Result {
	t.Helper()
	result, err := v.imports(t, path, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (v *vault) snapshot(t testing.TB) *archive.Snapshot {
	t.Helper()
	r, err := chunkstore.OpenReader(t.Context(), v.dst, chunkstore.ReaderOptions{Identities: []crypto.Identity{v.owner}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := archive.OpenSnapshot(t.Context(), r, archive.SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// exports writes what the vault holds as Telegram Desktop does.
func (v *vault) exports(t testing.TB, o export.Options) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := export.JSON(t.Context(), v.snapshot(t), dir, o); err != nil {
		t.Fatal(err)
	}
	return dir
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
