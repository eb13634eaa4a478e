package normal

import (
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// StoryPost is a story of the account's own; false if the server does not tell
// it (storyItemDeleted, storyItemSkipped).
func StoryPost(s tg.StoryItemClass) (*archive.StoryPost, bool) {
	item, ok := s.(*tg.StoryItem)
	if !ok {
		return nil, false
	}
	out := &archive.StoryPost{
		ID:           item.ID,
		Date:         int64(item.Date),
		Expires:      int64(item.ExpireDate),
		Pinned:       item.Pinned,
		From:         PeerID(item.FromID),
		Edited:       item.Edited,
		Public:       item.Public,
		CloseFriends: item.CloseFriends,
		Contacts:     item.Contacts,
		Selected:     item.SelectedContacts,
		Protected:    item.Noforwards,
		Caption:      text(item.Caption, item.Entities),
		Media:        media(item.Media, ""),
		Albums:       item.Albums,
	}
	if _, ok := item.GetViews(); ok {
		out.Views = StoryViews(item.Views)
	}
	return out, true
}

// StoryViews says who saw a story.
func StoryViews(v tg.StoryViews) *archive.StoryViews {
	return &archive.StoryViews{
		Count:     v.ViewsCount,
		Forwards:  v.ForwardsCount,
		Reactions: v.ReactionsCount,
		ByKind:    reactions(tg.MessageReactions{Results: v.Reactions}),
		Recent:    userIDs(v.RecentViewers),
	}
}

// StoryFiles lists what a story has to download.
func StoryFiles(s tg.StoryItemClass) []FileRef {
	item, ok := s.(*tg.StoryItem)
	if !ok {
		return nil
	}
	var own gatherer
	own.media(item.Media, &own)
	own.documents(item.Music)
	return distinct(own.files)
}
