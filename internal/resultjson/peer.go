package resultjson

import (
	"fmt"
	"strconv"
	"strings"
)

// A Peer names a user, a basic group or a channel (supergroups are channels):
// "user123", "chat123", "channel123". "" is absent.
type Peer string

// The kinds of peers.
const (
	User    = "user"
	Group   = "chat"
	Channel = "channel"
)

// NewPeer builds a Peer from a kind and the bare id.
func NewPeer(kind string, id int64) Peer { return Peer(kind + strconv.FormatInt(id, 10)) }

// Split returns kind and bare id, or "" and 0 if p is absent.
func (p Peer) Split() (kind string, id int64) {
	for _, kind := range []string{User, Channel, Group} {
		if rest, ok := strings.CutPrefix(string(p), kind); ok {
			if id, err := strconv.ParseInt(rest, 10, 64); err == nil {
				return kind, id
			}
		}
	}
	return "", 0
}

func parsePeer(s string) (Peer, error) {
	p := Peer(s)
	kind, id := p.Split()
	if kind == "" || NewPeer(kind, id) != p {
		return "", fmt.Errorf("%q is no peer id", s)
	}
	return p, nil
}

// numericPeer understands an id written as a number. Three ways were in use:
// the bare id of a user; 1<<32 plus a user's or 2<<32 plus a group's or
// channel's id (export of 2020 and 2021, which did not tell the two apart); and
// kind<<48 plus the id (Telegram Desktop's own form, in lists of peers to this
// day). Where long is set, only the last is meant: user ids have outgrown 32 bits.
func numericPeer(n int64, long bool) Peer {
	const (
		mask32 = 1<<32 - 1
		mask48 = 1<<48 - 1
	)
	switch n >> 48 {
	case 1:
		return NewPeer(Group, n&mask48)
	case 2:
		return NewPeer(Channel, n&mask48)
	}
	if !long {
		switch n >> 32 {
		case 1:
			return NewPeer(User, n&mask32)
		case 2:
			return NewPeer(Channel, n&mask32)
		}
	}
	return NewPeer(User, n)
}

// A Name is a name as the export shows it.
type Name struct {
	Text string
	Null bool // written as null: a deleted account, or a peer the export did not know
}

// A Part is a run of text with one format. Plain runs have the type "plain".
type Part struct {
	Type       string `key:"type"`
	Text       string `key:"text"`
	Href       string `key:"href"`
	UserID     int64  `key:"user_id"`
	DocumentID string `key:"document_id"` // of a custom emoji: a path, a placeholder or an id
	Language   string `key:"language"`
	Collapsed  bool   `key:"collapsed"`
}

// PlainText joins the parts without their formats.
func PlainText(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String()
}
