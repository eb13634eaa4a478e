package chunkstore

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// pageSize is how many values are read from the state at once.
const pageSize = 256

// A resume is the resume state as its Writer sees it: what the last commit left, and
// over it what was set since.
type resume struct {
	state *state

	mu sync.Mutex
	// dirty is what was set, by shelf and key: whoever asks for a prefix must not go
	// through all that was set. A nil value is a deletion; the slices never change.
	dirty map[string]map[string][]byte
	held  int64 // bytes of memory that dirty takes, about
}

func newResume(s *state) *resume {
	return &resume{state: s, dirty: make(map[string]map[string][]byte)}
}

// shelf is the part of a key up to its last slash: keys that are asked for together
// share it.
func shelf(key string) string { return key[:strings.LastIndexByte(key, '/')+1] }

// entrySize is about what one value takes in memory besides its key and itself.
const entrySize = 96

// put changes dirty. The caller holds mu.
func (r *resume) put(key string, value []byte) {
	name := shelf(key)
	keys := r.dirty[name]
	if keys == nil {
		keys = make(map[string][]byte)
		r.dirty[name] = keys
	}
	if old, ok := keys[key]; ok {
		r.held -= int64(len(key)+len(old)) + entrySize
	}
	keys[key] = value
	r.held += int64(len(key)+len(value)) + entrySize
}

// drop takes a key out of dirty. The caller holds mu.
func (r *resume) drop(key string) {
	name := shelf(key)
	keys := r.dirty[name]
	r.held -= int64(len(key)+len(keys[key])) + entrySize
	if delete(keys, key); len(keys) == 0 {
		delete(r.dirty, name)
	}
}

// size returns about how many bytes of memory the next commit sets free.
func (r *resume) size() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held
}

func (r *resume) set(key string, value []byte) error {
	if key == "" {
		return errors.New("a value of the resume state needs a key")
	}
	if len(key) > maxKey {
		return fmt.Errorf("%w: a key of %d bytes", ErrTooLarge, len(key))
	}
	if len(value) > maxValue {
		return fmt.Errorf("%w: a value of %d bytes", ErrTooLarge, len(value))
	}
	if value != nil {
		value = append([]byte{}, value...) // an empty value stays different from nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(key, value)
	return nil
}

func (r *resume) get(key string) ([]byte, bool, error) {
	r.mu.Lock()
	value, dirty := r.dirty[shelf(key)][key]
	r.mu.Unlock()
	if dirty {
		return slices.Clone(value), value != nil, nil
	}
	return r.state.get(key)
}

// each merges both layers page by page, so that f may use them.
func (r *resume) each(prefix string, f func(key string, value []byte) error) error {
	over := r.dirtyBelow(prefix)
	last := ""
	for {
		page, err := r.state.page(prefix, last, pageSize)
		if err != nil {
			return err
		}
		for _, c := range page {
			for len(over) > 0 && over[0].key < c.key {
				if err := over[0].tell(f); err != nil {
					return err
				}
				over = over[1:]
			}
			if len(over) > 0 && over[0].key == c.key {
				c, over = over[0], over[1:]
			}
			if err := c.tell(f); err != nil {
				return err
			}
			last = c.key
		}
		if len(page) < pageSize {
			break
		}
	}
	for _, c := range over {
		if err := c.tell(f); err != nil {
			return err
		}
	}
	return nil
}

// tell calls f unless the change is a deletion.
func (c change) tell(f func(key string, value []byte) error) error {
	if c.value == nil {
		return nil
	}
	return f(c.key, slices.Clone(c.value))
}

// dirtyBelow returns what was set under a prefix, ascending.
func (r *resume) dirtyBelow(prefix string) []change {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []change
	for name, keys := range r.dirty {
		if !strings.HasPrefix(name, prefix) && !strings.HasPrefix(prefix, name) {
			continue
		}
		for key, value := range keys {
			if strings.HasPrefix(key, prefix) {
				found = append(found, change{key, value})
			}
		}
	}
	slices.SortFunc(found, func(a, b change) int { return strings.Compare(a.key, b.key) })
	return found
}

// changes returns what a commit has to say: what was set and differs from what the
// last commit left, ascending.
func (r *resume) changes() ([]change, error) {
	var real []change
	for _, c := range r.dirtyBelow("") {
		old, ok, err := r.state.get(c.key)
		if err != nil {
			return nil, err
		}
		if ok != (c.value != nil) || !bytes.Equal(old, c.value) {
			real = append(real, c)
		} else {
			r.settle(c)
		}
	}
	return real, nil
}

// settled forgets changes that are in the state now, but not what was set since.
func (r *resume) settled(changes []change) {
	for _, c := range changes {
		r.settle(c)
	}
}

func (r *resume) settle(c change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	value, ok := r.dirty[shelf(c.key)][c.key]
	if ok && (value == nil) == (c.value == nil) && bytes.Equal(value, c.value) {
		r.drop(c.key)
	}
}
