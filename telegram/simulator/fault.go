package simulator

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// FaultHelp explains the text form of a Fault.
const FaultHelp = `A fault is a method (* for all, upload.* for a group) and what happens to it:
  flood=SECONDS        FLOOD_WAIT            error=CODE:TEXT  any other error
  premium=SECONDS      FLOOD_PREMIUM_WAIT    drop             the connection is closed
  latency=DURATION     a late answer         stall            the connection stays open, and silent
  unknown              an answer of a kind   lose-key         the auth key is forgotten (-404)
                       no client knows       revoke           the session is signed out (401)
and, if need be, when:
  after=N  not the first N requests          every=N  each N-th after that
  count=N  N times, then no more             dc=N     at this data centre only
What happens to files, chats and servers happens at once, or, after a method,
each time that the method is asked for, before it is answered:
  expire               file references so far are void
  short=N corrupt=N    the next N parts come back too short, or damaged
  wrong-dc=N           the next N files lie elsewhere
  unavailable=N        the next N files cannot be had
  vanish=N             the next N files cannot be had after their first part
  cdn=N cold=N         the next N files are on the CDN; it lacks the next N parts
  edit=CHAT:ID delete=CHAT:ID   a message, as of channel1:5
  strange=CHAT:ID      a message becomes one of a kind no client knows
  close=CHAT           a channel turns private
  away=DC back=DC      a data centre hangs up on everybody, until it is back
  move=DC              the first account's home is another data centre from now on
  clock=DURATION       the servers' clocks go wrong, 24h or -24h
Examples: "upload.getFile flood=3 count=2"  "* drop every=50"  "* latency=60ms"  "short=1"
          "messages.getHistory delete=channel1:5 after=1 count=1"`

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
	Stall   bool // the connection stays open, but nothing comes any more
	LoseKey bool // the key is forgotten, and the connection closed
	Revoke  bool // the session is signed out: this request is the first to notice
	Unknown bool // the answer is of a constructor that no client knows

	// These happen at once, or, with a Method, at each request that meets the rule.
	Expire      bool
	Short       int
	Corrupt     int
	WrongDC     int
	Unavailable int
	Vanish      int
	CDN         int
	Cold        int
	Edit        string // "channel1:5"
	Delete      string // likewise
	Strange     string // likewise
	Close       string // "channel1"
	Away        int    // a data centre
	Back        int    // likewise
	Move        int    // likewise
	Clock       time.Duration
}

// A word of the text form, and the field it sets.
type word[T any] struct {
	name  string
	field *T
}

func (f *Fault) flags() []word[bool] {
	return []word[bool]{
		{"drop", &f.Drop}, {"stall", &f.Stall}, {"lose-key", &f.LoseKey}, {"revoke", &f.Revoke},
		{"unknown", &f.Unknown}, {"expire", &f.Expire},
	}
}

func (f *Fault) names() []word[string] {
	return []word[string]{{"edit", &f.Edit}, {"delete", &f.Delete}, {"strange", &f.Strange}, {"close", &f.Close}}
}

func (f *Fault) durations() []word[time.Duration] {
	return []word[time.Duration]{{"latency", &f.Latency}, {"clock", &f.Clock}}
}

func (f *Fault) numbers() []word[int] {
	return []word[int]{
		{"short", &f.Short}, {"corrupt", &f.Corrupt}, {"wrong-dc", &f.WrongDC}, {"unavailable", &f.Unavailable},
		{"vanish", &f.Vanish}, {"cdn", &f.CDN}, {"cold", &f.Cold},
		{"away", &f.Away}, {"back", &f.Back}, {"move", &f.Move},
		{"after", &f.After}, {"every", &f.Every}, {"count", &f.Count}, {"dc", &f.DC},
	}
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
	if field := find(f.flags(), name); field != nil {
		*field = true
		return nil
	}
	if field := find(f.names(), name); field != nil {
		*field = value
		return nil
	}
	var err error
	if field := find(f.durations(), name); field != nil {
		if *field, err = time.ParseDuration(value); err != nil {
			return fmt.Errorf("fault %s=%s: %w", name, value, err)
		}
		return nil
	}
	if name == "error" {
		code, text, _ := strings.Cut(value, ":")
		if f.Code, err = strconv.Atoi(code); err != nil {
			return fmt.Errorf("fault error=%s: %w", value, err)
		}
		if text == "" {
			return fmt.Errorf("fault error=%s: it has no text, as in error=500:INTERNAL", value)
		}
		f.Error = text
		return nil
	}
	return f.setNumber(name, value)
}

func (f *Fault) setNumber(name, value string) error {
	field := find(f.numbers(), name)
	if field == nil && name != "flood" && name != "premium" {
		return fmt.Errorf("no fault is called %s", name)
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return fmt.Errorf("fault %s wants a number", name)
	}
	switch name {
	case "flood":
		f.Code, f.Error = 420, "FLOOD_WAIT_"+value
	case "premium":
		f.Code, f.Error = 420, "FLOOD_PREMIUM_WAIT_"+value
	default:
		*field = n
	}
	return nil
}

func find[T any](words []word[T], name string) *T {
	for _, w := range words {
		if w.name == name {
			return w.field
		}
	}
	return nil
}

// ofWorld reports whether something happens to files, chats or servers.
func (f *Fault) ofWorld() bool {
	return f.ofFiles() || f.Edit+f.Delete+f.Strange+f.Close != "" || f.Away+f.Back+f.Move > 0 || f.Clock != 0
}

func (f *Fault) ofFiles() bool {
	return f.Expire || f.Short+f.Corrupt+f.WrongDC+f.Unavailable+f.Vanish+f.CDN+f.Cold > 0
}

// ofRequests reports whether something happens to the answer of a request.
func (f *Fault) ofRequests() bool {
	return f.Latency > 0 || f.Error != "" || f.Drop || f.Stall || f.LoseKey || f.Revoke || f.Unknown
}

func (f *Fault) check() error {
	switch {
	case f.ofRequests() && f.Method == "":
		return fmt.Errorf("a fault without a method; * is for all")
	case !f.ofRequests() && !f.ofWorld():
		return fmt.Errorf("a fault that does nothing")
	case f.ofRequests() && f.ofWorld():
		return fmt.Errorf("a fault of requests and of the world; make it two")
	}
	return nil
}

// String is the text form.
func (f Fault) String() string {
	words := []string{f.Method}
	if f.Error != "" {
		words = append(words, fmt.Sprintf("error=%d:%s", f.Code, f.Error))
	}
	for _, w := range f.durations() {
		if *w.field != 0 {
			words = append(words, w.name+"="+w.field.String())
		}
	}
	for _, w := range f.flags() {
		if *w.field {
			words = append(words, w.name)
		}
	}
	for _, w := range f.names() {
		if *w.field != "" {
			words = append(words, w.name+"="+*w.field)
		}
	}
	for _, w := range f.numbers() {
		if *w.field > 0 {
			words = append(words, fmt.Sprintf("%s=%d", w.name, *w.field))
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
