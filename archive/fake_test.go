package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"telekeep/chunkstore"
	"telekeep/crypto"
)

// fakeVault is a vault in memory: what a commit made durable. Writers and
// readers are opened on it like on a real one.
type fakeVault struct {
	mu      sync.Mutex
	key     crypto.Key
	chunks  map[crypto.ID][]byte
	commits []fakeCommit
	state   map[string]map[string][]byte // by writer
}

type fakeCommit struct {
	*chunkstore.Commit
	records []crypto.ID
}

func newFakeVault() *fakeVault {
	return &fakeVault{key: crypto.NewKey(), chunks: map[crypto.ID][]byte{}, state: map[string]map[string][]byte{}}
}

// clone is the vault as a kill leaves it.
func (v *fakeVault) clone() *fakeVault {
	v.mu.Lock()
	defer v.mu.Unlock()
	return &fakeVault{key: v.key, chunks: maps.Clone(v.chunks), commits: slices.Clone(v.commits), state: maps.Clone(v.state)} // of the state, the maps of writers never change
}

var errFake = errors.New("the store failed")

// fakeStore is a writer of a fakeVault. What it takes is lost unless committed.
type fakeStore struct {
	vault  *fakeVault
	name   string
	now    func() time.Time
	mu     sync.Mutex
	chunks map[crypto.ID][]byte
	state  map[string][]byte // changes; nil deletes
	lost   uint64
	tight  atomic.Bool
	// fail is asked before every call; nil never fails. Of "commit" and
	// "committed", the second comes when the commit is durable.
	fail func(call string) error
	held int64 // what Held says, if it is more than the number of values
}

func (v *fakeVault) writer() *fakeStore {
	return &fakeStore{vault: v, chunks: map[crypto.ID][]byte{}, state: map[string][]byte{}, now: time.Now}
}

func (s *fakeStore) failing(call string) error {
	if s.fail == nil {
		return nil
	}
	return s.fail(call)
}

func (s *fakeStore) Head() (uint64, string) {
	s.vault.mu.Lock()
	defer s.vault.mu.Unlock()
	n := uint64(0)
	for _, c := range s.vault.commits {
		if c.Writer == s.name {
			n = c.Seq
		}
	}
	if n == 0 {
		return 0, ""
	}
	return n, fmt.Sprintf("%064d", n)
}

func (s *fakeStore) Get(key string) ([]byte, bool, error) {
	if err := s.failing("get"); err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, changed := s.state[key]; changed {
		return value, value != nil, nil
	}
	s.vault.mu.Lock()
	defer s.vault.mu.Unlock()
	value, ok := s.vault.state[s.name][key]
	return value, ok, nil
}

func (s *fakeStore) Set(key string, value []byte) error {
	if err := s.failing("set"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state[key] = value
	return nil
}

func (s *fakeStore) merged() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vault.mu.Lock()
	defer s.vault.mu.Unlock()
	all := make(map[string][]byte)
	maps.Copy(all, s.vault.state[s.name])
	maps.Copy(all, s.state)
	maps.DeleteFunc(all, func(_ string, value []byte) bool { return value == nil })
	return all
}

func (s *fakeStore) Range(prefix string, f func(string, []byte) error) error {
	all := s.merged()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if err := f(key, all[key]); err != nil {
			return err
		}
	}
	return nil
}

func (s *fakeStore) Commit(_ context.Context, records []crypto.ID) (*chunkstore.Commit, error) {
	if err := s.failing("commit"); err != nil {
		return nil, err
	}
	if len(records) == 0 && len(s.chunks) == 0 && len(s.state) == 0 {
		return nil, nil
	}
	state := s.merged()
	seq, _ := s.Head()
	s.vault.mu.Lock()
	c := &chunkstore.Commit{Writer: s.name, Seq: seq + 1, Time: s.now()}
	s.vault.commits = append(s.vault.commits, fakeCommit{c, records})
	maps.Copy(s.vault.chunks, s.chunks)
	s.vault.state[s.name] = state
	s.vault.mu.Unlock()
	s.chunks, s.state = map[crypto.ID][]byte{}, map[string][]byte{}
	return c, s.failing("committed")
}

func (s *fakeStore) LostUpTo() uint64 { return s.lost }

func (s *fakeStore) Held() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.held, int64(len(s.state)))
}

func (s *fakeStore) Tight() bool { return s.tight.Load() }

func (s *fakeStore) FillReserve() { s.tight.Store(false) }

func (s *fakeStore) NewStream() stream { return &fakeStream{store: s} }

// fakeStream cuts behind every byte whose 4 predecessors and itself hash to a
// multiple of fakeAverage, and at fakeMax.
type fakeStream struct {
	store  *fakeStore
	buf    []byte
	ids    []crypto.ID
	cut    int64
	window uint32
	ended  bool
}

const (
	fakeAverage = 2 << 10
	fakeMax     = 8 << 10
)

func (f *fakeStream) Write(p []byte) (int, error) {
	if f.ended {
		panic("write on an ended stream")
	}
	if err := f.store.failing("write"); err != nil {
		return 0, err
	}
	for _, c := range p {
		f.buf = append(f.buf, c)
		f.window = f.window<<8 | uint32(c)
		if f.window*2654435761>>7%fakeAverage == 0 || len(f.buf) == fakeMax {
			f.emit()
		}
	}
	return len(p), nil
}

func (f *fakeStream) emit() {
	id := f.store.vault.key.ID(f.buf)
	f.store.mu.Lock()
	f.store.chunks[id] = bytes.Clone(f.buf)
	f.store.mu.Unlock()
	f.ids, f.cut, f.buf, f.window = append(f.ids, id), f.cut+int64(len(f.buf)), nil, 0
}

func (f *fakeStream) Cuts() ([]crypto.ID, int64, error) {
	return slices.Clone(f.ids), f.cut, f.store.failing("cuts")
}

func (f *fakeStream) Close() ([]crypto.ID, error) {
	if err := f.store.failing("close"); err != nil {
		return nil, err
	}
	f.ended = true
	if len(f.buf) > 0 {
		f.emit()
	}
	return f.ids, nil
}

func (f *fakeStream) Abort() { f.ended = true }

// The reading side.

func (v *fakeVault) Commits() []*chunkstore.Commit {
	var commits []*chunkstore.Commit
	for _, c := range v.commits {
		commits = append(commits, c.Commit)
	}
	return commits
}

func (v *fakeVault) Records(_ context.Context, c *chunkstore.Commit) ([]crypto.ID, error) {
	i := slices.IndexFunc(v.commits, func(f fakeCommit) bool { return f.Commit == c })
	return v.commits[i].records, nil
}

func (v *fakeVault) Chunk(_ context.Context, id crypto.ID) ([]byte, error) {
	data, ok := v.chunks[id]
	if !ok {
		return nil, fmt.Errorf("chunk %s is not there", id)
	}
	return data, nil
}

func (v *fakeVault) Size(id crypto.ID) (int64, error) {
	data, err := v.Chunk(context.Background(), id)
	return int64(len(data)), err
}

func (v *fakeVault) Stream(ctx context.Context, ids []crypto.ID) io.ReadCloser {
	var readers []io.Reader
	for _, id := range ids {
		data, err := v.Chunk(ctx, id)
		if err != nil {
			readers = append(readers, failingReader{err})
			break
		}
		readers = append(readers, bytes.NewReader(data))
	}
	return io.NopCloser(io.MultiReader(readers...))
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// secrets are made once: a hybrid key takes a while.
var testSecrets = sync.OnceValues(func() (*chunkstore.WriterSecrets, error) {
	id, err := crypto.NewIdentity()
	return &chunkstore.WriterSecrets{IndexIdentity: id}, err
})

func testOptions(t testing.TB, journal string) WriterOptions {
	t.Helper()
	secrets, err := testSecrets()
	if err != nil {
		t.Fatal(err)
	}
	return WriterOptions{Journal: journal, Secrets: secrets, Now: func() time.Time { return time.Unix(1_700_000_000, 0) }}
}

// openFake opens a Writer over a fake vault.
func openFake(t testing.TB, s *fakeStore, journal string) *Writer {
	t.Helper()
	w, err := openWriter(t.Context(), s, testOptions(t, journal))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return w
}
