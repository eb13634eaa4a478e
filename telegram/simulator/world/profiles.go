package world

import (
	"slices"
	"strings"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

func (w *World) getUsers(_ *Call, a *account, r *tg.UsersGetUsersRequest) (bin.Encoder, error) {
	out := &tg.UserClassVector{Elems: []tg.UserClass{}}
	for _, in := range r.ID {
		p, err := w.resolveUser(a, in)
		if err != nil {
			continue // the real server leaves out whom it does not know
		}
		out.Elems = append(out.Elems, w.user(a, p.id))
	}
	return out, nil
}

func (w *World) getFullUser(_ *Call, a *account, r *tg.UsersGetFullUserRequest) (bin.Encoder, error) {
	p, err := w.resolveUser(a, r.ID)
	if err != nil {
		return nil, err
	}
	person := w.people[p.id]
	full := tg.UserFull{ID: p.id, About: person.about, NoforwardsPeerEnabled: person.protected}
	if list := w.picturesOf(a, p.id); len(list) > 0 {
		photo := list[0].tl()
		w.newStamp().photo(photo)
		full.ProfilePhoto = photo
	}
	return &tg.UsersUserFull{FullUser: full, Chats: []tg.ChatClass{}, Users: []tg.UserClass{w.user(a, p.id)}}, nil
}

// picturesOf lists the profile pictures of a user, newest first.
func (w *World) picturesOf(a *account, id int64) []picture {
	if id == a.UserID {
		return a.pictures
	}
	if p := w.people[id]; p != nil && p.photo != nil {
		return []picture{{file: p.photo, date: 1, width: 160, height: 160}}
	}
	return nil
}

func (w *World) getUserPhotos(_ *Call, a *account, r *tg.PhotosGetUserPhotosRequest) (bin.Encoder, error) {
	p, err := w.resolveUser(a, r.UserID)
	if err != nil {
		return nil, err
	}
	all := w.picturesOf(a, p.id)
	start := min(max(r.Offset, 0), len(all))
	if r.MaxID != 0 {
		at := slices.IndexFunc(all, func(p picture) bool { return p.file.id == r.MaxID })
		start = min(max(at+1, 0)+r.Offset, len(all))
	}
	page := all[start:]
	page = page[:min(len(page), max(r.Limit, 1), maxPage)]
	photos, stamp := []tg.PhotoClass{}, w.newStamp()
	for _, one := range page {
		photo := one.tl()
		stamp.photo(photo)
		photos = append(photos, photo)
	}
	users := []tg.UserClass{w.user(a, p.id)}
	if len(page) == len(all) {
		return &tg.PhotosPhotos{Photos: photos, Users: users}, nil
	}
	return &tg.PhotosPhotosSlice{Count: len(all), Photos: photos, Users: users}, nil
}

func (w *World) getChats(_ *Call, _ *account, r *tg.MessagesGetChatsRequest) (bin.Encoder, error) {
	out := &tg.MessagesChats{Chats: []tg.ChatClass{}}
	for _, id := range r.ID {
		if p := w.places[groupPeer(id)]; p != nil {
			out.Chats = append(out.Chats, w.place(p))
		} else {
			out.Chats = append(out.Chats, &tg.ChatEmpty{ID: id})
		}
	}
	return out, nil
}

func (w *World) getChannels(_ *Call, a *account, r *tg.ChannelsGetChannelsRequest) (bin.Encoder, error) {
	out := &tg.MessagesChats{Chats: []tg.ChatClass{}}
	for _, in := range r.ID {
		p, err := w.resolveChannel(a, in)
		if err != nil {
			return nil, err
		}
		out.Chats = append(out.Chats, w.place(w.places[p]))
	}
	return out, nil
}

// getLeftChannels lists the channels the account was in; only in a takeout.
func (w *World) getLeftChannels(c *Call, a *account, r *tg.ChannelsGetLeftChannelsRequest) (bin.Encoder, error) {
	if err := needTakeout(c); err != nil {
		return nil, err
	}
	all := []tg.ChatClass{}
	for _, c := range a.order {
		if p := w.places[c.peer]; p != nil && p.left && c.kind == 'c' {
			all = append(all, w.place(p))
		}
	}
	page := all[min(max(r.Offset, 0), len(all)):]
	if len(page) <= maxPage && r.Offset == 0 {
		return &tg.MessagesChats{Chats: page}, nil
	}
	return &tg.MessagesChatsSlice{Count: len(all), Chats: page[:min(len(page), maxPage)]}, nil
}

func (w *World) getFullChannel(_ *Call, a *account, r *tg.ChannelsGetFullChannelRequest) (bin.Encoder, error) {
	p, err := w.resolveChannel(a, r.Channel)
	if err != nil {
		return nil, err
	}
	place := w.places[p]
	full := &tg.ChannelFull{ID: p.id, About: place.about, ChatPhoto: w.placePhoto(place), BotInfo: []tg.BotInfo{}}
	cast := w.newCast(a)
	cast.add(p)
	if c := a.chats[p]; c != nil {
		full.Pts = c.pts
		full.ReadInboxMaxID = c.lastID()
		if m := c.pinnedMessage(); m != nil {
			full.SetPinnedMsgID(m.GetID())
		}
	}
	if place.size > 0 {
		full.SetParticipantsCount(place.size)
	}
	if place.movedFrom != 0 {
		full.SetMigratedFromChatID(place.movedFrom)
		if old := a.chats[groupPeer(place.movedFrom)]; old != nil {
			full.SetMigratedFromMaxID(old.lastID())
		}
		cast.add(groupPeer(place.movedFrom))
	}
	return &tg.MessagesChatFull{FullChat: full, Chats: cast.chats(), Users: cast.users()}, nil
}

func (w *World) placePhoto(p *place) tg.PhotoClass {
	if p.photo == nil {
		return &tg.PhotoEmpty{}
	}
	photo := picture{file: p.photo, date: 1, width: 160, height: 160}.tl()
	w.newStamp().photo(photo)
	return photo
}

func (w *World) getFullChat(_ *Call, a *account, r *tg.MessagesGetFullChatRequest) (bin.Encoder, error) {
	p, err := w.checked(groupPeer(r.ChatID), 0)
	if err != nil {
		return nil, fail(400, "CHAT_ID_INVALID")
	}
	place := w.places[p]
	cast := w.newCast(a)
	cast.add(p)
	var members []tg.ChatParticipantClass
	for i, id := range place.members {
		cast.user(id)
		if i == 0 {
			members = append(members, &tg.ChatParticipantCreator{UserID: id})
			continue
		}
		members = append(members, &tg.ChatParticipant{UserID: id, InviterID: place.members[0], Date: place.date})
	}
	full := &tg.ChatFull{
		ID: p.id, About: place.about,
		Participants: &tg.ChatParticipants{ChatID: p.id, Participants: members, Version: 1},
	}
	if place.photo != nil {
		full.ChatPhoto = w.placePhoto(place)
	}
	return &tg.MessagesChatFull{FullChat: full, Chats: cast.chats(), Users: cast.users()}, nil
}

// resolveUsername finds who has a public name.
func (w *World) resolveUsername(_ *Call, a *account, r *tg.ContactsResolveUsernameRequest) (bin.Encoder, error) {
	name := strings.TrimPrefix(r.Username, "@")
	cast := w.newCast(a)
	for id, p := range w.people {
		if p.username != "" && strings.EqualFold(p.username, name) {
			cast.add(userPeer(id))
		}
	}
	for id, p := range w.places {
		if p.username != "" && strings.EqualFold(p.username, name) {
			cast.add(id)
		}
	}
	if len(cast.order) == 0 {
		return nil, fail(400, "USERNAME_NOT_OCCUPIED")
	}
	return &tg.ContactsResolvedPeer{Peer: cast.order[0].tl(), Chats: cast.chats(), Users: cast.users()}, nil
}

// getCustomEmoji leaves out the documents there are none of.
func (w *World) getCustomEmoji(_ *Call, _ *account, r *tg.MessagesGetCustomEmojiDocumentsRequest) (bin.Encoder, error) {
	out := &tg.DocumentClassVector{Elems: []tg.DocumentClass{}}
	stamp := w.newStamp()
	for _, id := range r.DocumentID {
		if w.emoji == nil {
			break
		}
		if d := w.emoji(id); d != nil {
			out.Elems = append(out.Elems, stamp.document(d))
		}
	}
	return out, nil
}
