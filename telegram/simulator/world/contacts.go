package world

import (
	"slices"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// listHash is the number by which client and server know that a list is the same.
func listHash(ids []int64) int64 {
	var h uint64
	for _, id := range ids {
		h ^= h >> 21
		h ^= h << 35
		h ^= h >> 4
		h += uint64(id)
	}
	return int64(h)
}

// unchanged reports whether the client has the list already; 0 asks for it in
// any case.
func unchanged(hash int64, ids []int64) bool { return hash != 0 && hash == listHash(ids) }

// getContacts lists the people of the phone book. The hash is over the number of
// saved entries and the users' ids in ascending order: it does not notice names.
func (w *World) getContacts(_ *Call, a *account, r *tg.ContactsGetContactsRequest) (bin.Encoder, error) {
	if unchanged(r.Hash, append([]int64{int64(len(a.saved))}, slices.Sorted(slices.Values(a.contacts))...)) {
		return &tg.ContactsContactsNotModified{}, nil
	}
	cast := w.newCast(a)
	out := &tg.ContactsContacts{Contacts: []tg.Contact{}, SavedCount: len(a.saved)}
	for _, id := range a.contacts {
		out.Contacts = append(out.Contacts, tg.Contact{UserID: id, Mutual: true})
		cast.user(id)
	}
	out.Users = cast.users()
	return out, nil
}

// getSaved lists the phone book as it was uploaded; only in a takeout.
func (w *World) getSaved(c *Call, a *account, _ *tg.ContactsGetSavedRequest) (bin.Encoder, error) {
	if err := needTakeout(c); err != nil {
		return nil, err
	}
	return &tg.SavedPhoneContactVector{Elems: append([]tg.SavedPhoneContact{}, a.saved...)}, nil
}

func (w *World) getTopPeers(_ *Call, a *account, r *tg.ContactsGetTopPeersRequest) (bin.Encoder, error) {
	var ids []int64
	for _, one := range a.frequent {
		for _, p := range one.Peers {
			ids = append(ids, fromTL(p.Peer).id)
		}
	}
	if unchanged(r.Hash, ids) {
		return &tg.ContactsTopPeersNotModified{}, nil
	}
	cast := w.newCast(a)
	out := &tg.ContactsTopPeers{Categories: []tg.TopPeerCategoryPeers{}}
	for _, one := range a.frequent {
		wanted := false
		switch one.Category.(type) {
		case *tg.TopPeerCategoryCorrespondents:
			wanted = r.Correspondents
		case *tg.TopPeerCategoryBotsInline:
			wanted = r.BotsInline
		case *tg.TopPeerCategoryPhoneCalls:
			wanted = r.PhoneCalls
		case *tg.TopPeerCategoryGroups:
			wanted = r.Groups
		case *tg.TopPeerCategoryChannels:
			wanted = r.Channels
		case *tg.TopPeerCategoryBotsPM:
			wanted = r.BotsPm
		}
		if !wanted {
			continue
		}
		all := one.Peers
		page := all[min(max(r.Offset, 0), len(all)):]
		page = page[:min(len(page), max(r.Limit, 1), maxPage)]
		for _, p := range page {
			cast.tl(p.Peer)
		}
		out.Categories = append(out.Categories, tg.TopPeerCategoryPeers{Category: one.Category, Count: len(all), Peers: page})
	}
	out.Chats, out.Users = cast.chats(), cast.users()
	return out, nil
}
