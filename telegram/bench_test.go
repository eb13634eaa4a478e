package telegram

import (
	"context"
	"sync/atomic"
	"testing"

	"telekeep/archive"
	"telekeep/telegram/simulator/world"
)

// A forgetful archive keeps the state and nothing else: what is measured is the
// way from the server to the archive.
type forgetful struct{ *fakeArchive }

func (f forgetful) Apply(ctx context.Context, b archive.Batch) error {
	b.Records = nil
	return f.fakeArchive.Apply(ctx, b)
}

func (f forgetful) BeginMedia(_ context.Context, _ archive.MediaKey, size int64) (MediaWriter, error) {
	return &forgetfulMedia{size: size}, nil
}

type forgetfulMedia struct {
	size int64
	have atomic.Int64
}

func (m *forgetfulMedia) Missing(partSize int64) (parts []archive.Range) {
	for off := int64(0); off < m.size; off += partSize {
		parts = append(parts, archive.Range{Off: off, Len: min(partSize, m.size-off)})
	}
	return parts
}

func (m *forgetfulMedia) WritePart(_ context.Context, _ int64, p []byte) error {
	m.have.Add(int64(len(p)))
	return nil
}

func (m *forgetfulMedia) Finish(context.Context, bool) (*archive.MediaFile, error) {
	if m.have.Load() != m.size {
		return nil, &archive.IncompleteError{Size: m.size, Have: m.have.Load()}
	}
	return &archive.MediaFile{}, nil
}

func (m *forgetfulMedia) Abort() {}

// BenchmarkSyncMedia fetches one file of 64 MiB. Server and client share the
// machine; connecting and the exchange of keys are part of it.
func BenchmarkSyncMedia(b *testing.B) {
	const size = 64 << 20
	i := install(b, newVillage(b, world.Options{FileDCs: []int{2}}))
	i.login()
	if _, err := i.world.AddMessage(0, world.NewMessage{Chat: "channel105", FileName: "large", FileSize: size}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		benchmarkSync(b, i, Rules{Include: []string{"channel105"}})
	}
}

// BenchmarkSyncMessages fetches the messages of one chat, 100 at a time.
func BenchmarkSyncMessages(b *testing.B) {
	const messages = 20_000
	i := install(b, newVillage(b, world.Options{}))
	i.login()
	for range messages {
		if _, err := i.world.AddMessage(0, world.NewMessage{Chat: "channel105", Text: "some words of usual length, nothing special", Silent: true}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		benchmarkSync(b, i, Rules{Kinds: []string{noMedia}, Include: []string{"channel105"}})
	}
	b.ReportMetric(messages*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func benchmarkSync(b *testing.B, i *installation, rules Rules) {
	c, end := i.client()
	defer end()
	r, err := c.Sync(context.Background(), forgetful{newFakeArchive()}, SyncOptions{Rules: rules})
	if err != nil || !r.Complete() {
		b.Fatalf("result %+v, error %v", r, err)
	}
}
