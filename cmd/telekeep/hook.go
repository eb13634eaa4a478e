package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/daemon"
)

// How long a hook, and a fetch of the ping's URL, may take.
const (
	hookTime = time.Minute
	pingTime = 30 * time.Second
)

// A sayer tells people who are not there: by the hook and by the ping of the settings.
type sayer struct{ keeper *keeper }

// Say runs the hook.
func (s sayer) Say(ctx context.Context, what daemon.Saying) error {
	hook := s.keeper.settings().Alarm.Hook
	if len(hook) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, hookTime)
	defer cancel()
	c := exec.CommandContext(ctx, hook[0], hook[1:]...)
	c.WaitDelay = time.Second // what the hook left running must not hold it up
	c.Env = append(c.Environ(), hookEnvironment(what)...)
	c.Env = append(c.Env, "TELEKEEP_HEAD="+headHere(ctx, s.keeper.settings()))
	var text bytes.Buffer
	c.Stdout, c.Stderr = &text, &text
	if err := c.Run(); err != nil {
		said := strings.TrimSpace(text.String())
		return fmt.Errorf("the hook failed: %w: %s", err, printable(said[:min(len(said), 200)]))
	}
	return nil
}

// headHere is the last commit of this machine in short, "" if none is known: whoever is told
// can keep it, and later ask a vault for it (verify --head).
func headHere(ctx context.Context, cfg *config.Config) string {
	head, err := chunkstore.ReadHead(ctx, statePath(cfg))
	if err != nil {
		return ""
	}
	return head.String()
}

// hookEnvironment is what a hook is told. It has no names of chats or people.
func hookEnvironment(what daemon.Saying) []string {
	event := "recovery"
	switch {
	case what.Failure && what.Again:
		event = "reminder"
	case what.Failure:
		event = "failure"
	}
	a := what.Alarm
	return []string{
		"TELEKEEP_EVENT=" + event, "TELEKEEP_ALARM=" + string(a.Kind), "TELEKEEP_ACCOUNT=" + a.Account, "TELEKEEP_COPY=" + a.Copy,
		"TELEKEEP_TEXT=" + a.Text, "TELEKEEP_SINCE=" + a.Since.Format(time.RFC3339),
	}
}

// Well fetches the ping's URL: the request says that all is well, and nothing else.
func (s sayer) Well(ctx context.Context) error {
	address := s.keeper.settings().Alarm.Ping
	if address == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("the ping's URL cannot be used")
	}
	q.Header.Set("User-Agent", "telekeep")
	got, err := s.keeper.web.Do(q)
	if err != nil {
		return fmt.Errorf("the ping found nobody") // the error has the URL in it, which may be a secret
	}
	defer got.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(got.Body, 1<<16)) // so that the connection can be used again
	if got.StatusCode >= 300 {
		return fmt.Errorf("the ping was answered with %s", got.Status)
	}
	return nil
}
