package world

import (
	"fmt"

	"github.com/gotd/td/tg"
)

// media gives the message its media and reports whether it has any: a new file,
// one that was sent before, or something that is no file.
func (c *generated) media(m *tg.Message, i int, d dice) bool {
	files := c.town.files
	switch f := files.newIn(c.ordinal(i)); {
	case i == 0 || c.plan.what == "forum" && i < topics:
		return false // these tell how the chat began
	case f >= 0:
		m.Media = files.media(f)
	case len(files.goods) > 0 && c.inAlbum(i):
		m.Media = files.album(d)
		m.SetGroupedID(int64(mix(c.seed, forAlbum, uint64(i/albumEvery)) >> 1))
	case len(files.goods) > 0 && d.one(forDuplicate, 31):
		m.Media = files.media(d.below(forDuplicate, len(files.goods)))
		c.forward(m, d)
	default:
		m.Media = c.other(m, d)
	}
	return m.Media != nil
}

// An album of albumSize pictures comes every albumEvery messages.
const (
	albumEvery = 97
	albumSize  = 3
)

// inAlbum reports whether a message is one of an album: never across a gap, for
// then the album would have a hole.
func (c *generated) inAlbum(i int) bool {
	n := i % albumEvery
	return n >= 50 && n < 50+albumSize && i/gap == (i-n+50+albumSize)/gap
}

// album picks a picture that was sent before.
func (w *warehouse) album(d dice) tg.MessageMediaClass {
	f := d.below(forAlbum, len(w.goods))
	for range w.goods {
		if w.isPhoto(f) {
			return w.media(f)
		}
		f = (f + 1) % len(w.goods)
	}
	return nil
}

// forward marks a message as forwarded: from somebody, from a channel or from
// somebody who hides.
func (c *generated) forward(m *tg.Message, d dice) {
	h := tg.MessageFwdHeader{Date: m.Date - 1000}
	switch d.below(forForward, 3) {
	case 0:
		h.SetFromID(userPeer(c.town.people[d.below(forForward, len(c.town.people))]).tl())
	case 1:
		h.SetFromName("Somebody")
	default:
		from := c.town.chats[d.below(forForward, len(c.town.chats))]
		if !from.plan.place.broadcast {
			h.SetFromName("Somebody else")
			break
		}
		h.SetFromID(from.peer.tl())
		h.SetChannelPost(1)
	}
	if c.plan.what == "saved" {
		m.SetSavedPeerID(&tg.PeerUser{UserID: 2666000}) // where the real server puts what hidden people wrote
		if h.FromID != nil {
			m.SetSavedPeerID(h.FromID)
			h.SetSavedFromPeer(h.FromID)
			h.SetSavedFromMsgID(1)
		}
	}
	m.SetFwdFrom(h)
}

// other is media without a file.
func (c *generated) other(m *tg.Message, d dice) tg.MessageMediaClass {
	switch d.below(forKind, 450) {
	case 1:
		return &tg.MessageMediaGeo{Geo: &tg.GeoPoint{Lat: 54.3, Long: 10.1 + float64(d.below(forKind, 100))/1000}}
	case 2:
		return &tg.MessageMediaContact{PhoneNumber: "99966100200", FirstName: "Otto", LastName: "Made-Up"}
	case 3:
		return c.poll(d)
	case 4:
		return &tg.MessageMediaVenue{
			Geo: &tg.GeoPoint{Lat: 54.3, Long: 10.1}, Title: "Café Lotse", Address: "Am Kai 3", Provider: "foursquare",
		}
	case 5:
		return &tg.MessageMediaDice{Value: 1 + d.below(forKind, 6), Emoticon: "🎲"}
	case 6:
		return &tg.MessageMediaWebPage{Webpage: &tg.WebPage{
			ID: int64(d.at(forKind) >> 1), URL: "https://example.org/list", DisplayURL: "example.org/list", Title: "The list", Description: "Who brings what.",
		}}
	}
	return nil
}

func (c *generated) poll(d dice) tg.MessageMediaClass {
	plain := func(s string) tg.TextWithEntities {
		return tg.TextWithEntities{Text: s, Entities: []tg.MessageEntityClass{}}
	}
	id := int64(d.at(forKind) >> 1)
	out := &tg.MessageMediaPoll{Poll: tg.Poll{ID: id, Hash: id, Question: plain("When do we meet?")}}
	total := 0
	var voters []tg.PollAnswerVoters
	for n, text := range []string{"At nine", "At ten", "Not at all"} {
		option := []byte{byte('0' + n)}
		out.Poll.Answers = append(out.Poll.Answers, &tg.PollAnswer{Text: plain(text), Option: option})
		v := tg.PollAnswerVoters{Option: option, RecentVoters: []tg.PeerClass{}}
		v.SetVoters(d.below(forKind+uint64(n)<<8, 20))
		total += v.Voters
		voters = append(voters, v)
	}
	out.Results.SetResults(voters)
	out.Results.SetTotalVoters(total)
	return out
}

// media makes the TL media of file f.
func (w *warehouse) media(f int) tg.MessageMediaClass {
	if w.isPhoto(f) {
		return &tg.MessageMediaPhoto{Photo: w.photo(f).tl()}
	}
	what, file := wares[w.goods[f].kind].what, w.made(f)
	out := &tg.MessageMediaDocument{Video: what == "video", Round: what == "round", Voice: what == "voice"}
	d := &tg.Document{
		ID: file.id, Date: lifeBegins + f, MimeType: file.mime, Size: file.parts[""].Size(), DCID: file.dc, Attributes: w.attributes(f, what),
	}
	if small, ok := file.parts["m"]; ok {
		d.Thumbs = []tg.PhotoSizeClass{
			&tg.PhotoStrippedSize{Type: "i", Bytes: []byte(stripped)},
			&tg.PhotoSize{Type: "m", W: 320, H: 180, Size: int(small.Size())},
		}
	}
	out.Document = d
	return out
}

func (w *warehouse) attributes(f int, what string) []tg.DocumentAttributeClass {
	seconds := int(3 + w.goods[f].size/20_000)
	named := func(format string) tg.DocumentAttributeClass {
		return &tg.DocumentAttributeFilename{FileName: fmt.Sprintf(format, f%60)}
	}
	video := &tg.DocumentAttributeVideo{Duration: float64(seconds), W: 1280, H: 720, SupportsStreaming: true}
	switch what {
	case "voice":
		return []tg.DocumentAttributeClass{&tg.DocumentAttributeAudio{Voice: true, Duration: seconds, Waveform: []byte{0, 4, 17, 50}}}
	case "music":
		return []tg.DocumentAttributeClass{
			&tg.DocumentAttributeAudio{Duration: seconds, Title: fmt.Sprintf("Tide %d", f%60), Performer: "The Made-Up Five"}, named("tide_%d.mp3"),
		}
	case "video":
		return []tg.DocumentAttributeClass{video, named("film_%d.mp4")}
	case "animation":
		return []tg.DocumentAttributeClass{&tg.DocumentAttributeAnimated{}, video, named("dance_%d.mp4")}
	case "round":
		video.RoundMessage, video.W, video.H = true, 240, 240
		return []tg.DocumentAttributeClass{video}
	case "sticker":
		return []tg.DocumentAttributeClass{
			&tg.DocumentAttributeImageSize{W: 512, H: 512}, &tg.DocumentAttributeSticker{Alt: "🙂", Stickerset: &tg.InputStickerSetEmpty{}}, named("sticker_%d.webp"),
		}
	case "notes":
		return []tg.DocumentAttributeClass{named("notes %d.txt")}
	}
	return []tg.DocumentAttributeClass{named("Plan %d.pdf")}
}
