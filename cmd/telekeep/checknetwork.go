package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"telekeep/telegram"
)

// probeTimeout is how long one server may take to answer.
const probeTimeout = 10 * time.Second

// How wrong the clock may be. Telegram refuses what seems to be 5 minutes old or comes
// from 30 s ahead, and so does a client of its answers.
const (
	clockNoticed = 10 * time.Second
	clockBehind  = 30 * time.Second
	clockAhead   = 5 * time.Minute
)

// reached is what came of asking one server for its first message.
type reached struct {
	target telegram.Target
	echo   *telegram.Echo // nil if nobody answered
	ahead  time.Duration  // how far this clock was ahead of the server's, if it answered
	err    error
}

// probe asks all servers at once.
func (p *patient) probe(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	t := p.config.Telegram
	p.reach = map[int]reached{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, target := range telegram.Targets(t.Server, t.DC) {
		all.Go(func() {
			echo, err := telegram.Probe(ctx, target.Address, t.Keys, p.app.now)
			r := reached{target: target, echo: echo, err: err}
			if echo != nil {
				r.ahead = p.app.now().Sub(echo.Time)
			}
			mu.Lock()
			defer mu.Unlock()
			p.reach[target.DC] = r
		})
	}
	all.Wait()
}

// checkNetwork says which servers can be reached, and what stands in the way to others.
func checkNetwork(_ context.Context, p *patient) []finding {
	switch {
	case p.config == nil:
		return noSettings()
	case p.offline:
		return []finding{skipped("left out by --offline")}
	}
	var all []finding
	answering := 0
	for _, dc := range slices.Sorted(maps.Keys(p.reach)) {
		r := p.reach[dc]
		subject := fmt.Sprintf("data centre %d (%s)", dc, r.target.Address)
		if r.err == nil {
			answering++
			all = append(all, ok("answers within %d ms", max(1, r.echo.Trip.Milliseconds())).of(subject))
			continue
		}
		all = append(all, wayThere(r.err).of(subject))
	}
	if answering > 0 {
		for i := range all { // an account needs the data centre that it lives in, and files those that they lie in
			if all[i].State == findingFailure {
				all[i].State = findingWarning
			}
		}
	}
	return all
}

// wayThere tells apart what keeps a server from being reached.
func wayThere(err error) finding {
	const server = "check [telegram] server in the settings file"
	name, isName := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, telegram.ErrServerKey):
		return failed(err)
	case isName && name.IsNotFound:
		return failing(exitNetwork, server+", and the name servers in /etc/resolv.conf", "nobody knows the name %s", name.Name)
	case isName:
		return failing(exitNetwork, "the name servers in /etc/resolv.conf do not answer: is this machine online?", "the name %s cannot be looked up", name.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return failing(exitNetwork, server+": the machine is there, but no server; or a firewall refuses", "the connection is refused")
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETDOWN):
		return failing(exitNetwork, "is this machine online? ip route shows the way out", "there is no route")
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return failing(exitNetwork, "a firewall of this machine, or the service's sandbox, forbids it", "the connection is not allowed")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return failing(exitNetwork, "a firewall may swallow it, or the network may block Telegram", "no answer within %d s", int(probeTimeout.Seconds()))
	case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF):
		return failing(exitNetwork, "the server may be down for the moment; else something between here and there cuts the connection", "the connection is made and cut at once")
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return failing(exitNetwork, server, "no connection: %s", oneLine(dial.Err))
	}
	return failing(exitNetwork, "something between here and there answers in its place, or "+server, "whoever answers is no server of Telegram's kind")
}

// checkClock compares the clock with a server's; without one, with the dates of what was
// written here before.
func checkClock(_ context.Context, p *patient) []finding {
	if r := p.nearest(); r != nil {
		return []finding{wrongBy(r.ahead, r.slack())}
	}
	newest, of := p.newestDate()
	now := p.app.now()
	switch {
	case newest.IsZero():
		return []finding{skipped("no server answered that has the time, and there is nothing here to compare with")}
	case newest.After(now.Add(clockAhead)):
		return []finding{failing(exitFailure, "set the clock: timedatectl shows it", "it is %s here, and %s is of %s: the clock is behind, or was ahead then", moment(now), of, moment(newest))}
	}
	return []finding{skipped("no server answered that has the time; it is later than %s, %s", of, moment(newest))}
}

// nearest is the server that answered soonest, nil if none did.
func (p *patient) nearest() *reached {
	var best *reached
	for _, r := range p.reach {
		if r.echo != nil && (best == nil || r.echo.Trip < best.echo.Trip) {
			best = &r
		}
	}
	return best
}

// slack is how far the time of an answer may be off: half of its way, and the second
// that servers may count in.
func (r *reached) slack() time.Duration { return r.echo.Trip/2 + time.Second }

// refusedForClock reports whether the clock is so wrong that no server talks to it.
func refusedForClock(ahead, slack time.Duration) bool {
	return ahead > clockAhead+slack || ahead < -clockBehind-slack
}

// wrongBy judges a clock that is ahead by so much, give or take slack.
func wrongBy(ahead, slack time.Duration) finding {
	const hint = "set the clock, and let it be set by the network: timedatectl set-ntp true"
	words := "ahead"
	if ahead < 0 {
		words = "behind"
	}
	off := ahead.Abs().Round(time.Second)
	switch {
	case refusedForClock(ahead, slack):
		return failing(exitNetwork, hint, "the clock is %v %s: Telegram refuses what such a machine sends", off, words)
	case ahead.Abs() > clockNoticed+slack:
		return warning(hint, "the clock is %v %s", off, words)
	}
	return ok("the clock is right, to %v", max(time.Second, off))
}

// newestDate is the latest date that was written here or into the vault, and of what.
func (p *patient) newestDate() (newest time.Time, of string) {
	if p.config == nil {
		return
	}
	later := func(t time.Time, what string) {
		if t.After(newest) {
			newest, of = t, what
		}
	}
	later(p.vault.LastCommit, "the last commit")
	for _, path := range []string{p.place.config, writerKeyPath(p.config), statePath(p.config)} {
		if info, err := os.Stat(path); err == nil {
			later(info.ModTime(), path)
		}
	}
	return newest, of
}
