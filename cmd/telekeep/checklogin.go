package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"telekeep/config"
	"telekeep/daemon"
	"telekeep/telegram"
)

// askTimeout is how long the server may take to say whose a session is.
const askTimeout = 20 * time.Second

// answered is what came of asking the server with one account's session.
type answered struct {
	self *telegram.Self // nil where nobody is signed in
	err  error
}

// askServers asks with every account's session, if there is a server to ask and the
// clock does not keep it from answering.
func (p *patient) askServers(ctx context.Context) {
	p.whose = map[string]answered{}
	if p.secrets == nil || p.unaskable() != "" {
		return
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, account := range p.config.Accounts {
		all.Go(func() {
			self, err := p.ask(ctx, account)
			mu.Lock()
			defer mu.Unlock()
			p.whose[account.Name] = answered{self, err}
		})
	}
	all.Wait()
}

// unaskable says why no server can be asked, "" if one can be.
func (p *patient) unaskable() string {
	answering := false
	for _, r := range p.reach {
		answering = answering || r.err == nil
	}
	near := p.nearest()
	switch {
	case p.offline:
		return "left out by --offline"
	case !answering:
		return "no server can be reached"
	case near != nil && refusedForClock(near.ahead, near.slack()):
		return "the clock is too wrong"
	}
	return ""
}

func (p *patient) ask(ctx context.Context, account config.Account) (_ *telegram.Self, err error) {
	session, err := telegram.LookAtSession(sessionPath(p.config, account), sessionSealer{p.secrets.IndexIdentity})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	t := p.config.Telegram
	client, err := telegram.New(telegram.Options{
		APIID: t.APIID, APIHash: t.APIHash, Server: t.Server, DC: t.DC, PublicKeys: t.Keys, Session: session, Now: p.app.now,
		ConnectTimeout: askTimeout, CallTimeout: askTimeout / 4,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*askTimeout)
	defer cancel()
	return client.Whose(ctx)
}

// published are api_ids of Telegram's own apps and of examples. They stand in public
// sources; Telegram limits or bans accounts that use them elsewhere.
func published(id int) bool {
	switch id {
	case 1, 4, 5, 6, 8, 9, 2040, 2496, 2834, 10840, 16623, 17349, 21724, 94575, 611335, 1025907:
		return true
	}
	return false
}

// checkAPIID looks at the application that telekeep presents itself as.
func checkAPIID(_ context.Context, p *patient) []finding {
	if p.config == nil {
		return noSettings()
	}
	const own = "get your own api_id and api_hash at my.telegram.org and put them into [telegram] of the settings file"
	t := p.config.Telegram
	if t.APIID <= 0 || t.APIHash == "" {
		return []finding{failed(telegram.ErrAPIIDMissing)}
	}
	if t.Server == "" && published(t.APIID) {
		return []finding{warning(own, "%d is a published api_id: Telegram limits or bans accounts that use it", t.APIID)}
	}
	if p.daemon != nil && slices.ContainsFunc(p.daemon.Accounts, func(a daemon.AccountStatus) bool { return a.State == daemon.StateLive }) {
		return []finding{ok("the server takes %d: the daemon is connected", t.APIID)}
	}
	for _, a := range p.whose {
		switch {
		case errors.Is(a.err, telegram.ErrAPIIDInvalid):
			return []finding{failed(a.err)}
		case tookAPIID(a.err):
			return []finding{ok("the server takes %d", t.APIID)}
		}
	}
	if why := p.unaskable(); why != "" {
		return []finding{skipped("%d is there; whether the server takes it is not known: %s", t.APIID, why)}
	}
	return []finding{skipped("%d is there; no server was asked whether it takes it", t.APIID)}
}

// tookAPIID reports whether a server that says err has taken the api_id before.
func tookAPIID(err error) bool {
	_, flood := errors.AsType[*telegram.FloodError](err)
	return err == nil || flood || errors.Is(err, telegram.ErrSessionRevoked)
}

// checkSessions looks at each account's login.
func checkSessions(_ context.Context, p *patient) []finding {
	if p.config == nil {
		return noSettings()
	}
	var all []finding
	for _, account := range p.config.Accounts {
		f := p.session(account).of(account.Name)
		all = append(all, f)
		if t := loadTrouble(p.config, account.Name); t != nil && f.State != findingFailure {
			all = append(all, warning(t.Hint, "no run has come to its end since %s: %s", moment(t.Since), t.Error).of(account.Name))
		}
	}
	if len(all) == 0 {
		return []finding{skipped("the settings name no account")}
	}
	return all
}

func (p *patient) session(account config.Account) finding {
	if p.secrets == nil {
		return skipped("cannot be opened without the writer's key")
	}
	path := sessionPath(p.config, account)
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return failed(telegram.ErrNotSignedIn)
	}
	id, err := telegram.SessionAccount(path, sessionSealer{p.secrets.IndexIdentity})
	if owner := ownerName(path); errors.Is(err, telegram.ErrSessionUnsafe) && owner != "" && os.Geteuid() == 0 {
		f := skipped("the session is the user %s's, and not root's", owner)
		f.Hint = "sudo -u " + owner + " telekeep --dir " + shellWord(filepath.Dir(p.place.config)) + " doctor looks at it"
		return f
	}
	if err != nil {
		return failed(fmt.Errorf("account %s: %w", account.Name, err))
	}
	a, asked := p.whose[account.Name]
	flood, isFlood := errors.AsType[*telegram.FloodError](a.err)
	switch {
	case !asked:
		return skipped("signed in as %s; whether the server still takes it is not known: %s", id, p.unaskable())
	case errors.Is(a.err, telegram.ErrSessionInUse):
		return p.sessionInUse(account)
	case isFlood:
		return warning("wait that long", "signed in as %s; %v", id, flood)
	case errors.Is(a.err, telegram.ErrAPIIDInvalid):
		return skipped("signed in as %s; the server refuses the api_id before it looks at the session", id)
	case a.err != nil:
		return failed(a.err)
	case a.self == nil || a.self.ID != id:
		return failing(exitNotSignedIn, "move the session away and run telekeep login", "the session is not that of %s", id)
	}
	return ok("signed in as %s, and the server takes it", id)
}

// sessionInUse says what the daemon that uses the session knows of it.
func (p *patient) sessionInUse(account config.Account) finding {
	if p.daemon == nil {
		return ok("in use by a telekeep that runs; it was left alone")
	}
	for _, a := range p.daemon.Accounts {
		switch {
		case a.Name != account.Name:
			continue
		case a.State == daemon.StateEnded:
			return failing(exitNotSignedIn, "run telekeep login, then telekeep sync", "the daemon cannot use it: %s", a.Error)
		case a.Error != "":
			return warning("telekeep status --watch shows what the daemon does", "the daemon uses it, and has trouble: %s", a.Error)
		}
		return ok("the daemon uses it: %s", a.State)
	}
	return ok("in use by the daemon that runs; it was left alone")
}
