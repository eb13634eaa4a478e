package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Two accounts of Telegram itself have a chat type of their own.
const (
	repliesUser           = 1271266957
	verificationCodesUser = 489000
)

// PeerID names p as the archive does; nil gives "".
func PeerID(p tg.PeerClass) archive.PeerID {
	switch p := p.(type) {
	case *tg.PeerUser:
		return archive.NewPeerID(archive.PeerUser, p.UserID)
	case *tg.PeerChat:
		return archive.NewPeerID(archive.PeerChat, p.ChatID)
	case *tg.PeerChannel:
		return archive.NewPeerID(archive.PeerChannel, p.ChannelID)
	}
	return ""
}

func peerIDs(list []tg.PeerClass) []archive.PeerID {
	var ids []archive.PeerID
	for _, p := range list {
		ids = append(ids, PeerID(p))
	}
	return ids
}

// userID names a user whose bare id stands alone in a TL object, where 0 means
// nobody.
func userID(id int64) archive.PeerID {
	return bareID(archive.PeerUser, id)
}

func userIDs(list []int64) []archive.PeerID {
	var ids []archive.PeerID
	for _, id := range list {
		ids = append(ids, userID(id))
	}
	return ids
}

func bareID(kind string, id int64) archive.PeerID {
	if id == 0 {
		return ""
	}
	return archive.NewPeerID(kind, id)
}

// User is the profile in u. Of a userEmpty only the id is known: it has Min
// set, as every profile of which the server sent a part. The biography is in
// another TL object and stays empty.
func User(u tg.UserClass) *archive.Peer {
	switch u := u.(type) {
	case *tg.User:
		p := &archive.Peer{
			ID:        archive.NewPeerID(archive.PeerUser, u.ID),
			FirstName: u.FirstName,
			LastName:  u.LastName,
			Phone:     u.Phone,
			Bot:       u.Bot || u.BotInfoVersion != 0,
			Deleted:   u.Deleted,
			Verified:  u.Verified,
			Scam:      u.Scam || u.Fake,
			Contact:   u.Contact,
			Premium:   u.Premium,
			Min:       u.Min,
			Emoji:     emojiStatus(u.EmojiStatus),
		}
		p.Username, p.Usernames = usernames(u.Username, u.Usernames)
		if photo, ok := u.Photo.(*tg.UserProfilePhoto); ok {
			p.Photo = profilePhoto(photo.PhotoID)
		}
		return p
	case *tg.UserEmpty:
		return &archive.Peer{ID: archive.NewPeerID(archive.PeerUser, u.ID), Min: true}
	}
	return nil
}

// Chat is the profile of the group or channel in c; nil for a community, which
// holds chats but no messages. Of the forbidden and empty forms little more
// than the id is known, and Left is set.
func Chat(c tg.ChatClass) *archive.Peer {
	switch c := c.(type) {
	case *tg.Chat:
		return group(c)
	case *tg.ChatEmpty:
		return &archive.Peer{ID: archive.NewPeerID(archive.PeerChat, c.ID), Min: true}
	case *tg.ChatForbidden:
		return &archive.Peer{ID: archive.NewPeerID(archive.PeerChat, c.ID), Title: c.Title, Left: true}
	case *tg.Channel:
		return channel(c)
	case *tg.ChannelForbidden:
		return &archive.Peer{
			ID:        archive.NewPeerID(archive.PeerChannel, c.ID),
			Title:     c.Title,
			Broadcast: c.Broadcast,
			Megagroup: c.Megagroup,
			Monoforum: c.Monoforum,
			Left:      true,
		}
	}
	return nil
}

func group(c *tg.Chat) *archive.Peer {
	p := &archive.Peer{
		ID:        archive.NewPeerID(archive.PeerChat, c.ID),
		Title:     c.Title,
		Left:      c.Left,
		Protected: c.Noforwards,
	}
	if to, ok := c.MigratedTo.(*tg.InputChannel); ok {
		p.MigratedTo = bareID(archive.PeerChannel, to.ChannelID)
	}
	if photo, ok := c.Photo.(*tg.ChatPhoto); ok {
		p.Photo = profilePhoto(photo.PhotoID)
	}
	return p
}

func channel(c *tg.Channel) *archive.Peer {
	p := &archive.Peer{
		ID:        archive.NewPeerID(archive.PeerChannel, c.ID),
		Title:     c.Title,
		Broadcast: c.Broadcast,
		Megagroup: c.Megagroup,
		Gigagroup: c.Gigagroup,
		Forum:     c.Forum,
		Left:      c.Left,
		Protected: c.Noforwards,
		Verified:  c.Verified,
		Scam:      c.Scam || c.Fake,
		Min:       c.Min,
		Monoforum: c.Monoforum,
		Linked:    bareID(archive.PeerChannel, c.LinkedMonoforumID),
		Emoji:     emojiStatus(c.EmojiStatus),
		Answers:   c.Broadcast && (c.Creator || c.AdminRights.ManageDirectMessages),
	}
	p.Username, p.Usernames = usernames(c.Username, c.Usernames)
	if photo, ok := c.Photo.(*tg.ChatPhoto); ok {
		p.Photo = profilePhoto(photo.PhotoID)
	}
	return p
}

// usernames returns the name to show and, if there are several active ones, all
// of them. A peer that bought names has them in the list only.
func usernames(name string, list []tg.Username) (string, []string) {
	var active []string
	for _, u := range list {
		if u.Active {
			active = append(active, u.Username)
		}
	}
	if name == "" && len(active) > 0 {
		name = active[0]
	}
	if len(active) < 2 {
		active = nil
	}
	return name, active
}

// profilePhoto is a photo of which a profile names the id alone.
func profilePhoto(id int64) *archive.File {
	return &archive.File{Key: archive.NewMediaKey(archive.MediaPhoto, id)}
}

// DialogType is Telegram Desktop's word for the chat with p in the account of
// self. A channel's direct messages (p.Monoforum) take their type from the
// channel they belong to, p.Linked: pass its profile as parent, or nil if it
// is not known.
func DialogType(self archive.PeerID, p, parent *archive.Peer) archive.ChatType {
	if p.ID.Kind() == archive.PeerUser {
		return userDialog(self, p)
	}
	public := p.Username != ""
	if p.Monoforum {
		if parent == nil || !parent.Answers {
			return archive.ChatPersonal
		}
		public = parent.Username != ""
	}
	switch {
	case p.Broadcast && public:
		return archive.ChatPublicChannel
	case p.Broadcast:
		return archive.ChatPrivateChannel
	case public:
		return archive.ChatPublicSupergroup
	case p.Megagroup || p.Monoforum:
		return archive.ChatPrivateSupergroup
	}
	return archive.ChatPrivateGroup
}

func userDialog(self archive.PeerID, p *archive.Peer) archive.ChatType {
	switch {
	case p.ID == self:
		return archive.ChatSaved
	case p.ID.Num() == repliesUser:
		return archive.ChatReplies
	case p.ID.Num() == verificationCodesUser:
		return archive.ChatVerificationCodes
	case p.Bot:
		return archive.ChatBot
	}
	return archive.ChatPersonal
}
