package world

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"github.com/gotd/td/tg"
)

// The ids of made-up files: a base for each sort, then a number.
const (
	fileBase     = 5_100_000_000_000_000_000
	emojiBase    = 5_200_000_000_000_000_000
	portraitBase = 5_300_000_000_000_000_000
	perSort      = 100_000_000_000_000_000
	emojis       = 12 // how many custom emoji there are
)

func emojiID(n int) int64 { return emojiBase + int64(n) }

// kinds of made-up files, the natural range of their sizes in bytes, and how
// many of a hundred files are of the kind.
var wares = [...]ware{
	{"photo", "image/jpeg", 30 << 10, 350 << 10, 52},
	{"voice", "audio/ogg", 8 << 10, 200 << 10, 16},
	{"file", "application/pdf", 20 << 10, 4 << 20, 8},
	{"notes", "text/plain", 2 << 10, 300 << 10, 6},
	{"video", "video/mp4", 1 << 20, 24 << 20, 7},
	{"sticker", "image/webp", 8 << 10, 50 << 10, 5},
	{"animation", "video/mp4", 80 << 10, 2 << 20, 3},
	{"round", "video/mp4", 300 << 10, 3 << 20, 2},
	{"music", "audio/mpeg", 2 << 20, 9 << 20, 1},
}

type ware struct {
	what  string
	mime  string
	least int64
	most  int64
	share int
}

// A good is one made-up file: its kind and its size.
type good struct {
	kind uint8
	size int64
}

// A warehouse knows all made-up files. It holds kinds and sizes; bytes are made
// when they are read.
type warehouse struct {
	town     *town
	goods    []good
	stride   int // every so many messages one brings a new file
	pictures [4][]byte
}

// newWarehouse makes as many files as the media's bytes are worth by natural
// sizes; more and smaller ones where the bytes are few for the messages. Never
// more than half of the messages bring a file. Sizes are then stretched to meet
// the sum.
func newWarehouse(t *town, messages int, bytes int64) *warehouse {
	w := &warehouse{town: t}
	for i := range w.pictures {
		w.pictures[i] = picturesque(mix(t.seed, 'j', uint64(i)))
	}
	most := messages / 2
	least := min(most, messages/6+1, int(bytes/(24<<10)))
	var sum int64
	for f := 0; f < most && (f < least || sum < bytes); f++ {
		g := t.good(f)
		w.goods = append(w.goods, g)
		sum += g.size
	}
	if len(w.goods) == 0 {
		return w
	}
	for f := range w.goods {
		g := &w.goods[f]
		g.size = max(w.floor(g.kind), int64(float64(g.size)*float64(bytes)/float64(sum)))
		if w.isCopy(f) {
			w.goods[f] = w.goods[f-1]
		}
	}
	w.stride = max(1, messages/len(w.goods))
	return w
}

// floor is the least size that leaves room for what makes a file look right.
func (w *warehouse) floor(kind uint8) int64 {
	if wares[kind].what == "photo" {
		longest := 0
		for _, p := range w.pictures {
			longest = max(longest, len(p))
		}
		return int64(longest)
	}
	return 700
}

// isCopy says that a file has the same bytes as the one before, under an id of
// its own: somebody sent it twice.
func (w *warehouse) isCopy(f int) bool { return f%40 == 39 }

// good throws the natural kind and size of file f.
func (t *town) good(f int) good {
	d := dice(mix(t.seed, 'g', uint64(f)))
	throw := d.below(0, 100)
	for kind, w := range wares {
		if throw -= w.share; throw < 0 {
			span := uint64(w.most - w.least)
			x := d.at(1) % span
			x = x * (d.at(2) % span) / span // small ones are more frequent
			return good{uint8(kind), w.least + int64(x)}
		}
	}
	panic("internal error: the shares of files do not sum up to a hundred")
}

// newIn returns the number of the file that a message brings, or -1. ordinal is
// the message's number in the account.
func (w *warehouse) newIn(ordinal int) int {
	if len(w.goods) == 0 || ordinal%w.stride != w.stride/2 || ordinal/w.stride >= len(w.goods) {
		return -1
	}
	return ordinal / w.stride
}

func (w *warehouse) isPhoto(f int) bool { return wares[w.goods[f].kind].what == "photo" }

// dc spreads files over data centres.
func (w *warehouse) dc(id int64) int {
	dcs := w.town.w.dcs
	return dcs[mix(w.town.seed, 'd', uint64(id))%uint64(len(dcs))]
}

// file makes the file of an id, or nil.
func (w *warehouse) file(id int64) *file {
	switch n := id % perSort; id - n {
	case fileBase:
		if n < int64(len(w.goods)) {
			return w.made(int(n))
		}
	case emojiBase:
		if n < emojis {
			return &file{id: id, dc: w.dc(id), mime: "image/webp", parts: map[string]content{"": made{seed: mix(w.town.seed, uint64(id)), size: 4000 + n*517, head: []byte("RIFF")}}}
		}
	case portraitBase:
		return w.face(id)
	}
	return nil
}

func (w *warehouse) made(f int) *file {
	if w.isPhoto(f) {
		return w.photo(f).file
	}
	g, id := w.goods[f], fileBase+int64(f)
	out := &file{id: id, dc: w.dc(id), mime: wares[g.kind].mime, parts: map[string]content{"": w.bytes(f)}}
	if hasThumb(wares[g.kind].what) {
		out.parts["m"] = made{seed: mix(w.town.seed, 't', uint64(f)), size: 900 + int64(f%7)*311, head: w.pictures[0][:600]}
	}
	return out
}

func hasThumb(what string) bool {
	return what == "video" || what == "animation" || what == "round" || what == "file" || what == "sticker"
}

// bytes makes the content of file f. Notes are text and shrink well; everything
// else is noise behind a proper beginning.
func (w *warehouse) bytes(f int) content {
	g, source := w.goods[f], f
	if w.isCopy(f) {
		source--
	}
	seed := mix(w.town.seed, 'b', uint64(source))
	switch wares[g.kind].what {
	case "notes":
		return notes{seed: seed, size: g.size}
	case "photo":
		return made{seed: seed, size: g.size, head: w.pictures[seed%uint64(len(w.pictures))]}
	case "voice":
		return made{seed: seed, size: g.size, head: []byte("OggS\x00\x02")}
	case "file":
		return made{seed: seed, size: g.size, head: []byte("%PDF-1.7\n")}
	case "sticker":
		return made{seed: seed, size: g.size, head: []byte("RIFF\x00\x00\x00\x00WEBPVP8 ")}
	case "music":
		return made{seed: seed, size: g.size, head: []byte("ID3\x03")}
	}
	return made{seed: seed, size: g.size, head: []byte("\x00\x00\x00\x18ftypmp42")}
}

// The sizes of made-up pictures, in pixels.
const (
	pictureWidth  = 480
	pictureHeight = 360
)

func (w *warehouse) photo(f int) picture {
	id := fileBase + int64(f)
	return newPicture(id, w.dc(id), lifeBegins+f, pictureWidth, pictureHeight, w.bytes(f))
}

// portrait is the small picture of a person or chat. Every fourth has none.
func (w *warehouse) portrait(p peer) *file {
	if p.id%4 == 3 {
		return nil
	}
	return w.face(portraitBase + p.id)
}

func (w *warehouse) face(id int64) *file {
	return newPicture(id, w.dc(id), lifeBegins, 160, 160, made{seed: mix(w.town.seed, uint64(id)), size: 3000 + id%5000, head: w.pictures[0][:600]}).file
}

func (w *warehouse) profilePicture(n int) picture {
	id := portraitBase + perSort/2 + int64(n)
	full := made{seed: mix(w.town.seed, uint64(id)), size: int64(len(w.pictures[n])) + 2000, head: w.pictures[n]}
	p := newPicture(id, w.dc(id), lifeEnds-n*10_000_000, pictureWidth, pictureHeight, full)
	w.town.w.shelf[id] = p.file
	return p
}

// emoji makes a custom emoji, or nil.
func (w *warehouse) emoji(id int64) tg.DocumentClass {
	if id < emojiBase || id >= emojiBase+emojis {
		return nil
	}
	f := w.file(id)
	return &tg.Document{
		ID: id, Date: lifeBegins, MimeType: f.mime, Size: f.parts[""].Size(), DCID: f.dc,
		Attributes: []tg.DocumentAttributeClass{
			&tg.DocumentAttributeImageSize{W: 100, H: 100},
			&tg.DocumentAttributeCustomEmoji{Free: true, Alt: "🎉", Stickerset: &tg.InputStickerSetEmpty{}},
			&tg.DocumentAttributeFilename{FileName: fmt.Sprintf("emoji_%d.webp", id-emojiBase)},
		},
	}
}

// notes is text: numbered lines of 64 bytes.
type notes struct {
	seed uint64
	size int64
}

func (n notes) Size() int64 { return n.size }

func (n notes) ReadAt(p []byte, off int64) (int, error) {
	whole := min(int64(len(p)), max(0, n.size-off))
	for done := int64(0); done < whole; {
		at := off + done
		number := at / 64
		line := fmt.Sprintf("%8d  %-53.53s\n", number, phrases[0][mix(n.seed, uint64(number))%uint64(len(phrases[0]))])
		done += int64(copy(p[done:whole], line[at%64:]))
	}
	return short(int(whole), len(p))
}

// picturesque draws a picture that a viewer can show: hills under a sky.
func picturesque(seed uint64) []byte {
	img := image.NewRGBA(image.Rect(0, 0, pictureWidth, pictureHeight))
	d := dice(seed)
	shade := func(n uint64) uint8 { return uint8(60 + d.below(n, 160)) }
	sky := color.RGBA{shade(1), shade(2), 220, 255}
	land := color.RGBA{shade(3), shade(4), 60, 255}
	period := 90 + d.below(5, 120)
	for x := range pictureWidth {
		t := x % period
		ridge := pictureHeight/2 + (t*(period-t))*120/(period*period) - x/8
		for y := range pictureHeight {
			c := sky
			if y > ridge {
				c = land
			}
			c.R -= uint8(y * 40 / pictureHeight)
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 40}); err != nil {
		panic("internal error: a picture cannot be encoded: " + err.Error())
	}
	return b.Bytes()
}
