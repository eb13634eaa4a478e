package telegram

import (
	"context"
	"slices"
	"time"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// Where new references of the files of things come from.
const (
	sourcePhotos    = "photos"
	sourceChatPhoto = "chat-photo"
	sourceStories   = "stories"
	sourceMusic     = "music"
)

// profilePhotos archives all pictures of the account's profile, those of before
// included.
func (r *run) profilePhotos(ctx context.Context) error {
	offset := 0
	return r.paged(ctx, r.stock(archive.KindPhoto, archive.MediaPhoto+":"), func(ctx context.Context) (listPage, error) {
		photos, count, whole, err := r.link.userPhotos(ctx, offset)
		offset += len(photos)
		page := listPage{count: count, got: len(photos), whole: whole}
		for _, p := range photos {
			if it, ok := photoItem(p, "", sourcePhotos); ok {
				page.items = append(page.items, it)
			}
		}
		return page, err
	})
}

// userPhotos asks for a page of the account's own pictures.
func (l *link) userPhotos(ctx context.Context, offset int) (photos []tg.PhotoClass, count int, whole bool, err error) {
	answer, err := l.optional.PhotosGetUserPhotos(ctx, &tg.PhotosGetUserPhotosRequest{
		UserID: &tg.InputUserSelf{}, Offset: offset, Limit: pageSize,
	})
	switch answer := answer.(type) {
	case *tg.PhotosPhotosSlice:
		count = answer.Count
	case *tg.PhotosPhotos:
		whole = true
	}
	if err != nil {
		return nil, 0, false, err
	}
	return answer.GetPhotos(), count, whole, nil
}

// photoItem is a picture of the account, or of a chat.
func photoItem(p tg.PhotoClass, chat archive.PeerID, source string) (item, bool) {
	picture, ref, ok := normal.ProfilePhoto(p)
	if !ok {
		return item{}, false
	}
	name := string(picture.Photo.Key)
	if chat != "" {
		name = archive.ItemOf(chat, name)
	}
	return item{
		name: name, chat: chat, raw: p, print: picture, files: []normal.FileRef{ref}, source: source, date: picture.Photo.Date,
		fill: func(rec *archive.Record) { rec.Photo = picture },
	}, true
}

// chatPhotos archives the picture that each chat shows. The server tells how
// large it is for one chat at a time only, so it is asked once for each picture.
func (r *run) chatPhotos(ctx context.Context) error {
	if kinds := r.rules.Kinds; len(kinds) > 0 && !slices.Contains(kinds, normal.KindProfilePhoto) {
		return nil
	}
	for _, c := range r.order {
		if !c.included || c.closed || c.forbidden() || c.peer.Protected || c.peer.Photo == nil || c.id == r.account {
			continue
		}
		key := "picture/" + string(r.account) + "/" + string(c.id)
		var asked pictureState
		if _, err := load(r.archive, key, &asked); err != nil {
			return err
		}
		if asked.Key == c.peer.Photo.Key && asked.rests(r.now()) {
			continue
		}
		asked = pictureState{Key: c.peer.Photo.Key}
		switch err := r.chatPhoto(ctx, c); {
		case err == nil:
		case refused(err) && !ends(err):
			asked.Refused = r.now() // this one; others may be had
			r.warn("pictures of chats", err)
		default:
			return err
		}
		var b batch
		if err := b.set(key, asked); err != nil {
			return err
		}
		if err := r.apply(ctx, &b); err != nil {
			return err
		}
	}
	return nil
}

// pictureState is what is remembered of the picture that a chat shows.
type pictureState struct {
	Key archive.MediaKey `json:"key"`
	// Refused is when the server did not give it, in Unix seconds.
	Refused int64 `json:"refused,omitempty"`
}

// rests reports whether the picture is not to be asked for: it was given, or
// refused a short while ago.
func (s pictureState) rests(now int64) bool {
	age := now - s.Refused
	return s.Refused == 0 || age >= 0 && age < int64(unavailableRetry/time.Second)
}

// chatPhoto archives the picture of a chat. That an older one is not shown any
// more is noted with it.
func (r *run) chatPhoto(ctx context.Context, c *chat) error {
	photos, err := r.link.shownPhotos(ctx, c.id, c.hash)
	if err != nil {
		return err
	}
	for _, photo := range photos {
		it, ok := photoItem(photo, c.id, sourceChatPhoto)
		if !ok || it.files[0].Key != c.peer.Photo.Key {
			continue
		}
		s := r.stock(archive.KindPhoto, string(c.id)+"/")
		if _, err := s.add(it); err != nil {
			return err
		}
		return s.close(ctx)
	}
	return nil
}

// shownPhotos asks for the pictures that a chat can show. A user has up to three:
// their own, the one this account gave them, and the one for strangers.
func (l *link) shownPhotos(ctx context.Context, id archive.PeerID, hash int64) ([]tg.PhotoClass, error) {
	switch id.Kind() {
	case archive.PeerUser:
		full, err := l.optional.UsersGetFullUser(ctx, &tg.InputUser{UserID: id.Num(), AccessHash: hash})
		if err != nil {
			return nil, err
		}
		u := full.FullUser
		return []tg.PhotoClass{u.PersonalPhoto, u.ProfilePhoto, u.FallbackPhoto}, nil
	case archive.PeerChat:
		full, err := l.optional.MessagesGetFullChat(ctx, id.Num())
		if err != nil {
			return nil, err
		}
		return fullPhotos(full.FullChat), nil
	}
	full, err := l.optional.ChannelsGetFullChannel(ctx, &tg.InputChannel{ChannelID: id.Num(), AccessHash: hash})
	if err != nil {
		return nil, err
	}
	return fullPhotos(full.FullChat), nil
}

func fullPhotos(c tg.ChatFullClass) []tg.PhotoClass {
	switch c := c.(type) {
	case *tg.ChatFull:
		return []tg.PhotoClass{c.ChatPhoto}
	case *tg.ChannelFull:
		return []tg.PhotoClass{c.ChatPhoto}
	}
	return nil
}
