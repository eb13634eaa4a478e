package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"telekeep/config"
	"telekeep/daemon"
)

// A remote is a daemon that runs in another process.
type remote struct{ client *http.Client }

// running finds the daemon of an installation; nil: none runs.
func running(cfg *config.Config) *remote {
	if alone(cfg) {
		return nil
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		path, done := reachable(socketPath(cfg))
		defer done()
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	conn, err := dial(ctx, "", "")
	if err != nil {
		return nil
	}
	conn.Close()
	return &remote{&http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// errDaemonGone says that a daemon ended while it was asked.
var errDaemonGone = errors.New("the daemon ended before it answered")

// ask sends a request; the answer must be closed.
func (r *remote) ask(ctx context.Context, method, path string, values url.Values) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, method, "http://daemon/"+path+"?"+values.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("cannot ask the daemon: %w", err)
	}
	got, err := r.client.Do(q)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, errDaemonGone
	}
	if got.StatusCode == http.StatusOK {
		return got, nil
	}
	defer got.Body.Close()
	var refused controlError
	if json.NewDecoder(got.Body).Decode(&refused) != nil {
		return nil, fmt.Errorf("the daemon answers %s", got.Status)
	}
	return nil, refused.failure()
}

// tell asks for something that has no answer but how it went.
func (r *remote) tell(ctx context.Context, path string, values url.Values) error {
	got, err := r.ask(ctx, http.MethodPost, path, values)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	_, err = io.Copy(io.Discard, got.Body)
	return err
}

// status asks how the daemon is.
func (r *remote) status(ctx context.Context) (*daemon.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	got, err := r.ask(ctx, http.MethodGet, "status", nil)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	s := new(daemon.Status)
	if err := json.NewDecoder(got.Body).Decode(s); err != nil {
		return nil, fmt.Errorf("the daemon's answer cannot be read: %w", err)
	}
	return s, nil
}

// sync has an account looked through, and returns the last line of the answer.
func (r *remote) sync(ctx context.Context, account string, progress func(daemon.Progress)) (*controlLine, error) {
	got, err := r.ask(ctx, http.MethodPost, "sync", url.Values{"account": {account}})
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	for d := json.NewDecoder(got.Body); ; {
		line := new(controlLine)
		if err := d.Decode(line); ctx.Err() != nil {
			return nil, ctx.Err()
		} else if err != nil {
			return nil, errDaemonGone
		}
		if line.Progress == nil {
			return line, nil
		}
		progress(*line.Progress)
	}
}
