package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/local"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// goldens is how many golden vaults there are. They are added, never edited or deleted:
// each was written by the code of its day and must be readable for ever.
const goldens = 2

// A golden is a vault that was committed, with the key of an owner that is of no use for
// anything else, and what must be read from it.
type golden struct {
	name   string
	dir    string
	owners []crypto.Identity
	want   string
}

func readGoldens(t *testing.T) []*golden {
	t.Helper()
	root := filepath.Join("testdata", "vaults")
	entries, err := os.ReadDir(root)
	must(t, err)
	var all []*golden
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		key, err := os.ReadFile(filepath.Join(dir, "owner.txt"))
		must(t, err)
		owners, err := crypto.ParseIdentities(bytes.NewReader(key), nil)
		must(t, err)
		want, err := os.ReadFile(filepath.Join(dir, "expected.txt"))
		must(t, err)
		all = append(all, &golden{e.Name(), filepath.Join(dir, "vault"), owners, string(want)})
	}
	if len(all) != goldens {
		t.Fatalf("%d golden vaults, want %d", len(all), goldens)
	}
	return all
}

func (g *golden) open(t *testing.T) *local.Destination {
	t.Helper()
	dst, err := local.Open(g.dir)
	must(t, err)
	t.Cleanup(func() { must(t, dst.Close()) })
	return dst
}

// Vaults that earlier versions wrote are whole by the deepest check and hold what they did
// then: every commit, every byte of the record streams, messages, versions, files.
func TestGoldenVaults(t *testing.T) {
	for _, g := range readGoldens(t) {
		t.Run(g.name, func(t *testing.T) {
			dst := g.open(t)
			if got := tellVault(t, dst, g.owners); got != g.want {
				t.Errorf("it holds\n%s\nand held\n%s", got, g.want)
			}
		})
	}
}

// A new machine that has an owner's key takes over each writer of a golden vault and goes
// on: everything from before is there still, and the vault is whole.
func TestGoldenVaultsGoOn(t *testing.T) {
	for _, g := range readGoldens(t) {
		t.Run(g.name, func(t *testing.T) {
			dst := memory.New()
			copyVault(t, g.open(t), dst)
			key, err := chunkstore.OpenVaultKey(t.Context(), dst, g.owners)
			must(t, err)
			v, err := chunkstore.OpenVault(t.Context(), dst)
			must(t, err)
			for i, w := range v.Writers {
				secrets, err := chunkstore.RecoverSecrets(t.Context(), dst, key, w.ID)
				must(t, err)
				goldenCommit(t, &installation{dst, secrets, g.owners[0], t.TempDir()}, nil, text(1000+i, "years later"))
			}
			got := tellVault(t, dst, g.owners)
			for line := range strings.Lines(g.want) {
				if !strings.Contains(got, line) {
					t.Errorf("it does not hold any more: %s", line)
				}
			}
			if n := strings.Count(got, `"years later"`); n != len(v.Writers) {
				t.Errorf("%d of %d new messages are there", n, len(v.Writers))
			}
		})
	}
}

func copyVault(t *testing.T, from chunkstore.Destination, to *memory.Destination) {
	t.Helper()
	must(t, from.List(t.Context(), "", func(name string, _ int64) error {
		data, err := readObject(t.Context(), from, name)
		if err != nil {
			return err
		}
		return to.Put(t.Context(), name, data)
	}))
}

func readObject(ctx context.Context, dst chunkstore.Destination, name string) ([]byte, error) {
	r, err := dst.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// tellVault puts what a vault holds into a text that does not depend on how this version
// shows it: a line for each commit, message and file, whatever fields their types get. The
// vault must be whole by the deepest check.
func tellVault(t *testing.T, dst chunkstore.Destination, owners []crypto.Identity) string {
	t.Helper()
	ctx := t.Context()
	report, err := chunkstore.Verify(ctx, dst, chunkstore.VerifyOptions{Identities: owners})
	must(t, err)
	if !report.Deep || !report.OK() || len(report.Orphans) > 0 {
		t.Errorf("deep %t, problems %v, orphans %v", report.Deep, report.Problems, report.Orphans)
	}
	r, err := chunkstore.OpenReader(ctx, dst, chunkstore.ReaderOptions{Identities: owners})
	must(t, err)
	var b strings.Builder
	fmt.Fprintf(&b, "vault %s\n", r.Vault().ID)
	for _, c := range r.Commits() {
		ids, err := r.Records(ctx, c)
		must(t, err)
		fmt.Fprintf(&b, "commit %s %d %s %s records %s\n", c.Writer, c.Seq, c.Time.Format("2006-01-02T15:04:05Z"), c.Hash, sumOf(t, r.Stream(ctx, ids)))
	}
	s, err := OpenSnapshot(ctx, r, SnapshotOptions{})
	must(t, err)
	tellMessages(t, &b, s)
	tellFiles(t, &b, s)
	return b.String()
}

func tellMessages(t *testing.T, b *strings.Builder, s *Snapshot) {
	t.Helper()
	for _, a := range s.Accounts() {
		for _, c := range s.Chats(a.ID) {
			for m, err := range s.Messages(t.Context(), a.ID, c.ID) {
				must(t, err)
				versions, err := s.Versions(t.Context(), a.ID, c.ID, m.ID)
				must(t, err)
				for _, v := range versions {
					fmt.Fprintf(b, "message %s %s %d version %d deleted %t date %d text %q raw %x layer %d\n",
						a.ID, c.ID, v.ID, v.Version, v.Deleted, v.Date, v.Text.Text, v.Raw, v.Layer)
				}
			}
		}
	}
}

func tellFiles(t *testing.T, b *strings.Builder, s *Snapshot) {
	t.Helper()
	for f := range s.AllMedia() {
		r, err := s.OpenMedia(t.Context(), f.Key)
		must(t, err)
		fmt.Fprintf(b, "file %s %d %s read %s\n", f.Key, f.Size, f.SHA256, sumOf(t, r))
	}
	pruned, err := s.Pruned(t.Context())
	must(t, err)
	for _, f := range pruned {
		fmt.Fprintf(b, "taken out %s %d %s\n", f.Key, f.Size, f.SHA256)
	}
}

func sumOf(t *testing.T, r io.ReadCloser) string {
	t.Helper()
	defer r.Close()
	h := sha256.New()
	n, err := io.Copy(h, r)
	must(t, err)
	return fmt.Sprintf("%d %x", n, h.Sum(nil))
}

// TestMakeGoldens writes golden vaults that are not there yet: one of every kind that this
// version can make. What is there is never written over. It is no test, and does nothing without
//
//	TELEKEEP_GOLDEN=new go test ./archive -run MakeGoldens
func TestMakeGoldens(t *testing.T) {
	if os.Getenv("TELEKEEP_GOLDEN") != "new" {
		return // nothing to be skipped: there is nothing to be tested
	}
	for name, build := range map[string]func(t *testing.T) (*memory.Destination, []crypto.Identity){
		"v1-one-writer": goldenOneWriter, "v1-everything": goldenEverything,
	} {
		dir := filepath.Join("testdata", "vaults", name)
		if _, err := os.Stat(dir); err == nil {
			continue
		}
		dst, owners := build(t)
		to, err := local.Create(filepath.Join(dir, "vault"))
		must(t, err)
		for _, object := range dst.Names() {
			if object == chunkstore.RecoverName { // long, and no part of the format
				continue
			}
			must(t, to.Put(t.Context(), object, dst.Object(object)))
		}
		must(t, to.Close())
		keys := "# A key for tests only: everybody knows it.\n"
		for _, id := range owners {
			keys += id.String() + "\n"
		}
		must(t, os.WriteFile(filepath.Join(dir, "owner.txt"), []byte(keys), 0o600))
		must(t, os.WriteFile(filepath.Join(dir, "expected.txt"), []byte(tellVault(t, dst, owners)), 0o600))
	}
}
