package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/config"
	"telekeep/daemon"
	"telekeep/telegram"
)

// wants is a finding's state, and something of what it says.
type wants struct{ state, text string }

func (w wants) in(t *testing.T, all []finding) {
	t.Helper()
	for _, f := range all {
		if f.State == w.state && strings.Contains(f.Subject+": "+f.Text, w.text) {
			if w.state == findingFailure && (f.code == exitOK || f.Hint == "") {
				t.Errorf("a failure with no exit code or nothing to do: %+v", f)
			}
			return
		}
	}
	t.Errorf("no %s with %q in %+v", w.state, w.text, all)
}

func answering(ahead time.Duration) map[int]reached {
	return map[int]reached{2: {
		target: telegram.Target{DC: 2, Address: "192.0.2.1:443"}, ahead: ahead, echo: &telegram.Echo{Trip: 20 * time.Millisecond},
	}}
}

func TestCheckClock(t *testing.T) {
	for ahead, want := range map[time.Duration]wants{
		0:                 {findingOK, "right"},
		-8 * time.Second:  {findingOK, "right"},
		-20 * time.Second: {findingWarning, "20s behind"},
		-time.Minute:      {findingFailure, "1m0s behind"},
		2 * time.Minute:   {findingWarning, "2m0s ahead"},
		time.Hour:         {findingFailure, "1h0m0s ahead"},
	} {
		want.in(t, checkClock(t.Context(), &patient{reach: answering(ahead)}))
	}
}

// Without a server the clock is held against what was written here.
func TestCheckClockOffline(t *testing.T) {
	p, _ := healthy(t)
	wants{findingSkipped, "it is later than"}.in(t, checkClock(t.Context(), p))
	p.app.now = func() time.Time { return time.Now().Add(-24 * time.Hour) }
	wants{findingFailure, "the clock is behind"}.in(t, checkClock(t.Context(), p))
}

func TestCheckNetwork(t *testing.T) {
	p := &patient{config: &config.Config{}}
	dial := func(err error) error {
		return fmt.Errorf("%w: %w", telegram.ErrUnreachable, &net.OpError{Op: "dial", Err: err})
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{dial(&net.DNSError{Name: "example.invalid", IsNotFound: true}), "nobody knows the name example.invalid"},
		{dial(&net.DNSError{Name: "example.org", IsTimeout: true}), "cannot be looked up"},
		{dial(syscall.ECONNREFUSED), "refused"},
		{dial(syscall.ENETUNREACH), "no route"},
		{dial(syscall.EPERM), "not allowed"},
		{dial(context.DeadlineExceeded), "no answer"},
		{dial(errors.New("strange")), "no connection: strange"},
		{fmt.Errorf("%w: %w", telegram.ErrUnreachable, io.EOF), "cut at once"},
		{telegram.ErrUnreachable, "no server of Telegram's kind"},
		{telegram.ErrServerKey, "public key"},
	} {
		p.reach = map[int]reached{2: {err: c.err}}
		wants{findingFailure, c.want}.in(t, checkNetwork(t.Context(), p))
	}
	p.reach[4] = reached{echo: &telegram.Echo{}}
	wants{findingWarning, "data centre 2"}.in(t, checkNetwork(t.Context(), p))
	wants{findingOK, "data centre 4"}.in(t, checkNetwork(t.Context(), p))
}

func TestCheckAPIID(t *testing.T) {
	p := &patient{config: &config.Config{}, reach: answering(0)}
	wants{findingFailure, "missing"}.in(t, checkAPIID(t.Context(), p))
	p.config.Telegram = config.Telegram{APIID: 2040, APIHash: "x"}
	wants{findingWarning, "published"}.in(t, checkAPIID(t.Context(), p))
	p.config.Telegram.Server = "192.0.2.1:443" // whose own numbers these are
	wants{findingSkipped, "2040"}.in(t, checkAPIID(t.Context(), p))
	p.whose = map[string]answered{"a": {err: telegram.ErrAPIIDInvalid}}
	wants{findingFailure, "refuses"}.in(t, checkAPIID(t.Context(), p))
	p.whose["a"] = answered{err: telegram.ErrSessionRevoked}
	wants{findingOK, "takes 2040"}.in(t, checkAPIID(t.Context(), p))
}

// healthy is an installation that was just made, and its account.
func healthy(t *testing.T) (*patient, config.Account) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "t")
	mustCall(t, "", "init", "--dir", dir)
	getenv := func(string) string { return "" }
	a := &app{stdio: stdio{strings.NewReader(""), io.Discard, io.Discard}, getenv: getenv, now: time.Now, dir: dir}
	a.ui = newUI(a.stdio, getenv)
	p := a.examine(t.Context(), true)
	if p.config == nil || p.secrets == nil {
		t.Fatalf("%v, %v", p.loadErr, p.secretsErr)
	}
	p.config.Accounts = []config.Account{{Name: "main"}}
	return p, p.config.Accounts[0]
}

func TestCheckSessions(t *testing.T) {
	p, account := healthy(t)
	p.offline, p.reach = false, answering(0)
	wants{findingFailure, "main: not signed in"}.in(t, checkSessions(t.Context(), p))
	path := sessionPath(p.config, account)
	if err := os.WriteFile(path, []byte("no session"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants{findingFailure, "cannot be read"}.in(t, checkSessions(t.Context(), p))
	sealed, err := sessionSealer{p.secrets.IndexIdentity}.Seal([]byte(`{"v":1,"account":"user7","data":{}}`))
	if err == nil {
		err = os.WriteFile(path, sealed, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		said answered
		want wants
	}{
		{answered{self: &telegram.Self{ID: archive.PeerID("user7")}}, wants{findingOK, "user7"}},
		{answered{self: &telegram.Self{ID: archive.PeerID("user8")}}, wants{findingFailure, "not that of user7"}},
		{answered{err: telegram.ErrSessionRevoked}, wants{findingFailure, "ended"}},
		{answered{err: &telegram.FloodError{Method: "users.getUsers", Wait: time.Hour}}, wants{findingWarning, "1h0m0s"}},
		{answered{err: telegram.ErrSessionInUse}, wants{findingOK, "left alone"}},
	} {
		p.whose = map[string]answered{"main": c.said}
		c.want.in(t, checkSessions(t.Context(), p))
	}
	for _, c := range []struct {
		status daemon.AccountStatus
		want   wants
	}{
		{daemon.AccountStatus{State: daemon.StateLive}, wants{findingOK, "live"}},
		{daemon.AccountStatus{State: daemon.StateWaiting, Error: "no way"}, wants{findingWarning, "no way"}},
		{daemon.AccountStatus{State: daemon.StateEnded, Error: "revoked"}, wants{findingFailure, "revoked"}},
	} {
		c.status.Name = "main"
		p.daemon = &daemon.Status{Accounts: []daemon.AccountStatus{c.status}}
		c.want.in(t, checkSessions(t.Context(), p))
	}
}

func TestCheckSpaceAndCopies(t *testing.T) {
	p, _ := healthy(t)
	p.config.Alarm.ReserveBytes = 1 << 62
	wants{findingWarning, "vault: only"}.in(t, checkSpace(t.Context(), p))
	wants{findingOK, "nothing was backed up"}.in(t, checkCopies(t.Context(), p))
	p.vault.Commits = 3
	wants{findingWarning, "never verified"}.in(t, checkCopies(t.Context(), p))
	old := &proof{Vault: p.vault.ID, Time: time.Now().Add(-29 * 24 * time.Hour)}
	p.vault.Verified.Files = old
	wants{findingWarning, "last verified"}.in(t, checkCopies(t.Context(), p))
	old.Time = time.Now()
	wants{findingWarning, "never opened"}.in(t, checkCopies(t.Context(), p))
	p.vault.Verified.Deep = old
	wants{findingOK, "opened with an owner key"}.in(t, checkCopies(t.Context(), p))
	p.vault.Damage = "a pack is gone"
	wants{findingFailure, "a pack is gone"}.in(t, checkCopies(t.Context(), p))
	p.vault.Problem = "another vault"
	wants{findingFailure, "another vault"}.in(t, checkCopies(t.Context(), p))
}

func TestGrowth(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	at := func(days int, size int64) *chunkstore.Commit {
		return &chunkstore.Commit{Time: now.AddDate(0, 0, -days), Packs: []chunkstore.Object{{Size: size}}}
	}
	for _, c := range []struct {
		commits []*chunkstore.Commit
		perDay  int64
		days    int
	}{
		{nil, 0, 0},
		{[]*chunkstore.Commit{at(6, 1e9), at(1, 1e9)}, 0, 0}, // too little to tell
		{[]*chunkstore.Commit{at(10, 1e12), at(5, 600), at(0, 400)}, 100, 10},
		{[]*chunkstore.Commit{at(400, 1e12), at(300, 1e12), at(10, 3000)}, 100, 30},
	} {
		if perDay, days := grown(c.commits, now); perDay != c.perDay || days != c.days {
			t.Errorf("%d commits: %d a day over %d days, want %d and %d", len(c.commits), perDay, days, c.perDay, c.days)
		}
	}
}

// An only copy that the daemon refuses is told of, although a glance finds a vault there.
func TestOnlyCopyIsRefused(t *testing.T) {
	p := &patient{copies: []copyStatus{{Name: "vault", State: string(copies.Current)}}}
	if got := p.others(); got != nil {
		t.Errorf("of an only copy with which nothing is wrong: %+v", got)
	}
	p.copies[0] = copyStatus{Name: "vault", State: string(copies.Refused), Error: "another file system", Hint: "accept it"}
	wants{findingFailure, "copy vault: it is refused: another file system"}.in(t, p.others())
}
