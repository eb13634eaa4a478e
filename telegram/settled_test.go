package telegram

import (
	"fmt"
	"testing"
	"time"
)

// A run that goes on says up to when everything is there, and does not as long as
// a file is missing.
func TestFollowIsComplete(t *testing.T) {
	i := settled(t)
	before := i.gaps().Complete
	later := func(d time.Duration) {
		i.options.Now = func() time.Time { return time.Now().Add(d) }
	}
	later(time.Minute)
	f := i.follow(FollowOptions{})
	id := i.add("user101", "news", 0, false)
	f.within(t, 10*soon, fmt.Sprintf("user101 %d news", id))
	r, err := f.end()
	if err != nil || r.CompleteUntil.Unix() <= before {
		t.Fatalf("result %+v, error %v; was complete until %d", r, err, before)
	}
	if got := i.gaps().Complete; got != r.CompleteUntil.Unix() {
		t.Fatalf("the state says %d, the result %v", got, r.CompleteUntil)
	}

	i.fault("upload.getFile error=400:MSG_ID_INVALID")
	i.add("channel105", "a file", 5000, false)
	later(2 * time.Minute)
	f = i.follow(FollowOptions{})
	if r, err = f.end(); err != nil || !r.CompleteUntil.IsZero() {
		t.Fatalf("a file cannot be fetched: result %+v, error %v", r, err)
	}
}
