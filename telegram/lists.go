package telegram

import (
	"context"
	"slices"
	"strconv"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// music archives the music on the account's profile.
func (r *run) music(ctx context.Context) error {
	offset := 0
	return r.paged(ctx, r.stock(archive.KindMusic, ""), func(ctx context.Context) (listPage, error) {
		found, err := r.link.savedMusic(ctx, offset)
		if err != nil {
			return listPage{}, err
		}
		offset += len(found.Documents)
		page := listPage{count: found.Count, got: len(found.Documents), whole: offset >= found.Count}
		for _, d := range found.Documents {
			piece, files, ok := normal.Music(d)
			if !ok {
				continue
			}
			page.items = append(page.items, item{
				name: string(piece.File.Key), raw: d, print: piece, files: files, source: sourceMusic, date: piece.File.Date,
				fill: func(rec *archive.Record) { rec.Music = piece },
			})
		}
		return page, nil
	})
}

// savedMusic asks for a page of the music on the account's profile.
func (l *link) savedMusic(ctx context.Context, offset int) (*tg.UsersSavedMusic, error) {
	answer, err := l.optional.UsersGetSavedMusic(ctx, &tg.UsersGetSavedMusicRequest{
		ID: &tg.InputUserSelf{}, Offset: offset, Limit: pageSize,
	})
	if err != nil {
		return nil, err
	}
	found, ok := answer.(*tg.UsersSavedMusic)
	if !ok {
		return nil, unexpected("users.getSavedMusic", answer)
	}
	return found, nil
}

// sessions archives where the account is signed in.
func (r *run) sessions(ctx context.Context) error {
	answer, err := r.link.optional.AccountGetAuthorizations(ctx)
	if err != nil {
		return err
	}
	s := r.stock(archive.KindSession, "")
	for _, a := range answer.Authorizations {
		session := normal.Session(a)
		print := *session
		print.LastActive = 0
		if _, err := s.add(item{
			name: strconv.FormatInt(a.Hash, 10), raw: &a, print: print, loose: session.LastActive,
			fill: func(rec *archive.Record) { rec.Session = session },
		}); err != nil {
			return err
		}
	}
	return s.close(ctx)
}

// webSessions archives the sites that the account is signed in to.
func (r *run) webSessions(ctx context.Context) error {
	answer, err := r.link.optional.AccountGetWebAuthorizations(ctx)
	if err != nil {
		return err
	}
	if err := r.applyPeers(ctx, answer.Users, nil); err != nil {
		return err
	}
	s := r.stock(archive.KindWebSession, "")
	for _, a := range answer.Authorizations {
		session := normal.WebSession(a)
		print := *session
		print.LastActive = 0
		if _, err := s.add(item{
			name: strconv.FormatInt(a.Hash, 10), raw: &a, print: print, loose: session.LastActive,
			fill: func(rec *archive.Record) { rec.WebSession = session },
		}); err != nil {
			return err
		}
	}
	return s.close(ctx)
}

// applyPeers archives the profiles that came with an answer.
func (r *run) applyPeers(ctx context.Context, users []tg.UserClass, chats []tg.ChatClass) error {
	var b batch
	if err := r.peers(&b, users, chats); err != nil {
		return err
	}
	return r.apply(ctx, &b)
}

// folders archives the account's folders of chats.
func (r *run) folders(ctx context.Context) error {
	answer, err := r.link.optional.MessagesGetDialogFilters(ctx)
	if err != nil {
		return err
	}
	s := r.stock(archive.KindFolder, "")
	for i, f := range answer.Filters {
		folder, ok := normal.Folder(f, i+1, r.account)
		if !ok {
			continue
		}
		if _, err := s.add(item{
			name: strconv.Itoa(folder.ID), raw: f, print: folder,
			fill: func(rec *archive.Record) { rec.Folder = folder },
		}); err != nil {
			return err
		}
	}
	return s.close(ctx)
}

// The lists that can have pinned chats, beside those of folders by number.
const pinnedSaved = "saved"

// pinnedChats archives which chats are pinned, in their order.
func (r *run) pinnedChats(ctx context.Context) error {
	s := r.stock(archive.KindPinned, "")
	for _, folder := range []int{0, archiveFolder} {
		var pinned []archive.PeerID
		for _, c := range r.order {
			if c.dialog.Pinned && c.dialog.Folder == folder {
				pinned = append(pinned, c.id)
			}
		}
		if err := s.pinned(strconv.Itoa(folder), pinned); err != nil {
			return err
		}
	}
	s.seen[pinnedSaved] = true // see savedTopics
	return s.close(ctx)
}

// pinned adds the pinned chats of a list; a list that never had any is none.
func (s *stock) pinned(name string, chats []archive.PeerID) error {
	if len(chats) == 0 {
		return nil
	}
	list := &archive.PinnedChats{Chats: slices.Clone(chats)}
	_, err := s.add(item{name: name, print: list, fill: func(rec *archive.Record) { rec.Pinned = list }})
	return err
}
