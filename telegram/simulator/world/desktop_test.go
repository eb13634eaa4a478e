package world

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/gotd/td/tg"
)

// A desktop writes messages the way Telegram Desktop exports them, from what a
// server answers. It is the other direction of FromExport, written from the
// description of the format and not from the importer. Paths are left out.
type desktop struct {
	messages
	chat  peer
	shift int64 // of ids, for a group that became a supergroup
	self  int64
}

type object = map[string]any

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

func stampOf(o object, key string, date int) {
	o[key] = time.Unix(int64(date), 0).UTC().Format("2006-01-02T15:04:05")
	o[key+"_unixtime"] = strconv.Itoa(date)
}

func (d *desktop) name(p peer) any {
	text := ""
	if p.kind == 'u' {
		if u := d.users[p.id]; u != nil {
			text = strings.TrimSpace(u.FirstName + " " + u.LastName)
		}
	} else {
		switch c := d.chats[p.id].(type) {
		case *tg.Chat:
			text = c.Title
		case *tg.Channel:
			text = c.Title
		}
	}
	if text == "" {
		return nil
	}
	return text
}

func (d *desktop) userNames(ids []int64) []any {
	out := []any{}
	for _, id := range ids {
		out = append(out, d.name(userPeer(id)))
	}
	return out
}

func (d *desktop) from(o object, label string, from tg.PeerClass) {
	p := fromTL(from)
	if p.isZero() {
		p = d.chat
	}
	o[label], o[label+"_id"] = d.name(p), p.String()
}

func (d *desktop) reply(o object, key string, r tg.MessageReplyHeaderClass) {
	h, ok := r.(*tg.MessageReplyHeader)
	if !ok {
		return
	}
	o[key] = number(int64(h.ReplyToMsgID) + d.shift)
	if p := fromTL(h.ReplyToPeerID); !p.isZero() && p != d.chat {
		o[key] = number(int64(h.ReplyToMsgID))
		o["reply_to_peer_id"] = p.String()
	}
}

// parts cuts a text as Telegram Desktop does, with its mistakes.
func parts(text string, entities []tg.MessageEntityClass) []any {
	units := utf16.Encode([]rune(text))
	mid := func(from, to int) string {
		return string(utf16.Decode(units[min(from, len(units)):min(to, len(units))]))
	}
	out, offset := []any{}, 0
	plain := func(till int) {
		if till > offset {
			out = append(out, object{"type": "plain", "text": mid(offset, till)})
			offset = till
		}
	}
	for _, e := range entities {
		start, length := e.GetOffset(), e.GetLength()
		if start < offset || length <= 0 || start+length > len(text) {
			continue
		}
		plain(start)
		o := object{"text": mid(start, start+length)}
		switch e := e.(type) {
		case *tg.MessageEntityMention:
			o["type"] = "mention"
		case *tg.MessageEntityHashtag:
			o["type"] = "hashtag"
		case *tg.MessageEntityBotCommand:
			o["type"] = "bot_command"
		case *tg.MessageEntityURL:
			o["type"] = "link"
		case *tg.MessageEntityEmail:
			o["type"] = "email"
		case *tg.MessageEntityBold:
			o["type"] = "bold"
		case *tg.MessageEntityItalic:
			o["type"] = "italic"
		case *tg.MessageEntityCode:
			o["type"] = "code"
		case *tg.MessageEntityPre:
			o["type"], o["language"] = "pre", e.Language
		case *tg.MessageEntityTextURL:
			o["type"], o["href"] = "text_link", e.URL
		case *tg.MessageEntityMentionName:
			o["type"], o["user_id"] = "mention_name", number(e.UserID)
		case *tg.MessageEntityPhone:
			o["type"] = "phone"
		case *tg.MessageEntityCashtag:
			o["type"] = "cashtag"
		case *tg.MessageEntityUnderline:
			o["type"] = "underline"
		case *tg.MessageEntityStrike:
			o["type"] = "strikethrough"
		case *tg.MessageEntityBlockquote:
			o["type"], o["collapsed"] = "blockquote", e.Collapsed
		case *tg.MessageEntityBankCard:
			o["type"] = "bank_card"
		case *tg.MessageEntitySpoiler:
			o["type"] = "spoiler"
		case *tg.MessageEntityCustomEmoji:
			o["type"] = "custom_emoji"
		case *tg.MessageEntityUnknown:
			o["type"] = "unknown"
		}
		out = append(out, o)
		offset = start + length
	}
	plain(len(text)) // bytes, not units
	return out
}

// joined is the "text" of parts.
func joined(all []any) any {
	if len(all) == 0 {
		return ""
	}
	out := []any{}
	for _, p := range all {
		p := p.(object)
		if p["type"] == "plain" {
			out = append(out, p["text"])
		} else {
			out = append(out, p)
		}
	}
	if text, ok := out[0].(string); ok && len(out) == 1 {
		return text
	}
	return out
}

func joinedTL(t tg.TextWithEntities) any { return joined(parts(t.Text, t.Entities)) }

// write makes the JSON object of a message.
func (d *desktop) write(m tg.MessageClass) object {
	o := object{"id": number(int64(m.GetID()) + d.shift), "type": "message"}
	switch m := m.(type) {
	case *tg.Message:
		if _, ok := m.Media.(*tg.MessageMediaUnsupported); ok {
			o["type"] = "unsupported"
			return o
		}
		stampOf(o, "date", m.Date)
		d.message(o, m)
	case *tg.MessageService:
		o["type"] = "service"
		stampOf(o, "date", m.Date)
		o["text"], o["text_entities"] = "", []any{}
		d.action(o, m)
	}
	return o
}

func (d *desktop) message(o object, m *tg.Message) {
	if m.EditDate != 0 {
		stampOf(o, "edited", m.EditDate)
	}
	d.from(o, "from", m.FromID)
	text(o, "author", m.PostAuthor)
	if f, ok := m.GetFwdFrom(); ok {
		if p := fromTL(f.FromID); !p.isZero() {
			o["forwarded_from"] = d.name(p)
		} else if f.FromName != "" {
			o["forwarded_from"] = f.FromName
		}
		if p := fromTL(f.SavedFromPeer); !p.isZero() {
			o["saved_from"] = d.name(p)
		}
	}
	d.reply(o, "reply_to_message_id", m.ReplyTo)
	if u := d.users[m.ViaBotID]; u != nil {
		o["via_bot"] = "@" + u.Username
	}
	d.media(o, m)
	all := parts(m.Message, m.Entities)
	o["text"], o["text_entities"] = joined(all), all
	d.buttons(o, m.ReplyMarkup)
	d.reactions(o, m)
}

func text(o object, key, value string) {
	if value != "" {
		o[key] = value
	}
}

func nonzero(o object, key string, n int) {
	if n != 0 {
		o[key] = number(int64(n))
	}
}

func truth(o object, key string, b bool) {
	if b {
		o[key] = true
	}
}

func photoFacts(o object, p tg.PhotoClass) {
	o["photo_file_size"] = number(0)
	photo, ok := p.(*tg.Photo)
	if !ok {
		return
	}
	area := 0
	for _, s := range photo.Sizes {
		w, h, size := 0, 0, 0
		switch s := s.(type) {
		case *tg.PhotoSize:
			w, h, size = s.W, s.H, s.Size
		case *tg.PhotoSizeProgressive:
			w, h, size = s.W, s.H, s.Sizes[len(s.Sizes)-1]
		}
		if w*h > area {
			area = w * h
			o["width"], o["height"], o["photo_file_size"] = number(int64(w)), number(int64(h)), number(int64(size))
		}
	}
}

func (d *desktop) media(o object, m *tg.Message) {
	switch media := m.Media.(type) {
	case *tg.MessageMediaPhoto:
		photoFacts(o, media.Photo)
		truth(o, "media_spoiler", media.Spoiler)
		nonzero(o, "self_destruct_period_seconds", media.TTLSeconds)
	case *tg.MessageMediaDocument:
		documentFacts(o, media)
	case *tg.MessageMediaContact:
		o["contact_information"] = object{"first_name": media.FirstName, "last_name": media.LastName, "phone_number": media.PhoneNumber}
		nonzero(o, "contact_vcard_file_size", len(media.Vcard))
	case *tg.MessageMediaGeo:
		o["location_information"] = place2(media.Geo)
	case *tg.MessageMediaGeoLive:
		o["location_information"] = place2(media.Geo)
		nonzero(o, "live_location_period_seconds", media.Period)
	case *tg.MessageMediaVenue:
		text(o, "place_name", media.Title)
		text(o, "address", media.Address)
		o["location_information"] = place2(media.Geo)
	case *tg.MessageMediaGame:
		text(o, "game_title", media.Game.Title)
		text(o, "game_description", media.Game.Description)
		if u := d.users[fromTL(m.FromID).id]; u == nil && d.users[d.chat.id] != nil && d.users[d.chat.id].Bot {
			o["game_link"] = "https://t.me/" + d.users[d.chat.id].Username + "?game=" + media.Game.ShortName
		}
	case *tg.MessageMediaInvoice:
		in := object{"title": media.Title, "description": media.Description, "amount": number(media.TotalAmount), "currency": media.Currency}
		nonzero(in, "receipt_message_id", media.ReceiptMsgID)
		o["invoice_information"] = in
	case *tg.MessageMediaPoll:
		o["poll"] = pollFacts(media)
	case *tg.MessageMediaToDo:
		o["todo_list"] = object{
			"title": joinedTL(media.Todo.Title), "others_can_append": media.Todo.OthersCanAppend,
			"others_can_complete": media.Todo.OthersCanComplete, "answers": items(media.Todo.List),
		}
	case *tg.MessageMediaGiveaway:
		until := object{}
		stampOf(until, "date", media.UntilDate)
		channels, countries := []any{}, []any{}
		for _, id := range media.Channels {
			channels = append(channels, number(id))
		}
		for _, c := range media.CountriesISO2 {
			countries = append(countries, c)
		}
		o["giveaway_information"] = object{
			"quantity": number(int64(media.Quantity)), "months": number(int64(media.Months)), "until_date": until["date"],
			"channels": channels, "countries": countries, "additional_prize": media.PrizeDescription,
			"stars": number(media.Stars), "is_only_new_subscribers": media.OnlyNewSubscribers,
		}
	case *tg.MessageMediaGiveawayResults:
		until := object{}
		stampOf(until, "date", media.UntilDate)
		winners := []any{}
		for _, id := range media.Winners {
			winners = append(winners, number(id))
		}
		o["giveaway_results"] = object{
			"channel": number(media.ChannelID), "winners": winners, "additional_prize": media.PrizeDescription,
			"until_date": until["date"], "launch_message_id": number(int64(media.LaunchMsgID)),
			"additional_peers_count": number(int64(media.AdditionalPeersCount)), "winners_count": number(int64(media.WinnersCount)),
			"unclaimed_count": number(int64(media.UnclaimedCount)), "months": number(int64(media.Months)),
			"stars": number(media.Stars), "is_refunded": media.Refunded, "is_only_new_subscribers": media.OnlyNewSubscribers,
		}
	case *tg.MessageMediaPaidMedia:
		o["paid_stars_amount"] = number(media.StarsAmount)
	}
}

func place2(g tg.GeoPointClass) any {
	if g, ok := g.(*tg.GeoPoint); ok {
		return object{"latitude": g.Lat, "longitude": g.Long}
	}
	return nil
}

func items(all []tg.TodoItem) []any {
	out := []any{}
	for _, one := range all {
		out = append(out, object{"text": joinedTL(one.Title), "id": number(int64(one.ID))})
	}
	return out
}

func pollFacts(media *tg.MessageMediaPoll) object {
	answers := []any{}
	for i, a := range media.Poll.Answers {
		v := media.Results.Results[i]
		answers = append(answers, object{
			"text": joinedTL(a.(*tg.PollAnswer).Text), "voters": number(int64(v.Voters)), "chosen": v.Chosen,
		})
	}
	return object{
		"question": joinedTL(media.Poll.Question), "closed": media.Poll.Closed,
		"total_voters": number(int64(media.Results.TotalVoters)), "answers": answers,
	}
}

func documentFacts(o object, media *tg.MessageMediaDocument) {
	truth(o, "media_spoiler", media.Spoiler)
	nonzero(o, "self_destruct_period_seconds", media.TTLSeconds)
	d, ok := media.Document.(*tg.Document)
	if !ok {
		o["file_size"] = number(0)
		return
	}
	o["file_size"] = number(d.Size)
	text(o, "mime_type", d.MimeType)
	for _, t := range d.Thumbs {
		if t, ok := t.(*tg.PhotoSize); ok {
			o["thumbnail_file_size"] = number(int64(t.Size))
		}
	}
	kinds := map[string]bool{}
	for _, a := range d.Attributes {
		switch a := a.(type) {
		case *tg.DocumentAttributeImageSize:
			nonzero(o, "width", a.W)
			nonzero(o, "height", a.H)
		case *tg.DocumentAttributeAnimated:
			kinds["animation"] = true
		case *tg.DocumentAttributeSticker:
			kinds["sticker"] = true
			text(o, "sticker_emoji", a.Alt)
		case *tg.DocumentAttributeVideo:
			kinds["video_file"] = !a.RoundMessage
			kinds["video_message"] = a.RoundMessage
			nonzero(o, "width", a.W)
			nonzero(o, "height", a.H)
			nonzero(o, "duration_seconds", int(a.Duration))
		case *tg.DocumentAttributeAudio:
			kinds["audio_file"] = !a.Voice
			kinds["voice_message"] = a.Voice
			nonzero(o, "duration_seconds", a.Duration)
			text(o, "performer", a.Performer)
			text(o, "title", a.Title)
		case *tg.DocumentAttributeFilename:
			text(o, "file_name", a.FileName)
		}
	}
	for _, kind := range []string{"sticker", "video_message", "voice_message", "animation", "video_file", "audio_file"} {
		if kinds[kind] {
			o["media_type"] = kind
			return
		}
	}
}

func (d *desktop) buttons(o object, m tg.ReplyMarkupClass) {
	inline, ok := m.(*tg.ReplyInlineMarkup)
	if !ok {
		return
	}
	rows := []any{}
	for _, row := range inline.Rows {
		buttons := []any{}
		for _, b := range row.Buttons {
			one := object{}
			text(one, "text", b.Text)
			switch t := b.Type.(type) {
			case *tg.InlineButtonTypeURL:
				one["type"], one["data"] = "url", t.URL
			case *tg.InlineButtonTypeCallback:
				one["type"] = "callback"
				if t.RequiresPassword {
					one["type"] = "callback_with_password"
				}
				one["dataBase64"], one["data"] = base64.RawURLEncoding.EncodeToString(t.Data), ""
			case *tg.InlineButtonTypeSwitchInline:
				one["type"], one["data"] = "switch_inline", t.Query
				if t.SamePeer {
					one["type"] = "switch_inline_same"
				}
			case *tg.InlineButtonTypeGame:
				one["type"] = "game"
			case *tg.InlineButtonTypeBuy:
				one["type"] = "buy"
			case *tg.InlineButtonTypeURLAuth:
				one["type"], one["data"] = "auth", t.URL
				text(one, "forward_text", t.FwdText)
				nonzero(one, "button_id", t.ButtonID)
			case *tg.InlineButtonTypeUserProfile:
				one["type"], one["data"] = "user_profile", strconv.FormatInt(t.UserID, 10)
			case *tg.InlineButtonTypeWebView:
				one["type"], one["data"] = "web_view", t.URL
			case *tg.InlineButtonTypeCopy:
				one["type"], one["data"] = "copy_text", t.CopyText
			}
			buttons = append(buttons, one)
		}
		rows = append(rows, buttons)
	}
	o["inline_bot_buttons"] = rows
}

func (d *desktop) reactions(o object, m *tg.Message) {
	r, ok := m.GetReactions()
	if !ok {
		return
	}
	all := []any{}
	for _, one := range r.Results {
		out := object{"count": number(int64(one.Count))}
		switch kind := one.Reaction.(type) {
		case *tg.ReactionEmoji:
			out["type"], out["emoji"] = "emoji", kind.Emoticon
		case *tg.ReactionCustomEmoji:
			out["type"] = "custom_emoji"
		case *tg.ReactionPaid:
			out["type"] = "paid"
		}
		recents := []any{}
		for _, recent := range r.RecentReactions {
			if fmt.Sprint(recent.Reaction) != fmt.Sprint(one.Reaction) {
				continue
			}
			date := object{}
			stampOf(date, "date", recent.Date)
			p := fromTL(recent.PeerID)
			recents = append(recents, object{"from": d.name(p), "from_id": p.String(), "date": date["date"]})
		}
		if len(recents) > 0 {
			out["recent"] = recents
		}
		all = append(all, out)
	}
	o["reactions"] = all
}
