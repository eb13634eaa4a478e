package simulator

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/mtproto"
)

// A Disturber is a World whose chats can go wrong; user 0 is the first account.
type Disturber interface {
	CloseChannel(user int64, chat string) error
	MakeStrange(user int64, chat string, id int) error
}

// spoil lets the faults happen that a request meets. The error is its answer.
func (s *Simulator) spoil(ctx context.Context, r *mtproto.Request, name string) error {
	for _, f := range s.faults.strike(name, r.DC) {
		if err := s.happen(ctx, r, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *Simulator) happen(ctx context.Context, r *mtproto.Request, f Fault) error {
	if f.Latency > 0 {
		select {
		case <-time.After(f.Latency):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	switch {
	case f.ofWorld():
		if err := s.befall(f); err != nil {
			s.o.Log.Warn("fault", "error", err)
		}
	case f.Unknown:
		return errStrange
	case f.LoseKey:
		s.centres[r.DC].keys.Forget(func(id mtproto.KeyID) bool { return id == r.Key })
		return mtproto.ErrDrop
	case f.Drop:
		return mtproto.ErrDrop
	case f.Stall:
		return mtproto.ErrStall
	case f.Revoke:
		s.logins.remove(func(l *login) bool { return l.Key == r.Key })
	case f.Error != "":
		return tgerr.New(f.Code, f.Error)
	}
	return nil
}

// errStrange stands for an answer that no client knows.
var errStrange = errors.New("an answer that no client knows")

// unknownID is of no constructor in any layer.
const unknownID = 0x7e1e6ee9

// strange is that answer.
type strange struct{}

// Encode implements bin.Encoder.
func (strange) Encode(b *bin.Buffer) error { b.PutID(unknownID); return nil }

// befall lets happen what is not a matter of requests.
func (s *Simulator) befall(f Fault) error {
	if f.ofFiles() {
		if err := s.spoilFiles(f); err != nil {
			return err
		}
	}
	if err := s.spoilChats(f); err != nil {
		return err
	}
	return s.spoilServers(f)
}

func (s *Simulator) spoilFiles(f Fault) error {
	w, ok := s.world.(Troublemaker)
	if !ok {
		return errors.New("nothing can happen to the files of this world")
	}
	if f.Expire {
		w.Faults().ExpireReferences()
	}
	for _, set := range []struct {
		n  int
		do func(int)
	}{
		{f.Short, w.Faults().ShortParts}, {f.Corrupt, w.Faults().CorruptParts}, {f.WrongDC, w.Faults().WrongDC},
		{f.Unavailable, w.Faults().Unavailable}, {f.Vanish, w.Faults().Vanish},
		{f.CDN, w.Faults().Redirect}, {f.Cold, w.Faults().Cold},
	} {
		if set.n > 0 {
			set.do(set.n)
		}
	}
	return nil
}

func (s *Simulator) spoilChats(f Fault) error {
	if f.Edit+f.Delete+f.Strange+f.Close == "" {
		return nil
	}
	c, changes := s.world.(Changer)
	d, disturbs := s.world.(Disturber)
	if !changes || !disturbs {
		return errors.New("nothing can happen to the chats of this world")
	}
	if f.Close != "" {
		if err := d.CloseChannel(0, f.Close); err != nil {
			return err
		}
	}
	for _, do := range []struct {
		what string
		do   func(chat string, id int) error
	}{
		{f.Edit, func(chat string, id int) error { return c.EditMessage(0, chat, id, "edited meanwhile", false) }},
		{f.Delete, func(chat string, id int) error { _, err := c.DeleteMessages(0, chat, []int{id}, false); return err }},
		{f.Strange, func(chat string, id int) error { return d.MakeStrange(0, chat, id) }},
	} {
		if do.what == "" {
			continue
		}
		chat, number, _ := strings.Cut(do.what, ":")
		id, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("%q names no message, as channel1:5 does", do.what)
		}
		if err := do.do(chat, id); err != nil {
			return err
		}
	}
	return nil
}

func (s *Simulator) spoilServers(f Fault) error {
	for _, dc := range []int{f.Away, f.Back, f.Move} {
		if _, ok := s.centres[dc]; dc != 0 && !ok {
			return fmt.Errorf("there is no data centre %d", dc)
		}
	}
	if f.Away != 0 {
		s.centres[f.Away].SetAway(true)
	}
	if f.Back != 0 {
		s.centres[f.Back].SetAway(false)
	}
	if f.Move != 0 {
		s.moved.Store(s.world.Accounts()[0].UserID, f.Move)
	}
	if f.Clock != 0 {
		for _, c := range s.centres {
			c.SetAhead(f.Clock)
		}
	}
	return nil
}
