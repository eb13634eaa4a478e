package archive

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

// goldenOneWriter is the vault of somebody with one account and one machine: messages with
// their TL bytes, one edited, one deleted, a file that compresses and one that does not.
func goldenOneWriter(t *testing.T) (*memory.Destination, []crypto.Identity) {
	t.Helper()
	dst := memory.New()
	i := install(t, dst)
	files := map[MediaKey][]byte{
		NewMediaKey(MediaPhoto, 1):          bytes.Repeat([]byte("a photo of the lake "), 3000),
		NewMediaKey(MediaDocument, 1<<60+1): randomBytes(7, 5001),
	}
	goldenCommit(t, i, files, append(goldenMessages("user5", 1, 40),
		&Record{Kind: KindAccount, Account: "user1", Profile: &Peer{ID: "user1", FirstName: "Anna"}},
		&Record{Kind: KindPeer, Account: "user1", Profile: &Peer{ID: "user5", FirstName: "Bo", LastName: "Ümlaut"}},
		&Record{Kind: KindChat, Account: "user1", Chat: "user5", Dialog: &Dialog{Type: ChatPersonal, TopMessage: 40}})...)
	goldenCommit(t, i, nil, text(7, "edited, with 🙂 and a\x00NUL"), &Record{Kind: KindDeletion, Account: "user1", Chat: "user5", Deletion: &Deletion{IDs: []int{9}}})
	return dst, []crypto.Identity{i.owner}
}

// goldenEverything has two writers, owners who came and went, a second vault key, an
// imported message, a file that was pruned, with its pack retired and lying there still.
func goldenEverything(t *testing.T) (*memory.Destination, []crypto.Identity) {
	t.Helper()
	ctx, dst := t.Context(), memory.New()
	i := install(t, dst)
	owners := []crypto.Identity{i.owner}
	file := NewMediaKey(MediaDocument, 8)
	goldenCommit(t, i, map[MediaKey][]byte{file: randomBytes(8, 9000)}, text(1, "before the second key"))
	goldenPrune(t, i, file)
	key := goldenSecondKey(t, i)
	goldenCommit(t, i, nil, text(2, "since the second key"))
	now := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	for _, name := range []string{"second", "third"} {
		id, err := crypto.NewIdentity()
		must(t, err)
		change, err := chunkstore.AddOwner(ctx, dst, key, chunkstore.Owner{Name: name, Recipient: id.Recipient()}, now)
		must(t, err)
		must(t, change.Apply(ctx, dst))
	}
	change, err := chunkstore.RemoveOwner(ctx, dst, key, owners, "third", now)
	must(t, err)
	must(t, change.Apply(ctx, dst))
	second, err := chunkstore.AddWriter(ctx, dst, owners, func() time.Time { return now })
	must(t, err)
	goldenCommit(t, &installation{dst, second, i.owner, t.TempDir()}, nil,
		append(goldenMessages("channel6", 1, 5), imported(text(6, "out of an export"), OriginDesktopJSON, 100))...)
	return dst, owners
}

// goldenSecondKey gives the vault a second key: what is written from then on is sealed to it.
func goldenSecondKey(t *testing.T, i *installation) *chunkstore.VaultKey {
	t.Helper()
	first, err := chunkstore.OpenVaultKey(t.Context(), i.dst, []crypto.Identity{i.owner})
	must(t, err)
	id, err := crypto.NewIdentity()
	must(t, err)
	key := &chunkstore.VaultKey{VaultID: first.VaultID, Identity: id, Older: []crypto.Identity{first.Identity}, IDKey: first.IDKey, ChunkerKey: first.ChunkerKey}
	change, err := chunkstore.AddOwner(t.Context(), i.dst, key, chunkstore.Owner{Name: "owner-2", Recipient: i.owner.Recipient()}, time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC))
	must(t, err)
	must(t, change.Apply(t.Context(), i.dst))
	if changed, err := i.secrets.Take(key); err != nil || !changed {
		t.Fatalf("the writer does not take the second key: %t, %v", changed, err)
	}
	return key
}

func goldenMessages(chat PeerID, from, to int) []*Record {
	var records []*Record
	for id := from; id <= to; id++ {
		records = append(records, &Record{
			Kind: KindMessage, Account: "user1", Seen: 1_700_000_000, Chat: chat, Layer: 229, Raw: []byte{byte(id), '\n', 0, 0xff},
			Message: &Message{ID: id, Date: 1_600_000_000 + int64(id), Text: Text{Text: fmt.Sprint("text of ", id)}},
		})
	}
	return records
}

// goldenCommit makes one commit of files and records.
func goldenCommit(t *testing.T, i *installation, files map[MediaKey][]byte, records ...*Record) {
	t.Helper()
	w, end, err := i.open(t.Context())
	must(t, err)
	for key, data := range files {
		m, err := w.BeginMedia(t.Context(), key, int64(len(data)))
		must(t, err)
		must(t, m.WritePart(t.Context(), 0, data))
		_, err = m.Finish(t.Context(), true)
		must(t, err)
	}
	must(t, w.Apply(t.Context(), Batch{Records: records}))
	_, err = w.Commit(t.Context())
	must(t, err)
	must(t, end())
}

// goldenPrune takes a file out of the archive and retires what of packs nobody needs.
func goldenPrune(t *testing.T, i *installation, key MediaKey) {
	t.Helper()
	ctx := t.Context()
	f, ok := i.snapshot(t).Media(key)
	if !ok {
		t.Fatalf("%s is not stored", key)
	}
	store, err := chunkstore.OpenWriter(ctx, i.dst, i.storeOptions())
	must(t, err)
	w, err := OpenWriter(ctx, store, i.writerOptions())
	must(t, err)
	r, err := chunkstore.OpenReader(ctx, i.dst, chunkstore.ReaderOptions{Identities: []crypto.Identity{i.owner}})
	must(t, err)
	plan, err := r.PlanPrune(chunkstore.PruneOptions{Writer: i.secrets.WriterID, Wanted: func(crypto.ID) bool { return false }})
	must(t, err)
	must(t, r.Repack(ctx, store, plan, nil))
	must(t, w.PruneMedia(ctx, []*MediaFile{f}, "a rule", nil))
	done, err := w.Commit(ctx)
	must(t, err)
	if done.Commit == nil || len(done.Commit.Retired) == 0 {
		t.Fatal("nothing was retired")
	}
	must(t, w.Close())
	must(t, store.Close())
}
