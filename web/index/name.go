package index

import (
	"strings"

	"telekeep/archive"
)

// A nameList knows what people and chats are called. It is for one goroutine.
type nameList struct{ names map[owned]string }

func newNameList() *nameList { return &nameList{make(map[owned]string)} }

func (l *nameList) learn(account archive.PeerID, p *archive.Peer) {
	l.names[owned{account, p.ID}] = nameOf(p)
}

func (l *nameList) name(account, id archive.PeerID) string { return l.names[owned{account, id}] }

// nameOf is what people call p.
func nameOf(p *archive.Peer) string {
	if p.Title != "" {
		return p.Title
	}
	return strings.TrimSpace(p.FirstName + " " + p.LastName)
}
