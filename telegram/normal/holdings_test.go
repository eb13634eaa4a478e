package normal

import (
	"reflect"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// decoded decodes the raw bytes of an object, as somebody does who finds them in a
// record.
func decoded[T bin.Encoder](t *testing.T, o T, decode func(*bin.Buffer) (T, error)) T {
	t.Helper()
	data, err := Raw(o)
	if err != nil {
		t.Fatal(err)
	}
	back, err := decode(&bin.Buffer{Buf: data})
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func bold(length int) []tg.MessageEntityClass {
	return []tg.MessageEntityClass{&tg.MessageEntityBold{Length: length}}
}

func aPhoto() *tg.Photo {
	return &tg.Photo{
		ID: 9, AccessHash: 8, FileReference: []byte("r"), Date: 100, DCID: 4,
		Sizes: []tg.PhotoSizeClass{&tg.PhotoSize{Type: "m", W: 10, H: 20, Size: 30}, &tg.PhotoSize{Type: "x", W: 100, H: 200, Size: 300}},
	}
}

func TestStoryPost(t *testing.T) {
	item := &tg.StoryItem{
		ID: 5, Date: 100, ExpireDate: 200, Pinned: true, Public: true, Edited: true, Noforwards: true,
		Caption: "low water", Entities: bold(3), Media: &tg.MessageMediaPhoto{Photo: aPhoto()}, Albums: []int{1},
	}
	item.SetFromID(&tg.PeerUser{UserID: 2})
	item.SetViews(tg.StoryViews{
		ViewsCount: 7, ForwardsCount: 1, ReactionsCount: 2, RecentViewers: []int64{3},
		Reactions: []tg.ReactionCount{{Reaction: &tg.ReactionEmoji{Emoticon: "❤"}, Count: 2}},
	})
	want := &archive.StoryPost{
		ID: 5, Date: 100, Expires: 200, Pinned: true, Public: true, Edited: true, Protected: true, From: "user2", Albums: []int{1},
		Caption: archive.Text{Text: "low water", Entities: []archive.Entity{{Type: "bold", Length: 3}}},
		Media:   &archive.Media{Kind: archive.MediaKindPhoto, File: &archive.File{Key: "photo:9", Size: 300, Width: 100, Height: 200, Date: 100}},
		Views: &archive.StoryViews{
			Count: 7, Forwards: 1, Reactions: 2, Recent: []archive.PeerID{"user3"}, ByKind: []archive.Reaction{{Type: "emoji", Emoji: "❤", Count: 2}},
		},
	}
	for _, s := range []tg.StoryItemClass{item, decoded[tg.StoryItemClass](t, item, tg.DecodeStoryItem)} {
		got, ok := StoryPost(s)
		if !ok {
			t.Fatal("no story")
		}
		same(t, "story", got, want)
	}
	if files := StoryFiles(item); len(files) != 1 || files[0].Key != "photo:9" || files[0].Size != 300 || files[0].DC != 4 {
		t.Errorf("files %+v", files)
	}
	for _, gone := range []tg.StoryItemClass{&tg.StoryItemDeleted{ID: 1}, &tg.StoryItemSkipped{ID: 2}} {
		if _, ok := StoryPost(gone); ok || StoryFiles(gone) != nil {
			t.Errorf("%s is a story", gone.TypeName())
		}
	}
}

func TestFolder(t *testing.T) {
	filter := &tg.DialogFilter{
		ID: 3, Title: tg.TextWithEntities{Text: "Work", Entities: bold(4)}, Groups: true, Broadcasts: true, ExcludeMuted: true, ExcludeArchived: true,
		PinnedPeers:  []tg.InputPeerClass{&tg.InputPeerSelf{}},
		IncludePeers: []tg.InputPeerClass{&tg.InputPeerUser{UserID: 2}, &tg.InputPeerChat{ChatID: 4}, &tg.InputPeerEmpty{}},
		ExcludePeers: []tg.InputPeerClass{&tg.InputPeerChannel{ChannelID: 5}, &tg.InputPeerUserFromMessage{Peer: &tg.InputPeerSelf{}, UserID: 6}},
	}
	filter.SetEmoticon("🏠")
	filter.SetColor(2)
	want := &archive.Folder{
		ID: 3, Position: 2, Title: archive.Text{Text: "Work", Entities: []archive.Entity{{Type: "bold", Length: 4}}}, Emoticon: "🏠", Color: 2,
		Groups: true, Channels: true, ExcludeMuted: true, ExcludeArchived: true,
		Pinned: []archive.PeerID{"user1"}, Include: []archive.PeerID{"user2", "chat4"}, Exclude: []archive.PeerID{"channel5", "user6"},
	}
	for _, f := range []tg.DialogFilterClass{filter, decoded[tg.DialogFilterClass](t, filter, tg.DecodeDialogFilter)} {
		got, ok := Folder(f, 2, "user1")
		if !ok {
			t.Fatal("no folder")
		}
		same(t, "folder", got, want)
	}
	shared, ok := Folder(&tg.DialogFilterChatlist{ID: 4, Title: tg.TextWithEntities{Text: "All of us"}}, 3, "user1")
	if !ok || !shared.Shared || shared.Title.Text != "All of us" || shared.Position != 3 {
		t.Errorf("a shared folder: %+v", shared)
	}
	if _, ok := Folder(&tg.DialogFilterDefault{}, 1, "user1"); ok {
		t.Error("the list of all chats is a folder")
	}
}

func TestDraft(t *testing.T) {
	draft := &tg.DraftMessage{Message: "I was", Entities: bold(1), Date: 100}
	answer := &tg.InputReplyToMessage{ReplyToMsgID: 7}
	answer.SetTopMsgID(3)
	answer.SetReplyToPeerID(&tg.InputPeerChannel{ChannelID: 5})
	answer.SetQuoteText("this")
	draft.SetReplyTo(answer)
	want := &archive.Draft{
		Date: 100, Text: archive.Text{Text: "I was", Entities: []archive.Entity{{Type: "bold", Length: 1}}},
		Reply: &archive.Reply{MessageID: 7, Top: 3, Peer: "channel5", Quote: &archive.Text{Text: "this"}},
	}
	for _, d := range []tg.DraftMessageClass{draft, decoded[tg.DraftMessageClass](t, draft, tg.DecodeDraftMessage)} {
		got, ok := Draft(d, "user2", "user1")
		if !ok {
			t.Fatal("no draft")
		}
		same(t, "draft", got, want)
	}
	if got, _ := Draft(draft, "channel5", "user1"); got.Reply.Peer != "" {
		t.Errorf("the chat itself is named: %+v", got.Reply)
	}
	if got, _ := Draft(&tg.DraftMessage{ReplyTo: &tg.InputReplyToStory{Peer: &tg.InputPeerSelf{}, StoryID: 4}}, "user2", "user1"); got.Reply.Story != 4 || got.Reply.Peer != "user1" {
		t.Errorf("a reply to a story: %+v", got.Reply)
	}
	if _, ok := Draft(&tg.DraftMessageEmpty{}, "user2", "user1"); ok {
		t.Error("an empty draft is one")
	}
}

func TestTopics(t *testing.T) {
	topic := &tg.ForumTopic{
		ID: 12, Date: 100, Peer: &tg.PeerChannel{ChannelID: 5}, Title: "Tyres", IconColor: 3, TopMessage: 99, FromID: &tg.PeerUser{UserID: 2}, Closed: true, Hidden: true, Pinned: true,
	}
	topic.SetIconEmojiID(77)
	want := &archive.Topic{ID: 12, Title: "Tyres", Date: 100, From: "user2", Color: 3, Emoji: "document:77", Closed: true, Hidden: true, Pinned: true}
	for _, one := range []tg.ForumTopicClass{topic, decoded[tg.ForumTopicClass](t, topic, tg.DecodeForumTopic)} {
		got, _ := ForumTopic(one)
		same(t, "topic", got, want)
	}
	if _, ok := ForumTopic(&tg.ForumTopicDeleted{ID: 1}); ok {
		t.Error("a deleted topic is one")
	}
	saved, _ := SavedTopic(&tg.SavedDialog{Peer: &tg.PeerUser{UserID: 2}, Pinned: true})
	same(t, "saved", saved, &archive.Topic{Peer: "user2", Pinned: true})
	direct, _ := SavedTopic(&tg.MonoForumDialog{Peer: &tg.PeerUser{UserID: 3}})
	same(t, "direct", direct, &archive.Topic{Peer: "user3"})
}

func TestSessions(t *testing.T) {
	a := tg.Authorization{
		Current: true, OfficialApp: true, PasswordPending: true, Unconfirmed: true, Hash: 1, DeviceModel: "d", Platform: "p", SystemVersion: "s", APIID: 2,
		AppName: "n", AppVersion: "v", DateCreated: 10, DateActive: 20, IP: "i", Country: "c", Region: "r",
	}
	same(t, "session", Session(a), &archive.Session{
		Current: true, Official: true, Unfinished: true, Unconfirmed: true, Device: "d", Platform: "p", System: "s", AppID: 2,
		App: "n", AppVersion: "v", Created: 10, LastActive: 20, IP: "i", Country: "c", Region: "r",
	})
	w := tg.WebAuthorization{Hash: 1, BotID: 2, Domain: "d", Browser: "b", Platform: "p", DateCreated: 10, DateActive: 20, IP: "i", Region: "r"}
	same(t, "web session", WebSession(w), &archive.WebSession{
		Bot: "user2", Domain: "d", Browser: "b", Platform: "p", Created: 10, LastActive: 20, IP: "i", Region: "r",
	})
}

func TestContacts(t *testing.T) {
	user := &tg.User{ID: 2, FirstName: "A", LastName: "B", Phone: "49"}
	same(t, "contact", Contact(tg.Contact{UserID: 2, Mutual: true}, user), &archive.SavedContact{User: "user2", FirstName: "A", LastName: "B", Phone: "49", Mutual: true})
	same(t, "phone contact", PhoneContact(tg.SavedPhoneContact{Phone: "+49", FirstName: "A", Date: 5}), &archive.SavedContact{FirstName: "A", Phone: "49", Date: 5})
	top := TopPeers(tg.TopPeerCategoryPeers{Category: &tg.TopPeerCategoryPhoneCalls{}, Peers: []tg.TopPeer{
		{Peer: &tg.PeerUser{UserID: 1}, Rating: 0.5}, {Peer: &tg.PeerChannel{ChannelID: 2}, Rating: 2},
	}})
	same(t, "top peers", top, &archive.TopPeers{Category: "calls", Peers: []archive.RatedPeer{{Peer: "channel2", Rating: 2}, {Peer: "user1", Rating: 0.5}}})
	words := map[string]bool{}
	for _, c := range []tg.TopPeerCategoryClass{
		&tg.TopPeerCategoryBotsPM{}, &tg.TopPeerCategoryBotsInline{}, &tg.TopPeerCategoryCorrespondents{}, &tg.TopPeerCategoryGroups{}, &tg.TopPeerCategoryChannels{},
		&tg.TopPeerCategoryPhoneCalls{}, &tg.TopPeerCategoryForwardUsers{}, &tg.TopPeerCategoryForwardChats{}, &tg.TopPeerCategoryBotsApp{}, &tg.TopPeerCategoryBotsGuestChat{},
	} {
		words[topPeerCategory(c)] = true
	}
	if len(words) != 10 || words[unknown] {
		t.Errorf("categories %v", words)
	}
}

func TestPicturesAndMusic(t *testing.T) {
	picture, ref, ok := ProfilePhoto(aPhoto())
	if !ok || picture.Photo.Key != "photo:9" || ref.Kind != KindProfilePhoto || ref.Size != 300 || ref.Thumb != "x" {
		t.Errorf("%+v, %+v", picture, ref)
	}
	if _, _, ok := ProfilePhoto(&tg.PhotoEmpty{}); ok {
		t.Error("an empty photo is a picture")
	}
	if _, _, ok := ProfilePhoto(nil); ok {
		t.Error("no photo is a picture")
	}
	audio := &tg.DocumentAttributeAudio{Duration: 5}
	audio.SetTitle("Low Tide")
	d := &tg.Document{ID: 3, Size: 10, MimeType: "audio/mpeg", Attributes: []tg.DocumentAttributeClass{audio}}
	music, files, ok := Music(d)
	if !ok || music.SongTitle != "Low Tide" || !music.Audio || len(files) != 1 || files[0].Kind != KindAudio {
		t.Errorf("%+v, %+v", music, files)
	}
	if _, _, ok := Music(&tg.DocumentEmpty{}); ok {
		t.Error("an empty document is music")
	}
}

// The raw bytes of every thing, at random, are enough to make its record again.
func TestRawOfHoldingsIsEnough(t *testing.T) {
	m := newMaker(3)
	random := func(class any, seed uint64) any {
		list := m.reseed(seed).constructors(reflect.TypeOf(class).Elem())
		return m.make(list[m.IntN(len(list))], 5).Interface()
	}
	for seed := range uint64(300) {
		checkHolding(t, random(new(tg.StoryItemClass), seed).(tg.StoryItemClass), tg.DecodeStoryItem, func(s tg.StoryItemClass) []any {
			post, ok := StoryPost(s)
			return []any{post, ok, StoryFiles(s)}
		})
		checkHolding(t, random(new(tg.DialogFilterClass), seed).(tg.DialogFilterClass), tg.DecodeDialogFilter, func(f tg.DialogFilterClass) []any {
			folder, ok := Folder(f, 1, "user1")
			return []any{folder, ok}
		})
		checkHolding(t, random(new(tg.DraftMessageClass), seed).(tg.DraftMessageClass), tg.DecodeDraftMessage, func(d tg.DraftMessageClass) []any {
			draft, ok := Draft(d, "user2", "user1")
			return []any{draft, ok}
		})
		checkHolding(t, random(new(tg.ForumTopicClass), seed).(tg.ForumTopicClass), tg.DecodeForumTopic, func(f tg.ForumTopicClass) []any {
			topic, ok := ForumTopic(f)
			return []any{topic, ok}
		})
		checkHolding(t, random(new(tg.SavedDialogClass), seed).(tg.SavedDialogClass), tg.DecodeSavedDialog, func(d tg.SavedDialogClass) []any {
			topic, ok := SavedTopic(d)
			return []any{topic, ok}
		})
		checkHolding(t, random(new(tg.PhotoClass), seed).(tg.PhotoClass), tg.DecodePhoto, func(p tg.PhotoClass) []any {
			picture, ref, ok := ProfilePhoto(p)
			return []any{picture, ref, ok}
		})
		checkHolding(t, random(new(tg.DocumentClass), seed).(tg.DocumentClass), tg.DecodeDocument, func(d tg.DocumentClass) []any {
			music, files, ok := Music(d)
			return []any{music, files, ok}
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// checkHolding checks that what a server sent and its raw bytes say the same. The
// first pass through the bytes is the server's.
func checkHolding[T bin.Encoder](t *testing.T, made T, decode func(*bin.Buffer) (T, error), of func(T) []any) {
	t.Helper()
	wire, err := Raw(made)
	if err != nil {
		return // no server can have sent it
	}
	sent, err := decode(&bin.Buffer{Buf: wire})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "from the raw bytes", of(decoded(t, sent, decode)), of(sent))
}
