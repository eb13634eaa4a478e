package normal

import (
	"math"
	"testing"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

type mediaCase struct {
	name string
	in   tg.MessageMediaClass
	want *archive.Media
}

// mediaCases has every kind of media but documents, in messages of user 40.
func mediaCases() []mediaCase {
	words := tg.TextWithEntities{Text: "w"}
	geo := &tg.GeoPoint{Lat: 48.5, Long: -2.25, AccuracyRadius: 10}
	return []mediaCase{
		{"none", &tg.MessageMediaEmpty{}, nil},
		{"photo", &tg.MessageMediaPhoto{Photo: somePhoto(), Spoiler: true}, &archive.Media{Kind: "photo", File: somePhotoFile(), Spoiler: true}},
		{"expired photo", &tg.MessageMediaPhoto{TTLSeconds: 10}, &archive.Media{Kind: "photo", TTL: 10}},
		{"deleted photo", &tg.MessageMediaPhoto{Photo: &tg.PhotoEmpty{ID: 1}}, &archive.Media{Kind: "photo"}},
		{"sketch of a photo", &tg.MessageMediaPhoto{Photo: &tg.Photo{ID: 1, Sizes: []tg.PhotoSizeClass{&tg.PhotoPathSize{Type: "j"}}}}, &archive.Media{Kind: "photo", File: &archive.File{Key: "photo:1"}}},
		{"live photo", &tg.MessageMediaPhoto{Photo: somePhoto(), Video: &tg.Document{ID: 5, Size: 9}}, &archive.Media{Kind: "photo", File: somePhotoFile(), Live: &archive.File{Key: "document:5", Size: 9}}},
		{"expired document", &tg.MessageMediaDocument{TTLSeconds: 10, Spoiler: true}, &archive.Media{Kind: "document", TTL: 10, Spoiler: true}},
		{"deleted document", &tg.MessageMediaDocument{Document: &tg.DocumentEmpty{ID: 1}}, &archive.Media{Kind: "document"}},
		{"contact", &tg.MessageMediaContact{PhoneNumber: "123", FirstName: "A", LastName: "B", Vcard: "BEGIN", UserID: 4}, &archive.Media{Kind: "contact", Contact: &archive.Contact{User: "user4", FirstName: "A", LastName: "B", Phone: "123", VCard: "BEGIN"}}},
		{"contact without account", &tg.MessageMediaContact{PhoneNumber: "123"}, &archive.Media{Kind: "contact", Contact: &archive.Contact{Phone: "123"}}},
		{"location", &tg.MessageMediaGeo{Geo: geo}, &archive.Media{Kind: "location", Place: &archive.Place{Valid: true, Latitude: 48.5, Longitude: -2.25, Accuracy: 10}}},
		{"no location", &tg.MessageMediaGeo{Geo: &tg.GeoPointEmpty{}}, &archive.Media{Kind: "location", Place: &archive.Place{}}},
		{"no number", &tg.MessageMediaGeo{Geo: &tg.GeoPoint{Lat: math.NaN(), Long: math.Inf(-1)}}, &archive.Media{Kind: "location", Place: &archive.Place{}}},
		{"live location", &tg.MessageMediaGeoLive{Geo: geo, Period: 900, Heading: 90, ProximityNotificationRadius: 50}, &archive.Media{Kind: "live_location", Place: &archive.Place{Valid: true, Latitude: 48.5, Longitude: -2.25, Accuracy: 10, Period: 900, Heading: 90, Radius: 50}}},
		{"venue", &tg.MessageMediaVenue{Geo: geo, Title: "Bar", Address: "Street", Provider: "p", VenueID: "i", VenueType: "t"}, &archive.Media{Kind: "venue", Place: &archive.Place{Valid: true, Latitude: 48.5, Longitude: -2.25, Accuracy: 10, Title: "Bar", Address: "Street", Provider: "p", VenueID: "i", VenueType: "t"}}},
		{"game", &tg.MessageMediaGame{Game: tg.Game{ID: 1, ShortName: "g", Title: "G", Description: "d", Photo: somePhoto()}}, &archive.Media{Kind: "game", Game: &archive.Game{ID: 1, ShortName: "g", Title: "G", Description: "d", Bot: "user40", Photo: somePhotoFile()}}},
		{"invoice", &tg.MessageMediaInvoice{Title: "T", Description: "d", Currency: "EUR", TotalAmount: 5, ReceiptMsgID: 6, Test: true}, &archive.Media{Kind: "invoice", Invoice: &archive.Invoice{Title: "T", Description: "d", Currency: "EUR", Amount: 5, Receipt: 6, Test: true}}},
		{"invoice for media", &tg.MessageMediaInvoice{ExtendedMedia: &tg.MessageExtendedMediaPreview{W: 3, H: 4, VideoDuration: 5}}, &archive.Media{Kind: "invoice", Invoice: &archive.Invoice{}, Extended: []archive.Media{{Kind: "preview", Preview: &archive.Preview{Width: 3, Height: 4, Duration: 5}}}}},
		{"paid media", &tg.MessageMediaPaidMedia{StarsAmount: 50, ExtendedMedia: []tg.MessageExtendedMediaClass{&tg.MessageExtendedMedia{Media: &tg.MessageMediaPhoto{Photo: somePhoto()}}, &tg.MessageExtendedMediaPreview{W: 1}}}, &archive.Media{Kind: "paid", Stars: 50, Extended: []archive.Media{{Kind: "photo", File: somePhotoFile()}, {Kind: "preview", Preview: &archive.Preview{Width: 1}}}}},
		{"to-do list", &tg.MessageMediaToDo{Todo: tg.TodoList{OthersCanAppend: true, OthersCanComplete: true, Title: words, List: []tg.TodoItem{{ID: 1, Title: words}, {ID: 2, Title: words}}}, Completions: []tg.TodoCompletion{{ID: 2, CompletedBy: user(3), Date: 9}}}, &archive.Media{Kind: "todo", Todo: &archive.Todo{Title: archive.Text{Text: "w"}, OthersCanAppend: true, OthersCanComplete: true, Items: []archive.TodoItem{{ID: 1, Text: archive.Text{Text: "w"}}, {ID: 2, Text: archive.Text{Text: "w"}, CompletedBy: "user3", CompletedAt: 9}}}}},
		{"giveaway", &tg.MessageMediaGiveaway{OnlyNewSubscribers: true, WinnersAreVisible: true, Channels: []int64{5, 6}, CountriesISO2: []string{"DE"}, PrizeDescription: "p", Quantity: 2, Months: 3, Stars: 4, UntilDate: 7}, &archive.Media{Kind: "giveaway", Giveaway: &archive.Giveaway{Quantity: 2, Months: 3, Until: 7, Channels: []archive.PeerID{"channel5", "channel6"}, Countries: []string{"DE"}, Prize: "p", Stars: 4, OnlyNew: true, Visible: true}}},
		{"giveaway results", &tg.MessageMediaGiveawayResults{Refunded: true, ChannelID: 5, AdditionalPeersCount: 1, LaunchMsgID: 2, WinnersCount: 3, UnclaimedCount: 4, Winners: []int64{8}, Months: 6, Stars: 7, PrizeDescription: "p", UntilDate: 9}, &archive.Media{Kind: "giveaway_results", Results: &archive.GiveawayResults{Channel: "channel5", Winners: []archive.PeerID{"user8"}, Prize: "p", Until: 9, Launch: 2, Additional: 1, Count: 3, Unclaimed: 4, Months: 6, Stars: 7, Refunded: true}}},
		{"dice", &tg.MessageMediaDice{Value: 6, Emoticon: "🎲"}, &archive.Media{Kind: "dice", Emoji: "🎲", Value: 6}},
		{"story", &tg.MessageMediaStory{Peer: user(5), ID: 6, ViaMention: true}, &archive.Media{Kind: "story", Story: &archive.Story{Peer: "user5", ID: 6, Mention: true}}},
		{"story with content", &tg.MessageMediaStory{Peer: user(5), ID: 6, Story: &tg.StoryItem{Date: 1, ExpireDate: 2, Caption: "c", Media: &tg.MessageMediaPhoto{Photo: somePhoto()}}}, &archive.Media{Kind: "story", Story: &archive.Story{Peer: "user5", ID: 6, Date: 1, Expires: 2, Caption: &archive.Text{Text: "c"}, Media: &archive.Media{Kind: "photo", File: somePhotoFile()}}}},
		{"link preview", &tg.MessageMediaWebPage{Webpage: &tg.WebPage{ID: 1, URL: "u", Type: "article", SiteName: "s", Title: "t", Description: "d", Author: "a", Photo: somePhoto(), Document: &tg.Document{ID: 2, Size: 3}}}, &archive.Media{Kind: "webpage", Webpage: &archive.Webpage{ID: 1, URL: "u", Type: "article", Site: "s", Title: "t", Description: "d", Author: "a", Photo: somePhotoFile(), Document: &archive.File{Key: "document:2", Size: 3}}}},
		{"pending preview", &tg.MessageMediaWebPage{Webpage: &tg.WebPagePending{ID: 1, URL: "u"}}, &archive.Media{Kind: "webpage", Webpage: &archive.Webpage{ID: 1, URL: "u"}}},
		{"stream", &tg.MessageMediaVideoStream{}, &archive.Media{Kind: "video_stream"}},
		{"unsupported", &tg.MessageMediaUnsupported{}, &archive.Media{Kind: "unsupported"}},
	}
}

func TestMedia(t *testing.T) {
	for _, c := range mediaCases() {
		msg, _, _ := Message(&tg.Message{PeerID: user(40), Media: c.in})
		same(t, c.name, msg.Media, c.want)
		if unsupported := c.name == "unsupported"; msg.Unsupported != unsupported {
			t.Errorf("%s: unsupported is %v", c.name, msg.Unsupported)
		}
	}
}

type documentCase struct {
	kind string
	in   []tg.DocumentAttributeClass
	want archive.Media
}

// documentCases has every kind of document, by its attributes.
func documentCases() []documentCase {
	video := &tg.DocumentAttributeVideo{Duration: 7.9, W: 640, H: 480}
	round := &tg.DocumentAttributeVideo{Duration: 3, W: 240, H: 240, RoundMessage: true}
	song := &tg.DocumentAttributeAudio{Duration: 200}
	song.SetPerformer("Band")
	song.SetTitle("Song")
	voice := &tg.DocumentAttributeAudio{Duration: 4, Voice: true}
	sticker := &tg.DocumentAttributeSticker{Alt: "😀"}
	size := &tg.DocumentAttributeImageSize{W: 512, H: 500}
	name := &tg.DocumentAttributeFilename{FileName: "../a b.bin"}
	return []documentCase{
		{KindFile, []tg.DocumentAttributeClass{name, &tg.DocumentAttributeHasStickers{}}, archive.Media{File: &archive.File{Name: "../a b.bin"}}},
		{KindFile, []tg.DocumentAttributeClass{size}, archive.Media{File: &archive.File{Width: 512, Height: 500}}},
		{KindSticker, []tg.DocumentAttributeClass{size, sticker}, archive.Media{Sticker: true, StickerEmoji: "😀", File: &archive.File{Width: 512, Height: 500}}},
		{KindSticker, []tg.DocumentAttributeClass{video, sticker}, archive.Media{Sticker: true, StickerEmoji: "😀", Video: true, File: &archive.File{Width: 640, Height: 480, Duration: 7.9}}},
		{KindSticker, []tg.DocumentAttributeClass{&tg.DocumentAttributeCustomEmoji{Alt: "😀"}}, archive.Media{Sticker: true, StickerEmoji: "😀", File: &archive.File{}}},
		{KindVideo, []tg.DocumentAttributeClass{video}, archive.Media{Video: true, File: &archive.File{Width: 640, Height: 480, Duration: 7.9}}},
		{KindAnimation, []tg.DocumentAttributeClass{video, &tg.DocumentAttributeAnimated{}}, archive.Media{Video: true, Animation: true, File: &archive.File{Width: 640, Height: 480, Duration: 7.9}}},
		{KindVideoMessage, []tg.DocumentAttributeClass{round}, archive.Media{RoundVideo: true, File: &archive.File{Width: 240, Height: 240, Duration: 3}}},
		{KindVoice, []tg.DocumentAttributeClass{voice}, archive.Media{Voice: true, File: &archive.File{Duration: 4}}},
		{KindAudio, []tg.DocumentAttributeClass{song}, archive.Media{Audio: true, Performer: "Band", SongTitle: "Song", File: &archive.File{Duration: 200}}},
	}
}

func TestDocuments(t *testing.T) {
	for _, c := range documentCases() {
		in := &tg.Message{Media: &tg.MessageMediaDocument{Document: &tg.Document{ID: 3, Size: 1000, Date: 5, MimeType: "m", Attributes: c.in}}}
		c.want.Kind = "document"
		c.want.File.Key, c.want.File.Size, c.want.File.Date, c.want.File.MIME = "document:3", 1000, 5, "m"
		msg, _, _ := Message(in)
		same(t, c.kind, msg.Media, c.want)
		if files := Files(in); len(files) != 1 || files[0].Kind != c.kind {
			t.Errorf("%s: kind in %+v", c.kind, files)
		}
	}
}

func TestThumbnail(t *testing.T) {
	for _, c := range []struct {
		name  string
		sizes []tg.PhotoSizeClass
		want  *archive.File
	}{
		{"none", nil, nil},
		{"sketches", []tg.PhotoSizeClass{&tg.PhotoStrippedSize{Type: "i"}, &tg.PhotoPathSize{Type: "j"}, &tg.PhotoSizeEmpty{Type: "s"}}, nil},
		{"without area", []tg.PhotoSizeClass{&tg.PhotoSize{Type: "m", Size: 5}}, nil},
		{"one", []tg.PhotoSizeClass{&tg.PhotoSize{Type: "m", W: 320, H: 240, Size: 50}}, &archive.File{Key: "thumb:3", Size: 50, Width: 320, Height: 240, Date: 5}},
		{"first of equals", []tg.PhotoSizeClass{&tg.PhotoSize{Type: "m", W: 4, H: 2, Size: 50}, &tg.PhotoSize{Type: "s", W: 2, H: 4, Size: 60}}, &archive.File{Key: "thumb:3", Size: 50, Width: 4, Height: 2, Date: 5}},
		{"inline", []tg.PhotoSizeClass{&tg.PhotoCachedSize{Type: "s", W: 4, H: 2, Bytes: []byte("abc")}}, &archive.File{Key: "thumb:3", Size: 3, Width: 4, Height: 2, Date: 5}},
		{"progressive without lengths", []tg.PhotoSizeClass{&tg.PhotoSizeProgressive{Type: "y", W: 9, H: 9}}, nil},
	} {
		msg, _, _ := Message(&tg.Message{Media: &tg.MessageMediaDocument{Document: &tg.Document{ID: 3, Date: 5, Thumbs: c.sizes}}})
		same(t, c.name, msg.Media.Thumb, c.want)
	}
}

func TestPoll(t *testing.T) {
	words := func(s string) tg.TextWithEntities { return tg.TextWithEntities{Text: s} }
	in := &tg.MessageMediaPoll{
		AttachedMedia: &tg.MessageMediaPhoto{Photo: somePhoto()},
		Poll: tg.Poll{ID: 1, Closed: true, PublicVoters: true, MultipleChoice: true, Quiz: true, Question: words("q"), ClosePeriod: 60, CloseDate: 70, Answers: []tg.PollAnswerClass{
			&tg.PollAnswer{Text: words("a"), Option: []byte{0}},
			&tg.PollAnswer{Text: words("b"), Option: []byte{1}, AddedBy: user(4), Date: 5, Media: &tg.MessageMediaDice{Emoticon: "🎲"}},
		}},
		Results: tg.PollResults{TotalVoters: 9, Solution: "because", RecentVoters: []tg.PeerClass{user(7)}, Results: []tg.PollAnswerVoters{
			{Option: []byte{1}, Voters: 6, Chosen: true, Correct: true, RecentVoters: []tg.PeerClass{user(7)}},
			{Option: []byte{8}, Voters: 3},
		}},
	}
	msg, _, _ := Message(&tg.Message{Media: in})
	same(t, "poll", msg.Media, &archive.Media{Kind: "poll", Attached: &archive.Media{Kind: "photo", File: somePhotoFile()}, Poll: &archive.Poll{
		ID: 1, Question: archive.Text{Text: "q"}, Closed: true, Quiz: true, Public: true, Multiple: true, Voters: 9, Period: 60, Closes: 70,
		Solution: &archive.Text{Text: "because"}, Recent: []archive.PeerID{"user7"},
		Answers: []archive.PollAnswer{
			{Text: archive.Text{Text: "a"}, Option: []byte{0}},
			{Text: archive.Text{Text: "b"}, Option: []byte{1}, Voters: 6, Chosen: true, Correct: true, AddedBy: "user4", Added: 5, Media: &archive.Media{Kind: "dice", Emoji: "🎲"}, Recent: []archive.PeerID{"user7"}},
		},
	}})
}

func TestGameBot(t *testing.T) {
	game := &tg.MessageMediaGame{}
	for _, c := range []struct {
		name string
		in   *tg.Message
		want archive.PeerID
	}{
		{"through a bot", &tg.Message{ViaBotID: 3, FromID: user(1)}, "user3"},
		{"forwarded from one", &tg.Message{FwdFrom: tg.MessageFwdHeader{FromID: user(4)}, FromID: user(1)}, "user4"},
		{"written by one", &tg.Message{FromID: user(1), PeerID: &tg.PeerChat{ChatID: 2}}, "user1"},
		{"in a channel", &tg.Message{PeerID: &tg.PeerChannel{ChannelID: 2}}, ""},
	} {
		c.in.Media = game
		if msg, _, _ := Message(c.in); msg.Media.Game.Bot != c.want {
			t.Errorf("%s: bot %q, want %q", c.name, msg.Media.Game.Bot, c.want)
		}
	}
}
