package daemon

import "time"

// A backoff says how long to wait before another try: twice as long each time, up to a
// limit, and somewhere between half of that and all of it, so that many daemons that
// lost the same server do not come back at once.
type backoff struct {
	first, most time.Duration
	random      func() float64 // from 0 up to 1
	next        time.Duration
}

func (b *backoff) pause() time.Duration {
	if b.next == 0 {
		b.next = b.first
	}
	whole := b.next
	b.next = min(2*b.next, b.most)
	return whole/2 + time.Duration(b.random()*float64(whole/2))
}

func (b *backoff) reset() { b.next = 0 }

// around is a time span near d: from four fifths of it to six fifths.
func around(d time.Duration, random func() float64) time.Duration {
	return d*4/5 + time.Duration(random()*float64(d*2/5))
}
