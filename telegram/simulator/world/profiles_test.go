package world

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// madeUpAccount serves the made-up export.
func madeUpAccount(t *testing.T) *guest {
	w, _ := fromExport(t, madeUpFolder(t))
	return visit(t, w)
}

func TestTheOwnerOfAnExport(t *testing.T) {
	g := madeUpAccount(t)
	a := g.w.Accounts()[0]
	if a.UserID != 700000001 || a.Phone != "9996612345" || a.Code != "12345" || a.HomeDC != 2 {
		t.Errorf("%+v", a)
	}
	self := a.Self()
	if !self.Self || self.FirstName != "Mira" || self.LastName != "Talvi" || self.Username != "mira_talvi" || self.Phone != a.Phone {
		t.Errorf("%+v", self)
	}
	full := ask(g, &tg.UsersGetFullUserRequest{ID: &tg.InputUserSelf{}}, into[tg.UsersUserFull])
	if full.FullUser.About != "Boats." || full.FullUser.ProfilePhoto == nil {
		t.Errorf("%+v", full.FullUser)
	}
}

func TestUsersOfAnExport(t *testing.T) {
	g := madeUpAccount(t)
	in := func(id int64) *tg.InputUser {
		return &tg.InputUser{UserID: id, AccessHash: g.w.accessHash(userPeer(id))}
	}
	users := ask(g, &tg.UsersGetUsersRequest{ID: []tg.InputUserClass{
		&tg.InputUserSelf{}, in(700000002), in(700000003), in(700000004), in(700000005), &tg.InputUser{UserID: 700000002, AccessHash: 1}, in(4711),
	}}, into[tg.UserClassVector]).Elems
	if len(users) != 5 {
		t.Fatalf("%d users", len(users))
	}
	jonas, ada, gone, bot := users[1].(*tg.User), users[2].(*tg.User), users[3].(*tg.User), users[4].(*tg.User)
	if jonas.FirstName != "Jonas" || jonas.LastName != "Feld" || !jonas.Contact || jonas.Phone != "49307654321" {
		t.Errorf("a contact: %+v", jonas)
	}
	if ada.FirstName != "Ада Ветрова" || ada.Contact || ada.Phone != "" {
		t.Errorf("no contact: %+v", ada)
	}
	if !gone.Deleted || gone.FirstName != "" {
		t.Errorf("a deleted account: %+v", gone)
	}
	if !bot.Bot || bot.Username != "quiz_helper_bot" {
		t.Errorf("a bot: %+v", bot)
	}
	g.refused(&tg.UsersGetFullUserRequest{ID: &tg.InputUser{UserID: 700000002}}, "USER_ID_INVALID")
}

func TestChatsOfAnExport(t *testing.T) {
	g := madeUpAccount(t)
	for id, want := range map[int64]string{
		700000021: "channel", 700000022: "megagroup forum", 700000023: "megagroup public", 700000026: "channel public", 700000025: "megagroup left",
	} {
		all := ask(g, &tg.ChannelsGetChannelsRequest{ID: []tg.InputChannelClass{g.channel(channelPeer(id))}}, tg.DecodeMessagesChats).GetChats()
		c := all[0].(*tg.Channel)
		var is []string
		for _, one := range []struct {
			word string
			is   bool
		}{{"channel", c.Broadcast}, {"megagroup", c.Megagroup}, {"forum", c.Forum}, {"public", c.Username != ""}, {"left", c.Left}} {
			if one.is {
				is = append(is, one.word)
			}
		}
		if got := strings.Join(is, " "); got != want {
			t.Errorf("%d is %s, want %s", id, got, want)
		}
	}
	old := g.w.places[channelPeer(700000022)].movedFrom
	all := ask(g, &tg.MessagesGetChatsRequest{ID: []int64{700000031, old, 5}}, tg.DecodeMessagesChats).GetChats()
	if group := all[0].(*tg.Chat); group.Title != "Summer House" || group.Deactivated {
		t.Errorf("%+v", group)
	}
	if group := all[1].(*tg.Chat); !group.Deactivated || group.MigratedTo == nil {
		t.Errorf("the group that became a supergroup: %+v", group)
	}
	if all[2].TypeName() != "chatEmpty" {
		t.Errorf("a group that is not there: %v", all[2])
	}
	full := ask(g, &tg.ChannelsGetFullChannelRequest{Channel: g.channel(channelPeer(700000022))}, into[tg.MessagesChatFull])
	if f := full.FullChat.(*tg.ChannelFull); f.MigratedFromChatID != old || f.MigratedFromMaxID != 23 || f.Pts != 11 {
		t.Errorf("%+v", f)
	}
	group := ask(g, &tg.MessagesGetFullChatRequest{ChatID: 700000031}, into[tg.MessagesChatFull])
	if p := group.FullChat.(*tg.ChatFull).Participants.(*tg.ChatParticipants); len(p.Participants) != 4 || len(group.Users) != 4 {
		t.Errorf("%d members, %d users", len(p.Participants), len(group.Users))
	}
	g.refused(&tg.MessagesGetFullChatRequest{ChatID: 5}, "CHAT_ID_INVALID")
}

func TestProfileOfAnExport(t *testing.T) {
	g := madeUpAccount(t)
	photos := ask(g, &tg.PhotosGetUserPhotosRequest{UserID: &tg.InputUserSelf{}, Limit: 10}, tg.DecodePhotosPhotos).(*tg.PhotosPhotos)
	if len(photos.Photos) != 2 || photos.Photos[0].(*tg.Photo).Date != 1690000000 {
		t.Errorf("%+v", photos.Photos)
	}
	one := ask(g, &tg.PhotosGetUserPhotosRequest{UserID: &tg.InputUserSelf{}, Offset: 1, Limit: 1}, tg.DecodePhotosPhotos).(*tg.PhotosPhotosSlice)
	if one.Count != 2 || one.Photos[0].(*tg.Photo).Date != 1680000000 {
		t.Errorf("%+v", one)
	}
	contacts := ask(g, &tg.ContactsGetContactsRequest{}, tg.DecodeContactsContacts).(*tg.ContactsContacts)
	if len(contacts.Contacts) != 1 || contacts.SavedCount != 3 || len(contacts.Users) != 1 {
		t.Errorf("%+v", contacts)
	}
	top := ask(g, &tg.ContactsGetTopPeersRequest{Correspondents: true, PhoneCalls: true, Limit: 10}, tg.DecodeContactsTopPeers).(*tg.ContactsTopPeers)
	if len(top.Categories) != 2 || top.Categories[0].Peers[0].Rating != 0.5 {
		t.Errorf("%+v", top.Categories)
	}
	logins := ask(g, &tg.AccountGetAuthorizationsRequest{}, into[tg.AccountAuthorizations])
	if len(logins.Authorizations) != 1 || logins.Authorizations[0].IP != "198.51.100.7" || logins.Authorizations[0].DateCreated != 1698000000 {
		t.Errorf("%+v", logins)
	}
	sites := ask(g, &tg.AccountGetWebAuthorizationsRequest{}, into[tg.AccountWebAuthorizations])
	if len(sites.Authorizations) != 1 || len(sites.Users) != 1 || sites.Users[0].(*tg.User).Username != "quiz_helper_bot" {
		t.Errorf("%+v", sites)
	}
	stories := ask(g, &tg.StoriesGetStoriesArchiveRequest{Peer: &tg.InputPeerSelf{}, Limit: 10}, into[tg.StoriesStories])
	if stories.Count != 1 || !stories.Stories[0].(*tg.StoryItem).Pinned || stories.Stories[0].(*tg.StoryItem).ExpireDate != 1691086400 {
		t.Errorf("%+v", stories)
	}
	if music := ask(g, &tg.UsersGetSavedMusicRequest{ID: &tg.InputUserSelf{}, Limit: 10}, tg.DecodeUsersSavedMusic).(*tg.UsersSavedMusic); music.Count != 0 {
		t.Errorf("%+v", music)
	}
	found := ask(g, &tg.ContactsResolveUsernameRequest{Username: "Mira_Talvi"}, into[tg.ContactsResolvedPeer])
	if fromTL(found.Peer) != userPeer(700000001) {
		t.Errorf("%+v", found)
	}
	g.refused(&tg.ContactsResolveUsernameRequest{Username: "nobody_has_this"}, "USERNAME_NOT_OCCUPIED")
}

func TestCustomEmoji(t *testing.T) {
	g := madeUpAccount(t)
	var known, unknown int64
	for _, one := range g.history(userPeer(700000002)).list {
		m, ok := one.(*tg.Message)
		if !ok || !strings.HasPrefix(m.Message, "smile") {
			continue
		}
		known = m.Entities[0].(*tg.MessageEntityCustomEmoji).DocumentID
		unknown = m.Entities[1].(*tg.MessageEntityCustomEmoji).DocumentID
	}
	docs := ask(g, &tg.MessagesGetCustomEmojiDocumentsRequest{DocumentID: []int64{known, unknown}}, into[tg.DocumentClassVector]).Elems
	if len(docs) != 1 {
		t.Fatalf("%d documents", len(docs))
	}
	d := docs[0].(*tg.Document)
	if d.ID != known || d.MimeType != "application/x-tgsticker" || d.Size != 900 {
		t.Errorf("%+v", d)
	}
	g.call.DC = d.DCID
	if data := g.part(where(d), 0, 4096); len(data) != 900 {
		t.Errorf("%d bytes", len(data))
	}
	w := fromSeed(t, SeedOptions{})
	docs = ask(visit(t, w), &tg.MessagesGetCustomEmojiDocumentsRequest{DocumentID: []int64{emojiID(1), emojiID(emojis)}}, into[tg.DocumentClassVector]).Elems
	if len(docs) != 1 || docs[0].GetID() != emojiID(1) {
		t.Errorf("of a seed: %v", docs)
	}
}

func TestTakeout(t *testing.T) {
	v := newVillage(t, Options{TakeoutDelay: time.Hour})
	begin := func() (*tg.AccountTakeout, error) {
		out, err := v.raw(&tg.AccountInitTakeoutSessionRequest{Files: true})
		if err != nil {
			return nil, err
		}
		return into[tg.AccountTakeout](out)
	}
	_, err := begin()
	if e, ok := tgerr.As(err); !ok || e.Type != "TAKEOUT_INIT_DELAY" || e.Argument != 3600 || e.Code != 420 {
		t.Fatalf("%v", err)
	}
	v.clock.advance(time.Hour)
	first, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	v.refused(&tg.MessagesGetSplitRangesRequest{}, "TAKEOUT_REQUIRED")
	v.refused(&tg.ContactsGetSavedRequest{}, "TAKEOUT_REQUIRED")
	v.refused(&tg.AccountFinishTakeoutSessionRequest{}, "TAKEOUT_REQUIRED")
	v.call.Takeout = first.ID
	ranges := ask(v.guest, &tg.MessagesGetSplitRangesRequest{}, into[tg.MessageRangeVector]).Elems
	if len(ranges) != 1 || ranges[0].MinID != 1 {
		t.Errorf("%v", ranges)
	}
	v.messages(&tg.MessagesGetHistoryRequest{Peer: v.input(v.talk), Limit: 1})
	v.refused(&tg.UploadGetFileRequest{Location: &tg.InputTakeoutFileLocation{}, Limit: 4096}, "TAKEOUT_FILE_EMPTY")
	v.call.Takeout = 0
	second, err := begin()
	if err != nil || second.ID == first.ID {
		t.Fatal(second, err)
	}
	v.call.Takeout = first.ID
	v.refused(&tg.MessagesGetHistoryRequest{Peer: v.input(v.talk), Limit: 1}, "TAKEOUT_INVALID")
	v.call.Takeout = second.ID
	ask(v.guest, &tg.AccountFinishTakeoutSessionRequest{Success: true}, into[tg.BoolTrue])
	v.refused(&tg.MessagesGetHistoryRequest{Peer: v.input(v.talk), Limit: 1}, "TAKEOUT_INVALID")
}

func TestOtherDataOfAnExport(t *testing.T) {
	g := madeUpAccount(t)
	r := &tg.UploadGetFileRequest{Location: &tg.InputTakeoutFileLocation{}, Limit: 4096}
	g.refused(r, "TAKEOUT_REQUIRED")
	g.call.Takeout = ask(g, &tg.AccountInitTakeoutSessionRequest{}, into[tg.AccountTakeout]).ID
	if data := ask(g, r, into[tg.UploadFile]).Bytes; string(data) != `{"created_by":"the server","drafts":[]}` {
		t.Errorf("%s", data)
	}
	saved := ask(g, &tg.ContactsGetSavedRequest{}, into[tg.SavedPhoneContactVector]).Elems
	if len(saved) != 3 || saved[1].Phone != "49301234567" || saved[2].Date != 1600000002 {
		t.Errorf("%+v", saved)
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	v := newVillage(t, Options{})
	in := encodeTL(&tg.MessagesGetHistoryRequest{Peer: v.input(v.talk)})
	for n := range in {
		b := bin4(in[:n])
		if _, err := v.methods[tg.MessagesGetHistoryRequestTypeID](t.Context(), &v.call, b); err == nil {
			t.Fatalf("%d of %d bytes are an answer", n, len(in))
		}
	}
}

func TestFoldersThatAreNoExport(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := FromExport(dir, Options{}); err == nil {
		t.Error("an empty folder is an export")
	}
	write(t, dir, "result.json", []byte("{}"))
	if _, _, err := FromExport(dir, Options{}); err == nil {
		t.Error("an empty document is an export")
	}
	if _, _, err := FromExport(dir+"/result.json", Options{}); !errors.Is(err, ErrNotFolder) {
		t.Error("a file is a folder")
	}
	if _, err := FromSeed(SeedOptions{Messages: 1 << 40}); err == nil {
		t.Error("a world too large for ids of 31 bits")
	}
}
