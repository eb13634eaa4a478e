package telegram

import (
	"context"
	"errors"
)

// photoMost bounds a photo whose size the server does not say, in bytes. Telegram's
// are smaller by far.
const photoMost = 32 << 20

var (
	errEmptyPhoto = &unavailableError{"it says that the photo has no bytes, and gives none"}
	errHugePhoto  = errors.New("the server does not say how long the photo is, and it does not end")
)

// sizeless reports whether the server says 0 for the size of a photo: some do not
// know it.
func (f workFile) sizeless() bool {
	return f.Photo && f.Size == 0 && !f.Gone && len(f.Inline) == 0
}

// measure finds out how long a photo is, by reading it to its end: a part that is not
// full. Nothing of it is kept. The photo is then fetched as if the server had said
// so: every part must have its length once more, and the server's hashes.
func (d *download) measure(ctx context.Context) (size int64, err error) {
	for {
		part, err := d.get(ctx, size)
		if err != nil {
			return 0, err
		}
		n := int64(len(part))
		size += n
		switch {
		case n > d.run.options.PartSize:
			return 0, errLong
		case size > photoMost:
			return 0, errHugePhoto
		case size == 0:
			return 0, errEmptyPhoto
		case n < d.run.options.PartSize:
			d.run.tell(func(e *Event) { e.BytesTotal += size })
			return size, nil
		}
	}
}
