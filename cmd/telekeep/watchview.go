package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"telekeep/daemon"
)

// A watchView is what status --watch shows: the last status, how fast things go, and
// what happened.
type watchView struct {
	status *daemon.Status
	silent string // why there is no newer status
	rates  map[string]*rate
	events []string // newest last
}

func newWatchView() *watchView { return &watchView{rates: map[string]*rate{}} }

// rateSpan is how far back a rate looks.
const rateSpan = 10 * time.Second

// A rate is how fast a number of bytes grows.
type rate struct {
	at    []time.Time
	bytes []int64
}

func (r *rate) add(now time.Time, bytes int64) {
	if n := len(r.bytes); n > 0 && bytes < r.bytes[n-1] { // another piece of work
		r.at, r.bytes = nil, nil
	}
	r.at, r.bytes = append(r.at, now), append(r.bytes, bytes)
	for len(r.at) > 2 && now.Sub(r.at[0]) > rateSpan {
		r.at, r.bytes = r.at[1:], r.bytes[1:]
	}
}

// perSecond is 0 while nobody can tell.
func (r *rate) perSecond() float64 {
	n := len(r.at)
	if n < 2 {
		return 0
	}
	span := r.at[n-1].Sub(r.at[0]).Seconds()
	if span < 0.5 {
		return 0
	}
	return float64(r.bytes[n-1]-r.bytes[0]) / span
}

// take takes a status.
func (v *watchView) take(now time.Time, s *daemon.Status) {
	v.status, v.silent = s, ""
	measure := func(name string, bytes int64, there bool) {
		if !there {
			delete(v.rates, name)
			return
		}
		if v.rates[name] == nil {
			v.rates[name] = &rate{}
		}
		v.rates[name].add(now, bytes)
	}
	for _, a := range s.Accounts {
		bytes := int64(0)
		if a.Progress != nil {
			bytes = a.Progress.Bytes
		}
		measure("account "+a.Name, bytes, a.Progress != nil)
	}
	measure("verify", s.Verify.Bytes, s.Verify.Running)
}

// happened takes an event, as a line.
func (v *watchView) happened(e daemon.Event) {
	line := eventWords(e)
	if line == "" {
		return
	}
	v.events = append(v.events, e.Time.Local().Format("15:04:05")+"  "+line)
	v.events = v.events[max(0, len(v.events)-100):]
}

// eventWords is an event on one line; "" for those that are shown otherwise.
func eventWords(e daemon.Event) string {
	var parts []string
	switch e.Kind {
	case daemon.EventProgress:
		return ""
	case daemon.EventAccount:
		counts := followLine{Messages: e.Messages, Edited: e.Edited, Deleted: e.Deleted, Media: e.Media}.counts()
		if counts == "" {
			counts = string(e.State)
		} else {
			counts = "stored " + counts
		}
		parts = append(parts, e.Account+": "+counts)
		if e.Retry > 0 {
			parts = append(parts, "tried again in "+roughly(e.Retry))
		}
	case daemon.EventAlarm:
		parts = append(parts, "WRONG: "+e.Alarm.Account+e.Alarm.Copy+": "+e.Alarm.Text)
	case daemon.EventRecovery:
		parts = append(parts, "over: "+e.Alarm.Account+e.Alarm.Copy+": "+e.Alarm.Text)
	default:
		parts = append(parts, strings.Join(strings.Fields(string(e.Kind)+" "+e.Copy+" "+e.Text), " "))
	}
	if e.Error != "" {
		parts = append(parts, e.Error)
	}
	return printable(strings.Join(parts, "; "))
}

// draw fills a screen of so many columns and rows.
func (v *watchView) draw(width, height int) []string {
	var lines []string
	put := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if v.status == nil {
		put("telekeep: %s", v.silent)
		return cutLines(lines, width, height)
	}
	s := v.status
	lines = append(lines, wrap(s.Verdict, width, 3)...)
	if v.silent != "" {
		put("%s", v.silent)
	}
	if s.Held != nil {
		put("%s", heldWords(s.Held))
	}
	put("")
	for i := range s.Accounts {
		v.drawAccount(put, &s.Accounts[i], width)
	}
	for i := range s.Copies {
		drawCopy(put, &s.Copies[i], len(s.Copies) > 1)
	}
	v.drawVerify(put, &s.Verify, width)
	if len(s.Alarms) > 0 {
		put("")
		for _, a := range s.Alarms {
			put("! %s%s: %s (since %s)", a.Account, a.Copy, a.Text, a.Since.Local().Format("Jan 2 15:04"))
		}
	}
	if room := height - len(lines) - 1; room > 0 && len(v.events) > 0 {
		put("")
		lines = append(lines, v.events[max(0, len(v.events)-room):]...)
	}
	return cutLines(lines, width, height)
}

// heldWords say what waits for what.
func heldWords(h *daemon.Held) string {
	words := map[string]string{"metered": "a link that is not metered", "battery": "mains power"}
	var why []string
	for _, w := range h.Why {
		why = append(why, words[w])
	}
	return h.What + " waits for " + strings.Join(why, " and ") + ", for " + roughly(h.Age)
}

func (v *watchView) drawAccount(put func(string, ...any), a *daemon.AccountStatus, width int) {
	text := "never looked through"
	if a.Age >= 0 {
		text = "looked through " + roughly(a.Age) + " ago"
	}
	put("account %-10s %-8s %s", a.Name, a.State, text)
	if a.Error != "" {
		put("  %s", printable(a.Error))
	}
	if a.Messages+a.Media+a.Failing > 0 {
		text = fmt.Sprintf("  stored %s, %s", plural(a.Messages, "message", "messages"), plural(a.Media, "file", "files"))
		if a.Failing > 0 {
			text += fmt.Sprintf("; %s missing", count(a.Failing))
		}
		put("%s", text)
	}
	p := a.Progress
	if p == nil {
		return
	}
	done, total := p.Bytes, p.BytesTotal
	text = size(p.Bytes) + " of " + size(p.BytesTotal)
	if total == 0 {
		done, total, text = int64(p.Chats), int64(p.ChatsTotal), ""
	}
	put("%s", drawLine(width, " ", text+v.speed("account "+a.Name, p.Bytes, p.BytesTotal), done, total))
	put("  %d/%d chats, %d/%d files", p.Chats, p.ChatsTotal, p.Files, p.FilesTotal)
	if p.Wait > 0 {
		put("  Telegram asks to wait %s", roughly(p.Wait))
	}
}

// speed is how fast a piece of work goes, and how long the rest of it takes.
func (v *watchView) speed(name string, done, total int64) string {
	r := v.rates[name]
	if r == nil || r.perSecond() <= 0 {
		return ""
	}
	text := ", " + size(int64(r.perSecond())) + "/s"
	if total > done {
		text += ", " + roughly(float64(total-done)/r.perSecond()) + " left"
	}
	return text
}

func drawCopy(put func(string, ...any), c *daemon.CopyStatus, several bool) {
	text := ""
	if c.Free >= 0 {
		text = size(c.Free) + " free"
	}
	if c.FullIn > 0 {
		text += fmt.Sprintf(", full in %.0f days", c.FullIn)
	}
	put("copy    %-10s %-8s %s", c.Name, copyState(c), text)
	switch {
	case c.Objects > 0:
		text := fmt.Sprintf("  lacks %s (%s)", plural(c.Objects, "file", "files"), size(c.Bytes))
		if c.CurrentAge >= 0 {
			text += ", up to date " + roughly(c.CurrentAge) + " ago"
		}
		put("%s", text)
	case c.PendingAge > 0 && c.There:
		put("  waiting for a commit for %s", roughly(c.PendingAge))
	case !c.LastCommit.IsZero():
		put("  last commit %s", c.LastCommit.Local().Format("Jan 2 15:04"))
	case !c.There && c.SeenAge >= 0:
		put("  there %s ago", roughly(c.SeenAge))
	}
	if text := provenWords(c, several); text != "" {
		put("  %s", text)
	}
	if c.Error != "" {
		put("  %s", printable(c.Error))
	}
}

// copyState is one word on how a copy is.
func copyState(c *daemon.CopyStatus) string {
	switch {
	case !c.There:
		return "away"
	case !c.Open:
		return "closed"
	case c.PendingAge > 0 || c.Objects > 0:
		return "behind"
	}
	return "up to date"
}

// provenWords say when a copy was proved to be good; when it was verified only where there
// are several, since a line of its own says it otherwise.
func provenWords(c *daemon.CopyStatus, several bool) string {
	var parts []string
	switch {
	case several && c.Verify.Age < 0:
		parts = append(parts, "verified never")
	case several:
		parts = append(parts, "verified "+roughly(c.Verify.Age)+" ago, "+plural(c.Verify.Problems, "problem", "problems"))
	}
	switch {
	case c.Drill.Age >= 0:
		parts = append(parts, "proved to be restorable "+roughly(c.Drill.Age)+" ago")
	case c.Drill.Overdue:
		parts = append(parts, "never proved to be restorable")
	}
	if c.Drill.Problems > 0 {
		parts = append(parts, "the last restore that was tried found "+plural(c.Drill.Problems, "problem", "problems"))
	}
	return strings.Join(parts, "; ")
}

func (v *watchView) drawVerify(put func(string, ...any), s *daemon.VerifyStatus, width int) {
	switch {
	case s.Running:
		put("%s", drawLine(width, "verifying", size(s.Bytes)+v.speed("verify", s.Bytes, s.Total), s.Bytes, s.Total))
	case s.Age < 0:
		put("verified never")
	default:
		put("verified %s ago, %s", roughly(s.Age), plural(s.Problems, "problem", "problems"))
	}
	if s.Error != "" {
		put("  %s", printable(s.Error))
	}
}

// wrap breaks a text at spaces into at most so many lines.
func wrap(text string, width, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) >= width && len(lines) < most-1 {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

// cutLines makes lines fit a screen.
func cutLines(lines []string, width, height int) []string {
	lines = lines[:min(len(lines), max(1, height))]
	for i, line := range lines {
		if runes := []rune(line); len(runes) > width-1 {
			lines[i] = string(runes[:max(0, width-2)]) + "…"
		}
	}
	return lines
}
