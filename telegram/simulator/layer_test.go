package simulator

import (
	"bytes"
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/mtproto"
)

// Ids of user in layers 227 and 198.
const (
	user227 = 0x31774388
	user198 = 0x4b46c37e
)

// A client is answered in the layer it named.
func TestAnswersInTheClientsLayer(t *testing.T) {
	s := run(t, Options{World: newHamlet("", 2), Control: "off"})
	key := mtproto.KeyID{1}
	s.logins.add(login{Key: key, DC: 2, User: testUser})
	var body bin.Buffer
	if err := body.Encode(&tg.UsersGetUsersRequest{ID: []tg.InputUserClass{&tg.InputUserSelf{}}}); err != nil {
		t.Fatal(err)
	}
	ask := func(layer int) (*bin.Buffer, error) {
		out, err := s.Answer(t.Context(), &mtproto.Request{DC: 2, Key: key, Layer: layer, ID: tg.UsersGetUsersRequestTypeID, Body: &bin.Buffer{Buf: body.Copy()}})
		if err != nil {
			return nil, err
		}
		var b bin.Buffer
		return &b, out.Encode(&b)
	}
	for layer, want := range map[int]uint32{tg.Layer: tg.UserTypeID, 227: user227, 198: user198} {
		b, err := ask(layer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.VectorHeader(); err != nil {
			t.Fatal(err)
		}
		if id, err := b.PeekID(); err != nil || id != want {
			t.Errorf("layer %d is told of %#x, %v, want %#x", layer, id, err, want)
		}
	}
	if _, err := ask(100); !tgerr.Is(err, "CONNECTION_LAYER_INVALID") {
		t.Errorf("layer 100: %v", err)
	}
}

// Updates come in the layer that the client's key named last.
func TestPushesInTheClientsLayer(t *testing.T) {
	h := newHamlet("", 2)
	s := run(t, Options{World: h, Control: "off"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	pushed := make(chan tg.UpdatesClass, 1)
	old := client(s.Info(), &session.StorageMemory{}, func(o *telegram.Options) {
		o.Layer, o.NoUpdates = 227, false // it can read less than it says, which an empty update does not show
		o.UpdateHandler = telegram.UpdateHandlerFunc(func(_ context.Context, u tg.UpdatesClass) error {
			pushed <- u
			return nil
		})
	})
	err := old.Run(ctx, func(ctx context.Context) error {
		_, err := old.API().HelpGetNearestDC(ctx)
		if err != nil {
			return err
		}
		key := s.centres[2].keys.All()[0].ID()
		var b bin.Buffer
		if err := s.inLayerOf(2, key, &tg.Updates{Users: []tg.UserClass{h.account.Self()}}).Encode(&b); err != nil {
			return err
		}
		if !bytes.Contains(b.Buf, binary.LittleEndian.AppendUint32(nil, user227)) {
			t.Errorf("pushed: %x", b.Buf)
		}
		if err := s.pushTo(2, key, &tg.UpdateShort{Update: &tg.UpdateNewEphemeralMessage{}}); err != nil {
			t.Errorf("what the layer has no words for: %v", err)
		}
		if err := s.pushTo(2, key, &tg.Updates{Seq: 2}); err != nil {
			return err
		}
		select {
		case u := <-pushed:
			if u.(*tg.Updates).Seq != 2 {
				t.Errorf("pushed %v", u)
			}
		case <-ctx.Done():
			t.Error("nothing is pushed")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
