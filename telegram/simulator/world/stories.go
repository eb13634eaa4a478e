package world

import (
	"slices"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// A story of the account's archive; its media is TL bytes.
type story struct {
	id      int
	date    int
	expires int
	pinned  bool
	caption string
	views   int // 0: the lists do not say who saw it
	media   []byte
}

// tl is the story as a list tells it: without the views, which are asked for.
func (w *World) tlStory(s story) *tg.StoryItem {
	media := decodeMedia(s.media)
	w.newStamp().media(media)
	return &tg.StoryItem{
		ID: s.id, Date: s.date, ExpireDate: s.expires, Pinned: s.pinned, Public: true, Out: true, Caption: s.caption, Media: media,
	}
}

// ownStories answers for the account's own stories only.
func (w *World) ownStories(a *account, in tg.InputPeerClass) error {
	p, err := w.resolve(a, in)
	if err == nil && p != userPeer(a.UserID) {
		return fail(400, "PEER_ID_INVALID")
	}
	return err
}

// storyPage is a page of those stories that are wanted, newest first.
func (w *World) storyPage(a *account, offset, limit int, wanted func(story) bool) *tg.StoriesStories {
	out := &tg.StoriesStories{Stories: []tg.StoryItemClass{}, Chats: []tg.ChatClass{}, Users: []tg.UserClass{}}
	for _, s := range a.stories {
		if !wanted(s) {
			continue
		}
		out.Count++
		if offset != 0 && s.id >= offset || len(out.Stories) == min(max(limit, 1), maxPage) {
			continue
		}
		out.Stories = append(out.Stories, w.tlStory(s))
	}
	return out
}

// getStories lists the account's own archive of stories.
func (w *World) getStories(_ *Call, a *account, r *tg.StoriesGetStoriesArchiveRequest) (bin.Encoder, error) {
	if err := w.ownStories(a, r.Peer); err != nil {
		return nil, err
	}
	return w.storyPage(a, r.OffsetID, r.Limit, func(story) bool { return true }), nil
}

// getPinnedStories lists the stories on the account's profile.
func (w *World) getPinnedStories(_ *Call, a *account, r *tg.StoriesGetPinnedStoriesRequest) (bin.Encoder, error) {
	if err := w.ownStories(a, r.Peer); err != nil {
		return nil, err
	}
	return w.storyPage(a, r.OffsetID, r.Limit, func(s story) bool { return s.pinned }), nil
}

func (w *World) getStoriesByID(_ *Call, a *account, r *tg.StoriesGetStoriesByIDRequest) (bin.Encoder, error) {
	if err := w.ownStories(a, r.Peer); err != nil {
		return nil, err
	}
	if len(r.ID) > maxPage {
		return nil, fail(400, "STORIES_ID_TOO_MANY")
	}
	return w.storyPage(a, 0, maxPage, func(s story) bool { return slices.Contains(r.ID, s.id) }), nil
}

// getStoriesViews tells, in the order of the ids, how often stories were seen.
func (w *World) getStoriesViews(_ *Call, a *account, r *tg.StoriesGetStoriesViewsRequest) (bin.Encoder, error) {
	if err := w.ownStories(a, r.Peer); err != nil {
		return nil, err
	}
	out := &tg.StoriesStoryViews{Views: []tg.StoryViews{}, Users: []tg.UserClass{}}
	for _, id := range r.ID {
		i := slices.IndexFunc(a.stories, func(s story) bool { return s.id == id })
		if i < 0 {
			return nil, fail(400, "STORY_ID_INVALID")
		}
		views := tg.StoryViews{ViewsCount: a.stories[i].views}
		if views.ViewsCount > 3 {
			views.SetReactionsCount(views.ViewsCount / 4)
			views.SetReactions([]tg.ReactionCount{{Reaction: &tg.ReactionEmoji{Emoticon: "❤"}, Count: views.ViewsCount / 4}})
		}
		out.Views = append(out.Views, views)
	}
	return out, nil
}

// getSavedMusic lists the music on a profile; the hash is over the ids.
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
	var ids []int64
	stamp := w.newStamp()
	for i, one := range a.music {
		d := stamp.document(decodeDocument(one))
		ids = append(ids, d.GetID())
		if i >= max(r.Offset, 0) && len(out.Documents) < min(max(r.Limit, 1), maxPage) {
			out.Documents = append(out.Documents, d)
		}
	}
	if unchanged(r.Hash, ids) {
		return &tg.UsersSavedMusicNotModified{Count: len(ids)}, nil
	}
	return out, nil
}
