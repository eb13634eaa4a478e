package world

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gotd/td/tg"
)

// A peer names a user, a basic group or a channel.
type peer struct {
	kind byte // 'u', 'g' or 'c'
	id   int64
}

func userPeer(id int64) peer    { return peer{'u', id} }
func groupPeer(id int64) peer   { return peer{'g', id} }
func channelPeer(id int64) peer { return peer{'c', id} }

var kindWords = [...]struct {
	kind byte
	word string
}{{'u', "user"}, {'c', "channel"}, {'g', "chat"}}

// parsePeer reads "user1", "chat2" or "channel3".
func parsePeer(s string) (peer, error) {
	for _, k := range kindWords {
		rest, ok := strings.CutPrefix(s, k.word)
		if !ok {
			continue
		}
		if id, err := strconv.ParseInt(rest, 10, 64); err == nil && id > 0 {
			return peer{k.kind, id}, nil
		}
	}
	return peer{}, fmt.Errorf("%q is no peer: want user1, chat2 or channel3", s)
}

// String gives the form that parsePeer reads.
func (p peer) String() string {
	for _, k := range kindWords {
		if k.kind == p.kind {
			return k.word + strconv.FormatInt(p.id, 10)
		}
	}
	return ""
}

func (p peer) isZero() bool { return p.kind == 0 }

func (p peer) tl() tg.PeerClass {
	switch p.kind {
	case 'u':
		return &tg.PeerUser{UserID: p.id}
	case 'g':
		return &tg.PeerChat{ChatID: p.id}
	}
	return &tg.PeerChannel{ChannelID: p.id}
}

func fromTL(p tg.PeerClass) peer {
	switch p := p.(type) {
	case *tg.PeerUser:
		return userPeer(p.UserID)
	case *tg.PeerChat:
		return groupPeer(p.ChatID)
	case *tg.PeerChannel:
		return channelPeer(p.ChannelID)
	}
	return peer{}
}

// mix scrambles numbers into one. It is not secret, only well spread.
func mix(parts ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, p := range parts {
		h ^= p
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// mixText is mix for a string.
func mixText(seed uint64, s string) uint64 {
	h := mix(seed, uint64(len(s)))
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h)
}
