package world

import (
	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

func (w *World) getContacts(_ *Call, a *account, _ *tg.ContactsGetContactsRequest) (bin.Encoder, error) {
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

func (w *World) getAuthorizations(_ *Call, a *account, _ *tg.AccountGetAuthorizationsRequest) (bin.Encoder, error) {
	list := append([]tg.Authorization{}, a.sessions...)
	if len(list) > 0 {
		list[0].Current = true
	}
	return &tg.AccountAuthorizations{AuthorizationTTLDays: 180, Authorizations: list}, nil
}

func (w *World) getWebAuthorizations(_ *Call, a *account, _ *tg.AccountGetWebAuthorizationsRequest) (bin.Encoder, error) {
	cast := w.newCast(a)
	for _, one := range a.sites {
		cast.user(one.BotID)
	}
	return &tg.AccountWebAuthorizations{
		Authorizations: append([]tg.WebAuthorization{}, a.sites...), Users: cast.users(),
	}, nil
}

func (w *World) getSavedMusic(_ *Call, a *account, r *tg.UsersGetSavedMusicRequest) (bin.Encoder, error) {
	p, err := w.resolveUser(a, r.ID)
	if err != nil {
		return nil, err
	}
	out := &tg.UsersSavedMusic{Documents: []tg.DocumentClass{}}
	if p.id != a.UserID {
		return out, nil
	}
	out.Count = len(a.music)
	stamp := w.newStamp()
	for _, one := range a.music[min(max(r.Offset, 0), len(a.music)):] {
		if len(out.Documents) == min(max(r.Limit, 1), maxPage) {
			break
		}
		out.Documents = append(out.Documents, stamp.document(decodeDocument(one)))
	}
	return out, nil
}

// A story of the account's archive; its media is TL bytes.
type story struct {
	id      int
	date    int
	expires int
	pinned  bool
	media   []byte
}

// getStories lists the account's own archive of stories, newest first.
func (w *World) getStories(_ *Call, a *account, r *tg.StoriesGetStoriesArchiveRequest) (bin.Encoder, error) {
	p, err := w.resolve(a, r.Peer)
	if err != nil {
		return nil, err
	}
	if p != userPeer(a.UserID) {
		return nil, fail(400, "PEER_ID_INVALID")
	}
	out := &tg.StoriesStories{Count: len(a.stories), Stories: []tg.StoryItemClass{}, Chats: []tg.ChatClass{}, Users: []tg.UserClass{}}
	stamp := w.newStamp()
	for _, s := range a.stories {
		if r.OffsetID != 0 && s.id >= r.OffsetID || len(out.Stories) == min(max(r.Limit, 1), maxPage) {
			continue
		}
		media := decodeMedia(s.media)
		stamp.media(media)
		out.Stories = append(out.Stories, &tg.StoryItem{ID: s.id, Date: s.date, ExpireDate: s.expires, Pinned: s.pinned, Media: media})
	}
	return out, nil
}
