package desktop

import (
	"path"
	"regexp"
	"strings"

	"telekeep/archive"
	"telekeep/internal/resultjson"
)

// media converts what a message carries besides text; nil if that is nothing.
func (c *converter) media(m *resultjson.Message) *archive.Media {
	switch {
	case m.Photo != "":
		return &archive.Media{
			Kind: archive.MediaKindPhoto, File: c.photo(m), Spoiler: m.Spoiler, TTL: int(m.SelfDestruct),
		}
	case m.File != "":
		return c.document(m)
	case m.Contact != nil:
		return &archive.Media{Kind: archive.MediaKindContact, Contact: c.contact(m)}
	case m.PlaceName != "" || m.Address != "":
		p := place(m.Location)
		p.Title, p.Address = m.PlaceName, m.Address
		return &archive.Media{Kind: archive.MediaKindVenue, Place: p}
	case m.LivePeriod != 0:
		p := place(m.Location)
		p.Period = int(m.LivePeriod)
		return &archive.Media{Kind: archive.MediaKindLive, Place: p}
	case m.Location != nil:
		return &archive.Media{Kind: archive.MediaKindLocation, Place: place(m.Location)}
	case m.GameTitle != "" || m.GameDescription != "" || m.GameLink != "":
		return &archive.Media{Kind: archive.MediaKindGame, Game: c.game(m)}
	}
	return c.offer(m)
}

// offer converts polls, lists, giveaways and what is for sale.
func (c *converter) offer(m *resultjson.Message) *archive.Media {
	switch {
	case m.Invoice != nil:
		return &archive.Media{Kind: archive.MediaKindInvoice, Invoice: &archive.Invoice{
			Title: m.Invoice.Title, Description: m.Invoice.Description, Currency: m.Invoice.Currency,
			Amount: m.Invoice.Amount, Receipt: int(m.Invoice.ReceiptID),
		}}
	case m.Poll != nil:
		return &archive.Media{Kind: archive.MediaKindPoll, Poll: c.poll(m.Poll)}
	case m.Todo != nil:
		return &archive.Media{Kind: archive.MediaKindTodo, Todo: &archive.Todo{
			Title: c.text(m.Todo.Title), OthersCanAppend: m.Todo.OthersCanAppend, OthersCanComplete: m.Todo.OthersCanComplete,
			Items: c.todoItems(m.Todo.Answers),
		}}
	case m.Giveaway != nil:
		return &archive.Media{Kind: archive.MediaKindGiveaway, Giveaway: giveaway(m.Giveaway)}
	case m.GiveawayResults != nil:
		return &archive.Media{Kind: archive.MediaKindResults, Results: giveawayResults(m.GiveawayResults)}
	case m.PaidStars != 0:
		return &archive.Media{Kind: archive.MediaKindPaid, Stars: m.PaidStars}
	}
	return nil
}

// photo stores the photo of a message or an action; nil if it is gone.
func (c *converter) photo(m *resultjson.Message) *archive.File {
	if resultjson.IsPlaceholder(m.Photo) && reasonOf(m.Photo) == archive.MissingUnavailable && m.PhotoFileSize == 0 && m.Width == 0 {
		return nil
	}
	got := c.file(m.Photo, m.PhotoFileSize)
	return &archive.File{
		Key: got.key, Size: sizeOf(m.PhotoFileSize, got), Width: int(m.Width), Height: int(m.Height), MIME: "image/jpeg", Date: m.Date,
	}
}

// sizeOf is the size that the export declares, or, before 2025, the one that is there.
func sizeOf(declared int64, got stored) int64 {
	if declared == 0 {
		return got.size
	}
	return declared
}

func (c *converter) document(m *resultjson.Message) *archive.Media {
	out := &archive.Media{
		Kind: archive.MediaKindDocument, Spoiler: m.Spoiler, TTL: int(m.SelfDestruct),
		StickerEmoji: m.StickerEmoji, Performer: m.Performer,
	}
	switch m.MediaType {
	case "sticker":
		out.Sticker = true
	case "video_message":
		out.RoundVideo = true
	case "voice_message":
		out.Voice = true
	case "animation":
		out.Animation = true
	case "video_file":
		out.Video = true
	case "audio_file":
		out.Audio, out.SongTitle = true, m.Title
	}
	if resultjson.IsPlaceholder(m.File) && reasonOf(m.File) == archive.MissingUnavailable && m.MIMEType == "" && m.MediaType == "" && m.FileSize == 0 {
		return out // it is gone, and what it was
	}
	// An ordinary GIF is a video too; it shows in the folder.
	if m.MediaType == "animation" || m.MediaType == "sticker" {
		out.Video = strings.Contains("/"+m.File, "/video_files/") ||
			resultjson.IsPlaceholder(m.File) && out.Animation && strings.HasPrefix(m.MIMEType, "video/")
	}
	got := c.file(m.File, m.FileSize)
	out.File = &archive.File{
		Key: got.key, Size: sizeOf(m.FileSize, got), Name: fileName(m), MIME: m.MIMEType,
		Width: int(m.Width), Height: int(m.Height), Duration: float64(m.Duration), Date: m.Date,
	}
	if m.Thumbnail != "" {
		thumb := c.file(m.Thumbnail, m.ThumbnailSize)
		out.Thumb = &archive.File{Key: thumb.key, Size: sizeOf(m.ThumbnailSize, thumb)}
	}
	return out
}

// counted are the names that Telegram Desktop gives to documents that have none.
var counted = regexp.MustCompile(`^(audio|video|file)_\d+(@\d\d-\d\d-\d{4}_\d\d-\d\d-\d\d)?( \(\d+\))?\.[^.]*$`)

// fileName is the document's own name. Before 2024 exports say it by the path alone.
func fileName(m *resultjson.Message) string {
	if m.FileName != "" || m.Has("file_name") {
		return m.FileName
	}
	if resultjson.IsPlaceholder(m.File) {
		return ""
	}
	if name := path.Base(m.File); !counted.MatchString(name) {
		return name
	}
	return ""
}

// maxVCard bounds a contact's card, in bytes.
const maxVCard = 64 << 10

func (c *converter) contact(m *resultjson.Message) *archive.Contact {
	out := &archive.Contact{FirstName: m.Contact.FirstName, LastName: m.Contact.LastName, Phone: digits(m.Contact.Phone)}
	if m.Contact.UserID != 0 {
		out.User = archive.NewPeerID(archive.PeerUser, m.Contact.UserID)
	}
	if m.ContactVCard == "" || resultjson.IsPlaceholder(m.ContactVCard) {
		return out
	}
	card, err := c.shelf.text(m.ContactVCard, maxVCard)
	if err != nil {
		c.result.FilesMissing++
		c.remark(faultOf(m.ContactVCard, err))
		return out
	}
	out.VCard = card
	return out
}

// digits are those of a phone number.
func digits(phone string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, phone)
}

func place(l *resultjson.Location) *archive.Place {
	if l == nil || l.Null {
		return &archive.Place{}
	}
	return &archive.Place{Valid: true, Latitude: l.Latitude, Longitude: l.Longitude}
}

func (c *converter) game(m *resultjson.Message) *archive.Game {
	g := &archive.Game{Title: m.GameTitle, Description: m.GameDescription}
	if link, short, ok := strings.Cut(m.GameLink, "?game="); ok {
		g.ShortName = short
		g.Bot = c.names.called(link[strings.LastIndexByte(link, '/')+1:], true)
	}
	return g
}

func (c *converter) poll(p *resultjson.Poll) *archive.Poll {
	out := &archive.Poll{Question: c.text(p.Question), Closed: p.Closed, Voters: int(p.TotalVoters), Answers: []archive.PollAnswer{}}
	for _, a := range p.Answers {
		out.Answers = append(out.Answers, archive.PollAnswer{Text: c.text(a.Text), Voters: int(a.Voters), Chosen: a.Chosen})
	}
	return out
}

func (c *converter) todoItems(items []resultjson.TodoItem) []archive.TodoItem {
	out := []archive.TodoItem{}
	for _, one := range items {
		out = append(out, archive.TodoItem{ID: int(one.ID), Text: c.text(one.Text)})
	}
	return out
}

func giveaway(g *resultjson.Giveaway) *archive.Giveaway {
	out := &archive.Giveaway{
		Quantity: int(g.Quantity), Months: int(g.Months), Until: g.Until, Countries: g.Countries, Prize: g.Prize, Stars: g.Stars, OnlyNew: g.OnlyNew,
	}
	for _, id := range g.Channels {
		out.Channels = append(out.Channels, archive.NewPeerID(archive.PeerChannel, id))
	}
	return out
}

func giveawayResults(g *resultjson.GiveawayResults) *archive.GiveawayResults {
	out := &archive.GiveawayResults{
		Prize: g.Prize, Until: g.Until, Launch: int(g.LaunchID), Additional: int(g.Additional), Count: int(g.Count),
		Unclaimed: int(g.Unclaimed), Months: int(g.Months), Stars: g.Stars, Refunded: g.Refunded, OnlyNew: g.OnlyNew,
	}
	if g.Channel != 0 {
		out.Channel = archive.NewPeerID(archive.PeerChannel, g.Channel)
	}
	for _, id := range g.Winners {
		out.Winners = append(out.Winners, archive.PeerID(id))
	}
	return out
}
