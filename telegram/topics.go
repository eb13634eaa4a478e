package telegram

import (
	"context"
	"strconv"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// drafts archives what was written and not sent.
func (r *run) drafts(ctx context.Context) error {
	answer, err := r.link.optional.MessagesGetAllDrafts(ctx)
	if err != nil {
		return err
	}
	all, ok := answer.(interface {
		GetUpdates() []tg.UpdateClass
		GetUsers() []tg.UserClass
		GetChats() []tg.ChatClass
	})
	if !ok {
		return unexpected("messages.getAllDrafts", answer)
	}
	if err := r.applyPeers(ctx, all.GetUsers(), all.GetChats()); err != nil {
		return err
	}
	s := r.stock(archive.KindDraft, "")
	for _, u := range all.GetUpdates() {
		update, ok := u.(*tg.UpdateDraftMessage)
		if !ok {
			continue
		}
		chat := normal.PeerID(update.Peer)
		draft, ok := normal.Draft(update.Draft, chat, r.account)
		if !ok {
			continue
		}
		name := string(chat)
		if draft.Topic = update.TopMsgID; draft.Topic != 0 {
			name = archive.ItemOf(chat, strconv.Itoa(draft.Topic))
		}
		if draft.Saved = normal.PeerID(update.SavedPeerID); draft.Saved != "" {
			name = archive.ItemOf(chat, string(draft.Saved))
		}
		if _, err := s.add(item{
			name: name, chat: chat, raw: update.Draft, print: draft,
			emoji: normal.EmojiIn(&archive.Message{Text: draft.Text}),
			fill:  func(rec *archive.Record) { rec.Draft = draft },
		}); err != nil {
			return err
		}
	}
	return s.close(ctx)
}

// savedTopics archives the topics of the saved messages, and which of them are
// pinned.
func (r *run) savedTopics(ctx context.Context) error {
	request := &tg.MessagesGetSavedDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: pageSize}
	var pinned []archive.PeerID
	s := r.stock(archive.KindTopic, string(r.account)+"/")
	err := r.paged(ctx, s, func(ctx context.Context) (listPage, error) {
		answer, err := r.link.optional.MessagesGetSavedDialogs(ctx, request)
		if err != nil {
			return listPage{}, err
		}
		found, ok := answer.AsModified()
		if !ok {
			return listPage{}, unexpected("messages.getSavedDialogs", answer)
		}
		if err := r.applyPeers(ctx, found.GetUsers(), found.GetChats()); err != nil {
			return listPage{}, err
		}
		page := listPage{got: len(found.GetDialogs())}
		switch answer := answer.(type) {
		case *tg.MessagesSavedDialogs:
			page.whole = true
		case *tg.MessagesSavedDialogsSlice:
			page.count = answer.Count
		}
		for _, d := range found.GetDialogs() {
			topic, ok := normal.SavedTopic(d)
			if !ok {
				continue
			}
			if topic.Pinned {
				pinned = append(pinned, topic.Peer)
			}
			page.items = append(page.items, topicItem(r.account, string(topic.Peer), topic, d))
		}
		r.nextSaved(request, found)
		return page, nil
	})
	if err != nil {
		return err
	}
	p := r.stock(archive.KindPinned, pinnedSaved)
	if err := p.pinned(pinnedSaved, pinned); err != nil {
		return err
	}
	return p.close(ctx)
}

// nextSaved sets the request to go on behind the last topic of a page.
func (r *run) nextSaved(request *tg.MessagesGetSavedDialogsRequest, page tg.ModifiedMessagesSavedDialogs) {
	dates := map[int]int{}
	for _, m := range page.GetMessages() {
		if _, date, ok := whereWhen(m); ok {
			dates[m.GetID()] = date
		}
	}
	for _, d := range page.GetDialogs() {
		if saved, ok := d.(*tg.SavedDialog); ok && dates[saved.TopMessage] != 0 {
			id := normal.PeerID(saved.Peer)
			request.OffsetDate, request.OffsetID = dates[saved.TopMessage], saved.TopMessage
			request.OffsetPeer = inputPeer(id, hashIn(id, page.GetUsers(), page.GetChats()))
			if id == r.account {
				request.OffsetPeer = &tg.InputPeerSelf{}
			}
		}
	}
}

// hashIn is the access hash of a peer among those that came with an answer.
func hashIn(id archive.PeerID, users []tg.UserClass, chats []tg.ChatClass) int64 {
	for _, u := range users {
		if user, ok := u.(*tg.User); ok && user.ID == id.Num() && id.Kind() == archive.PeerUser {
			return user.AccessHash
		}
	}
	for _, c := range chats {
		if channel, ok := c.(*tg.Channel); ok && channel.ID == id.Num() && id.Kind() == archive.PeerChannel {
			return channel.AccessHash
		}
	}
	return 0
}

// topicItem is a topic of a chat.
func topicItem(chat archive.PeerID, name string, topic *archive.Topic, source encoder) item {
	return item{
		name: archive.ItemOf(chat, name), chat: chat, raw: source, print: topic, emoji: icons(topic),
		fill: func(rec *archive.Record) { rec.Topic = topic },
	}
}

// icons are the custom emoji of a topic.
func icons(t *archive.Topic) []archive.MediaKey {
	if t.Emoji == "" {
		return nil
	}
	return []archive.MediaKey{t.Emoji}
}

// forumTopics archives the topics of the forums in which something happened:
// what changes a topic stands among the messages, too.
func (r *run) forumTopics(ctx context.Context) error {
	for _, c := range r.order {
		if !c.included || !c.peer.Forum || c.forbidden() {
			continue
		}
		key := "topics/" + string(r.account) + "/" + string(c.id)
		was, _, err := r.archive.Get(key)
		if err != nil {
			return archived(err)
		}
		now := strconv.Itoa(c.dialog.TopMessage)
		if string(was) == now {
			continue
		}
		if err := r.topicsOf(ctx, c); err != nil {
			return err
		}
		var b batch
		b.put(key, []byte(now))
		if err := r.apply(ctx, &b); err != nil {
			return err
		}
	}
	return nil
}

// topicsOf archives the topics of a forum.
func (r *run) topicsOf(ctx context.Context, c *chat) error {
	request := &tg.MessagesGetForumTopicsRequest{Peer: c.input, Limit: pageSize}
	s := r.stock(archive.KindTopic, string(c.id)+"/")
	return r.paged(ctx, s, func(ctx context.Context) (listPage, error) {
		answer, err := r.link.optional.MessagesGetForumTopics(ctx, request)
		if err != nil {
			return listPage{}, err
		}
		if err := r.applyPeers(ctx, answer.Users, answer.Chats); err != nil {
			return listPage{}, err
		}
		page := listPage{count: answer.Count, got: len(answer.Topics), whole: len(answer.Topics) == answer.Count && request.OffsetTopic == 0}
		for _, t := range answer.Topics {
			if topic, ok := normal.ForumTopic(t); ok {
				page.items = append(page.items, topicItem(c.id, strconv.Itoa(topic.ID), topic, t))
			}
		}
		nextTopic(request, answer)
		return page, nil
	})
}

// nextTopic sets the request to go on behind the last topic of a page.
func nextTopic(request *tg.MessagesGetForumTopicsRequest, page *tg.MessagesForumTopics) {
	for _, t := range page.Topics {
		topic, ok := t.(*tg.ForumTopic)
		if !ok {
			continue
		}
		request.OffsetTopic, request.OffsetID, request.OffsetDate = topic.ID, topic.TopMessage, topic.Date
		for _, m := range page.Messages {
			if _, date, ok := whereWhen(m); ok && m.GetID() == topic.TopMessage && !page.OrderByCreateDate {
				request.OffsetDate = date
			}
		}
	}
}
