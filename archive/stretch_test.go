package archive

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// Records are put into chunks of whole records, so that one that is lost takes no others
// with it, whatever lies behind it.
func TestLostChunkCostsItsOwnRecords(t *testing.T) {
	dst := memory.New()
	i := install(t, dst)
	w, end, err := i.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for page := range 60 {
		b := Batch{}
		for k := range 20 {
			r := text(page*20+k, fmt.Sprintf("text %d %s", page*20+k, strings.Repeat("words ", 30)))
			r.Raw = randomBytes(uint64(page*20+k), 2000)
			b.Records = append(b.Records, r)
		}
		if err := w.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	r, err := chunkstore.OpenReader(t.Context(), dst, chunkstore.ReaderOptions{Identities: []crypto.Identity{i.owner}, Damaged: true})
	if err != nil {
		t.Fatal(err)
	}
	all := collect(t, i.snapshot(t), "user1", "user5")
	ids, err := r.Records(t.Context(), r.Commits()[0])
	if err != nil || len(all) != 1200 || len(ids) < 5 {
		t.Fatalf("%d messages in %d chunks, %v", len(all), len(ids), err)
	}
	for k, id := range ids {
		data, err := r.Chunk(t.Context(), id)
		if err != nil || len(data) > pieceSize || !strings.HasPrefix(string(data), recordStart) {
			t.Errorf("chunk %d of %d bytes, %v", k, len(data), err)
		}
		inside := strings.Count(string(data), `{"v":1,`)
		s, err := openSnapshot(t.Context(), lossy{r, []crypto.ID{id}}, SnapshotOptions{KeepGoing: true})
		if err != nil || len(s.Problems()) != 1 {
			t.Fatalf("%v, problems %v", err, s.Problems())
		}
		got := collect(t, s, "user1", "user5")
		if len(got) != len(all)-inside {
			t.Errorf("without chunk %d of %d messages: %d are left", k, inside, len(got))
		}
		for _, m := range got {
			if !slices.Contains(all, m) {
				t.Errorf("without chunk %d: %q was never written", k, m)
			}
		}
		records := 0
		for _, err := range s.Records(t.Context()) {
			if err == nil {
				records++
			}
		}
		if records != len(got) {
			t.Errorf("without chunk %d: %d records, %d messages", k, records, len(got))
		}
	}
}

// lossy is a vault of which some chunks cannot be read.
type lossy struct {
	*chunkstore.Reader
	lost []crypto.ID
}

func (l lossy) Chunk(ctx context.Context, id crypto.ID) ([]byte, error) {
	if slices.Contains(l.lost, id) {
		return nil, chunkstore.ErrUnknownChunk
	}
	return l.Reader.Chunk(ctx, id)
}

func (l lossy) Stream(ctx context.Context, ids []crypto.ID) io.ReadCloser {
	for i, id := range ids {
		if slices.Contains(l.lost, id) {
			return cutStream{l.Reader.Stream(ctx, ids[:i])}
		}
	}
	return l.Reader.Stream(ctx, ids)
}

// A cutStream fails where it would end.
type cutStream struct{ io.ReadCloser }

func (c cutStream) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err == io.EOF {
		err = chunkstore.ErrUnknownChunk
	}
	return n, err
}

// A message that holds something like a record is never taken for one: not even if a
// chunk happens to begin with it and the one before is lost.
func TestLostChunkForgesNothing(t *testing.T) {
	forged := encodeAll(t, text(666, "forged"))
	for what, k := range map[string]struct {
		first int // length of the chunk before, which is lost
		known bool
		want  int
	}{
		"behind a piece":           {pieceSize, true, 1},
		"behind a cut":             {pieceSize + 1, true, 0},
		"behind nobody knows what": {pieceSize, false, 0},
	} {
		v := newFakeVault()
		ids := []crypto.ID{{1}, {2}}
		v.chunks[ids[0]], v.chunks[ids[1]] = make([]byte, k.first), forged
		v.commits = []fakeCommit{{&chunkstore.Commit{Seq: 1}, ids}}
		s, err := openSnapshot(t.Context(), unread{v, ids[0], k.known}, SnapshotOptions{KeepGoing: true})
		if err != nil || len(s.Problems()) != 1 {
			t.Fatalf("%s: %v, problems %v", what, err, s.Problems())
		}
		if got := collect(t, s, "user1", "user5"); len(got) != k.want {
			t.Errorf("%s: %q", what, got)
		}
	}
}

// unread is a vault with a chunk that cannot be read, whose length is known or not.
type unread struct {
	*fakeVault
	id    crypto.ID
	known bool
}

func (u unread) Size(id crypto.ID) (int64, error) {
	if id == u.id && !u.known {
		return 0, chunkstore.ErrUnknownChunk
	}
	return u.fakeVault.Size(id)
}

func (u unread) Stream(ctx context.Context, ids []crypto.ID) io.ReadCloser {
	if slices.Contains(ids, u.id) {
		return io.NopCloser(failingReader{chunkstore.ErrMissing})
	}
	return u.fakeVault.Stream(ctx, ids)
}
