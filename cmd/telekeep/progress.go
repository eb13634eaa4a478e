package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// A progress shows how far a long piece of work is: a bar that redraws itself on
// a terminal, a plain line now and then elsewhere.
type progress struct {
	ui     *ui
	label  string
	start  time.Time // of what the rest is reckoned from
	before int64     // what was done then
	mu     sync.Mutex
	last   time.Time
	drawn  bool
	silent bool
}

// How often a bar is redrawn, and how often a plain line is written: logs that
// are read later need few.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

func (u *ui) progress(label string, start time.Time) *progress {
	return &progress{ui: u, label: label, start: start, last: start}
}

// show says that done of total is reached; total 0 means that nobody knows.
// Text is what stands behind the bar.
func (p *progress) show(now time.Time, done, total int64, text string) {
	p.ui.answered()
	p.mu.Lock()
	defer p.mu.Unlock()
	every := lineEvery
	if p.ui.terminal {
		every = barEvery
	}
	if p.silent || now.Sub(p.last) < every {
		return
	}
	p.last = now
	if !p.ui.terminal {
		fmt.Fprintf(p.ui.err, "%s: %s\n", p.label, strings.TrimSpace(percent(done, total)+" "+text))
		return
	}
	p.drawn = true
	fmt.Fprint(p.ui.err, "\r\x1b[K"+drawLine(p.ui.width(), p.label, text, done, total))
}

// The lengths a bar can have: what is between them depends on the room on the line.
const shortestBar, longestBar = 6, 24

// drawLine puts a bar into the room that is left beside label and text. Where there is
// none it only says how many per cent, and cuts off what must be: a line that
// wraps could not be redrawn.
func drawLine(width int, label, text string, done, total int64) string {
	short := strings.Join(slices.DeleteFunc([]string{label, percent(done, total), text}, func(s string) bool { return s == "" }), " ")
	room := width - 1 - utf8.RuneCountInString(fmt.Sprintf("%s [] %4s %s", label, percent(done, total), text))
	if total > 0 && room >= shortestBar {
		return label + " " + bar(min(room, longestBar), done, total) + " " + text
	}
	runes := []rune(short)
	return string(runes[:min(len(runes), max(0, width-1))])
}

// now shows what show is told next at once, however short ago it drew: a pause
// is announced once, and nothing may be said for long after it.
func (p *progress) now() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = time.Time{}
}

// end takes the bar off the screen.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = true
	if p.drawn {
		fmt.Fprint(p.ui.err, "\r\x1b[K")
	}
}

// Before so much time and so much of the work nobody knows how long the rest takes.
const (
	restAfter = 5 * time.Second
	restFrom  = 100 // of the work, the hundredth part
)

// begin says that another kind of work begins, of which so much is done already.
func (p *progress) begin(now time.Time, done int64) { p.start, p.before = now, done }

// rest is how long the rest takes if it goes on as since the work began; "" if
// that is not known.
func (p *progress) rest(now time.Time, done, total int64) string {
	spent, did := now.Sub(p.start), done-p.before
	if spent < restAfter || did < (total-p.before)/restFrom || did <= 0 || done >= total {
		return ""
	}
	return ", " + roughly(spent.Seconds()*float64(total-done)/float64(did)) + " left"
}

func percent(done, total int64) string {
	if total <= 0 {
		return ""
	}
	return fmt.Sprintf("%d%%", min(100, done*100/total))
}

func bar(width int, done, total int64) string {
	full := max(0, min(width, int(float64(done)/float64(total)*float64(width))))
	return "[" + strings.Repeat("█", full) + strings.Repeat("░", width-full) + "] " + fmt.Sprintf("%4s", percent(done, total))
}
