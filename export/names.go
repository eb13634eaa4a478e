package export

import "telekeep/archive"

// names looks up how people and chats were called when they were last seen. An
// empty name means that nobody knows it: a deleted account, or a stranger.
type names struct {
	source  Source
	account archive.PeerID
}

// peer returns the name of a user, a group or a channel.
func (n names) peer(id archive.PeerID) string {
	p, ok := n.source.Peer(n.account, id)
	if !ok {
		return ""
	}
	if id.Kind() == archive.PeerUser {
		return userName(p)
	}
	return p.Title
}

// user returns the name of a user, and nothing for groups and channels: where
// Telegram Desktop expects a user it does not look further.
func (n names) user(id archive.PeerID) string {
	if id.Kind() != archive.PeerUser {
		return ""
	}
	return n.peer(id)
}

// userName joins what there is of a user's name.
func userName(p *archive.Peer) string {
	switch {
	case p.Deleted:
		return ""
	case p.FirstName == "":
		return p.LastName
	case p.LastName == "":
		return p.FirstName
	}
	return p.FirstName + " " + p.LastName
}

// chat returns the name over a chat. For a person it is the first name alone, as
// in Telegram Desktop's export.
func (n names) chat(id archive.PeerID) string {
	p, ok := n.source.Peer(n.account, id)
	switch {
	case !ok, p.Deleted:
		return ""
	case id.Kind() == archive.PeerUser:
		return p.FirstName
	}
	return p.Title
}

// username returns the name of a user without the @.
func (n names) username(id archive.PeerID) string {
	if id.Kind() != archive.PeerUser {
		return ""
	}
	p, ok := n.source.Peer(n.account, id)
	if !ok {
		return ""
	}
	return p.Username
}

// botname is username for bots, and nothing for people.
func (n names) botname(id archive.PeerID) string {
	if p, ok := n.source.Peer(n.account, id); !ok || !p.Bot {
		return ""
	}
	return n.username(id)
}
