package telegram

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotd/td/tg"
)

// A call that a sync can do without is given up when the connection is lost under it
// for the third time; losses before it, and tries to connect that fail, do not count.
func TestCallThatIsHungUpOn(t *testing.T) {
	for _, c := range []struct {
		name   string
		states []bool // ready or not, a second apart
		hangs  bool   // until its time is over
	}{
		{"hung up on", []bool{false, true, false, true, false, true}, false},
		{"lost twice", []bool{false, true, false, true}, true},
		{"lost, and away", []bool{false, false, false, false}, true},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			server := &scripted{answers: []error{errHang, errHang}}
			caller := newTestCaller(server, newGates(time.Minute, nil)).forOptional(time.Minute, new(atomic.Bool))
			caller.losses = newLosses()
			for _, ready := range []bool{false, true, false, true} { // before the call
				caller.losses.state(ready)
			}
			go func() {
				for _, ready := range c.states {
					time.Sleep(time.Second)
					caller.losses.state(ready)
				}
			}()
			start := time.Now()
			_, err := tg.NewClient(caller).UpdatesGetState(t.Context())
			if took := time.Since(start); !errors.Is(err, errSilent) || (took >= optionalTimeout) != c.hangs || !c.hangs && took > 6*time.Second {
				t.Errorf("error %v after %v", err, took)
			}
			time.Sleep(time.Minute)
		})
	}
}

// Whoever stops waits for nobody.
func TestLossesEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := newLosses()
		ctx, cancel := context.WithCancel(t.Context())
		watched, end := l.watch(ctx, hangUps)
		defer end()
		cancel()
		<-watched.Done()
		if !errors.Is(context.Cause(watched), context.Canceled) {
			t.Errorf("cause %v", context.Cause(watched))
		}
	})
}
