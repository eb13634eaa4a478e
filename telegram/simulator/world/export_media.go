package world

import (
	"cmp"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gotd/td/tg"

	"telekeep/internal/resultjson"
)

// numeric reads an id that is written as digits, else 0.
func numeric(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// messageMedia makes the media of a message, or nil.
func (c *chatImport) messageMedia(m *resultjson.Message) tg.MessageMediaClass {
	switch {
	case m.Photo != "":
		out := &tg.MessageMediaPhoto{Spoiler: m.Spoiler, TTLSeconds: int(m.SelfDestruct)}
		out.Photo = c.photo(m.Photo, m.PhotoFileSize, m.Width, m.Height)
		return out
	case m.File != "":
		return c.document(m)
	case m.Contact != nil:
		return c.contact(m)
	case m.PlaceName != "" || m.Address != "":
		return &tg.MessageMediaVenue{Geo: geo(m.Location), Title: m.PlaceName, Address: m.Address}
	case m.LivePeriod != 0:
		return &tg.MessageMediaGeoLive{Geo: geo(m.Location), Period: int(m.LivePeriod)}
	case m.Location != nil:
		return &tg.MessageMediaGeo{Geo: geo(m.Location)}
	case m.GameTitle != "" || m.GameDescription != "" || m.GameLink != "":
		return c.game(m)
	case m.Invoice != nil:
		in := m.Invoice
		out := &tg.MessageMediaInvoice{
			Title: in.Title, Description: in.Description, Currency: in.Currency, TotalAmount: in.Amount, ReceiptMsgID: int(in.ReceiptID),
		}
		return out
	case m.Poll != nil:
		return c.poll(m)
	case m.Todo != nil:
		return &tg.MessageMediaToDo{Todo: tg.TodoList{
			OthersCanAppend: m.Todo.OthersCanAppend, OthersCanComplete: m.Todo.OthersCanComplete,
			Title: c.textTL(m.Todo.Title), List: c.todoItems(m.Todo.Answers),
		}}
	case m.Giveaway != nil:
		return giveaway(m.Giveaway)
	case m.GiveawayResults != nil:
		return c.giveawayResults(m.GiveawayResults)
	case m.PaidStars != 0:
		return &tg.MessageMediaPaidMedia{
			StarsAmount: m.PaidStars, ExtendedMedia: []tg.MessageExtendedMediaClass{&tg.MessageExtendedMediaPreview{}},
		}
	}
	return nil
}

// document makes the document of a message. Of one that destroyed itself there
// is only the period, of one that is gone nothing.
func (c *chatImport) document(m *resultjson.Message) tg.MessageMediaClass {
	out := &tg.MessageMediaDocument{Spoiler: m.Spoiler, TTLSeconds: int(m.SelfDestruct)}
	out.Video = m.MediaType == "video_file"
	out.Round = m.MediaType == "video_message"
	out.Voice = m.MediaType == "voice_message"
	id := c.fileID(m.File, "document")
	if resultjson.IsPlaceholder(m.File) && m.MIMEType == "" && m.MediaType == "" && m.FileSize == 0 {
		if m.SelfDestruct == 0 {
			out.Document = &tg.DocumentEmpty{ID: id}
		}
		return out
	}
	f := &file{id: id, date: c.lastDate, dc: c.dcOf(id), mime: mimeType(m), parts: map[string]content{}}
	f.parts[""] = c.contentOf(m.File, m.FileSize, c.warnf)
	known := c.w.shelf[id]
	if known != nil {
		f.date = known.date
	}
	d := &tg.Document{
		ID: id, Date: f.date, MimeType: f.mime, Size: f.parts[""].Size(), DCID: f.dc, Attributes: c.attributes(m),
	}
	c.thumb(m, f, d)
	if known != nil && known.parts["m"] != nil && f.parts["m"] == nil {
		f.parts["m"] = known.parts["m"]
	}
	c.w.shelf[id] = f
	out.Document = d
	return out
}

// attributes are what tells the kinds of documents apart. Whether an animation
// or a sticker is a video shows in the folder Telegram Desktop put it in.
func (c *chatImport) attributes(m *resultjson.Message) []tg.DocumentAttributeClass {
	var out []tg.DocumentAttributeClass
	w, h := int(m.Width), int(m.Height)
	video := &tg.DocumentAttributeVideo{W: w, H: h, Duration: float64(m.Duration), SupportsStreaming: true}
	isVideo := c.isVideo(m)
	switch m.MediaType {
	case "sticker":
		out = append(out, &tg.DocumentAttributeSticker{Alt: m.StickerEmoji, Stickerset: &tg.InputStickerSetEmpty{}})
	case "video_message":
		video.RoundMessage, isVideo = true, true
	case "voice_message":
		out = append(out, &tg.DocumentAttributeAudio{Voice: true, Duration: int(m.Duration)})
	case "animation":
		out = append(out, &tg.DocumentAttributeAnimated{})
	case "video_file":
		isVideo = true
	case "audio_file":
		out = append(out, &tg.DocumentAttributeAudio{Duration: int(m.Duration), Title: m.Title, Performer: m.Performer})
	case "":
	default:
		c.warnf("media of the type %q is served as a plain file", m.MediaType)
	}
	switch {
	case isVideo:
		out = append(out, video)
	case w > 0 && h > 0:
		out = append(out, &tg.DocumentAttributeImageSize{W: w, H: h})
	}
	if name := c.fileName(m); name != "" {
		out = append(out, &tg.DocumentAttributeFilename{FileName: name})
	}
	return out
}

func (c *chatImport) isVideo(m *resultjson.Message) bool {
	switch m.MediaType {
	case "sticker", "animation":
	default:
		return false
	}
	if m.Duration != 0 || strings.Contains("/"+m.File, "/video_files/") {
		return true
	}
	return resultjson.IsPlaceholder(m.File) && m.MediaType == "animation" && strings.HasPrefix(mimeType(m), "video/")
}

// maxVCard bounds the card that travels inside a message, in bytes.
const maxVCard = 64 << 10

func (c *chatImport) contact(m *resultjson.Message) tg.MessageMediaClass {
	out := &tg.MessageMediaContact{
		FirstName: m.Contact.FirstName, LastName: m.Contact.LastName, PhoneNumber: digits(m.Contact.Phone), UserID: m.Contact.UserID,
	}
	if m.ContactVCard == "" {
		return out
	}
	card := c.contentOf(m.ContactVCard, m.ContactVCardLen, c.warnf)
	on, ok := card.(onDisk)
	if !ok || on.size > maxVCard {
		c.warnf("a contact's card cannot be read; the contact is served without it")
		return out
	}
	data, err := os.ReadFile(filepath.Clean(on.path))
	if err != nil {
		c.warnf("a contact's card cannot be read; the contact is served without it")
		return out
	}
	out.Vcard = string(data)
	return out
}

func geo(l *resultjson.Location) tg.GeoPointClass {
	if l == nil || l.Null {
		return &tg.GeoPointEmpty{}
	}
	return &tg.GeoPoint{Lat: l.Latitude, Long: l.Longitude}
}

func (c *chatImport) game(m *resultjson.Message) tg.MessageMediaClass {
	_, short, _ := gameLink(m.GameLink)
	id := int64(mixText(c.w.key, "game "+m.GameTitle) >> 1)
	return &tg.MessageMediaGame{Game: tg.Game{
		ID: id, AccessHash: id, ShortName: short, Title: m.GameTitle, Description: m.GameDescription, Photo: &tg.PhotoEmpty{ID: id},
	}}
}

func (c *chatImport) poll(m *resultjson.Message) tg.MessageMediaClass {
	id := c.fileID("", "poll")
	out := &tg.MessageMediaPoll{Poll: tg.Poll{
		ID: id, Closed: m.Poll.Closed, Question: c.textTL(m.Poll.Question), Answers: []tg.PollAnswerClass{}, Hash: id,
	}}
	out.Results.SetTotalVoters(int(m.Poll.TotalVoters))
	var voters []tg.PollAnswerVoters
	for i, a := range m.Poll.Answers {
		option := []byte{byte('0' + i)}
		out.Poll.Answers = append(out.Poll.Answers, &tg.PollAnswer{Text: c.textTL(a.Text), Option: option})
		v := tg.PollAnswerVoters{Chosen: a.Chosen, Option: option, RecentVoters: []tg.PeerClass{}}
		v.SetVoters(int(a.Voters))
		voters = append(voters, v)
	}
	out.Results.SetResults(voters)
	return out
}

func (c *chatImport) todoItems(items []resultjson.TodoItem) []tg.TodoItem {
	out := []tg.TodoItem{}
	for _, one := range items {
		out = append(out, tg.TodoItem{ID: int(one.ID), Title: c.textTL(one.Text)})
	}
	return out
}

func giveaway(g *resultjson.Giveaway) tg.MessageMediaClass {
	return &tg.MessageMediaGiveaway{
		OnlyNewSubscribers: g.OnlyNew, Channels: append([]int64{}, g.Channels...), CountriesISO2: g.Countries,
		PrizeDescription: g.Prize, Quantity: int(g.Quantity), Months: int(g.Months), Stars: g.Stars, UntilDate: int(g.Until),
	}
}

func (c *chatImport) giveawayResults(g *resultjson.GiveawayResults) tg.MessageMediaClass {
	out := &tg.MessageMediaGiveawayResults{
		OnlyNewSubscribers: g.OnlyNew, Refunded: g.Refunded, ChannelID: g.Channel, AdditionalPeersCount: int(g.Additional),
		LaunchMsgID: int(g.LaunchID), WinnersCount: int(g.Count), UnclaimedCount: int(g.Unclaimed), Winners: []int64{},
		Months: int(g.Months), Stars: g.Stars, PrizeDescription: g.Prize, UntilDate: int(g.Until),
	}
	for _, w := range g.Winners {
		if p := c.importer.peer(w); p.kind == 'u' {
			out.Winners = append(out.Winners, p.id)
		} else {
			c.warnf("a winner of a giveaway is no user; left out")
		}
	}
	return out
}

// money reads an amount as Telegram Desktop shows it ("€14.99", "14,99 €") into
// a currency and its smallest unit.
func money(text string) (currency string, amount int64, ok bool) {
	const decimals = 2
	number := strings.Trim(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '.' || r == ',' {
			return r
		}
		return -1
	}, text), ".,")
	symbol := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || strings.ContainsRune(".,'\u00a0", r) {
			return -1
		}
		return r
	}, text))
	currency = cmp.Or(symbols[symbol], symbol)
	whole, fraction := number, ""
	if i := strings.LastIndexAny(number, ".,"); i >= 0 && len(number)-i-1 <= decimals {
		whole, fraction = number[:i], number[i+1:]
	}
	whole = digits(whole)
	if !currencyUnit[currency] {
		fraction = (fraction + "00")[:decimals]
	}
	amount, err := strconv.ParseInt(whole+fraction, 10, 64)
	return currency, amount, err == nil && len(currency) == 3
}

// symbols are the signs that stand for a currency.
var symbols = map[string]string{
	"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₴": "UAH", "₽": "RUB", "₩": "KRW", "₪": "ILS", "₺": "TRY", "₸": "KZT", "R$": "BRL", "⭐": "XTR", "⭐️": "XTR",
}

// currencyUnit are the currencies without smaller units.
var currencyUnit = map[string]bool{"JPY": true, "KRW": true, "XTR": true, "CLP": true, "VND": true, "ISK": true}
