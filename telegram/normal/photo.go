package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// An image is one size of a photo or of a document's thumbnail.
type image struct {
	kind          string // the letter that names the size to the server
	width, height int
	size          int64
	inline        []byte // the bytes themselves, where the message carries them
}

// largest picks the size Telegram Desktop exports: the first of the greatest
// area. Stripped and path sizes are sketches for the time of loading and never
// count. Of a progressive size the last length is that of the whole file. Where
// no size has an area, the first one counts.
func largest(sizes []tg.PhotoSizeClass) (best image, found bool) {
	for _, s := range sizes {
		i, ok := imageOf(s)
		if ok && (!found || int64(i.width)*int64(i.height) > int64(best.width)*int64(best.height)) {
			best, found = i, true
		}
	}
	return best, found
}

func imageOf(s tg.PhotoSizeClass) (image, bool) {
	switch s := s.(type) {
	case *tg.PhotoSize:
		return image{kind: s.Type, width: s.W, height: s.H, size: int64(s.Size)}, true
	case *tg.PhotoCachedSize:
		return image{kind: s.Type, width: s.W, height: s.H, size: int64(len(s.Bytes)), inline: s.Bytes}, true
	case *tg.PhotoSizeProgressive:
		if len(s.Sizes) > 0 {
			return image{kind: s.Type, width: s.W, height: s.H, size: int64(s.Sizes[len(s.Sizes)-1])}, true
		}
	}
	return image{}, false
}

// photo is nil for a photo that is gone (photoEmpty, or none at all). Size 0
// means that the server offers nothing to fetch.
func photo(p tg.PhotoClass) *archive.File {
	full, ok := p.(*tg.Photo)
	if !ok {
		return nil
	}
	best, _ := largest(full.Sizes)
	return &archive.File{
		Key:    archive.NewMediaKey(archive.MediaPhoto, full.ID),
		Size:   best.size,
		Width:  best.width,
		Height: best.height,
		Date:   int64(full.Date),
	}
}
