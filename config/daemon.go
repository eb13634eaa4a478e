package config

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// Defaults of the sections [daemon] and [alarm].
const (
	defaultReconcile   = time.Hour
	defaultCommitAfter = 6 * time.Hour
	defaultVerify      = 7 * day
	defaultScrub       = 30 * day
	defaultAccount     = day
	defaultIncomplete  = 7 * day
	defaultCopy        = day
	defaultVerifyAge   = 28 * day
	defaultDrill       = 180 * day
	defaultKeys        = 365 * day
	defaultDisk        = 14 * day
	defaultReserve     = 1 << 30
)

func (c *checker) daemon(d *Daemon) {
	d.ReconcileTime = c.span("daemon.reconcile", d.Reconcile, defaultReconcile, time.Minute)
	d.CommitTime = c.span("daemon.commit_after", d.CommitAfter, defaultCommitAfter, time.Second)
	if d.Verify == "never" {
		d.VerifyTime = -1
	} else {
		d.VerifyTime = c.span("daemon.verify", d.Verify, defaultVerify, time.Hour)
	}
	if d.Scrub == "never" {
		d.ScrubTime = -1
	} else {
		d.ScrubTime = c.span("daemon.scrub", d.Scrub, defaultScrub, day)
	}
	c.waits("daemon.metered", &d.Metered, WaitMedia)
	c.waits("daemon.battery", &d.Battery, WaitIgnore)
	if d.Metrics != "" {
		c.listen(d.Metrics)
	}
	if d.Textfile != "" && filepath.Ext(d.Textfile) != ".prom" {
		c.bad("daemon.textfile", "%q does not end in .prom: the node exporter would not read it", d.Textfile)
	}
	d.Textfile = resolve(c.path, d.Textfile)
}

// What can wait for a better link, or for mains power.
const (
	WaitMedia  = "media"
	WaitAll    = "all"
	WaitIgnore = "ignore"
)

func (c *checker) waits(key string, value *string, standard string) {
	switch *value {
	case "":
		*value = standard
	case WaitMedia, WaitAll, WaitIgnore:
	default:
		c.bad(key, `%q: use "media", "all" or "ignore"`, *value)
	}
}

func (c *checker) listen(address string) {
	host, port, err := net.SplitHostPort(address)
	if n, portErr := strconv.Atoi(port); err != nil || host == "" || portErr != nil || n < 1 || n > 65535 {
		c.bad("daemon.metrics", "%q is not of the form host:port", address)
	}
}

func (c *checker) alarm(a *Alarm) {
	a.AccountTime = c.span("alarm.account", a.Account, defaultAccount, time.Minute)
	a.IncompleteTime = c.span("alarm.incomplete", a.Incomplete, defaultIncomplete, time.Minute)
	a.CopyTime = c.span("alarm.copy", a.Copy, defaultCopy, time.Minute)
	a.VerifyTime = c.span("alarm.verify", a.Verify, defaultVerifyAge, time.Hour)
	if a.Keys == "never" {
		a.KeysTime = -1
	} else {
		a.KeysTime = c.span("alarm.keys", a.Keys, defaultKeys, time.Hour)
	}
	if a.Drill == "never" {
		a.DrillTime = -1
	} else {
		a.DrillTime = c.span("alarm.drill", a.Drill, defaultDrill, time.Hour)
	}
	a.DiskTime = c.span("alarm.disk", a.Disk, defaultDisk, time.Hour)
	a.ReserveBytes = defaultReserve
	if a.Reserve != "" {
		var err error
		if a.ReserveBytes, err = ParseSize(a.Reserve); err != nil {
			c.bad("alarm.reserve", "%v", err)
		}
	}
	if len(a.Hook) > 0 && !filepath.IsAbs(a.Hook[0]) {
		c.bad("alarm.hook", "%q: name the program by its whole path", a.Hook[0])
	}
	if a.Ping == "" {
		return
	}
	if u, err := url.Parse(a.Ping); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		c.bad("alarm.ping", "is no URL of the form https://…")
	}
}

// span reads a span of time, which is the default where there is none.
func (c *checker) span(key, text string, standard, least time.Duration) time.Duration {
	if text == "" {
		return standard
	}
	d, err := ParseSpan(text)
	switch {
	case err != nil:
		c.bad(key, "%v", err)
	case d < least:
		c.bad(key, "%q is too short: use %s at least", text, least)
	}
	return d
}

// ParseSpan reads a span of time such as "90s", "1h30m" or "7d": that of
// time.ParseDuration, and whole days.
func ParseSpan(s string) (time.Duration, error) {
	bad := fmt.Errorf(`%q is no span of time: write it like "90m", "6h" or "7d"`, s)
	text := strings.TrimSpace(s)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 36500 {
			return 0, bad
		}
		return time.Duration(n) * day, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, bad
	}
	return d, nil
}
