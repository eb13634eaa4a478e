package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"testing"
)

// A world is what a Telegram would hold, and counts what is fetched from it.
type world struct {
	pages int // of each of the two chats
	files map[MediaKey][]byte
	keys  []MediaKey
	part  int64

	fetchedPages int
	fetchedBytes int64
	note         func(bytes int64, pages int) // each fetch, if set
}

func (o *world) fetched(bytes int64, pages int) {
	o.fetchedBytes, o.fetchedPages = o.fetchedBytes+bytes, o.fetchedPages+pages
	if o.note != nil {
		o.note(bytes, pages)
	}
}

const pageSize = 5

func smallWorld() *world {
	w := &world{pages: 6, part: 3000, files: map[MediaKey][]byte{}}
	for i, size := range []int{0, 100, 3000, 20_000, 45_000, 9_001} {
		key := NewMediaKey(MediaDocument, int64(i))
		w.keys = append(w.keys, key)
		w.files[key] = randomBytes(uint64(i), size)
	}
	return w
}

func (o *world) totalBytes() int64 {
	var n int64
	for _, f := range o.files {
		n += int64(len(f))
	}
	return n
}

// page returns the records of one page, newest first.
func (o *world) page(chat PeerID, page int) []*Record {
	o.fetched(0, 1)
	var records []*Record
	for i := range pageSize {
		id := (o.pages-page)*pageSize - i
		records = append(records, &Record{
			Kind: KindMessage, Account: "user1", Seen: 1_700_000_000, Chat: chat, Layer: 229, Raw: []byte{byte(id), '\n'},
			Message: &Message{ID: id, Date: int64(id), Text: Text{Text: fmt.Sprint("text of ", id)}},
		})
	}
	return records
}

// A puller brings a world into a Writer and goes on wherever the Writer's state
// says that it got to. It is the client in small.
type puller struct {
	world       *world
	w           *Writer
	commitEvery int // steps
	steps       int
}

func (p *puller) run(ctx context.Context) error {
	for _, chat := range []PeerID{"user5", "channel6"} {
		if err := p.pullChat(ctx, chat); err != nil {
			return err
		}
	}
	if err := p.pullFiles(ctx); err != nil {
		return err
	}
	_, err := p.w.Commit(ctx)
	return err
}

// step commits now and then.
func (p *puller) step(ctx context.Context) error {
	p.steps++
	if p.steps%p.commitEvery != 0 {
		return nil
	}
	_, err := p.w.Commit(ctx)
	return err
}

func (p *puller) pullChat(ctx context.Context, chat PeerID) error {
	cursor := "cursor/" + string(chat)
	value, _, err := p.w.Get(cursor)
	if err != nil {
		return err
	}
	done, _ := strconv.Atoi(string(value))
	for page := done; page < p.world.pages; page++ {
		records := p.world.page(chat, page)
		if page == 0 {
			records = append(records, &Record{Kind: KindChat, Account: "user1", Chat: chat, Dialog: &Dialog{Type: ChatPersonal}})
		}
		b := Batch{Records: records, State: map[string][]byte{cursor: []byte(strconv.Itoa(page + 1))}}
		if err := p.w.Apply(ctx, b); err != nil {
			return err
		}
		if err := p.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pullFiles fetches two files at a time, the parts of the second backwards.
func (p *puller) pullFiles(ctx context.Context) error {
	for i := 0; i < len(p.world.keys); i += 2 {
		if err := p.pullPair(ctx, p.world.keys[i:min(i+2, len(p.world.keys))]); err != nil {
			return err
		}
	}
	return nil
}

func (p *puller) pullPair(ctx context.Context, keys []MediaKey) error {
	var open []*MediaWriter
	var todo [][]Range
	for i, key := range keys {
		m, err := p.w.BeginMedia(ctx, key, int64(len(p.world.files[key])))
		if errors.Is(err, ErrStored) {
			continue
		}
		if err != nil {
			return err
		}
		missing := m.Missing(p.world.part)
		for l, r := 0, len(missing)-1; i == 1 && l < r; l, r = l+1, r-1 {
			missing[l], missing[r] = missing[r], missing[l]
		}
		open, todo = append(open, m), append(todo, missing)
	}
	for round := 0; len(todo) > 0; round++ {
		worked := false
		for i, m := range open {
			if round >= len(todo[i]) {
				continue
			}
			worked = true
			if err := p.pullPart(ctx, m, todo[i][round]); err != nil {
				return err
			}
		}
		if !worked {
			break
		}
	}
	for _, m := range open {
		if _, err := m.Finish(ctx, true); err != nil {
			return err
		}
		if err := p.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *puller) pullPart(ctx context.Context, m *MediaWriter, r Range) error {
	p.world.fetched(r.Len, 0)
	if err := m.WritePart(ctx, r.Off, bytes.Clone(p.world.files[m.t.key][r.Off:r.end()])); err != nil {
		return err
	}
	return p.step(ctx)
}

// digest puts everything that a snapshot shows into one text, times of fetching
// left out.
func digest(t testing.TB, s *Snapshot) string {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d records, unknown %+v, problems %v\n", s.Len(), s.Unknown(), s.Problems())
	for _, a := range s.Accounts() {
		fmt.Fprintf(&b, "account %s %s\n", a.ID, mustJSON(t, a.Profile))
		for _, c := range s.Chats(a.ID) {
			fmt.Fprintf(&b, "chat %s %q %s %d\n", c.ID, c.Name, mustJSON(t, c.Dialog), c.Messages)
			for m, err := range s.Messages(t.Context(), a.ID, c.ID) {
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&b, "%s %x %d deleted=%v %d/%d\n", mustJSON(t, m.Message), m.Raw, m.Layer, m.Deleted, m.Version, m.Versions)
			}
		}
	}
	for f := range s.AllMedia() {
		fmt.Fprintf(&b, "media %s %d %s %v\n", f.Key, f.Size, readMedia(t, s, f.Key), f.Hashed)
	}
	for _, key := range slices.Sorted(maps.Keys(s.missing)) {
		fmt.Fprintf(&b, "missing %s\n", mustJSON(t, s.missing[key]))
	}
	return b.String()
}

func readMedia(t testing.TB, s *Snapshot, key MediaKey) string {
	t.Helper()
	r, err := s.OpenMedia(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func openFakeSnapshot(t testing.TB, v *fakeVault) *Snapshot {
	t.Helper()
	s, err := openSnapshot(t.Context(), v, SnapshotOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
