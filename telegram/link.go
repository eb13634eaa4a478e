package telegram

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotd/td/exchange"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
)

// partTimeout limits one call for a part of a file, optionalTimeout one that a
// sync can do without.
const (
	partTimeout     = time.Minute
	optionalTimeout = 15 * time.Second
	quietTimeout    = 4 * time.Second // of one, after another got no answer
)

// errSilent: the server does not answer a call that a sync can do without. Some
// servers hang up on methods they do not know.
var errSilent = errors.New("no answer")

// A link is the client while it is connected.
type link struct {
	options *Options
	gates   *gates
	// api makes calls that only read, to the account's own data centre. It
	// waits, tries again and gives up as a caller does.
	api *tg.Client
	// optional is api for calls that a sync can do without: it gives up sooner,
	// with errSilent.
	optional *tg.Client
	// once makes every call one time: for those that change something.
	once *tg.Client
	// plain is once for calls that gotd has no method for.
	plain tg.Invoker
	// takeout is the data export that api, optional and dc make calls in.
	takeout takeout
	// quiet: see forOptional.
	quiet  atomic.Bool
	losses *losses // of the connection that api and optional use
	// config is the server's list of data centres, and which one this is.
	config func() tg.Config
	// move makes another data centre the account's own.
	move func(ctx context.Context, dc int) error
	// agreed gets a value when somebody agrees to a QR code.
	agreed <-chan struct{}
	// open opens several connections to a place.
	open     func(ctx context.Context, p place) (telegram.CloseInvoker, error)
	branches *branches
	// pushed is what the server sends unasked.
	pushed *inbox

	mu    sync.Mutex
	pools map[place]*pool
}

// A place is a data centre: one of Telegram's own, or one of the content
// delivery network, which are numbered apart.
type place struct {
	dc  int
	cdn bool
}

// lostNotice is how long a refused call waits for the news that the key was
// lost, which takes another way and tells what the refusal means.
const lostNotice = time.Second

// connect connects, runs body and disconnects. Body's context ends when ctx
// does, when the session turns out to be no good, and when the connection
// cannot be kept up; connect then returns why.
//
// A configured server that tells another number than it was given gets its way.
// Where the account has moved to another data centre, the login follows it, and
// body is run once more.
func (c *Client) connect(ctx context.Context, g *gates, body func(context.Context, *link) error) error {
	err := c.connectTo(ctx, c.server, g, body)
	if moved, ok := errors.AsType[*movedError](err); ok && !c.options.Session.look {
		if err := c.follow(ctx, g, moved.dc); err != nil {
			return fmt.Errorf("the account has moved to data centre %d: %w", moved.dc, err)
		}
		err = c.connectTo(ctx, c.server, g, body)
	}
	if other, ok := errors.AsType[*numberError](err); ok && other.told != 0 {
		server := c.server
		server.ID = other.told
		if again := c.connectTo(ctx, server, g, body); !errors.As(again, &other) {
			return again
		}
	}
	return err
}

func (c *Client) connectTo(
	ctx context.Context, server tg.DCOption, g *gates, body func(context.Context, *link) error, change ...func(*telegram.Options),
) error {
	var branchesEnd sync.WaitGroup
	defer branchesEnd.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d := newDialer(server)
	defer d.end()
	defer context.AfterFunc(ctx, d.end)()
	c.options.Session.onLost(func(why error) { cancel(why) })
	options, number := c.clientOptions(d), &numberCheck{dialer: d, ready: make(chan struct{}), wrong: cancel}
	if server.ID != 0 {
		number.watch(ctx, &options)
	}
	agreed, pushed := make(chan struct{}, 1), newInbox()
	pushed.attach(&options, func(u tg.UpdatesClass) { agreedTo(agreed, u) })
	for _, f := range change {
		f(&options)
	}
	watched := newLosses()
	watched.attach(&options)
	refusedAtOnce(&options, cancel)
	client := telegram.NewClient(c.options.APIID, c.options.APIHash, options)
	l := c.newLink(client, g, cancel, watched)
	l.branches = &branches{client: c, dialer: d, run: ctx, busy: &branchesEnd, home: l, keys: map[int]*keyStore{}}
	l.agreed, l.pushed = agreed, pushed
	number.api = l.once
	late := time.AfterFunc(c.options.ConnectTimeout, func() { cancel(d.unreachable()) })
	defer late.Stop()
	ended := false
	err := client.Run(ctx, func(ctx context.Context) error {
		late.Stop()
		close(number.ready)
		failure := body(ctx, l) // gotd would put its own words before it
		ended = failure == nil
		if failure != nil {
			cancel(failure)
		}
		l.closePools()
		return nil
	})
	if ended {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if sessionEnded(err) && !errors.Is(err, ErrSessionRevoked) {
		return revoked(err) // told before the first call
	}
	return connectError(err)
}

// refusedAtOnce ends a client whose api_id the server refuses when it introduces itself:
// to gotd that is a connection that broke, and it tries again for ever.
func refusedAtOnce(o *telegram.Options, end func(error)) {
	next := o.OnDead
	o.OnDead = func(err error) {
		if refusal := connectError(err); errors.Is(refusal, ErrAPIIDInvalid) {
			end(refusal)
		}
		if next != nil {
			next(err)
		}
	}
}

// connectError gives what the server says about a connection the names that
// callers know.
func connectError(err error) error {
	switch {
	case errors.Is(err, exchange.ErrKeyFingerprintNotFound):
		return fmt.Errorf("%w: %w", ErrServerKey, err)
	case tgerr.Is(err, "API_ID_INVALID", "API_ID_PUBLISHED_FLOOD", "CONNECTION_API_ID_INVALID"):
		refusal, _ := tgerr.As(err) // without the words of what it came through
		return fmt.Errorf("%w: %w", ErrAPIIDInvalid, refusal)
	}
	return err
}

func (c *Client) newLink(client *telegram.Client, g *gates, cancel context.CancelCauseFunc, watched *losses) *link {
	l := &link{
		options: &c.options, gates: g, config: client.Config, move: client.MigrateTo, losses: watched, pools: map[place]*pool{},
	}
	l.open = func(ctx context.Context, p place) (telegram.CloseInvoker, error) {
		switch connections := int64(c.options.Connections); {
		case p.cdn:
			return client.CDN(ctx, p.dc, connections)
		case p.dc == l.home():
			return client.Pool(connections)
		default:
			return l.branches.open(ctx, p.dc)
		}
	}
	l.plain = single{client, c.options.CallTimeout, signInPatience}
	l.once = tg.NewClient(l.plain)
	home := &caller{
		dc: c.options.DC, next: client, limit: c.options.CallTimeout, tries: callTries, gates: g, log: c.options.Log,
		unauthorised: func(ctx context.Context, err error) error {
			_ = sleep(ctx, lostNotice)
			err = revoked(err)
			cancel(err)
			return err
		},
		silent:  func(err error) error { return fmt.Errorf("%w: %w", ErrUnreachable, err) },
		takeout: &l.takeout,
	}
	optional := home.forOptional(c.options.CallTimeout, &l.quiet)
	optional.losses = l.losses
	l.api, l.optional = tg.NewClient(home), tg.NewClient(optional)
	return l
}

// clientOptions are gotd's.
func (c *Client) clientOptions(d *dialer) telegram.Options {
	dc := c.options.DC
	if d.server.ID != 0 {
		dc = d.server.ID
	}
	var keys []telegram.PublicKey
	for _, key := range c.options.PublicKeys {
		keys = append(keys, telegram.PublicKey{RSA: key})
	}
	return telegram.Options{
		PublicKeys:     keys,
		DC:             dc,
		DCList:         d.list(c.options.Session.dataCentres()),
		Resolver:       d,
		SessionStorage: c.options.Session,
		Device:         c.options.Device.config(),
		Logger:         gotdLog{c.options.Log},
	}
}

// home is the number of the account's own data centre.
func (l *link) home() int {
	if dc := l.config().ThisDC; dc != 0 {
		return dc
	}
	return l.options.DC
}

// nearest is data centre dc if the server's list has it, else home: a server
// that is not Telegram may number its files' places as it likes.
func (l *link) nearest(dc int) int {
	for _, option := range l.config().DCOptions {
		if option.ID == dc {
			return dc
		}
	}
	return l.home()
}

// dc makes calls that only read to data centre id, over several connections. A
// data centre that does not answer is given up for the rest of the run.
func (l *link) dc(id int) *caller {
	p := l.pool(place{dc: id})
	return &caller{
		dc: id, next: p, slots: p.slots, limit: partTimeout, tries: callTries, gates: l.gates, log: l.options.Log,
		unauthorised: l.confirmRevoked,
		silent:       p.down,
		takeout:      &l.takeout,
	}
}

// cdn makes calls to a data centre of the content delivery network. It knows no
// account, so nothing that it says ends the session.
func (l *link) cdn(id int) *caller {
	p := l.pool(place{dc: id, cdn: true})
	return &caller{
		dc: id, next: p, slots: p.slots, limit: partTimeout, tries: optionalTries, gates: l.gates, log: l.options.Log,
		unauthorised: func(_ context.Context, err error) error { return p.down(err) },
		silent:       p.down,
	}
}

func (l *link) pool(at place) *pool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.pools[at]; ok {
		return p
	}
	p := newPool(l.options.Connections, func(ctx context.Context) (telegram.CloseInvoker, error) { return l.open(ctx, at) })
	l.pools[at] = p
	return p
}

// confirmRevoked asks the account's own data centre whether the session is
// really over: another one may only have forgotten who is calling.
func (l *link) confirmRevoked(ctx context.Context, _ error) error {
	_, err := l.api.UsersGetUsers(ctx, []tg.InputUserClass{&tg.InputUserSelf{}})
	return err
}

// revive tries the data centres again that were given up.
func (l *link) revive() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pools {
		p.revive()
	}
}

func (l *link) closePools() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pools {
		p.close()
	}
}

// self is the account's own profile as the server sends it.
func (l *link) self(ctx context.Context) (*tg.User, error) {
	users, err := l.api.UsersGetUsers(ctx, []tg.InputUserClass{&tg.InputUserSelf{}})
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		if user, ok := u.(*tg.User); ok {
			return user, nil
		}
	}
	return nil, errors.New("the server does not say whose session this is")
}
