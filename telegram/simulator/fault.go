package simulator

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/mtproto"
)

// FaultHelp explains the text form of a Fault.
const FaultHelp = `A fault is a method (* for all, upload.* for a group) and what happens to it:
  flood=SECONDS        FLOOD_WAIT            error=CODE:TEXT  any other error
  premium=SECONDS      FLOOD_PREMIUM_WAIT    drop             the connection is closed
  latency=DURATION     a late answer         lose-key         the auth key is forgotten (-404)
                                             revoke           the session is signed out (401)
and, if need be, when:
  after=N  not the first N requests          every=N  each N-th after that
  count=N  N times, then no more             dc=N     at this data centre only
Without a method, what happens to files:
  expire               file references so far are void
  short=N corrupt=N    the next N parts come back too short, or damaged
  wrong-dc=N           the next N files lie elsewhere
  unavailable=N        the next N files cannot be had
  vanish=N             the next N files cannot be had after their first part
  cdn=N cold=N         the next N files are on the CDN; it lacks the next N parts
Examples: "upload.getFile flood=3 count=2"  "* drop every=50"  "* latency=60ms"  "short=1"`

// A Fault is a rule of what goes wrong. Its text form is in FaultHelp.
type Fault struct {
	Method string // "messages.getHistory", "upload.*", "*"
	DC     int    // only there, 0 for everywhere

	After int // passes over this many requests first
	Every int // then takes each n-th, default 1
	Count int // this many times, 0 for no limit

	Latency time.Duration // the answer is so much later; it may be the only fault
	Code    int           // with Error: the answer is this rpc_error
	Error   string
	Drop    bool // the connection is closed without an answer
	LoseKey bool // the key is forgotten, and the connection closed
	Revoke  bool // the session is signed out: this request is the first to notice

	// These happen at once, to files, and need no Method.
	Expire      bool
	Short       int
	Corrupt     int
	WrongDC     int
	Unavailable int
	Vanish      int
	CDN         int
	Cold        int
}

// FloodWait makes a method answer FLOOD_WAIT_X for so many requests.
func FloodWait(method string, seconds, count int) Fault {
	return Fault{Method: method, Code: 420, Error: "FLOOD_WAIT_" + strconv.Itoa(seconds), Count: count}
}

// ParseFault reads the text form.
func ParseFault(text string) (Fault, error) {
	var f Fault
	words := strings.Fields(text)
	if len(words) == 0 {
		return f, fmt.Errorf("an empty fault")
	}
	if first := words[0]; first == "*" || strings.Contains(first, ".") && !strings.Contains(first, "=") {
		f.Method, words = first, words[1:]
	}
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		if err := f.set(name, value); err != nil {
			return f, err
		}
	}
	return f, f.check()
}

func (f *Fault) set(name, value string) error {
	var err error
	switch name {
	case "drop":
		f.Drop = true
	case "lose-key":
		f.LoseKey = true
	case "revoke":
		f.Revoke = true
	case "expire":
		f.Expire = true
	case "latency":
		f.Latency, err = time.ParseDuration(value)
	case "error":
		code, text, _ := strings.Cut(value, ":")
		f.Code, err = strconv.Atoi(code)
		f.Error = text
	default:
		return f.setNumber(name, value)
	}
	if err != nil {
		return fmt.Errorf("fault %s=%s: %w", name, value, err)
	}
	return nil
}

func (f *Fault) setNumber(name, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return fmt.Errorf("fault %s wants a number", name)
	}
	switch name {
	case "flood":
		f.Code, f.Error = 420, "FLOOD_WAIT_"+value
	case "premium":
		f.Code, f.Error = 420, "FLOOD_PREMIUM_WAIT_"+value
	case "after":
		f.After = n
	case "every":
		f.Every = n
	case "count":
		f.Count = n
	case "dc":
		f.DC = n
	case "short":
		f.Short = n
	case "corrupt":
		f.Corrupt = n
	case "wrong-dc":
		f.WrongDC = n
	case "unavailable":
		f.Unavailable = n
	case "vanish":
		f.Vanish = n
	case "cdn":
		f.CDN = n
	case "cold":
		f.Cold = n
	default:
		return fmt.Errorf("no fault is called %s", name)
	}
	return nil
}

func (f *Fault) ofFiles() bool {
	return f.Expire || f.Short+f.Corrupt+f.WrongDC+f.Unavailable+f.Vanish+f.CDN+f.Cold > 0
}

func (f *Fault) ofRequests() bool {
	return f.Latency > 0 || f.Error != "" || f.Drop || f.LoseKey || f.Revoke
}

func (f *Fault) check() error {
	switch {
	case f.ofRequests() && f.Method == "":
		return fmt.Errorf("a fault without a method; * is for all")
	case !f.ofRequests() && !f.ofFiles():
		return fmt.Errorf("a fault that does nothing")
	case f.ofRequests() && f.ofFiles():
		return fmt.Errorf("a fault of requests and of files; make it two")
	}
	return nil
}

// String is the text form.
func (f Fault) String() string {
	words := []string{f.Method}
	if f.Error != "" {
		words = append(words, fmt.Sprintf("error=%d:%s", f.Code, f.Error))
	}
	if f.Latency > 0 {
		words = append(words, "latency="+f.Latency.String())
	}
	for _, flag := range []struct {
		name string
		set  bool
	}{{"drop", f.Drop}, {"lose-key", f.LoseKey}, {"revoke", f.Revoke}, {"expire", f.Expire}} {
		if flag.set {
			words = append(words, flag.name)
		}
	}
	for _, number := range []struct {
		name string
		n    int
	}{
		{"short", f.Short}, {"corrupt", f.Corrupt}, {"wrong-dc", f.WrongDC}, {"unavailable", f.Unavailable},
		{"vanish", f.Vanish}, {"cdn", f.CDN}, {"cold", f.Cold},
		{"after", f.After}, {"every", f.Every}, {"count", f.Count}, {"dc", f.DC},
	} {
		if number.n > 0 {
			words = append(words, fmt.Sprintf("%s=%d", number.name, number.n))
		}
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

func (f *Fault) fits(name string, dc int) bool {
	if f.DC != 0 && f.DC != dc {
		return false
	}
	group, all := strings.CutSuffix(f.Method, "*")
	return f.Method == name || all && strings.HasPrefix(name, group)
}

// faults are the rules in force.
type faults struct {
	mu    sync.Mutex
	rules []*rule
}

// A rule is a fault and how often it was asked and struck.
type rule struct {
	Fault
	seen   int
	struck int
}

// strike lists the faults that this request meets.
func (t *faults) strike(name string, dc int) []Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	var met []Fault
	for _, r := range t.rules {
		if !r.fits(name, dc) {
			continue
		}
		r.seen++
		if r.seen <= r.After || (r.seen-r.After)%max(r.Every, 1) != 0 {
			continue
		}
		r.struck++
		met = append(met, r.Fault)
	}
	t.rules = slices.DeleteFunc(t.rules, func(r *rule) bool { return r.Count > 0 && r.struck >= r.Count })
	return met
}

// list is the rules in force.
func (t *faults) list() []Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := []Fault{}
	for _, r := range t.rules {
		all = append(all, r.Fault)
	}
	return all
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
	case f.LoseKey:
		s.centres[r.DC].keys.Forget(func(id mtproto.KeyID) bool { return id == r.Key })
		return mtproto.ErrDrop
	case f.Drop:
		return mtproto.ErrDrop
	case f.Revoke:
		s.logins.remove(func(l *login) bool { return l.Key == r.Key })
		return nil
	case f.Error != "":
		return tgerr.New(f.Code, f.Error)
	}
	return nil
}
