package world

import "github.com/gotd/td/tg"

// A picture is a photo with what its TL object tells of it.
type picture struct {
	file   *file
	date   int
	width  int
	height int
}

// stripped is the few bytes of a preview that travel inside the message.
var stripped = string([]byte{1, 20, 40, 0x45, 0x14, 0x51, 0x40, 0x05, 0x14, 0x51, 0x40})

// sizeName is the letter the server gives a size by its longer side.
func sizeName(width, height int) string {
	switch side := max(width, height); {
	case side <= 320:
		return "m"
	case side <= 800:
		return "x"
	case side <= 1280:
		return "y"
	}
	return "w"
}

// newPicture makes a photo of which full is the largest size. A larger photo
// gets a small size too, with made-up bytes.
func newPicture(id int64, dc, date, width, height int, full content) picture {
	f := &file{id: id, photo: true, dc: dc, mime: "image/jpeg", parts: map[string]content{}}
	f.parts[sizeName(width, height)] = full
	if sizeName(width, height) != "m" {
		seed := mix(uint64(id), 'm')
		f.parts["m"] = made{seed: seed, size: min(int64(1500+seed%4000), max(200, full.Size()/3))}
	}
	return picture{file: f, date: date, width: width, height: height}
}

// tl builds the photo without its reference. Large sizes are progressive, as
// the real server's are.
func (p picture) tl() *tg.Photo {
	out := &tg.Photo{ID: p.file.id, Date: p.date, DCID: p.file.dc}
	out.Sizes = append(out.Sizes, &tg.PhotoStrippedSize{Type: "i", Bytes: []byte(stripped)})
	name := sizeName(p.width, p.height)
	if small, ok := p.file.parts["m"]; ok && name != "m" {
		w, h := fit(p.width, p.height, 320)
		out.Sizes = append(out.Sizes, &tg.PhotoSize{Type: "m", W: w, H: h, Size: int(small.Size())})
	}
	size := int(p.file.parts[name].Size())
	if (name == "y" || name == "w") && size >= 5 {
		out.Sizes = append(out.Sizes, &tg.PhotoSizeProgressive{
			Type: name, W: p.width, H: p.height, Sizes: []int{size / 5, size * 2 / 5, size * 3 / 5, size * 4 / 5, size},
		})
		return out
	}
	out.Sizes = append(out.Sizes, &tg.PhotoSize{Type: name, W: p.width, H: p.height, Size: size})
	return out
}

// fit scales a size down to a longest side.
func fit(width, height, side int) (int, int) {
	if width >= height {
		return side, max(1, height*side/width)
	}
	return max(1, width*side/height), side
}
