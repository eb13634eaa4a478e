package web

import (
	"net/url"
	"strconv"

	"telekeep/archive"
)

// An asked is what a request names of the archive.
type asked struct {
	snapshot *archive.Snapshot
	account  archive.PeerID
	chat     archive.PeerID
	timeline *archive.Timeline
	topic    *topic // nil: the whole chat
}

// accountIn reads the account; without one, the first is meant.
func accountIn(s *archive.Snapshot, q url.Values) (archive.PeerID, error) {
	name := archive.PeerID(q.Get("account"))
	for _, a := range s.Accounts() {
		if a.ID == name || name == "" {
			return a.ID, nil
		}
	}
	return "", notFound("no such account in the archive")
}

// ask reads account, chat and topic.
func (s *Server) ask(snapshot *archive.Snapshot, q url.Values) (*asked, error) {
	account, err := accountIn(snapshot, q)
	if err != nil {
		return nil, err
	}
	a := &asked{snapshot: snapshot, account: account, chat: archive.PeerID(q.Get("chat"))}
	a.timeline = snapshot.Timeline(account, a.chat)
	if a.timeline.Len() == 0 && !hasChat(snapshot, account, a.chat) {
		return nil, notFound("no such chat in the archive")
	}
	return a, nil
}

func hasChat(s *archive.Snapshot, account, chat archive.PeerID) bool {
	for _, c := range s.Chats(account) {
		if c.ID == chat {
			return true
		}
	}
	return false
}

// len, position and at hide whether a whole chat or one topic of it is looked at: a place is
// counted among the messages that are shown, a position among those of the chat.
func (a *asked) len() int {
	if a.topic != nil {
		return len(a.topic.positions)
	}
	return a.timeline.Len()
}

func (a *asked) position(place int) int {
	if a.topic != nil {
		return int(a.topic.positions[place])
	}
	return place
}

// place returns the place of a position, or of the first behind it that is shown.
func (a *asked) place(position int) int {
	if a.topic != nil {
		return a.topic.place(position)
	}
	return position
}

// number reads a whole number between two limits; without one, it is otherwise.
func number(q url.Values, name string, otherwise, low, high int64) (int64, error) {
	text := q.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, badRequest(name + " is not a number")
	}
	return min(max(n, low), high), nil
}
