package desktop

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"telekeep/archive"
)

// media takes in what a message of a page carries.
func (p *chatPages) media(m *archive.Message, wrap *node) {
	for _, n := range wrap.children {
		switch {
		case n.has("photo_wrap"):
			m.Media = &archive.Media{Kind: archive.MediaKindPhoto, File: p.linked(n, m.Date)}
			m.Media.File.MIME = "image/jpeg"
		case n.has("sticker_wrap"):
			m.Media = p.linkedDocument(n, m.Date)
			m.Media.Sticker = true
		case n.has("animated_wrap"):
			m.Media = p.linkedDocument(n, m.Date)
			m.Media.Animation, m.Media.Video = true, strings.Contains(n.attrs["href"], "video_files/")
		case n.has("video_file_wrap"):
			m.Media = p.linkedDocument(n, m.Date)
			m.Media.Video = true
			m.Media.File.Duration = seconds(n.find("video_duration").words())
		case n.has("media_poll"):
			m.Media = &archive.Media{Kind: archive.MediaKindPoll, Poll: pagePoll(n)}
		case n.has("media"):
			p.mediaRow(m, n)
		case n.tag != "":
			p.remark("what it carries is not understood: " + n.attrs["class"])
		default:
			continue
		}
		return
	}
}

// linked stores the file that an element links to.
func (p *chatPages) linked(n *node, date int64) *archive.File {
	name := p.fileOf(n.attrs["href"])
	if n.tag != "a" || name == "" {
		p.result.FilesLeft++
		return &archive.File{Key: p.absent(reasonOf(strings.ToLower(n.words()))), Date: date}
	}
	got := p.file(name, 0)
	return &archive.File{Key: got.key, Size: got.size, Date: date}
}

// linkedDocument is linked for a document, with its name and its small picture.
func (p *chatPages) linkedDocument(n *node, date int64) *archive.Media {
	out := &archive.Media{Kind: archive.MediaKindDocument, File: p.linked(n, date)}
	href := n.attrs["href"]
	if name := path.Base(href); n.tag == "a" && !counted.MatchString(name) {
		out.File.Name = name
		if plain, err := url.PathUnescape(name); err == nil {
			out.File.Name = plain
		}
	}
	out.File.MIME = mimeByName(href)
	if image := firstImage(n); image != nil && image.attrs["src"] == href+"_thumb.jpg" {
		got := p.file(p.fileOf(image.attrs["src"]), 0)
		out.Thumb = &archive.File{Key: got.key, Size: got.size}
	}
	return out
}

func firstImage(n *node) *node {
	if n.tag == "img" {
		return n
	}
	for _, child := range n.children {
		if found := firstImage(child); found != nil {
			return found
		}
	}
	return nil
}

// mimeByName guesses no more than what pages show as a picture or a film.
func mimeByName(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".mp4":
		return "video/mp4"
	case ".webm":
		return "video/webm"
	case ".ogg", ".oga":
		return "audio/ogg"
	case ".mp3":
		return "audio/mpeg"
	case ".webp":
		return "image/webp"
	case ".tgs":
		return "application/x-tgsticker"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".pdf":
		return "application/pdf"
	}
	return ""
}

// mediaRow takes in what is shown as a row with a title.
func (p *chatPages) mediaRow(m *archive.Message, n *node) {
	title, description, status := n.find("title").words(), n.find("description").words(), n.find("status").words()
	document := func() *archive.Media { m.Media = p.linkedDocument(n, m.Date); return m.Media }
	switch {
	case n.has("media_photo") && !strings.Contains(n.attrs["href"], "files/"):
		m.Media = &archive.Media{Kind: archive.MediaKindPhoto, File: p.linked(n, m.Date)}
	case n.has("media_photo"), n.has("media_file"):
		d := document()
		if n.has("media_file") && n.tag != "a" {
			d.File.Name = title
		}
		d.Sticker = strings.Contains(strings.ToLower(title), "sticker") && n.tag != "a"
	case n.has("media_video"):
		d := document()
		d.RoundVideo = strings.EqualFold(title, "video message")
		d.Animation = strings.EqualFold(title, "animation")
		d.Video = !d.RoundVideo && !d.Animation
		d.File.Duration = seconds(status)
	case n.has("media_voice_message"):
		d := document()
		d.Voice = true
		d.File.Duration = seconds(status)
	case n.has("media_audio_file"):
		d := document()
		d.Audio, d.SongTitle = true, title
		if performer, song, ok := strings.Cut(title, " – "); ok {
			d.Performer, d.SongTitle = performer, song
		}
		d.File.Duration = seconds(status)
	case n.has("media_contact"):
		m.Media = &archive.Media{Kind: archive.MediaKindContact, Contact: &archive.Contact{FirstName: title, Phone: digits(status)}}
	case n.has("media_live_location"):
		m.Media = &archive.Media{Kind: archive.MediaKindLive, Place: placeOf(n)}
	case n.has("media_venue"):
		place := placeOf(n)
		place.Title, place.Address = title, description
		m.Media = &archive.Media{Kind: archive.MediaKindVenue, Place: place}
	case n.has("media_location"):
		m.Media = &archive.Media{Kind: archive.MediaKindLocation, Place: placeOf(n)}
	case n.has("media_game"):
		m.Media = &archive.Media{Kind: archive.MediaKindGame, Game: &archive.Game{Title: title, Description: description}}
	case n.has("media_invoice"):
		m.Media = &archive.Media{Kind: archive.MediaKindInvoice, Invoice: &archive.Invoice{Title: title, Description: description}}
	case n.has("media_call"):
		m.Action = callOf(status)
	default:
		p.remark("what it carries is not understood: " + n.attrs["class"])
	}
}

var clock = regexp.MustCompile(`\b(?:(\d+):)?(\d\d?):(\d\d)\b`)

// seconds reads "01:48" and "1:02:03".
func seconds(text string) float64 {
	m := clock.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	total := 0
	for _, part := range m[1:] {
		n, _ := strconv.Atoi(part)
		total = total*60 + n
	}
	return float64(total)
}

var coordinates = regexp.MustCompile(`(-?\d+\.\d+),\s*(-?\d+\.\d+)`)

// placeOf reads the point that a link to a map, or its words, name.
func placeOf(n *node) *archive.Place {
	for _, text := range []string{n.attrs["href"], n.words()} {
		if m := coordinates.FindStringSubmatch(text); m != nil {
			latitude, _ := strconv.ParseFloat(m[1], 64)
			longitude, _ := strconv.ParseFloat(m[2], 64)
			return &archive.Place{Valid: true, Latitude: latitude, Longitude: longitude}
		}
	}
	return &archive.Place{}
}

var inParentheses = regexp.MustCompile(`\((\d+) seconds?\)`)

// callOf reads how a call went: "Outgoing (25 seconds)", "Missed", "Declined" …
func callOf(status string) *archive.Action {
	a := &archive.Action{Type: "phone_call"}
	if m := inParentheses.FindStringSubmatch(status); m != nil {
		a.Duration, _ = strconv.Atoi(m[1])
	}
	switch word := strings.ToLower(status); {
	case strings.Contains(word, "missed"), strings.Contains(word, "cancel"):
		a.Reason = "missed"
	case strings.Contains(word, "declined"), strings.Contains(word, "busy"):
		a.Reason = "busy"
	case a.Duration > 0:
		a.Reason = "hangup"
	}
	return a
}

var votes = regexp.MustCompile(`(\d+) vote`)

func pagePoll(n *node) *archive.Poll {
	p := &archive.Poll{Question: archive.Text{Text: n.find("question").words()}, Answers: []archive.PollAnswer{}}
	for _, child := range n.children {
		words := child.words()
		switch {
		case child.has("answer"):
			details := child.find("details").words()
			a := archive.PollAnswer{Text: archive.Text{Text: strings.TrimPrefix(child.own(), "- ")}, Chosen: strings.Contains(details, "chosen")}
			a.Voters = voters(details)
			p.Answers = append(p.Answers, a)
		case child.has("total"):
			p.Voters = voters(words)
		case child.has("details"):
			low := strings.ToLower(words)
			p.Quiz, p.Public = strings.Contains(low, "quiz"), !strings.Contains(low, "anonymous")
			p.Closed = strings.Contains(low, "final") || strings.Contains(low, "closed")
		}
	}
	return p
}

func voters(text string) int {
	if m := votes.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}
