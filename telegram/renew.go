package telegram

import (
	"context"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// inItems asks for newer references of the files of things that are no
// messages. Ids are those of the things, where they have one.
func (o *origin) inItems(ctx context.Context) (map[archive.MediaKey]normal.FileRef, error) {
	switch o.source {
	case sourcePhotos:
		return o.link.renewPhotos(ctx)
	case sourceChatPhoto:
		photos, err := o.link.shownPhotos(ctx, o.chat, o.hash)
		if err != nil {
			return nil, err
		}
		return photoRefs(photos...), nil
	case sourceMusic:
		return o.link.renewMusic(ctx)
	}
	answer, err := o.link.optional.StoriesGetStoriesByID(ctx, &tg.StoriesGetStoriesByIDRequest{Peer: &tg.InputPeerSelf{}, ID: o.ids})
	if err != nil {
		return nil, err
	}
	fresh := map[archive.MediaKey]normal.FileRef{}
	for _, s := range answer.Stories {
		for _, ref := range normal.StoryFiles(s) {
			fresh[ref.Key] = ref
		}
	}
	return fresh, nil
}

func photoRefs(photos ...tg.PhotoClass) map[archive.MediaKey]normal.FileRef {
	fresh := map[archive.MediaKey]normal.FileRef{}
	for _, p := range photos {
		if _, ref, ok := normal.ProfilePhoto(p); ok {
			fresh[ref.Key] = ref
		}
	}
	return fresh
}

func (l *link) renewPhotos(ctx context.Context) (map[archive.MediaKey]normal.FileRef, error) {
	var all []tg.PhotoClass
	for {
		photos, count, whole, err := l.userPhotos(ctx, len(all))
		if err != nil {
			return nil, err
		}
		if all = append(all, photos...); whole || len(photos) == 0 || len(all) >= count {
			return photoRefs(all...), nil
		}
	}
}

func (l *link) renewMusic(ctx context.Context) (map[archive.MediaKey]normal.FileRef, error) {
	fresh := map[archive.MediaKey]normal.FileRef{}
	for offset := 0; ; {
		found, err := l.savedMusic(ctx, offset)
		if err != nil {
			return nil, err
		}
		for _, d := range found.Documents {
			_, files, _ := normal.Music(d)
			for _, ref := range files {
				fresh[ref.Key] = ref
			}
		}
		if offset += len(found.Documents); offset >= found.Count || len(found.Documents) == 0 {
			return fresh, nil
		}
	}
}
