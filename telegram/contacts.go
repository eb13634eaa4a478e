package telegram

import (
	"context"
	"slices"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// contacts archives the address book. The server's shortcut for an unchanged one
// is not used: it would not notice other names.
func (r *run) contacts(ctx context.Context) error {
	answer, err := r.link.optional.ContactsGetContacts(ctx, 0)
	if err != nil {
		return err
	}
	list, ok := answer.(*tg.ContactsContacts)
	if !ok {
		return unexpected("contacts.getContacts", answer)
	}
	if err := r.applyPeers(ctx, list.Users, nil); err != nil {
		return err
	}
	users := map[int64]*tg.User{}
	for _, u := range list.Users {
		if user, ok := u.(*tg.User); ok {
			users[user.ID] = user
		}
	}
	s := r.stock(archive.KindContact, archive.PeerUser)
	for _, c := range list.Contacts {
		user := users[c.UserID]
		if user == nil {
			user = &tg.User{ID: c.UserID}
		}
		contact := normal.Contact(c, user)
		if _, err := s.add(item{
			name: string(contact.User), raw: user, print: contact,
			fill: func(rec *archive.Record) { rec.Contact = contact },
		}); err != nil {
			return err
		}
	}
	return s.close(ctx)
}

// topPeers archives whom the account has most to do with. Ratings change by
// themselves.
func (r *run) topPeers(ctx context.Context) error {
	all := map[string]*archive.TopPeers{}
	sources := map[string]*tg.TopPeerCategoryPeers{}
	for offset := 0; ; offset += pageSize {
		answer, err := r.link.optional.ContactsGetTopPeers(ctx, &tg.ContactsGetTopPeersRequest{
			Correspondents: true, BotsPm: true, BotsInline: true, PhoneCalls: true, ForwardUsers: true, ForwardChats: true,
			Groups: true, Channels: true, BotsApp: true, Offset: offset, Limit: pageSize,
		})
		if err != nil {
			return err
		}
		page, ok := answer.(*tg.ContactsTopPeers)
		if !ok {
			if _, off := answer.(*tg.ContactsTopPeersDisabled); off {
				return nil // nobody counts; what was counted before stays
			}
			return unexpected("contacts.getTopPeers", answer)
		}
		if err := r.applyPeers(ctx, page.Users, page.Chats); err != nil {
			return err
		}
		if !addTopPeers(page, offset, all, sources) {
			break
		}
	}
	s := r.stock(archive.KindTopPeers, "")
	for name, top := range all {
		var who []archive.PeerID
		for _, p := range top.Peers {
			who = append(who, p.Peer)
		}
		slices.Sort(who)
		if _, err := s.add(item{
			name: name, raw: sources[name], print: who, loose: top,
			fill: func(rec *archive.Record) { rec.TopPeers = top },
		}); err != nil {
			return err
		}
	}
	return s.close(ctx)
}

// addTopPeers adds a page to what there is, and reports whether there are more.
func addTopPeers(page *tg.ContactsTopPeers, offset int, all map[string]*archive.TopPeers, sources map[string]*tg.TopPeerCategoryPeers) bool {
	more := false
	for _, category := range page.Categories {
		found := normal.TopPeers(category)
		if len(found.Peers) == 0 {
			continue
		}
		more = more || category.Count > offset+len(category.Peers) && len(category.Peers) > 0
		if all[found.Category] == nil {
			all[found.Category], sources[found.Category] = found, &category
			continue
		}
		all[found.Category].Peers = append(all[found.Category].Peers, found.Peers...)
		sources[found.Category].Peers = append(sources[found.Category].Peers, category.Peers...)
	}
	return more
}
