package export

import "telekeep/archive"

// media writes what a message carries. Link previews, dice and stories have no
// place in Telegram Desktop's export; of them there is only the text.
func (e *encoder) media(o *object, m *archive.Media, at attached) {
	switch m.Kind {
	case archive.MediaKindPhoto:
		photo(o, m.File, m.TTL, m.Spoiler, at)
		o.count("self_destruct_period_seconds", int64(m.TTL))
	case archive.MediaKindDocument:
		document(o, m, at)
	case archive.MediaKindContact:
		contact(o, m.Contact, at)
	case archive.MediaKindLocation, archive.MediaKindLive:
		location(o, m.Place)
	case archive.MediaKindVenue:
		venue(o, m.Place)
	case archive.MediaKindGame:
		e.game(o, m.Game)
	case archive.MediaKindInvoice:
		invoice(o, m.Invoice)
	case archive.MediaKindPoll:
		poll(o, m.Poll)
	case archive.MediaKindTodo:
		todo(o, m.Todo)
	case archive.MediaKindGiveaway:
		e.giveaway(o, m.Giveaway)
	case archive.MediaKindResults:
		e.giveawayResults(o, m.Results)
	case archive.MediaKindPaid:
		o.number("paid_stars_amount", m.Stars)
	}
}

// photo writes the keys of a photo. The file of a self-destructing one is
// forgotten, its width and height are not.
func photo(o *object, f *archive.File, ttl int, spoiler bool, at attached) {
	o.quoted("photo", at.file)
	o.number("photo_file_size", fileSize(f, ttl))
	size(o, f)
	o.mark("media_spoiler", spoiler)
}

func fileSize(f *archive.File, ttl int) int64 {
	if f == nil || ttl != 0 {
		return 0
	}
	return f.Size
}

func size(o *object, f *archive.File) {
	if f != nil && f.Width != 0 && f.Height != 0 {
		o.number("width", int64(f.Width))
		o.number("height", int64(f.Height))
	}
}

func document(o *object, m *archive.Media, at attached) {
	o.quoted("file", at.file)
	if m.File != nil {
		o.text("file_name", m.File.Name)
	}
	o.number("file_size", fileSize(m.File, m.TTL))
	if m.Thumb != nil {
		o.quoted("thumbnail", at.thumb)
		o.number("thumbnail_file_size", m.Thumb.Size)
	}
	documentType(o, m)
	if m.File != nil {
		o.text("mime_type", m.File.MIME)
		o.count("duration_seconds", int64(m.File.Duration))
	}
	size(o, m.File)
	o.mark("media_spoiler", m.Spoiler)
	o.count("self_destruct_period_seconds", int64(m.TTL))
}

func documentType(o *object, m *archive.Media) {
	switch {
	case m.Sticker:
		o.quoted("media_type", "sticker")
		o.text("sticker_emoji", m.StickerEmoji)
	case m.RoundVideo:
		o.quoted("media_type", "video_message")
	case m.Voice:
		o.quoted("media_type", "voice_message")
	case m.Animation:
		o.quoted("media_type", "animation")
	case m.Video:
		o.quoted("media_type", "video_file")
	case m.Audio:
		o.quoted("media_type", "audio_file")
		o.text("performer", m.Performer)
		o.text("title", m.SongTitle)
	}
}

func contact(o *object, c *archive.Contact, at attached) {
	if c == nil {
		c = &archive.Contact{}
	}
	info := o.object("contact_information")
	info.quoted("first_name", c.FirstName)
	info.quoted("last_name", c.LastName)
	info.quoted("phone_number", formatPhone(c.Phone))
	info.end()
	if c.VCard != "" {
		o.quoted("contact_vcard", at.file)
		o.number("contact_vcard_file_size", int64(len(c.VCard)))
	}
}

func location(o *object, p *archive.Place) {
	if p == nil {
		p = &archive.Place{}
	}
	if p.Valid {
		point(o, p)
	} else {
		o.nullable("location_information", "")
	}
	o.count("live_location_period_seconds", int64(p.Period))
}

func point(o *object, p *archive.Place) {
	at := o.object("location_information")
	at.decimal("latitude", p.Latitude)
	at.decimal("longitude", p.Longitude)
	at.end()
}

func venue(o *object, p *archive.Place) {
	if p == nil {
		return
	}
	o.text("place_name", p.Title)
	o.text("address", p.Address)
	if p.Valid {
		point(o, p)
	}
}

// gameDomain stands before the bot's name in a link to a game.
const gameDomain = "https://t.me/"

func (e *encoder) game(o *object, g *archive.Game) {
	if g == nil {
		return
	}
	o.text("game_title", g.Title)
	o.text("game_description", g.Description)
	if name := e.botname(g.Bot); name != "" && g.ShortName != "" {
		o.quoted("game_link", gameDomain+name+"?game="+g.ShortName)
	}
}

// invoice writes an object into a string: Telegram Desktop serialises it twice.
func invoice(o *object, v *archive.Invoice) {
	if v == nil {
		v = &archive.Invoice{}
	}
	var inner buffer
	in := beginObject(&inner, o.indent+1)
	in.quoted("title", v.Title)
	in.quoted("description", v.Description)
	in.number("amount", v.Amount)
	in.quoted("currency", v.Currency)
	in.count("receipt_message_id", int64(v.Receipt))
	in.end()
	o.quoted("invoice_information", string(inner.b))
}

func poll(o *object, p *archive.Poll) {
	if p == nil {
		p = &archive.Poll{}
	}
	in := o.object("poll")
	formatted(&in, "question", p.Question)
	in.boolean("closed", p.Closed)
	in.number("total_voters", int64(p.Voters))
	answers := in.list("answers")
	for _, a := range p.Answers {
		one := answers.object()
		formatted(&one, "text", a.Text)
		one.number("voters", int64(a.Voters))
		one.boolean("chosen", a.Chosen)
		one.end()
	}
	answers.end()
	in.end()
}

// formatted writes a text of a poll or a list. Its custom emoji keep their
// numbers.
func formatted(o *object, key string, t archive.Text) {
	o.key(key)
	textValue(o.w, o.indent+1, parts(t), attached{})
}

func todo(o *object, t *archive.Todo) {
	if t == nil {
		t = &archive.Todo{}
	}
	in := o.object("todo_list")
	formatted(&in, "title", t.Title)
	in.boolean("others_can_append", t.OthersCanAppend)
	in.boolean("others_can_complete", t.OthersCanComplete)
	todoItems(&in, "answers", t.Items)
	in.end()
}

func todoItems(o *object, key string, items []archive.TodoItem) {
	l := o.list(key)
	for _, item := range items {
		one := l.object()
		formatted(&one, "text", item.Text)
		one.number("id", int64(item.ID))
		one.end()
	}
	l.end()
}

func (e *encoder) giveaway(o *object, g *archive.Giveaway) {
	if g == nil {
		g = &archive.Giveaway{}
	}
	in := o.object("giveaway_information")
	in.number("quantity", int64(g.Quantity))
	in.number("months", int64(g.Months))
	e.date(&in, "until_date", g.Until)
	channels := in.list("channels")
	for _, id := range g.Channels {
		channels.item()
		in.w.number(id.Num())
	}
	channels.end()
	countries := in.list("countries")
	for _, code := range g.Countries {
		countries.item()
		in.w.quote(code)
	}
	countries.end()
	in.quoted("additional_prize", g.Prize)
	in.number("stars", g.Stars)
	in.boolean("is_only_new_subscribers", g.OnlyNew)
	in.end()
}

func (e *encoder) giveawayResults(o *object, r *archive.GiveawayResults) {
	if r == nil {
		r = &archive.GiveawayResults{}
	}
	in := o.object("giveaway_results")
	in.number("channel", r.Channel.Num())
	in.key("winners")
	peerValues(in.w, in.indent+1, r.Winners)
	in.quoted("additional_prize", r.Prize)
	e.date(&in, "until_date", r.Until)
	in.number("launch_message_id", int64(r.Launch))
	in.number("additional_peers_count", int64(r.Additional))
	in.number("winners_count", int64(r.Count))
	in.number("unclaimed_count", int64(r.Unclaimed))
	in.number("months", int64(r.Months))
	in.number("stars", r.Stars)
	in.boolean("is_refunded", r.Refunded)
	in.boolean("is_only_new_subscribers", r.OnlyNew)
	in.end()
}

// peerValues writes peers as Telegram Desktop's own numbers for them: the bare
// id, with the kind in the bits from 48 on.
func peerValues(w *buffer, indent int, ids []archive.PeerID) {
	l := beginList(w, indent)
	for _, id := range ids {
		l.item()
		kind, num, _ := id.Split()
		switch kind {
		case archive.PeerChat:
			num |= 1 << 48
		case archive.PeerChannel:
			num |= 2 << 48
		}
		w.number(num)
	}
	l.end()
}
