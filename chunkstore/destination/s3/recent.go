package s3

import (
	"maps"
	"strings"
	"sync"
	"time"
)

// late is how long a server may take to list what was changed. S3 itself lists it at once;
// of those that do not, none promises a time.
const late = 10 * time.Minute

// absent is the size of an object that was removed.
const absent = -1

// A recent is what one Destination has changed a short while ago: a few names a second at
// most, for minutes. The zero value is empty; it may be used from many goroutines.
type recent struct {
	mu      sync.Mutex
	changes map[string]change
}

type change struct {
	size int64 // absent if it was removed
	at   time.Time
}

// note remembers that name has now size bytes, or is absent.
func (r *recent) note(name string, size int64) {
	now := time.Now() //nolint:forbidigo // measures only
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changes == nil {
		r.changes = make(map[string]change)
	}
	r.forget(now)
	r.changes[name] = change{size, now}
}

// below returns the sizes of what begins with prefix.
func (r *recent) below(prefix string) map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(time.Now()) //nolint:forbidigo // measures only
	sizes := make(map[string]int64)
	for name, c := range r.changes {
		if strings.HasPrefix(name, prefix) {
			sizes[name] = c.size
		}
	}
	return sizes
}

// forget drops what every server lists by now.
func (r *recent) forget(now time.Time) {
	maps.DeleteFunc(r.changes, func(_ string, c change) bool { return now.Sub(c.at) > late })
}
