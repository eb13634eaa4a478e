package telegram

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/archive"
)

// A fakeServer answers calls in memory. Each goes through TL, as on the wire.
type fakeServer struct {
	answer func(in any) (bin.Encoder, error)

	mu    sync.Mutex
	calls map[string]int // by method
}

func newFakeServer(answer func(in any) (bin.Encoder, error)) *fakeServer {
	return &fakeServer{answer: answer, calls: map[string]int{}}
}

func (s *fakeServer) Invoke(ctx context.Context, in bin.Encoder, out bin.Decoder) error {
	s.mu.Lock()
	s.calls[methodName(in)]++
	s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	answer, err := s.answerTo(in)
	if err != nil {
		return err
	}
	var b bin.Buffer
	if err := answer.Encode(&b); err != nil {
		return fmt.Errorf("fake server: %w", err)
	}
	return out.Decode(&b)
}

// answerTo answers what most tests do not care about: nobody forbids saving.
func (s *fakeServer) answerTo(in any) (bin.Encoder, error) {
	if full, ok := in.(*tg.UsersGetFullUserRequest); ok {
		if _, other := full.ID.(*tg.InputUser); other {
			return &tg.UsersUserFull{Users: []tg.UserClass{}, Chats: []tg.ChatClass{}}, nil
		}
	}
	return s.answer(in)
}

func (s *fakeServer) Close() error { return nil }

func (s *fakeServer) count(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

func rpcError(code int, message string) error { return tgerr.New(code, message) }

const testAccount archive.PeerID = "user1"

// newFakeRun makes a run that talks to s at every data centre.
func newFakeRun(t *testing.T, s *fakeServer, a Archive) *run {
	t.Helper()
	o := &Options{Now: func() time.Time { return time.Unix(1_700_000_000, 0) }, LongestWait: time.Minute}
	o.setDefaults()
	if testing.Verbose() {
		o.Log = slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	g := newGates(o.LongestWait, nil)
	l := &link{
		options: o, gates: g, pools: map[place]*pool{},
		config: func() tg.Config {
			return tg.Config{ThisDC: 2, DCOptions: []tg.DCOption{{ID: 1}, {ID: 2}, {ID: 4}}}
		},
		open: func(_ context.Context, p place) (telegram.CloseInvoker, error) { return fakeDC{s, p}, nil },
	}
	home := &caller{
		dc: 2, next: s, limit: time.Minute, tries: callTries, gates: g, log: o.Log,
		unauthorised: func(_ context.Context, err error) error { return fmt.Errorf("%w: %w", ErrSessionRevoked, err) },
		silent:       func(err error) error { return fmt.Errorf("%w: %w", ErrUnreachable, err) },
	}
	l.api, l.optional = tg.NewClient(home), tg.NewClient(home.forOptional(time.Minute, &l.quiet))
	r := &run{options: o, archive: a, account: testAccount, log: o.Log}
	r.start(l)
	t.Cleanup(l.closePools)
	return r
}

// fakeDC is a fakeServer at a certain data centre: requests for parts of files
// are told where they arrived.
type fakeDC struct {
	*fakeServer
	place
}

type fileRequest struct {
	place
	*tg.UploadGetFileRequest
}

type cdnRequest struct {
	place
	*tg.UploadGetCDNFileRequest
}

func (f fakeDC) Invoke(ctx context.Context, in bin.Encoder, out bin.Decoder) error {
	switch get := in.(type) {
	case *tg.UploadGetFileRequest:
		in = fileRequest{f.place, get}
	case *tg.UploadGetCDNFileRequest:
		in = cdnRequest{f.place, get}
	}
	return f.fakeServer.Invoke(ctx, in, out)
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// A fakeArchive keeps everything in memory.
type fakeArchive struct {
	mu      sync.Mutex
	state   map[string][]byte
	records []*archive.Record
	media   map[archive.MediaKey]*fakeMedia
	applied int
	commits int
	fail    func(step string) error // before every step
}

func newFakeArchive() *fakeArchive {
	return &fakeArchive{state: map[string][]byte{}, media: map[archive.MediaKey]*fakeMedia{}}
}

func (a *fakeArchive) step(name string) error {
	if a.fail == nil {
		return nil
	}
	return a.fail(name)
}

func (a *fakeArchive) Apply(ctx context.Context, b archive.Batch) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := errors.Join(ctx.Err(), a.step("apply")); err != nil {
		return err
	}
	a.applied++
	for _, r := range b.Records {
		if err := checkRecord(r); err != nil {
			return err
		}
	}
	a.records = append(a.records, b.Records...)
	for key, value := range b.State {
		if value == nil {
			delete(a.state, key)
		} else {
			a.state[key] = value
		}
	}
	return nil
}

func checkRecord(r *archive.Record) error {
	if r.Version != archive.RecordVersion || r.Account != testAccount || r.Seen == 0 {
		return fmt.Errorf("record without version, account or time: %+v", r)
	}
	if (len(r.Raw) > 0) != (r.Layer > 0) {
		return fmt.Errorf("raw bytes and layer do not go together: %+v", r)
	}
	return nil
}

func (a *fakeArchive) Get(key string) ([]byte, bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if m, ok := a.media[archive.MediaKey(strings.TrimPrefix(key, archive.StoredKey("")))]; ok && m.file != nil {
		return fmt.Append(nil, m.size), true, nil
	}
	value, ok := a.state[key]
	return slices.Clone(value), ok, nil
}

func (a *fakeArchive) Range(prefix string, f func(string, []byte) error) error {
	a.mu.Lock()
	state := maps.Clone(a.state)
	a.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(state)) {
		if strings.HasPrefix(key, prefix) {
			if err := f(key, state[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *fakeArchive) HasMedia(key archive.MediaKey) (int64, bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	m := a.media[key]
	if m == nil || m.file == nil {
		return 0, false, nil
	}
	return m.size, true, nil
}

func (a *fakeArchive) BeginMedia(ctx context.Context, key archive.MediaKey, size int64) (MediaWriter, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := errors.Join(ctx.Err(), a.step("begin")); err != nil {
		return nil, err
	}
	m := a.media[key]
	if m == nil || m.size != size {
		m = &fakeMedia{archive: a, key: key, size: size, data: make([]byte, size), have: make([]bool, size)}
		a.media[key] = m
	}
	switch {
	case m.file != nil:
		return nil, archive.ErrStored
	case m.busy:
		return nil, fmt.Errorf("%w: %s", archive.ErrBusy, key)
	}
	m.busy = true
	return m, nil
}

func (a *fakeArchive) Sync() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.step("sync")
}

func (a *fakeArchive) Due() bool { return false }

func (a *fakeArchive) Commit(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.commits++
	return errors.Join(ctx.Err(), a.step("commit"))
}

// of returns the records of a kind.
func (a *fakeArchive) of(kind archive.Kind) []*archive.Record {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []*archive.Record
	for _, r := range a.records {
		if r.Kind == kind {
			out = append(out, r)
		}
	}
	return out
}

// ids returns the ids of a chat's message records, ascending, repeated ones too.
func (a *fakeArchive) ids(chat archive.PeerID) []int {
	var ids []int
	for _, r := range a.of(archive.KindMessage) {
		if r.Chat == chat {
			ids = append(ids, r.Message.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// fakeMedia is one file in a fakeArchive, and its writer.
type fakeMedia struct {
	archive *fakeArchive
	key     archive.MediaKey
	size    int64
	data    []byte
	have    []bool
	busy    bool
	writes  []archive.Range
	file    *archive.MediaFile
}

func (m *fakeMedia) Missing(partSize int64) []archive.Range {
	m.archive.mu.Lock()
	defer m.archive.mu.Unlock()
	var out []archive.Range
	for off := int64(0); off < m.size; off += partSize {
		n := min(partSize, m.size-off)
		if slices.Contains(m.have[off:off+n], false) {
			out = append(out, archive.Range{Off: off, Len: n})
		}
	}
	return out
}

func (m *fakeMedia) WritePart(ctx context.Context, off int64, p []byte) error {
	m.archive.mu.Lock()
	defer m.archive.mu.Unlock()
	if err := errors.Join(ctx.Err(), m.archive.step("part")); err != nil {
		return err
	}
	if off+int64(len(p)) > m.size {
		return io.ErrShortWrite
	}
	copy(m.data[off:], p)
	for i := range p {
		m.have[off+int64(i)] = true
	}
	m.writes = append(m.writes, archive.Range{Off: off, Len: int64(len(p))})
	return nil
}

func (m *fakeMedia) Finish(ctx context.Context, hashed bool) (*archive.MediaFile, error) {
	m.archive.mu.Lock()
	defer m.archive.mu.Unlock()
	if err := errors.Join(ctx.Err(), m.archive.step("finish")); err != nil {
		return nil, err
	}
	if slices.Contains(m.have, false) {
		return nil, errors.New("incomplete")
	}
	sum := sha256.Sum256(m.data)
	m.busy = false
	m.file = &archive.MediaFile{Key: m.key, Size: m.size, SHA256: hex.EncodeToString(sum[:]), Hashed: hashed}
	return m.file, nil
}

func (m *fakeMedia) Abort() {
	m.archive.mu.Lock()
	defer m.archive.mu.Unlock()
	m.busy = false
}

// equal fails the test if a and b differ.
func equal[T cmp.Ordered](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}
