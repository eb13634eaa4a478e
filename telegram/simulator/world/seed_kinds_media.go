package world

import "github.com/gotd/td/tg"

// documents: every kind of file.
func (e *exhibit) documents() {
	video := func(round bool) *tg.DocumentAttributeVideo {
		return &tg.DocumentAttributeVideo{Duration: 3, W: 240, H: 240, RoundMessage: round}
	}
	song := &tg.DocumentAttributeAudio{Duration: 200}
	song.SetPerformer("The Made-Up Five")
	song.SetTitle("Tide")
	named := func(name string) tg.DocumentAttributeClass { return &tg.DocumentAttributeFilename{FileName: name} }
	const film = "\x00\x00\x00\x18ftypmp42"
	none := &tg.InputStickerSetEmpty{}
	put := func(d *tg.Document) { e.show(&tg.MessageMediaDocument{Document: d}) }
	put(e.document("application/pdf", "%PDF-1.7\n", named("Catalogue.pdf")))
	put(e.document("text/plain", "", named("../odd name?.txt")))
	put(e.document("application/zip", "PK"))
	put(e.document("image/webp", "RIFF", &tg.DocumentAttributeImageSize{W: 512, H: 512}, &tg.DocumentAttributeSticker{Alt: "🐎", Stickerset: none}, named("sticker.webp")))
	put(e.document("video/webm", "\x1a\x45\xdf\xa3", video(false), &tg.DocumentAttributeSticker{Alt: "🐎", Stickerset: none}, named("sticker.webm")))
	put(e.document("video/mp4", film, video(false), &tg.DocumentAttributeAnimated{}, named("dance.mp4")))
	put(e.document("audio/ogg", "OggS", &tg.DocumentAttributeAudio{Voice: true, Duration: 4, Waveform: []byte{1, 2}}))
	put(e.document("audio/mpeg", "ID3\x03", song, named("tide.mp3")))
	e.show(&tg.MessageMediaDocument{Round: true, Document: e.document("video/mp4", film, video(true))})
	covered := e.document("video/mp4", film, video(false))
	small := e.town.w.shelf[covered.ID]
	small.parts["m"] = made{seed: mix(e.town.seed, 't'), size: 700, head: e.town.files.pictures[0][:500]}
	covered.Thumbs = []tg.PhotoSizeClass{&tg.PhotoStrippedSize{Type: "i", Bytes: []byte(stripped)}, &tg.PhotoSize{Type: "m", W: 320, H: 180, Size: 700}}
	e.show(&tg.MessageMediaDocument{Video: true, Spoiler: true, Document: covered, VideoCover: e.photo()})
	e.show(&tg.MessageMediaPhoto{Photo: e.photo(), Spoiler: true})
	live := &tg.MessageMediaPhoto{Photo: e.photo()}
	live.SetVideo(e.document("video/mp4", film, video(false)))
	e.show(live)
	e.show(&tg.MessageMediaPhoto{Photo: e.photo(), TTLSeconds: 10})
	e.show(&tg.MessageMediaDocument{TTLSeconds: 10})
	e.show(&tg.MessageMediaUnsupported{})
}

// things: places, contacts, games, polls, lists, links, stories.
func (e *exhibit) things() {
	at := &tg.GeoPoint{Lat: 54.3, Long: 10.1, AccuracyRadius: 12}
	e.show(&tg.MessageMediaContact{PhoneNumber: "99966100200", FirstName: "Otto", LastName: "Made-Up", Vcard: "BEGIN:VCARD\nFN:Otto\nEND:VCARD\n", UserID: e.place.members[1]})
	e.show(&tg.MessageMediaGeo{Geo: at})
	e.show(&tg.MessageMediaGeo{Geo: &tg.GeoPointEmpty{}})
	e.show(&tg.MessageMediaGeoLive{Geo: at, Heading: 90, Period: 900, ProximityNotificationRadius: 50})
	e.show(&tg.MessageMediaVenue{Geo: at, Title: "Café Lotse", Address: "Am Kai 3", Provider: "foursquare", VenueID: "v", VenueType: "cafe"})
	e.show(&tg.MessageMediaDice{Value: 5, Emoticon: "🎲"})
	e.say(&tg.Message{FromID: userPeer(e.bot).tl(), Media: &tg.MessageMediaGame{Game: tg.Game{
		ID: 1, AccessHash: 2, ShortName: "tides", Title: "Tides", Description: "Mind the tide.", Photo: e.photo(),
	}}})
	e.say(&tg.Message{Message: "https://example.org/list", Media: &tg.MessageMediaWebPage{Webpage: &tg.WebPage{
		ID: 3, URL: "https://example.org/list", DisplayURL: "example.org/list", Type: "article", SiteName: "Example", Title: "The list",
		Description: "Who brings what.", Author: "Ida", Photo: e.photo(),
	}}})
	e.poll(false)
	e.poll(true)
	todo := &tg.MessageMediaToDo{Todo: tg.TodoList{
		OthersCanAppend: true, OthersCanComplete: true, Title: words("Packing"),
		List: []tg.TodoItem{{ID: 1, Title: words("Tent", &tg.MessageEntityBold{Length: 4})}, {ID: 2, Title: words("Stove")}},
	}}
	todo.SetCompletions([]tg.TodoCompletion{{ID: 2, CompletedBy: userPeer(e.place.members[1]).tl(), Date: lifeBegins}})
	e.show(todo)
	e.show(&tg.MessageMediaStory{Peer: userPeer(e.place.members[1]).tl(), ID: 3, ViaMention: true})
	e.show(&tg.MessageMediaStory{Peer: userPeer(e.place.members[1]).tl(), ID: 4, Story: &tg.StoryItem{
		ID: 4, Date: lifeBegins, ExpireDate: lifeBegins + 86400, Caption: "At the sea", Media: &tg.MessageMediaPhoto{Photo: e.photo()},
	}})
	e.show(&tg.MessageMediaVideoStream{Call: &tg.InputGroupCall{ID: 5, AccessHash: 6}})
}

// poll makes one, or a quiz with its solution.
func (e *exhibit) poll(quiz bool) {
	q := &tg.MessageMediaPoll{Poll: tg.Poll{
		ID: 8, Hash: 8, Quiz: quiz, PublicVoters: true, Closed: quiz, Question: words("Which way? 🐎", &tg.MessageEntityCustomEmoji{Offset: 11, Length: 2, DocumentID: emojiID(3)}),
		Answers: []tg.PollAnswerClass{
			&tg.PollAnswer{Text: words("Left", &tg.MessageEntityItalic{Length: 4}), Option: []byte{0}},
			&tg.PollAnswer{Text: words("Right"), Option: []byte{1}, Media: &tg.MessageMediaPhoto{Photo: e.photo()}},
		},
	}}
	voters := func(option byte, n int, right bool) tg.PollAnswerVoters {
		v := tg.PollAnswerVoters{Option: []byte{option}, Chosen: right, Correct: right && quiz, RecentVoters: []tg.PeerClass{userPeer(e.place.members[1]).tl()}}
		v.SetVoters(n)
		return v
	}
	q.Results.SetResults([]tg.PollAnswerVoters{voters(0, 2, false), voters(1, 3, true)})
	q.Results.SetTotalVoters(5)
	if quiz {
		q.Results.SetSolution("Keep right.")
		q.Results.SetSolutionEntities([]tg.MessageEntityClass{&tg.MessageEntityBold{Length: 4}})
	}
	e.show(q)
}

// trade: what is sold, paid for or won.
func (e *exhibit) trade() {
	invoice := func(m tg.MessageMediaInvoice) *tg.MessageMediaInvoice {
		m.Title, m.Description, m.Currency, m.TotalAmount, m.StartParam = "A map", "Of the coast.", "EUR", 1499, "map"
		return &m
	}
	e.say(&tg.Message{FromID: userPeer(e.bot).tl(), Media: invoice(tg.MessageMediaInvoice{ReceiptMsgID: 3})})
	e.say(&tg.Message{FromID: userPeer(e.bot).tl(), Media: invoice(tg.MessageMediaInvoice{ExtendedMedia: &tg.MessageExtendedMediaPreview{W: 30, H: 20}})})
	e.show(&tg.MessageMediaPaidMedia{StarsAmount: 50, ExtendedMedia: []tg.MessageExtendedMediaClass{
		&tg.MessageExtendedMedia{Media: &tg.MessageMediaPhoto{Photo: e.photo()}},
		&tg.MessageExtendedMediaPreview{W: 30, H: 20},
	}})
	e.show(&tg.MessageMediaGiveaway{
		OnlyNewSubscribers: true, WinnersAreVisible: true, Channels: []int64{exhibitChat}, CountriesISO2: []string{"NO"}, PrizeDescription: "A boat", Quantity: 2, Months: 3, UntilDate: lifeEnds,
	})
	e.show(&tg.MessageMediaGiveawayResults{
		ChannelID: exhibitChat, LaunchMsgID: 9, WinnersCount: 2, UnclaimedCount: 1, Winners: []int64{e.place.members[1]}, Months: 3, PrizeDescription: "A boat", UntilDate: lifeEnds,
	})
	e.say(&tg.Message{Message: "An offer.", SuggestedPost: tg.SuggestedPost{Accepted: true, Price: &tg.StarsAmount{Amount: 4}, ScheduleDate: lifeEnds}})
}

// articles: a message laid out like one, whole, and another of which a history
// tells the beginning.
func (e *exhibit) articles() {
	picture := e.photo()
	plain := func(s string) tg.RichTextClass { return &tg.TextPlain{Text: s} }
	blocks := []tg.PageBlockClass{
		&tg.PageBlockHeading1{Text: plain("On tides")},
		&tg.PageBlockParagraph{Text: &tg.TextConcat{Texts: []tg.RichTextClass{plain("They "), &tg.TextBold{Text: plain("come")}, plain(" and go.")}}},
		&tg.PageBlockPhoto{PhotoID: picture.ID, Caption: tg.PageCaption{Text: plain("Low tide"), Credit: &tg.TextEmpty{}}},
		&tg.PageBlockOrderedList{Items: []tg.PageListOrderedItemClass{&tg.PageListOrderedItemText{Num: "1", Text: plain("Flood")}, &tg.PageListOrderedItemText{Num: "2", Text: plain("Ebb")}}},
	}
	film := e.document("video/mp4", "\x00\x00\x00\x18ftypmp42", &tg.DocumentAttributeVideo{Duration: 3, W: 240, H: 240})
	whole := tg.RichMessage{Blocks: blocks, Photos: []tg.PhotoClass{picture}, Documents: []tg.DocumentClass{film}}
	e.say(&tg.Message{RichMessage: whole})
	part := tg.RichMessage{Part: true, Blocks: blocks[:1], Photos: []tg.PhotoClass{}, Documents: []tg.DocumentClass{}}
	id := e.say(&tg.Message{RichMessage: part})
	long := decodeMessage(e.list.data[id-1]).(*tg.Message)
	long.RichMessage = whole
	e.town.w.articles[article{e.place.peer, id}] = encodeMessage(long)
}
