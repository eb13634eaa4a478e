package world

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gotd/td/tg"
)

// A village is a small world for tests: one chat of each kind with messages 10,
// 20, 30 … (channels 1, 2, 3 …), all by hand.
type village struct {
	*World
	*guest
	clock   *clock
	friend  peer
	group   peer
	channel peer // broadcast
	talk    peer // supergroup
	left    peer
}

func newVillage(t testing.TB, o Options) *village {
	t.Helper()
	v := &village{clock: newClock(), friend: userPeer(11), group: groupPeer(21), channel: channelPeer(31), talk: channelPeer(32), left: channelPeer(33)}
	o.Now = v.clock.Now
	w := newWorld(99, o)
	v.World = w
	w.people[10] = &person{id: 10, first: "Self", username: "self"}
	w.people[11] = &person{id: 11, first: "Friend", phone: "4930", contact: true}
	w.people[12] = &person{id: 12, first: "Other", bot: true, username: "other_bot"}
	for _, p := range []place{
		{peer: v.group, title: "Group", members: []int64{10, 11}, size: 2},
		{peer: v.channel, title: "Channel", broadcast: true, username: "channel"},
		{peer: v.talk, title: "Talk", megagroup: true},
		{peer: v.left, title: "Left", megagroup: true, left: true},
	} {
		w.places[p.peer] = &p
	}
	a := w.addAccount(10, "999", o)
	for n, p := range []peer{v.friend, v.group} {
		base := &stored{}
		for i := 1; i <= 50; i++ {
			base.add(&tg.Message{ID: i*10 + n, PeerID: p.tl(), Date: 1000 + i*10 + n, Message: fmt.Sprint("m", i)})
		}
		a.add(newChat(p, base))
	}
	for _, p := range []peer{v.channel, v.talk, v.left} {
		base := &stored{}
		for i := 1; i <= 250; i++ {
			m := &tg.Message{ID: i, PeerID: p.tl(), Date: 1000 + i, Message: fmt.Sprint("m", i)}
			if i%5 == 0 {
				m.FromID = userPeer(10).tl()
			}
			if i%10 == 0 {
				m.ReplyTo = &tg.MessageReplyHeader{ReplyToMsgID: 7}
			}
			base.add(m)
		}
		a.add(newChat(p, base))
	}
	v.guest = visit(t, w)
	return v
}

func ids(list []tg.MessageClass) []int {
	out := []int{}
	for _, m := range list {
		out = append(out, m.GetID())
	}
	return out
}

// span is first, second … last of a list, short enough to compare.
func span(list []tg.MessageClass) string {
	if len(list) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d %d..%d", len(list), list[0].GetID(), list[len(list)-1].GetID())
}

func TestHistoryWindows(t *testing.T) {
	v := newVillage(t, Options{})
	for _, tt := range []struct {
		r    tg.MessagesGetHistoryRequest
		want string
	}{
		{tg.MessagesGetHistoryRequest{Limit: 100}, "100 250..151"},
		{tg.MessagesGetHistoryRequest{Limit: 1000}, "100 250..151"},
		{tg.MessagesGetHistoryRequest{OffsetID: 151, Limit: 100}, "100 150..51"},
		{tg.MessagesGetHistoryRequest{OffsetID: 51, Limit: 100}, "50 50..1"},
		{tg.MessagesGetHistoryRequest{OffsetID: 1, Limit: 100}, "none"},
		{tg.MessagesGetHistoryRequest{OffsetID: 1, AddOffset: -1, Limit: 1}, "1 1..1"},
		{tg.MessagesGetHistoryRequest{OffsetID: 100, AddOffset: -10, Limit: 10}, "10 109..100"},
		{tg.MessagesGetHistoryRequest{OffsetID: 100, AddOffset: -5, Limit: 10}, "10 104..95"},
		{tg.MessagesGetHistoryRequest{OffsetID: 250, AddOffset: -5, Limit: 10}, "6 250..245"},
		{tg.MessagesGetHistoryRequest{OffsetID: 100, AddOffset: 10, Limit: 5}, "5 89..85"},
		{tg.MessagesGetHistoryRequest{OffsetDate: 1100, Limit: 2}, "2 99..98"},
		{tg.MessagesGetHistoryRequest{MinID: 240, Limit: 100}, "10 250..241"},
		{tg.MessagesGetHistoryRequest{OffsetID: 245, MinID: 240, Limit: 100}, "4 244..241"},
		{tg.MessagesGetHistoryRequest{OffsetID: 100, MaxID: 99, Limit: 2}, "1 98..98"},
	} {
		tt.r.Peer = v.input(v.talk)
		m := v.messages(&tt.r)
		if got := span(m.list); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.r, got, tt.want)
		}
		if m.count != 250 || m.pts != 251 {
			t.Errorf("count %d, pts %d", m.count, m.pts)
		}
	}
}

func TestPagesAreShortWhereMessagesAreGone(t *testing.T) {
	v := newVillage(t, Options{})
	var gone []int
	for i := 160; i < 250; i++ {
		gone = append(gone, i)
	}
	for i := 20; i < 140; i++ { // more than a page
		gone = append(gone, i)
	}
	if n, err := v.DeleteMessages(0, v.talk.String(), gone, true); n != len(gone) || err != nil {
		t.Fatal(n, err)
	}
	m := v.messages(&tg.MessagesGetHistoryRequest{Peer: v.input(v.talk), Limit: 100})
	if got := span(m.list); got != "10 250..151" || m.count != 40 {
		t.Errorf("first page: %s, count %d", got, m.count)
	}
	m = v.messages(&tg.MessagesGetHistoryRequest{Peer: v.input(v.talk), OffsetID: 140, Limit: 100})
	if got := span(m.list); got != "1 19..19" {
		t.Errorf("a page that would be empty: %s", got)
	}
	if all := v.history(v.talk); len(all.list) != 40 || !slices.IsSortedFunc(all.list, func(a, b tg.MessageClass) int { return b.GetID() - a.GetID() }) {
		t.Errorf("%d messages in all", len(all.list))
	}
}

func TestKindsOfHistoryAnswers(t *testing.T) {
	v := newVillage(t, Options{})
	for _, tt := range []struct {
		peer  peer
		limit int
		want  string
	}{
		{v.friend, 100, "messages.messages"}, {v.friend, 10, "messages.messagesSlice"},
		{v.group, 100, "messages.messages"}, {v.talk, 100, "messages.channelMessages"},
	} {
		answer := ask(v.guest, &tg.MessagesGetHistoryRequest{Peer: v.input(tt.peer), Limit: tt.limit}, tg.DecodeMessagesMessages)
		if answer.TypeName() != tt.want {
			t.Errorf("%s, limit %d: %s", tt.peer, tt.limit, answer.TypeName())
		}
	}
	empty := v.messages(&tg.MessagesGetHistoryRequest{Peer: v.input(userPeer(12)), Limit: 10})
	if len(empty.list) != 0 {
		t.Error("messages with somebody nobody ever wrote to")
	}
	m := v.messages(&tg.MessagesGetHistoryRequest{Peer: v.input(v.talk), Limit: 10})
	if m.users[10] == nil || m.chats[32] == nil {
		t.Errorf("who is in the messages is not in the answer: %v, %v", m.users, m.chats)
	}
}

func TestAccessHashesAreChecked(t *testing.T) {
	v := newVillage(t, Options{})
	for _, tt := range []struct {
		peer tg.InputPeerClass
		want string
	}{
		{&tg.InputPeerUser{UserID: 11, AccessHash: 1}, "PEER_ID_INVALID"},
		{&tg.InputPeerUser{UserID: 999, AccessHash: v.accessHash(userPeer(999))}, "PEER_ID_INVALID"},
		{&tg.InputPeerChat{ChatID: 999}, "PEER_ID_INVALID"},
		{&tg.InputPeerChannel{ChannelID: 32, AccessHash: 1}, "CHANNEL_INVALID"},
		{&tg.InputPeerChannel{ChannelID: 999}, "CHANNEL_INVALID"},
		{&tg.InputPeerEmpty{}, "PEER_ID_INVALID"},
		{&tg.InputPeerUserFromMessage{Peer: v.input(v.talk), MsgID: 4, UserID: 10}, "PEER_ID_INVALID"},
		{&tg.InputPeerUserFromMessage{Peer: v.input(v.talk), MsgID: 4000, UserID: 10}, "MSG_ID_INVALID"},
	} {
		v.refused(&tg.MessagesGetHistoryRequest{Peer: tt.peer, Limit: 1}, tt.want)
	}
	v.messages(&tg.MessagesGetHistoryRequest{Peer: &tg.InputPeerSelf{}, Limit: 1})
	v.messages(&tg.MessagesGetHistoryRequest{Peer: &tg.InputPeerUserFromMessage{Peer: v.input(v.talk), MsgID: 5, UserID: 10}, Limit: 1})
	v.call.User = 0
	v.refused(&tg.MessagesGetHistoryRequest{Peer: v.input(v.talk), Limit: 1}, "AUTH_KEY_UNREGISTERED")
}

func TestAClosedChannelIsPrivate(t *testing.T) {
	v := newVillage(t, Options{})
	if err := v.CloseChannel(0, v.talk.String()); err != nil {
		t.Fatal(err)
	}
	v.refused(&tg.MessagesGetHistoryRequest{Peer: v.input(v.talk), Limit: 1}, "CHANNEL_PRIVATE")
	v.refused(&tg.ChannelsGetFullChannelRequest{Channel: v.guest.channel(v.talk)}, "CHANNEL_PRIVATE")
	v.refused(&tg.UpdatesGetChannelDifferenceRequest{Channel: v.guest.channel(v.talk), Filter: &tg.ChannelMessagesFilterEmpty{}, Pts: 1, Limit: 1}, "CHANNEL_PRIVATE")
	if err := v.CloseChannel(0, v.friend.String()); err == nil {
		t.Error("a private chat was closed like a channel")
	}
}

func TestMessagesByID(t *testing.T) {
	v := newVillage(t, Options{})
	if _, err := v.DeleteMessages(0, v.friend.String(), []int{30}, true); err != nil {
		t.Fatal(err)
	}
	want := func(ids ...int) (in []tg.InputMessageClass) {
		for _, id := range ids {
			in = append(in, &tg.InputMessageID{ID: id})
		}
		return in
	}
	m := v.messages(&tg.MessagesGetMessagesRequest{ID: want(20, 30, 21, 5, 100000)})
	var types []string
	for _, one := range m.list {
		types = append(types, one.TypeName())
	}
	if !slices.Equal(types, []string{"message", "messageEmpty", "message", "messageEmpty", "messageEmpty"}) || !slices.Equal(ids(m.list), []int{20, 30, 21, 5, 100000}) {
		t.Errorf("%v %v", types, ids(m.list))
	}
	m = v.messages(&tg.ChannelsGetMessagesRequest{Channel: v.guest.channel(v.talk), ID: append(want(250, 251), &tg.InputMessageReplyTo{ID: 10})})
	if m.list[0].TypeName() != "message" || m.list[1].TypeName() != "messageEmpty" || m.list[2].GetID() != 7 {
		t.Errorf("%v", m.list)
	}
}

func TestSearch(t *testing.T) {
	v := newVillage(t, Options{})
	from := func(r *tg.MessagesSearchRequest, id int64) *tg.MessagesSearchRequest {
		r.SetFromID(v.input(userPeer(id)))
		return r
	}
	for _, tt := range []struct {
		r     *tg.MessagesSearchRequest
		want  string
		count int
	}{
		{&tg.MessagesSearchRequest{Q: "M12"}, "11 129..12", 11},
		{from(&tg.MessagesSearchRequest{}, 10), "20 250..155", 50},
		{from(&tg.MessagesSearchRequest{OffsetID: 155}, 10), "20 150..55", 50},
		{from(&tg.MessagesSearchRequest{OffsetID: 155, AddOffset: 3}, 10), "20 135..40", 50},
		{from(&tg.MessagesSearchRequest{OffsetID: 155, AddOffset: -2}, 10), "20 160..65", 50},
		{from(&tg.MessagesSearchRequest{MinID: 200, MaxID: 225}, 10), "4 220..205", 50},
		{from(&tg.MessagesSearchRequest{MinDate: 1240}, 10), "3 250..240", 50},
		{&tg.MessagesSearchRequest{TopMsgID: 7}, "20 250..60", 25},
		{&tg.MessagesSearchRequest{Filter: &tg.InputMessagesFilterPhotos{}}, "none", 0},
	} {
		tt.r.Peer, tt.r.Limit = v.input(v.talk), 20
		if tt.r.Filter == nil {
			tt.r.Filter = &tg.InputMessagesFilterEmpty{}
		}
		if m := v.messages(tt.r); span(m.list) != tt.want || m.count != tt.count {
			t.Errorf("%+v: %s of %d, want %s of %d", tt.r, span(m.list), m.count, tt.want, tt.count)
		}
	}
	v.refused(&tg.MessagesSearchRequest{Peer: v.input(v.talk), Filter: &tg.InputMessagesFilterPhoneCalls{}, Limit: 1}, "FILTER_NOT_SUPPORTED")
}

func TestSearchFiltersMedia(t *testing.T) {
	w := fromSeed(t, SeedOptions{Messages: 3000, MediaBytes: 64 << 20})
	g := visit(t, w)
	c := w.accounts[0].order[0]
	for _, tt := range []struct {
		filter tg.MessagesFilterClass
		ok     match
	}{
		{&tg.InputMessagesFilterPhotos{}, func(m tg.MessageClass) bool { _, ok := mediaOf(m).(*tg.MessageMediaPhoto); return ok }},
		{&tg.InputMessagesFilterVideo{}, func(m tg.MessageClass) bool { return kindOf(m) == "video" }},
		{&tg.InputMessagesFilterVoice{}, func(m tg.MessageClass) bool { return kindOf(m) == "voice" }},
		{&tg.InputMessagesFilterDocument{}, func(m tg.MessageClass) bool { return kindOf(m) == "file" }},
		{&tg.InputMessagesFilterGif{}, func(m tg.MessageClass) bool { return kindOf(m) == "animation" }},
	} {
		want := c.total(tt.ok)
		m := g.messages(&tg.MessagesSearchRequest{Peer: g.input(c.peer), Filter: tt.filter, Limit: 100})
		if m.count != want || len(m.list) != min(want, 100) || want == 0 {
			t.Errorf("%s: %d of %d, want %d", tt.filter.TypeName(), len(m.list), m.count, want)
		}
		for _, one := range m.list {
			if !tt.ok(one) {
				t.Errorf("%s found %d", tt.filter.TypeName(), one.GetID())
			}
		}
	}
}

func TestReplies(t *testing.T) {
	v := newVillage(t, Options{})
	m := v.messages(&tg.MessagesGetRepliesRequest{Peer: v.input(v.talk), MsgID: 7, Limit: 10})
	if span(m.list) != "10 250..160" || m.count != 25 {
		t.Errorf("%s of %d", span(m.list), m.count)
	}
	m = v.messages(&tg.MessagesGetRepliesRequest{Peer: v.input(v.talk), MsgID: 7, OffsetID: 30, Limit: 10})
	if span(m.list) != "2 20..10" {
		t.Errorf("second page: %s", span(m.list))
	}
	v.refused(&tg.MessagesGetRepliesRequest{Peer: v.input(v.talk), MsgID: 777, Limit: 10}, "MSG_ID_INVALID")
}
