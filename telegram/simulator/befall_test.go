package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/mtproto"
	"telekeep/telegram/simulator/world"
)

// The real world can be disturbed.
var _ Disturber = (*world.World)(nil)

// A visitor asks the simulator as a signed-in client does, without a connection.
type visitor struct {
	t   *testing.T
	s   *Simulator
	key mtproto.KeyID
	dc  int
}

func visit(t *testing.T, w World) *visitor {
	s := run(t, Options{World: w, Control: "off"})
	v := &visitor{t: t, s: s, key: mtproto.KeyID{1}, dc: 2}
	s.logins.add(login{Key: v.key, DC: v.dc, User: w.Accounts()[0].UserID})
	return v
}

func (v *visitor) ask(request bin.Encoder) (*bin.Buffer, error) {
	v.t.Helper()
	var body, out bin.Buffer
	if err := request.Encode(&body); err != nil {
		v.t.Fatal(err)
	}
	id, err := body.PeekID()
	if err != nil {
		v.t.Fatal(err)
	}
	answer, err := v.s.Answer(v.t.Context(), &mtproto.Request{DC: v.dc, Key: v.key, Layer: tg.Layer, ID: id, Body: &body})
	if err != nil {
		return nil, err
	}
	return &out, answer.Encode(&out)
}

func (v *visitor) fault(text string) {
	v.t.Helper()
	f, err := ParseFault(text)
	if err == nil {
		err = v.s.Fault(f)
	}
	if err != nil {
		v.t.Fatalf("%s: %v", text, err)
	}
}

// page is the texts of a page of history, newest first.
func (v *visitor) page(peer tg.InputPeerClass, before, limit int) (texts []string, err error) {
	v.t.Helper()
	out, err := v.ask(&tg.MessagesGetHistoryRequest{Peer: peer, OffsetID: before, Limit: limit})
	if err != nil {
		return nil, err
	}
	answer, err := tg.DecodeMessagesMessages(out)
	if err != nil {
		return nil, err
	}
	list, _ := answer.AsModified()
	for _, m := range list.GetMessages() {
		texts = append(texts, m.(*tg.Message).Message)
	}
	return texts, nil
}

// village has a channel with messages "1" to "9", which have the ids 1 to 9.
func village(t *testing.T) (w *world.World, chat string, peer *tg.InputPeerChannel, v *visitor) {
	t.Helper()
	w, err := world.FromSeed(world.SeedOptions{Seed: 5, Messages: 60})
	if err != nil {
		t.Fatal(err)
	}
	v = visit(t, w)
	out, err := v.ask(&tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := tg.DecodeMessagesDialogs(out)
	if err != nil {
		t.Fatal(err)
	}
	dialogs, _ := answer.AsModified()
	for _, c := range dialogs.GetChats() {
		if c, ok := c.(*tg.Channel); ok {
			return w, fmt.Sprintf("channel%d", c.ID), &tg.InputPeerChannel{ChannelID: c.ID, AccessHash: c.AccessHash}, v
		}
	}
	t.Fatal("the seed has no channel")
	return nil, "", nil, nil
}

// Two pages are asked for; a message of the second goes, and one changes, between them.
func TestChangesBetweenTwoPages(t *testing.T) {
	w, chat, peer, v := village(t)
	var ids []int
	for n := range 4 {
		id, err := w.AddMessage(0, world.NewMessage{Chat: chat, Text: fmt.Sprint("m", n)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	v.fault(fmt.Sprintf("messages.getHistory delete=%s:%d after=1 count=1", chat, ids[0]))
	v.fault(fmt.Sprintf("messages.getHistory edit=%s:%d after=1 count=1", chat, ids[1]))
	first, err := v.page(peer, 0, 2)
	if err != nil || fmt.Sprint(first) != "[m3 m2]" {
		t.Fatalf("first page %v, %v", first, err)
	}
	second, err := v.page(peer, ids[2], 2)
	if err != nil || fmt.Sprint(second) != "[edited meanwhile]" {
		t.Errorf("second page %v, %v", second, err)
	}
	if left := v.s.faults.list(); len(left) > 0 {
		t.Errorf("rules left: %v", left)
	}
}

func TestMessagesOfAnUnknownKind(t *testing.T) {
	w, chat, peer, v := village(t)
	id, err := w.AddMessage(0, world.NewMessage{Chat: chat, Text: "strange"})
	if err != nil {
		t.Fatal(err)
	}
	v.fault(fmt.Sprintf("strange=%s:%d", chat, id))
	if texts, err := v.page(peer, 0, 2); err == nil {
		t.Errorf("a page with it can be read: %v", texts)
	}
	if _, err := v.page(peer, id, 2); err != nil {
		t.Errorf("the page before it: %v", err)
	}
	if err := v.s.Fault(Fault{Strange: chat + ":999999"}); err == nil {
		t.Error("a message that is not there became strange")
	}
	if err := v.s.Fault(Fault{Strange: chat}); err == nil {
		t.Error("no message became strange")
	}
}

func TestUnknownAnswers(t *testing.T) {
	v := visit(t, newHamlet("", 2))
	v.fault("updates.getState unknown count=1")
	out, err := v.ask(&tg.UpdatesGetStateRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := out.PeekID(); err != nil || id != unknownID || tg.TypesMap()[id] != "" {
		t.Errorf("the answer is of %#x, %v", id, err)
	}
	if _, err := v.ask(&tg.UpdatesGetStateRequest{}); err != nil {
		t.Error(err)
	}
	v.fault("updates.getState stall count=1")
	if _, err := v.ask(&tg.UpdatesGetStateRequest{}); err != mtproto.ErrStall {
		t.Errorf("stalled: %v", err)
	}
	want := map[string]int{"updates.getState unknown answer": 1, "updates.getState stalled": 1}
	if got := v.s.Stats().Errors; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

func TestAChannelTurnsPrivate(t *testing.T) {
	_, chat, peer, v := village(t)
	v.fault("messages.getHistory close=" + chat + " after=1 count=1")
	if _, err := v.page(peer, 0, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := v.page(peer, 0, 2); !tgerr.Is(err, "CHANNEL_PRIVATE") {
		t.Errorf("error %v, want CHANNEL_PRIVATE", err)
	}
}

// A user moves to another data centre: the old one refuses, and the new one serves
// who brings the authorization along.
func TestAUserMoves(t *testing.T) {
	v := visit(t, newHamlet("", 2))
	v.fault("move=5")
	if _, err := v.ask(&tg.UpdatesGetStateRequest{}); !tgerr.Is(err, "USER_MIGRATE") {
		t.Errorf("at the old home: %v", err)
	}
	out, err := v.ask(&tg.AuthExportAuthorizationRequest{DCID: 5})
	if err != nil {
		t.Fatal(err)
	}
	var ticket tg.AuthExportedAuthorization
	if err := ticket.Decode(out); err != nil {
		t.Fatal(err)
	}
	v.dc, v.key = 5, mtproto.KeyID{2}
	if _, err := v.ask(&tg.AuthImportAuthorizationRequest{ID: ticket.ID, Bytes: ticket.Bytes}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.ask(&tg.UpdatesGetStateRequest{}); err != nil {
		t.Errorf("at the new home: %v", err)
	}
	if err := v.s.Fault(Fault{Move: 77}); err == nil {
		t.Error("moved to a data centre that there is not")
	}
}

// Faults of servers end with the others: a client signs in while they are in
// force no more.
func TestClearedFaultsOfServers(t *testing.T) {
	s := run(t, Options{World: newHamlet("", 2), Control: "off"})
	for _, f := range []Fault{{Away: 2}, {Clock: 24 * 3600e9}} {
		if err := s.Fault(f); err != nil {
			t.Fatal(err)
		}
	}
	s.ClearFaults()
	with(t, s, &session.StorageMemory{}, func(ctx context.Context, c *telegram.Client) error {
		_, err := c.API().UpdatesGetState(ctx)
		return err
	})
}

// Faults from the start befall the data centres too, which must be there for it.
func TestFaultsOfServersFromTheStart(t *testing.T) {
	s := run(t, Options{World: newHamlet("", 2), Control: "off", Faults: []Fault{{Away: 4}}})
	for dc, hangsUp := range map[int]bool{2: false, 4: true} {
		c, err := net.Dial("tcp", s.info.Addresses[dc])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, err = c.Read(make([]byte, 1))
		if silent := errors.Is(err, os.ErrDeadlineExceeded); silent == hangsUp {
			t.Errorf("data centre %d: %v", dc, err)
		}
	}
}

func TestWorldsThatCannotBeDisturbed(t *testing.T) {
	s := run(t, Options{World: newHamlet("", 2), Control: "off"})
	for _, f := range []Fault{{Close: "channel1"}, {Edit: "channel1:5"}, {Vanish: 1}, {Away: 9}} {
		if err := s.Fault(f); err == nil {
			t.Errorf("%v happened", f)
		}
	}
}
