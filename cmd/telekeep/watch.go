package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"telekeep/config"
	"telekeep/daemon"
)

// watchEvery is how often a screen is drawn anew.
const watchEvery = time.Second

// What a terminal is told: another screen and no cursor, and back.
const (
	screenBegin = "\x1b[?1049h\x1b[?25l"
	screenEnd   = "\x1b[?25h\x1b[?1049l"
	screenHome  = "\x1b[H"
	lineRest    = "\x1b[K"
	screenRest  = "\x1b[J"
)

// watch is status --watch: a screen that is drawn anew on a terminal, a line for each
// thing that happens elsewhere.
func (a *app) watch(ctx context.Context, asJSON bool) error {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	d := running(cfg)
	if d == nil {
		return &failure{code: exitFailure, err: errors.New("no daemon runs for this installation"), hint: "telekeep daemon; telekeep status says what is known without it"}
	}
	if asJSON || !isTerminal(a.out) || a.getenv("TERM") == "dumb" {
		return a.watchLines(ctx, d, asJSON)
	}
	return a.watchScreen(ctx, cfg)
}

// events reads what happens until ctx ends or the daemon does.
func (r *remote) events(ctx context.Context, take func(daemon.Event)) error {
	got, err := r.ask(ctx, http.MethodGet, "events", nil)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	for lines := json.NewDecoder(got.Body); ; {
		var e daemon.Event
		if err := lines.Decode(&e); ctx.Err() != nil {
			return nil
		} else if err != nil {
			return errDaemonGone
		}
		take(e)
	}
}

// watchLines prints what happens, one line each. An interrupt is the way to end it.
func (a *app) watchLines(ctx context.Context, d *remote, asJSON bool) error {
	s, err := d.status(ctx)
	if err != nil {
		return err
	}
	if !asJSON {
		a.printf("%s\n", s.Verdict)
	}
	return d.events(ctx, func(e daemon.Event) {
		if asJSON {
			data, _ := json.Marshal(e) // strings, numbers and times
			a.printf("%s\n", data)
		} else if line := eventWords(e); line != "" {
			a.printf("%s  %s\n", e.Time.Local().Format("2006-01-02 15:04:05"), line)
		}
	})
}

// watchScreen draws until an interrupt. A daemon that ends is waited for.
func (a *app) watchScreen(ctx context.Context, cfg *config.Config) error {
	view, events := newWatchView(), make(chan daemon.Event, 100)
	go func() {
		for ctx.Err() == nil {
			if d := running(cfg); d != nil {
				_ = d.events(ctx, func(e daemon.Event) { events <- e })
			}
			wait(ctx, watchEvery)
		}
	}()
	fmt.Fprint(a.out, screenBegin)
	defer fmt.Fprint(a.out, screenEnd)
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		view.silent = "the daemon does not answer; waiting for it"
		if d := running(cfg); d != nil {
			if s, err := d.status(ctx); err == nil {
				view.take(a.now(), s)
			}
			d.client.CloseIdleConnections()
		}
		a.drawScreen(view)
		for more := true; more; {
			select {
			case <-ctx.Done():
				return nil
			case e := <-events:
				view.happened(e)
			case <-ticker.C:
				more = false
			}
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (a *app) drawScreen(v *watchView) {
	width, height := screenSize(a.out)
	lines := v.draw(width, height-1)
	fmt.Fprint(a.out, screenHome+strings.Join(lines, lineRest+"\r\n")+lineRest+screenRest)
}

// screenSize is the columns and rows of the terminal behind out.
func screenSize(out io.Writer) (width, height int) {
	if o, ok := out.(*output); ok {
		out = o.to
	}
	if f, ok := out.(*os.File); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 0 && height > 0 {
			return width, height
		}
	}
	return 80, 24
}
