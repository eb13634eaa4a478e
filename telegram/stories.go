package telegram

import (
	"context"
	"strconv"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// stories archives the account's own stories: all that its archive of stories
// has, or, where the server refuses that, those on the profile.
func (r *run) stories(ctx context.Context) error {
	offset := 0
	page := func(ctx context.Context) (listPage, error) {
		answer, err := r.link.optional.StoriesGetStoriesArchive(ctx, &tg.StoriesGetStoriesArchiveRequest{
			Peer: &tg.InputPeerSelf{}, OffsetID: offset, Limit: pageSize,
		})
		if err != nil {
			return listPage{}, err
		}
		return r.storyPage(ctx, answer, &offset)
	}
	err := r.paged(ctx, r.stock(archive.KindStory, ""), page)
	if err == nil || !refused(err) || ends(err) {
		return err
	}
	r.warn("stories.getStoriesArchive", err)
	return r.pinnedStories(ctx)
}

// pinnedStories archives the stories on the profile. That others are not among
// them says nothing.
func (r *run) pinnedStories(ctx context.Context) error {
	s := r.stock(archive.KindStory, "")
	for offset := 0; ; {
		answer, err := r.link.optional.StoriesGetPinnedStories(ctx, &tg.StoriesGetPinnedStoriesRequest{
			Peer: &tg.InputPeerSelf{}, OffsetID: offset, Limit: pageSize,
		})
		if err != nil {
			return err
		}
		page, err := r.storyPage(ctx, answer, &offset)
		if err != nil {
			return err
		}
		seen := len(s.seen)
		for _, it := range page.items {
			if _, err := s.add(it); err != nil {
				return err
			}
		}
		if page.whole || len(s.seen) == seen {
			return s.apply(ctx)
		}
	}
}

// storyPage takes a page of stories, and asks who saw them where the server does
// not say.
func (r *run) storyPage(ctx context.Context, answer *tg.StoriesStories, offset *int) (listPage, error) {
	page := listPage{count: answer.Count, got: len(answer.Stories), whole: len(answer.Stories) == answer.Count && *offset == 0}
	for _, s := range answer.Stories {
		*offset = s.GetID()
	}
	var b batch
	if err := r.peers(&b, answer.Users, answer.Chats); err != nil {
		return page, err
	}
	if err := r.apply(ctx, &b); err != nil {
		return page, err
	}
	if err := r.storyViews(ctx, answer.Stories); err != nil {
		return page, err
	}
	for _, s := range answer.Stories {
		post, ok := normal.StoryPost(s)
		if !ok {
			continue
		}
		page.items = append(page.items, item{
			name: strconv.Itoa(post.ID), raw: s, print: post, files: normal.StoryFiles(s), source: sourceStories,
			emoji: normal.EmojiIn(&archive.Message{Text: post.Caption, Media: post.Media}), id: post.ID, date: post.Date, fill: func(rec *archive.Record) { rec.Story = post },
		})
	}
	return page, nil
}

// storyViews fills in who saw the stories of a page that do not say it.
func (r *run) storyViews(ctx context.Context, stories []tg.StoryItemClass) error {
	var silent []*tg.StoryItem
	var ids []int
	for _, s := range stories {
		item, ok := s.(*tg.StoryItem)
		if !ok {
			continue
		}
		if _, says := item.GetViews(); !says {
			silent, ids = append(silent, item), append(ids, item.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	answer, err := r.link.optional.StoriesGetStoriesViews(ctx, &tg.StoriesGetStoriesViewsRequest{Peer: &tg.InputPeerSelf{}, ID: ids})
	switch {
	case err != nil && dispensable(err):
		r.warn("stories.getStoriesViews", err)
		return nil
	case err != nil:
		return err
	case len(answer.Views) != len(silent): // they come in the order of the ids
		return nil
	}
	for i, views := range answer.Views {
		silent[i].SetViews(views)
	}
	return nil
}
