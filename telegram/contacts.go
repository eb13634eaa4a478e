package telegram

import (
	"context"
	"maps"
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
	saved, err := r.savedContacts(ctx)
	if err != nil {
		return err
	}
	s := r.stock(archive.KindContact, archive.PeerUser)
	for _, c := range list.Contacts {
		user := users[c.UserID]
		if user == nil {
			user = &tg.User{ID: c.UserID}
		}
		contact := normal.Contact(c, user)
		it := item{
			name: string(contact.User), raw: user, print: *contact,
			fill: func(rec *archive.Record) { rec.Contact = contact },
		}
		if known, ok := saved[contact.Phone]; ok && contact.Phone != "" {
			delete(saved, contact.Phone)
			contact.Date = known.Date
			it.loose = known.Date // told in a takeout only: no change
		}
		if _, err := s.add(it); err != nil {
			return err
		}
	}
	if err := s.close(ctx); err != nil || saved == nil {
		return err
	}
	return r.phoneContacts(ctx, saved)
}

// savedContacts is the address book as it was uploaded, by phone number: with
// dates, and with numbers that belong to nobody. Telegram tells it in a takeout
// only; nil outside of one.
func (r *run) savedContacts(ctx context.Context) (map[string]*archive.SavedContact, error) {
	if !r.link.inTakeout() {
		return nil, nil
	}
	list, err := r.link.optional.ContactsGetSaved(ctx)
	if err != nil {
		if dispensable(err) {
			r.warn("contacts.getSaved", err)
			return nil, nil
		}
		return nil, err
	}
	byPhone := map[string]*archive.SavedContact{}
	for _, c := range list {
		contact := normal.PhoneContact(c)
		byPhone[contact.Phone] = contact
	}
	return byPhone, nil
}

// phoneContacts archives the entries of the address book that belong to nobody.
// They are named by all that is known of them: the state keeps the name, and a
// number alone could be guessed from it.
func (r *run) phoneContacts(ctx context.Context, list map[string]*archive.SavedContact) error {
	s := r.stock(archive.KindContact, "phone-")
	for _, phone := range slices.Sorted(maps.Keys(list)) {
		contact := list[phone]
		word, err := printOf(contact)
		if err != nil {
			return err
		}
		raw := &tg.SavedPhoneContact{
			Phone: contact.Phone, FirstName: contact.FirstName, LastName: contact.LastName, Date: int(contact.Date),
		}
		if _, err := s.add(item{
			name: "phone-" + word, raw: raw, print: contact, fill: func(rec *archive.Record) { rec.Contact = contact },
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
