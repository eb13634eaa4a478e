package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"

	"telekeep/archive"
)

// An aside is what changed by itself, such as the time a session was last used, or
// when a chat was refused the last time: that is not worth a commit of its own, and
// is only stored where the run stores something anyway. What is put there takes the
// place of what was there under the same key of the state, and a batch that sets
// the key takes its place. Safe for concurrent use.
type aside struct {
	mu      sync.Mutex
	state   map[string][]byte
	records map[string]*archive.Record // that go with a key
}

// put puts a JSON value aside.
func (s *aside) put(key string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("state %s: %w", key, err)
	}
	s.putRecord(key, data, nil)
	return nil
}

// putRecord puts bytes aside, and the record, if there is one, that goes with them.
func (s *aside) putRecord(key string, value []byte, rec *archive.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == nil {
		s.state, s.records = map[string][]byte{}, map[string]*archive.Record{}
	}
	s.state[key] = value
	delete(s.records, key)
	if rec != nil {
		s.records[key] = rec
	}
}

// drop forgets what was put aside under a key.
func (s *aside) drop(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state, key)
	delete(s.records, key)
}

// outdate forgets what b has anew.
func (s *aside) outdate(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range b.state {
		delete(s.state, key)
		delete(s.records, key)
	}
}

// take takes everything out.
func (s *aside) take() *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &batch{state: s.state}
	for _, rec := range s.records {
		b.records = append(b.records, rec)
	}
	s.state, s.records = nil, nil
	return b
}

// takeState takes out what has no records.
func (s *aside) takeState() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := maps.Clone(s.state)
	for key := range s.records {
		delete(state, key)
	}
	for key := range state {
		delete(s.state, key)
	}
	return state
}

// settleAside stores what was put aside if anything was stored since the last time.
func (r *run) settleAside(ctx context.Context) error {
	if !r.stored.Swap(false) {
		return nil
	}
	err := r.apply(ctx, r.aside.take())
	r.stored.Store(false)
	return err
}
