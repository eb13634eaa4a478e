package world

import (
	"fmt"
	"sync"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// takeouts is the one data export an account can have under way.
type takeouts struct {
	mu      sync.Mutex
	active  int64 // 0: none
	last    int64
	ready   time.Time // a takeout is allowed from here on; zero: not asked yet
	waiting time.Duration
}

// checkTakeout refuses requests wrapped in a takeout that is over.
func (t *takeouts) checkTakeout(id int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id != 0 && id != t.active {
		return fail(400, "TAKEOUT_INVALID")
	}
	return nil
}

// needTakeout refuses requests that are allowed in a takeout only.
func needTakeout(c *Call) error {
	if c.Takeout == 0 {
		return fail(403, "TAKEOUT_REQUIRED")
	}
	return nil
}

// begin starts a takeout; one that is under way becomes invalid.
func (t *takeouts) begin(now time.Time) (int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ready.IsZero() {
		t.ready = now.Add(t.waiting)
	}
	if left := t.ready.Sub(now); left > 0 {
		return 0, fail(420, fmt.Sprintf("TAKEOUT_INIT_DELAY_%d", int((left+time.Second-1)/time.Second)))
	}
	t.last++
	t.active = int64(mix('t', uint64(t.last)) >> 1)
	return t.active, nil
}

func (t *takeouts) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active = 0
}

func (w *World) initTakeout(_ *Call, a *account, _ *tg.AccountInitTakeoutSessionRequest) (bin.Encoder, error) {
	id, err := a.begin(w.now())
	if err != nil {
		return nil, err
	}
	return &tg.AccountTakeout{ID: id}, nil
}

// finishTakeout has to be wrapped in the takeout it ends.
func (w *World) finishTakeout(c *Call, a *account, _ *tg.AccountFinishTakeoutSessionRequest) (bin.Encoder, error) {
	if err := needTakeout(c); err != nil {
		return nil, err
	}
	a.end()
	return &tg.BoolTrue{}, nil
}

// getSplitRanges has one range: the protocol layer does not pass ranges on.
func (w *World) getSplitRanges(c *Call, _ *account, _ *tg.MessagesGetSplitRangesRequest) (bin.Encoder, error) {
	if err := needTakeout(c); err != nil {
		return nil, err
	}
	return &tg.MessageRangeVector{Elems: []tg.MessageRange{{MinID: 1, MaxID: 1<<31 - 1}}}, nil
}

// takeoutFile is the "other data" of an account.
func (w *World) takeoutFile(c *Call, a *account) (*file, content, error) {
	if err := needTakeout(c); err != nil {
		return nil, nil, err
	}
	if len(a.otherData) == 0 {
		return nil, nil, fail(400, "TAKEOUT_FILE_EMPTY")
	}
	return &file{mime: "application/json"}, inMemory(a.otherData), nil
}

// EndTakeouts ends the data exports that are under way, as beginning another one
// on another device does.
func (w *World) EndTakeouts() {
	for _, a := range w.accounts {
		a.end()
	}
}
