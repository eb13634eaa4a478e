package world

import "github.com/gotd/td/tg"

// A person is a user or a bot.
type person struct {
	id       int64
	first    string
	last     string
	username string
	phone    string // digits
	about    string
	bot      bool
	deleted  bool
	contact  bool
	support  bool
	photo    *file

	protected bool // noforwards: forbids saving what is in the chat with the account
}

// A place is a basic group, a supergroup or a channel.
type place struct {
	peer
	title      string
	username   string
	about      string
	broadcast  bool // a channel in the narrow sense
	megagroup  bool
	forum      bool
	signatures bool
	left       bool
	creator    bool
	protected  bool // noforwards: its owner forbids saving
	private    bool // closed to the account: CHANNEL_PRIVATE
	date       int
	members    []int64
	size       int // number of members, at least len(members)
	movedTo    int64
	movedFrom  int64
	photo      *file
}

// accessHash is what a client has to show with an id.
func (w *World) accessHash(p peer) int64 { return int64(mix(w.key, uint64(p.kind), uint64(p.id)) >> 1) }

// user builds the TL object of a person as the account sees it.
func (w *World) user(a *account, id int64) tg.UserClass {
	p, ok := w.people[id]
	if !ok {
		return &tg.UserEmpty{ID: id}
	}
	u := &tg.User{
		ID: id, FirstName: p.first, LastName: p.last, Username: p.username,
		Self: id == a.UserID, Contact: p.contact, MutualContact: p.contact,
		Bot: p.bot, Deleted: p.deleted, Support: p.support,
	}
	u.SetAccessHash(w.accessHash(userPeer(id)))
	if p.bot {
		u.SetBotInfoVersion(1)
	}
	if p.contact || u.Self {
		u.Phone = p.phone
	}
	if p.deleted {
		return u
	}
	if p.photo != nil {
		u.Photo = &tg.UserProfilePhoto{PhotoID: p.photo.id, DCID: p.photo.dc}
	}
	if !p.bot {
		u.Status = &tg.UserStatusRecently{}
	}
	return u
}

// place builds the TL object of a group or channel.
func (w *World) place(p *place) tg.ChatClass {
	if p.kind == 'g' {
		return w.basicGroup(p)
	}
	if p.private {
		return &tg.ChannelForbidden{
			ID: p.id, AccessHash: w.accessHash(p.peer), Title: p.title, Broadcast: p.broadcast, Megagroup: p.megagroup,
		}
	}
	c := &tg.Channel{
		ID: p.id, Title: p.title, Username: p.username, Date: p.date, Photo: p.chatPhoto(),
		Broadcast: p.broadcast, Megagroup: p.megagroup, Forum: p.forum, Signatures: p.signatures,
		Left: p.left, Creator: p.creator, Noforwards: p.protected,
	}
	c.SetAccessHash(w.accessHash(p.peer))
	if p.size > 0 {
		c.SetParticipantsCount(p.size)
	}
	return c
}

func (w *World) basicGroup(p *place) tg.ChatClass {
	if p.title == "" {
		return &tg.ChatForbidden{ID: p.id}
	}
	c := &tg.Chat{
		ID: p.id, Title: p.title, Date: p.date, Photo: p.chatPhoto(), ParticipantsCount: p.size,
		Left: p.left, Creator: p.creator, Noforwards: p.protected, Version: 1,
	}
	if p.movedTo != 0 {
		c.Deactivated = true
		c.SetMigratedTo(&tg.InputChannel{ChannelID: p.movedTo, AccessHash: w.accessHash(channelPeer(p.movedTo))})
	}
	return c
}

func (p *place) chatPhoto() tg.ChatPhotoClass {
	if p.photo == nil {
		return &tg.ChatPhotoEmpty{}
	}
	return &tg.ChatPhoto{PhotoID: p.photo.id, DCID: p.photo.dc}
}

// resolve finds whom an InputPeer means and checks the access hash.
func (w *World) resolve(a *account, in tg.InputPeerClass) (peer, error) {
	switch in := in.(type) {
	case *tg.InputPeerSelf:
		return userPeer(a.UserID), nil
	case *tg.InputPeerUser:
		return w.checked(userPeer(in.UserID), in.AccessHash)
	case *tg.InputPeerChat:
		return w.checked(groupPeer(in.ChatID), 0)
	case *tg.InputPeerChannel:
		return w.checked(channelPeer(in.ChannelID), in.AccessHash)
	case *tg.InputPeerUserFromMessage:
		return w.seenIn(a, in.Peer, in.MsgID, userPeer(in.UserID))
	case *tg.InputPeerChannelFromMessage:
		return w.seenIn(a, in.Peer, in.MsgID, channelPeer(in.ChannelID))
	}
	return peer{}, fail(400, "PEER_ID_INVALID")
}

func (w *World) checked(p peer, hash int64) (peer, error) {
	switch p.kind {
	case 'u':
		if w.people[p.id] == nil || hash != w.accessHash(p) {
			return peer{}, fail(400, "PEER_ID_INVALID")
		}
	case 'g':
		if w.places[p] == nil {
			return peer{}, fail(400, "PEER_ID_INVALID")
		}
	default:
		place := w.places[p]
		if place == nil || hash != w.accessHash(p) {
			return peer{}, fail(400, "CHANNEL_INVALID")
		}
		if place.private {
			return peer{}, fail(406, "CHANNEL_PRIVATE")
		}
	}
	return p, nil
}

// seenIn allows a peer whose access hash the client does not have, because a
// message names it.
func (w *World) seenIn(a *account, where tg.InputPeerClass, id int, p peer) (peer, error) {
	chat, err := w.resolve(a, where)
	if err != nil {
		return peer{}, err
	}
	c := a.chats[chat]
	if c == nil {
		return peer{}, fail(400, "PEER_ID_INVALID")
	}
	m := c.get(id)
	if m == nil {
		return peer{}, fail(400, "MSG_ID_INVALID")
	}
	cast := w.newCast(a)
	cast.message(m)
	if !cast.has(p) {
		return peer{}, fail(400, "PEER_ID_INVALID")
	}
	return w.checked(p, w.accessHash(p))
}

func (w *World) resolveUser(a *account, in tg.InputUserClass) (peer, error) {
	var p peer
	err := fail(400, "USER_ID_INVALID")
	switch in := in.(type) {
	case *tg.InputUserSelf:
		return userPeer(a.UserID), nil
	case *tg.InputUser:
		if in.UserID == a.UserID && in.AccessHash == 0 {
			return userPeer(a.UserID), nil
		}
		p, err = w.checked(userPeer(in.UserID), in.AccessHash)
	case *tg.InputUserFromMessage:
		p, err = w.seenIn(a, in.Peer, in.MsgID, userPeer(in.UserID))
	}
	if err != nil {
		return peer{}, fail(400, "USER_ID_INVALID")
	}
	return p, nil
}

func (w *World) resolveChannel(a *account, in tg.InputChannelClass) (peer, error) {
	switch in := in.(type) {
	case *tg.InputChannel:
		return w.checked(channelPeer(in.ChannelID), in.AccessHash)
	case *tg.InputChannelFromMessage:
		return w.seenIn(a, in.Peer, in.MsgID, channelPeer(in.ChannelID))
	}
	return peer{}, fail(400, "CHANNEL_INVALID")
}
