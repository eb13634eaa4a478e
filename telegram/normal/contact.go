package normal

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Contact is an entry of the address book whose user is known.
func Contact(c tg.Contact, u *tg.User) *archive.SavedContact {
	return &archive.SavedContact{
		User:      userID(c.UserID),
		FirstName: u.FirstName,
		LastName:  u.LastName,
		Phone:     u.Phone,
		Mutual:    c.Mutual,
	}
}

// PhoneContact is an entry of the address book as it was uploaded.
func PhoneContact(c tg.SavedPhoneContact) *archive.SavedContact {
	return &archive.SavedContact{FirstName: c.FirstName, LastName: c.LastName, Phone: strings.TrimPrefix(c.Phone, "+"), Date: int64(c.Date)}
}

// TopPeers are those of one category, the highest rating first.
func TopPeers(c tg.TopPeerCategoryPeers) *archive.TopPeers {
	out := &archive.TopPeers{Category: topPeerCategory(c.Category), Peers: []archive.RatedPeer{}}
	for _, p := range c.Peers {
		rating := p.Rating
		if !finite(rating) {
			rating = 0
		}
		out.Peers = append(out.Peers, archive.RatedPeer{Peer: PeerID(p.Peer), Rating: rating})
	}
	slices.SortStableFunc(out.Peers, func(a, b archive.RatedPeer) int { return cmp.Compare(b.Rating, a.Rating) })
	return out
}

// topPeerCategory is Telegram Desktop's word for a category; where it has none,
// ours.
func topPeerCategory(c tg.TopPeerCategoryClass) string {
	switch c.(type) {
	case *tg.TopPeerCategoryCorrespondents:
		return "people"
	case *tg.TopPeerCategoryBotsInline:
		return "inline_bots"
	case *tg.TopPeerCategoryPhoneCalls:
		return "calls"
	case *tg.TopPeerCategoryBotsPM:
		return "bots"
	case *tg.TopPeerCategoryGroups:
		return "groups"
	case *tg.TopPeerCategoryChannels:
		return "channels"
	case *tg.TopPeerCategoryForwardUsers:
		return "forwards"
	case *tg.TopPeerCategoryForwardChats:
		return "forward_chats"
	case *tg.TopPeerCategoryBotsApp:
		return "app_bots"
	case *tg.TopPeerCategoryBotsGuestChat:
		return "guest_bots"
	}
	return unknown
}
