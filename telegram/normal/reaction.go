package normal

import (
	"slices"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// reactions counts in the server's order; a kind that only the list of recent
// ones knows comes last, with a count of 0, as in Telegram Desktop's export.
func reactions(m tg.MessageReactions) []archive.Reaction {
	var list []archive.Reaction
	find := func(r archive.Reaction) int {
		at := slices.IndexFunc(list, func(o archive.Reaction) bool {
			return o.Type == r.Type && o.Emoji == r.Emoji && o.Document == r.Document
		})
		if at < 0 {
			list = append(list, r)
			at = len(list) - 1
		}
		return at
	}
	for _, count := range m.Results {
		r := reaction(count.Reaction)
		r.Count = count.Count
		_, r.Chosen = count.GetChosenOrder()
		find(r)
	}
	for _, one := range m.RecentReactions {
		r := &list[find(reaction(one.Reaction))]
		r.Recent = append(r.Recent, archive.RecentReaction{From: PeerID(one.PeerID), Date: int64(one.Date)})
	}
	return list
}

func reaction(r tg.ReactionClass) archive.Reaction {
	switch r := r.(type) {
	case *tg.ReactionEmoji:
		return archive.Reaction{Type: "emoji", Emoji: r.Emoticon}
	case *tg.ReactionCustomEmoji:
		return archive.Reaction{Type: "custom_emoji", Document: archive.NewMediaKey(archive.MediaDocument, r.DocumentID)}
	case *tg.ReactionPaid:
		return archive.Reaction{Type: "paid"}
	case *tg.ReactionEmpty:
		return archive.Reaction{Type: "empty"}
	}
	return archive.Reaction{Type: unknown}
}

func reactors(m tg.MessageReactions) []archive.Reactor {
	var list []archive.Reactor
	for _, r := range m.TopReactors {
		list = append(list, archive.Reactor{From: PeerID(r.PeerID), Count: r.Count, Anonymous: r.Anonymous})
	}
	return list
}
