package copies

import (
	"errors"
	"time"
)

// ReleaseIdle is Release for every copy that is up to date, is used by nobody, and was not
// used by anybody for so long: so that a drive can be unmounted at any time. It returns the
// names of those that it closed.
func (s *Set) ReleaseIdle(after time.Duration) (closed []string, err error) {
	var errs []error
	for _, p := range s.places {
		if !p.idle(after) {
			continue
		}
		closed = append(closed, p.Name)
		errs = append(errs, p.release(false))
	}
	return closed, errors.Join(errs...)
}

// idle reports whether the place is open and nobody has needed it for so long.
func (p *place) idle(after time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.handle != nil && p.handle.users == 0 && p.state == Current && p.set.o.Now().Sub(p.used) >= after
}
