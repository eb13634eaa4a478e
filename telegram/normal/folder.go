package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Folder is a folder of chats of the account self; false for the list of all
// chats, which only has a place among them.
func Folder(f tg.DialogFilterClass, position int, self archive.PeerID) (*archive.Folder, bool) {
	switch f := f.(type) {
	case *tg.DialogFilter:
		return &archive.Folder{
			ID:              f.ID,
			Position:        position,
			Title:           formatted(f.Title),
			Emoticon:        f.Emoticon,
			Color:           f.Color,
			Contacts:        f.Contacts,
			NonContacts:     f.NonContacts,
			Groups:          f.Groups,
			Channels:        f.Broadcasts,
			Bots:            f.Bots,
			ExcludeMuted:    f.ExcludeMuted,
			ExcludeRead:     f.ExcludeRead,
			ExcludeArchived: f.ExcludeArchived,
			Pinned:          inputPeerIDs(f.PinnedPeers, self),
			Include:         inputPeerIDs(f.IncludePeers, self),
			Exclude:         inputPeerIDs(f.ExcludePeers, self),
		}, true
	case *tg.DialogFilterChatlist:
		return &archive.Folder{
			ID:       f.ID,
			Position: position,
			Title:    formatted(f.Title),
			Emoticon: f.Emoticon,
			Color:    f.Color,
			Shared:   true,
			Pinned:   inputPeerIDs(f.PinnedPeers, self),
			Include:  inputPeerIDs(f.IncludePeers, self),
		}, true
	}
	return nil, false
}

// InputPeerID is whom an InputPeer of the account self means.
func InputPeerID(p tg.InputPeerClass, self archive.PeerID) archive.PeerID {
	switch p := p.(type) {
	case *tg.InputPeerSelf:
		return self
	case *tg.InputPeerUser:
		return archive.NewPeerID(archive.PeerUser, p.UserID)
	case *tg.InputPeerChat:
		return archive.NewPeerID(archive.PeerChat, p.ChatID)
	case *tg.InputPeerChannel:
		return archive.NewPeerID(archive.PeerChannel, p.ChannelID)
	case *tg.InputPeerUserFromMessage:
		return archive.NewPeerID(archive.PeerUser, p.UserID)
	case *tg.InputPeerChannelFromMessage:
		return archive.NewPeerID(archive.PeerChannel, p.ChannelID)
	}
	return ""
}

func inputPeerIDs(list []tg.InputPeerClass, self archive.PeerID) []archive.PeerID {
	var ids []archive.PeerID
	for _, p := range list {
		if id := InputPeerID(p, self); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}
