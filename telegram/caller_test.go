package telegram

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/rpc"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"
)

// scripted answers calls one after the other; behind the end all is well.
type scripted struct {
	answers []error // nil: all is well; errHang: no answer ever
	calls   atomic.Int32
	closed  atomic.Int32
}

var errHang = errors.New("hang")

func (s *scripted) Invoke(ctx context.Context, _ bin.Encoder, out bin.Decoder) error {
	n := int(s.calls.Add(1)) - 1
	if n < len(s.answers) && s.answers[n] != nil {
		if s.answers[n] == errHang {
			<-ctx.Done()
			time.Sleep(15 * time.Second) // as gotd does on a dead connection
			return ctx.Err()
		}
		return s.answers[n]
	}
	var b bin.Buffer
	if err := (&tg.UpdatesState{Pts: 7}).Encode(&b); err != nil {
		return err
	}
	return out.Decode(&b)
}

func (s *scripted) Close() error { s.closed.Add(1); return nil }

func newTestCaller(next tg.Invoker, g *gates) *caller {
	return &caller{
		dc: 2, next: next, limit: 30 * time.Second, tries: callTries, gates: g, log: slog.New(slog.DiscardHandler),
		unauthorised: func(_ context.Context, err error) error { return errors.Join(ErrSessionRevoked, err) },
		silent:       func(err error) error { return errors.Join(ErrUnreachable, err) },
	}
}

func TestCaller(t *testing.T) {
	broken := errors.New("write: broken pipe")
	cases := []struct {
		name    string
		answers []error
		calls   int
		want    error
	}{
		{"at once", nil, 1, nil},
		{"broken pipe, then well", []error{broken, broken}, 3, nil},
		{"a lost call is a cancelled one to gotd", []error{context.Canceled, rpc.ErrEngineClosed}, 3, nil},
		{"hangs", []error{errHang}, 2, nil},
		{"the server's own trouble", []error{rpcError(500, "RPC_CALL_FAIL"), rpcError(-503, "Timeout")}, 3, nil},
		{"the server's own trouble, for ever", slices.Repeat([]error{rpcError(500, "RPC_CALL_FAIL")}, 9), troubleTries, rpcError(500, "RPC_CALL_FAIL")},
		{"refused", []error{rpcError(400, "CHANNEL_PRIVATE")}, 1, rpcError(400, "CHANNEL_PRIVATE")},
		{"not there", []error{rpcError(501, "NOT_IMPLEMENTED")}, 1, rpcError(501, "NOT_IMPLEMENTED")},
		{"session over", []error{rpcError(401, "AUTH_KEY_UNREGISTERED")}, 1, ErrSessionRevoked},
		{"key used twice", []error{rpcError(406, "AUTH_KEY_DUPLICATED")}, 1, ErrSessionRevoked},
		{"for ever", []error{broken, broken, broken, broken, broken, broken, broken, broken, broken, broken, broken}, callTries, ErrUnreachable},
		{"flood does not count as a try", []error{
			rpcError(420, "FLOOD_WAIT_1"), rpcError(420, "FLOOD_WAIT_1"), rpcError(420, "FLOOD_PREMIUM_WAIT_2"), rpcError(420, "FLOOD_WAIT_1"),
			rpcError(420, "FLOOD_WAIT_1"), rpcError(420, "FLOOD_WAIT_1"), rpcError(420, "FLOOD_WAIT_1"), rpcError(420, "FLOOD_WAIT_1"),
			rpcError(420, "FLOOD_WAIT_1"), rpcError(420, "FLOOD_WAIT_1"), rpcError(420, "FLOOD_WAIT_1"), rpcError(420, "FLOOD_WAIT_1"),
		}, 13, nil},
	}
	for _, c := range cases {
		inBubble(t, c.name, func(t *testing.T) {
			s := &scripted{answers: c.answers}
			state, err := tg.NewClient(newTestCaller(s, newGates(time.Minute, nil))).UpdatesGetState(t.Context())
			switch {
			case c.want == nil && (err != nil || state.Pts != 7):
				t.Errorf("state %v, error %v", state, err)
			case refused(c.want) && reason(err) != reason(c.want), !refused(c.want) && !errors.Is(err, c.want):
				t.Errorf("error %v, want %v", err, c.want)
			}
			if n := int(s.calls.Load()); n != c.calls {
				t.Errorf("%d calls, want %d", n, c.calls)
			}
			time.Sleep(time.Minute) // the call that hung ends
		})
	}
}

// A call that is cancelled returns at once, whatever gotd is doing.
func TestCallerIsCancelled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := tg.NewClient(newTestCaller(&scripted{answers: []error{errHang}}, newGates(time.Minute, nil))).UpdatesGetState(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Second {
			t.Fatalf("error %v after %v", err, time.Since(start))
		}
		time.Sleep(time.Minute)
	})
}

// Pauses are obeyed by every call of the method at the data centre, and by no
// other call.
func TestGates(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var told []FloodError
		g := newGates(time.Minute, func(f FloodError) { told = append(told, f) })
		start := time.Now()
		for range 3 { // three calls that were under way are told the same
			if err := g.flooded(2, "upload.getFile", 10*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		_ = g.flooded(2, "upload.getFile", 20*time.Second)
		for _, free := range []gateName{{2, "messages.getHistory"}, {4, "upload.getFile"}} {
			if err := g.enter(t.Context(), free.dc, free.method); err != nil || time.Since(start) > 0 {
				t.Fatalf("%v was held back for %v, error %v", free, time.Since(start), err)
			}
		}
		if err := g.enter(t.Context(), 2, "upload.getFile"); err != nil || time.Since(start) < 20*time.Second {
			t.Fatalf("let through after %v, error %v", time.Since(start), err)
		}
		if len(told) != 1 || g.total() != 10*time.Second {
			t.Fatalf("told of %d pauses, %v in all", len(told), g.total())
		}
	})
}

// After a pause calls come back one after the other, and quicken as they go
// through.
func TestGatesPace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGates(time.Minute, nil)
		for range 8 {
			_ = g.flooded(2, "m", time.Second)
			time.Sleep(2 * time.Second)
		}
		start := time.Now()
		var through atomic.Int32
		for range 10 {
			go func() {
				if g.enter(t.Context(), 2, "m") == nil {
					through.Add(1)
				}
			}()
		}
		time.Sleep(5*paceMost + paceMost/2)
		if n := through.Load(); n != 5 {
			t.Fatalf("%d calls went through in %v, want 5", n, time.Since(start))
		}
		synctest.Wait()
		time.Sleep(time.Minute)
		for range 200 {
			g.passed(2, "m")
		}
		start = time.Now()
		if err := g.enter(t.Context(), 2, "m"); err != nil || time.Since(start) > 0 {
			t.Fatalf("still held back for %v, error %v", time.Since(start), err)
		}
	})
}

// A pause that is too long is an error at once, for as long as it lasts.
func TestGatesRefuse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGates(time.Minute, nil)
		err := g.flooded(2, "m", time.Hour)
		if flood, ok := errors.AsType[*FloodError](err); !ok || flood.Wait != time.Hour {
			t.Fatalf("error %v", err)
		}
		start := time.Now()
		if err := g.enter(t.Context(), 2, "m"); err == nil || time.Since(start) > 0 {
			t.Fatalf("error %v after %v", err, time.Since(start))
		}
		time.Sleep(time.Hour + time.Second)
		if err := g.enter(t.Context(), 2, "m"); err != nil {
			t.Fatal(err)
		}
	})
}

// Connections on which a call hung, or that the data centre does not know any
// more, are replaced.
func TestPoolRenews(t *testing.T) {
	for name, fault := range map[string]error{"hangs": errHang, "unauthorised": rpcError(401, "AUTH_KEY_UNREGISTERED")} {
		inBubble(t, name, func(t *testing.T) {
			first, second := &scripted{answers: []error{fault}}, &scripted{}
			opened := 0
			p := newPool(2, func(context.Context) (telegram.CloseInvoker, error) {
				opened++
				return []telegram.CloseInvoker{first, second}[opened-1], nil
			})
			c := newTestCaller(p, newGates(time.Minute, nil))
			c.slots = p.slots
			c.unauthorised = func(context.Context, error) error { return nil } // home says that all is well
			if _, err := tg.NewClient(c).UpdatesGetState(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.close()
			if opened != 2 || first.closed.Load() != 1 || second.closed.Load() != 1 {
				t.Fatalf("opened %d, closed %d and %d", opened, first.closed.Load(), second.closed.Load())
			}
			if _, err := tg.NewClient(c).UpdatesGetState(t.Context()); !errors.Is(err, errClosed) {
				t.Fatalf("after close: error %v", err)
			}
			time.Sleep(time.Minute)
		})
	}
}

// After an optional call without an answer the next ones wait only shortly, until one
// is answered again: a server that hangs up on what it does not know must not hold a
// sync up with each such call.
func TestOptionalCallsGetImpatient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := &scripted{}
		for range 5 {
			server.answers = append(server.answers, errHang)
		}
		server.answers = append(server.answers, nil, errHang, nil)
		quiet := new(atomic.Bool)
		c := newTestCaller(server, newGates(time.Minute, nil)).forOptional(time.Minute, quiet)
		api := tg.NewClient(c)
		for i, want := range []time.Duration{2 * optionalTimeout, quietTimeout, quietTimeout, quietTimeout, 0, optionalTimeout} {
			start := time.Now()
			_, err := api.UpdatesGetState(t.Context())
			took := time.Since(start)
			if answered := i > 3; (err == nil) != answered || !answered && !errors.Is(err, errSilent) {
				t.Fatalf("call %d: error %v", i, err)
			}
			if took < want || took > want+time.Second {
				t.Fatalf("call %d took %v, want %v", i, took, want)
			}
		}
		time.Sleep(time.Minute)
	})
}

// A data centre that never answers is given up after three calls: its files must
// not hold up those of others for long.
func TestCallerGivesUpOnSilence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		silent := &scripted{}
		for range 20 {
			silent.answers = append(silent.answers, errHang)
		}
		l := &link{
			options: &Options{Connections: 2, Log: slog.New(slog.DiscardHandler)}, gates: newGates(time.Minute, nil), pools: map[place]*pool{},
			open: func(context.Context, place) (telegram.CloseInvoker, error) { return silent, nil },
		}
		start := time.Now()
		_, err := tg.NewClient(l.dc(4)).UpdatesGetState(t.Context())
		if took := time.Since(start); !errors.Is(err, errDown) || took > 3*partTimeout+retryMost {
			t.Fatalf("error %v after %v", err, took)
		}
		l.closePools()
		time.Sleep(time.Minute)
	})
}

// A data centre that was given up fails further calls at once.
func TestPoolGivesUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := &link{
			options: &Options{Connections: 2, Log: slog.New(slog.DiscardHandler)}, gates: newGates(time.Minute, nil), pools: map[place]*pool{},
			open: func(context.Context, place) (telegram.CloseInvoker, error) { return nil, errors.New("refused") },
		}
		start := time.Now()
		_, err := tg.NewClient(l.dc(4)).UpdatesGetState(t.Context())
		if !errors.Is(err, errDown) || ends(err) {
			t.Fatalf("error %v", err)
		}
		first := time.Since(start)
		if _, err := tg.NewClient(l.dc(4)).UpdatesGetState(t.Context()); !errors.Is(err, errDown) || time.Since(start) != first {
			t.Fatalf("error %v after %v more", err, time.Since(start)-first)
		}
	})
}
