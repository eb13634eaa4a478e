package world

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gotd/td/tg"
)

// A mirror is a client that follows a world by its updates alone and checks
// their counts.
type mirror struct {
	*village
	pts     int
	seq     int
	channel map[int64]int // pts by channel
	seen    map[string]string
}

func newMirror(t *testing.T, o Options) *mirror {
	v := newVillage(t, o)
	m := &mirror{village: v, channel: map[int64]int{}, seen: map[string]string{}}
	s := ask(v.guest, &tg.UpdatesGetStateRequest{}, into[tg.UpdatesState])
	m.pts, m.seq = s.Pts, s.Seq
	for _, p := range []peer{v.channel, v.talk} {
		m.channel[p.id] = v.accounts[0].chats[p].pts
	}
	return m
}

func (m *mirror) note(message tg.MessageClass) {
	one := message.(*tg.Message)
	m.seen[fmt.Sprint(fromTL(one.PeerID), one.ID)] = one.Message
}

// step moves a count by an update and checks that none is missing.
func (m *mirror) step(channel int64, pts, count int) {
	m.t.Helper()
	at := m.pts
	if channel != 0 {
		at = m.channel[channel]
	}
	if at+count != pts {
		m.t.Errorf("channel %d: update to %d by %d, stand at %d", channel, pts, count, at)
	}
	if channel != 0 {
		m.channel[channel] = pts
	} else {
		m.pts = pts
	}
}

func (m *mirror) update(u tg.UpdateClass) {
	m.t.Helper()
	switch u := u.(type) {
	case *tg.UpdateNewMessage:
		m.step(0, u.Pts, u.PtsCount)
		m.note(u.Message)
	case *tg.UpdateEditMessage:
		m.step(0, u.Pts, u.PtsCount)
		m.note(u.Message)
	case *tg.UpdateDeleteMessages:
		m.step(0, u.Pts, u.PtsCount)
		for _, id := range u.Messages {
			m.seen[fmt.Sprint("common", id)] = "deleted"
		}
	case *tg.UpdateNewChannelMessage:
		m.step(fromTL(u.Message.(*tg.Message).PeerID).id, u.Pts, u.PtsCount)
		m.note(u.Message)
	case *tg.UpdateEditChannelMessage:
		m.step(fromTL(u.Message.(*tg.Message).PeerID).id, u.Pts, u.PtsCount)
		m.note(u.Message)
	case *tg.UpdateDeleteChannelMessages:
		m.step(u.ChannelID, u.Pts, u.PtsCount)
		for _, id := range u.Messages {
			m.seen[fmt.Sprint(channelPeer(u.ChannelID), id)] = "deleted"
		}
	}
}

// do makes the same changes in every test of this file.
func (v *village) do(silent bool) []error {
	var all []error
	id, err := v.AddMessage(0, NewMessage{Chat: v.friend.String(), Text: "hello", Silent: silent})
	all = append(all, err, v.EditMessage(0, v.friend.String(), 100, "changed", silent))
	_, err = v.DeleteMessages(0, v.friend.String(), []int{id, 20, 20, 7777}, silent)
	all = append(all, err)
	_, err = v.AddMessage(0, NewMessage{Chat: v.group.String(), Text: "to the group", Silent: silent})
	all = append(all, err)
	_, err = v.AddMessage(0, NewMessage{Chat: v.talk.String(), From: "user11", Text: "in the talk", Silent: silent})
	all = append(all, err, v.EditMessage(0, v.talk.String(), 250, "changed too", silent))
	_, err = v.DeleteMessages(0, v.talk.String(), []int{1, 2, 3}, silent)
	return append(all, err)
}

func TestChangesArePushed(t *testing.T) {
	m := newMirror(t, Options{})
	m.OnUpdates(func(user int64, u tg.UpdatesClass) {
		all := u.(*tg.Updates)
		if user != 10 || all.Seq != 0 {
			t.Errorf("user %d, seq %d, want none: the counts of messages order them", user, all.Seq)
		}
		if len(all.Chats)+len(all.Users) == 0 {
			t.Error("an update without those it is about")
		}
		for _, one := range all.Updates {
			m.update(one)
		}
	})
	if err := errors.Join(m.do(false)...); err != nil {
		t.Fatal(err)
	}
	m.check()
}

// What moves no count of messages is counted by seq.
func TestSeqCountsTheOthers(t *testing.T) {
	m := newMirror(t, Options{})
	m.OnUpdates(func(_ int64, u tg.UpdatesClass) {
		if all := u.(*tg.Updates); all.Seq != m.seq+1 || len(all.Chats)+len(all.Users) == 0 {
			t.Errorf("seq %d after %d: %v", all.Seq, m.seq, all)
		}
		m.seq++
	})
	before := m.seq
	if err := errors.Join(
		m.React(0, m.talk.String(), 250, "👍", false), m.Rename(0, m.friend.String(), "Bo", false),
		m.Leave(0, m.group.String()), m.CloseChannel(0, m.talk.String()),
	); err != nil {
		t.Fatal(err)
	}
	if s := ask(m.guest, &tg.UpdatesGetStateRequest{}, into[tg.UpdatesState]); m.seq != before+4 || s.Seq != m.seq {
		t.Errorf("%d pushes from %d, the state says %d", m.seq-before, before, s.Seq)
	}
}

// check compares what the mirror saw with what the changes were.
func (m *mirror) check() {
	m.t.Helper()
	for key, want := range map[string]string{
		"user11 100": "changed", "common20": "deleted", "chat21 503": "to the group",
		"channel32 251": "in the talk", "channel32 250": "changed too", "channel32 1": "deleted", "channel32 3": "deleted",
	} {
		if m.seen[key] != want {
			m.t.Errorf("%s: %q, want %q", key, m.seen[key], want)
		}
	}
	state := ask(m.guest, &tg.UpdatesGetStateRequest{}, into[tg.UpdatesState])
	if state.Pts != m.pts || m.channel[32] != m.accounts[0].chats[m.talk].pts {
		m.t.Errorf("stand at %d and %d, the world at %d and %d", m.pts, m.channel[32], state.Pts, m.accounts[0].chats[m.talk].pts)
	}
}

func TestSilentChangesAreFoundByDifference(t *testing.T) {
	m := newMirror(t, Options{})
	m.OnUpdates(func(int64, tg.UpdatesClass) { t.Error("a silent change was pushed") })
	if err := errors.Join(m.do(true)...); err != nil {
		t.Fatal(err)
	}
	d := ask(m.guest, &tg.UpdatesGetDifferenceRequest{Pts: m.pts, Date: 1}, tg.DecodeUpdatesDifference).(*tg.UpdatesDifference)
	for _, one := range d.NewMessages {
		m.note(one)
	}
	hinted := false
	for _, u := range d.OtherUpdates {
		switch u := u.(type) {
		case *tg.UpdateEditMessage:
			m.note(u.Message)
		case *tg.UpdateDeleteMessages:
			for _, id := range u.Messages {
				m.seen[fmt.Sprint("common", id)] = "deleted"
			}
		case *tg.UpdateChannelTooLong:
			hinted = u.ChannelID == m.talk.id
		}
	}
	m.pts = d.State.Pts
	if !hinted {
		t.Error("the difference does not say that a channel changed")
	}
	for final := false; !final; {
		r := &tg.UpdatesGetChannelDifferenceRequest{Channel: m.guest.channel(m.talk), Filter: &tg.ChannelMessagesFilterEmpty{}, Pts: m.channel[32], Limit: 2}
		d := ask(m.guest, r, tg.DecodeUpdatesChannelDifference).(*tg.UpdatesChannelDifference)
		for _, one := range d.NewMessages {
			m.note(one)
		}
		for _, u := range d.OtherUpdates {
			switch u := u.(type) {
			case *tg.UpdateEditChannelMessage:
				m.note(u.Message)
			case *tg.UpdateDeleteChannelMessages:
				for _, id := range u.Messages {
					m.seen[fmt.Sprint(channelPeer(u.ChannelID), id)] = "deleted"
				}
			}
		}
		m.channel[32], final = d.Pts, d.Final
	}
	m.check()
	if e := ask(m.guest, &tg.UpdatesGetDifferenceRequest{Pts: m.pts, Date: int(m.clock.now.Unix()) + 1}, tg.DecodeUpdatesDifference); e.TypeName() != "updates.differenceEmpty" {
		t.Errorf("a second difference: %s", e.TypeName())
	}
	r := &tg.UpdatesGetChannelDifferenceRequest{Channel: m.guest.channel(m.talk), Filter: &tg.ChannelMessagesFilterEmpty{}, Pts: m.channel[32], Limit: 2}
	if e := ask(m.guest, r, tg.DecodeUpdatesChannelDifference).(*tg.UpdatesChannelDifferenceEmpty); e.Pts != m.channel[32] || !e.Final {
		t.Errorf("a second difference of the channel: %+v", e)
	}
}

func TestDifferenceComesInSlices(t *testing.T) {
	v := newVillage(t, Options{})
	start := v.accounts[0].pts
	for i := range 250 {
		if _, err := v.AddMessage(0, NewMessage{Chat: v.friend.String(), Text: fmt.Sprint(i), Silent: true}); err != nil {
			t.Fatal(err)
		}
	}
	got, slices := 0, 0
	for pts := start; ; {
		switch d := ask(v.guest, &tg.UpdatesGetDifferenceRequest{Pts: pts, Date: 1}, tg.DecodeUpdatesDifference).(type) {
		case *tg.UpdatesDifferenceSlice:
			got += len(d.NewMessages)
			slices++
			pts = d.IntermediateState.Pts
			continue
		case *tg.UpdatesDifference:
			got += len(d.NewMessages)
		}
		break
	}
	if got != 250 || slices != 2 {
		t.Errorf("%d messages in %d slices", got, slices)
	}
	r := &tg.UpdatesGetDifferenceRequest{Pts: start, Date: 1}
	r.SetPtsLimit(10)
	if d := ask(v.guest, r, tg.DecodeUpdatesDifference).(*tg.UpdatesDifferenceSlice); len(d.NewMessages) != 10 {
		t.Errorf("a slice of 10 has %d", len(d.NewMessages))
	}
	r.SetPtsTotalLimit(100)
	if d := ask(v.guest, r, tg.DecodeUpdatesDifference); d.TypeName() != "updates.differenceTooLong" {
		t.Errorf("beyond the client's own limit: %s", d.TypeName())
	}
}

func TestLongDifferencesAreTooLong(t *testing.T) {
	v := newVillage(t, Options{DifferenceLimit: 20})
	for range 21 {
		for _, p := range []peer{v.friend, v.talk} {
			if _, err := v.AddMessage(0, NewMessage{Chat: p.String(), Text: "x", Silent: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if d := ask(v.guest, &tg.UpdatesGetDifferenceRequest{Pts: 502, Date: 1}, tg.DecodeUpdatesDifference).(*tg.UpdatesDifferenceTooLong); d.Pts != v.accounts[0].pts {
		t.Errorf("%+v", d)
	}
	r := &tg.UpdatesGetChannelDifferenceRequest{Channel: v.guest.channel(v.talk), Filter: &tg.ChannelMessagesFilterEmpty{}, Pts: 251, Limit: 100}
	d := ask(v.guest, r, tg.DecodeUpdatesChannelDifference).(*tg.UpdatesChannelDifferenceTooLong)
	if pts, _ := d.Dialog.(*tg.Dialog).GetPts(); pts != 272 || span(d.Messages) != "20 271..252" || !d.Final {
		t.Errorf("%d, %s", pts, span(d.Messages))
	}
	v.refused(&tg.UpdatesGetDifferenceRequest{}, "PERSISTENT_TIMESTAMP_EMPTY")
	v.refused(&tg.UpdatesGetDifferenceRequest{Pts: 1 << 30, Date: 1}, "PERSISTENT_TIMESTAMP_INVALID")
	r.Pts = 0
	v.refused(r, "PERSISTENT_TIMESTAMP_EMPTY")
	r.Pts = 1 << 30
	v.refused(r, "PERSISTENT_TIMESTAMP_INVALID")
}

func TestWhatIsDeletedSinceIsNotTold(t *testing.T) {
	v := newVillage(t, Options{})
	pts := v.accounts[0].pts
	id, err := v.AddMessage(0, NewMessage{Chat: v.friend.String(), Text: "short-lived", Silent: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.EditMessage(0, v.friend.String(), 50, "edited", true); err != nil {
		t.Fatal(err)
	}
	if _, err := v.DeleteMessages(0, v.friend.String(), []int{id, 50}, true); err != nil {
		t.Fatal(err)
	}
	d := ask(v.guest, &tg.UpdatesGetDifferenceRequest{Pts: pts, Date: 1}, tg.DecodeUpdatesDifference).(*tg.UpdatesDifference)
	if len(d.NewMessages) != 0 || len(d.OtherUpdates) != 1 || d.State.Pts != pts+4 {
		t.Errorf("%+v", d)
	}
}

func TestChangesShowInTheHistory(t *testing.T) {
	v := newVillage(t, Options{})
	v.clock.advance(time.Hour)
	id, err := v.AddMessage(0, NewMessage{Chat: v.friend.String(), Text: "file", FileName: "a.txt", FileMIME: "text/plain", FileSize: 100, ReplyTo: 500})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.EditMessage(0, v.friend.String(), 500, "new text", false); err != nil {
		t.Fatal(err)
	}
	m := v.messages(&tg.MessagesGetHistoryRequest{Peer: v.input(v.friend), Limit: 2})
	if !slices.Equal(ids(m.list), []int{id, 500}) || m.count != 51 {
		t.Fatalf("%v of %d", ids(m.list), m.count)
	}
	first, second := m.list[0].(*tg.Message), m.list[1].(*tg.Message)
	if first.Date != int(v.clock.now.Unix()) || replyTo(first) != 500 || kindOf(first) != "file" {
		t.Errorf("%+v", first)
	}
	if second.Message != "new text" || second.EditDate != int(v.clock.now.Unix()) {
		t.Errorf("%+v", second)
	}
}

func TestWhoSendsANewMessage(t *testing.T) {
	v := newVillage(t, Options{})
	for _, tt := range []struct {
		chat, from string
		out, post  bool
		named      peer
	}{
		{"user11", "", false, false, peer{}}, {"user11", "user10", true, false, userPeer(10)},
		{"chat21", "", true, false, userPeer(10)}, {"chat21", "user11", false, false, userPeer(11)},
		{"channel31", "", false, true, peer{}}, {"channel32", "channel32", false, false, channelPeer(32)},
		{"user12", "", false, false, peer{}}, // nobody wrote to each other before
	} {
		id, err := v.AddMessage(0, NewMessage{Chat: tt.chat, From: tt.from, Text: "x"})
		if err != nil {
			t.Fatal(err)
		}
		p, _ := parsePeer(tt.chat)
		m := v.accounts[0].chats[p].get(id).(*tg.Message)
		if m.Out != tt.out || m.Post != tt.post || fromTL(m.FromID) != tt.named {
			t.Errorf("%+v: %+v", tt, m)
		}
	}
	for _, n := range []NewMessage{{Chat: "user999"}, {Chat: "channel999"}, {Chat: "nobody"}, {Chat: "user11", From: "user999"}} {
		if _, err := v.AddMessage(0, n); err == nil {
			t.Errorf("%+v was sent", n)
		}
	}
	if _, err := v.AddMessage(999, NewMessage{Chat: "user11"}); !errors.Is(err, ErrUnknown) {
		t.Errorf("an account that does not exist: %v", err)
	}
	if err := v.EditMessage(0, "user11", 7, "x", false); !errors.Is(err, ErrUnknown) {
		t.Errorf("a message that does not exist was edited: %v", err)
	}
}

// TestManyAtOnce is for the race detector.
func TestManyAtOnce(t *testing.T) {
	w := fromSeed(t, SeedOptions{Messages: 500, MediaBytes: 1 << 20})
	pushed := 0
	w.OnUpdates(func(int64, tg.UpdatesClass) { pushed++ })
	chat := w.accounts[0].order[2]
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			g := visit(t, w)
			for i := range 30 {
				if _, err := g.raw(&tg.MessagesGetHistoryRequest{Peer: g.input(chat.peer), Limit: 50}); err != nil {
					t.Error(err)
				}
				if _, err := g.raw(&tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: 50}); err != nil {
					t.Error(err)
				}
				if _, err := w.AddMessage(0, NewMessage{Chat: chat.peer.String(), Text: "x", FileSize: int64(n*100 + i)}); err != nil {
					t.Error(err)
				}
				w.Faults().ExpireReferences()
				w.Accounts()[0].Self()
			}
		})
	}
	all.Wait()
	if pushed != 120 {
		t.Errorf("%d updates", pushed)
	}
}
