package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"telekeep/daemon"
)

// saying is a daemon that says what a test wants.
type saying struct {
	code int
	body []byte
}

func (a saying) RoundTrip(q *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.code, Status: http.StatusText(a.code), Body: io.NopCloser(bytes.NewReader(a.body)), Request: q}, nil
}

// FuzzControlAnswer: whatever answers at the socket, a command neither breaks down nor
// takes an answer without an end for one.
func FuzzControlAnswer(f *testing.F) {
	f.Add(200, []byte(`{"progress":{}}`+"\n"+`{"account":"main","report":{"messages":1}}`+"\n"))
	f.Add(409, []byte(`{"error":"it is paused","hint":"telekeep resume","code":3}`))
	f.Add(200, []byte(`{"done":1,"total":2}`+"\n"+`{"failed":{"error":"away","code":5}}`+"\n"))
	f.Fuzz(func(t *testing.T, code int, body []byte) {
		r := &remote{&http.Client{Transport: saying{code, body}}}
		ctx := t.Context()
		if s, err := r.status(ctx); (s == nil) == (err == nil) {
			t.Errorf("status %v, error %v", s, err)
		}
		if line, err := r.sync(ctx, "main", func(daemon.Progress) {}); line == nil && err == nil {
			t.Error("a sync without an end passes for done")
		}
		if list, err := r.copies(ctx); (list == nil) == (err == nil) {
			t.Errorf("copies %v, error %v", list, err)
		}
		if result, err := r.catchUp(ctx, "drive", func(int64, int64) {}); result == nil && err == nil {
			t.Error("a copy that was never finished passes for done")
		}
		_ = r.events(ctx, func(daemon.Event) {})
		if err := r.tell(ctx, "pause", url.Values{}); err == nil && code != http.StatusOK {
			t.Error("what was refused passes for done")
		}
	})
}

// FuzzControlRequest: whatever is written to the socket, the daemon answers with one document, of what was asked or
// of what is refused with a known exit code, or with an error of HTTP, and stays. What works on a vault needs one, and is left out.
func FuzzControlRequest(f *testing.F) {
	f.Add([]byte("GET /status HTTP/1.1\r\nHost: daemon\r\n\r\n"))
	f.Add([]byte("POST /pause?account=main&for=90m HTTP/1.1\r\nHost: daemon\r\n\r\n"))
	f.Add([]byte("POST /resume?account=nobody HTTP/1.1\r\nHost: daemon\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			return
		}
		for _, working := range []string{"copies", "sync", "reload", "events", "metrics"} {
			if strings.Contains(q.URL.Path, working) {
				return
			}
		}
		k := &keeper{app: &app{}}
		k.daemon = daemon.New(daemon.Options{
			Plan:     daemon.Plan{Accounts: []string{"main"}},
			Clock:    daemon.Clock{Wall: func() time.Time { return time.Unix(1_800_000_000, 0) }, Boot: func() time.Duration { return time.Hour }},
			Classify: classifyEnding, Words: daemonWords, Tell: func(daemon.Event) {},
		})
		w := httptest.NewRecorder()
		k.control().ServeHTTP(w, q)
		if w.Header().Get("Content-Type") != "application/json" {
			if w.Code < 300 || w.Code >= 500 {
				t.Errorf("it answers %d %q", w.Code, w.Body.String())
			}
			return // what the words of HTTP say, of another method or another path
		}
		d := json.NewDecoder(w.Body)
		d.DisallowUnknownFields()
		var wrong error
		switch status, refused := new(daemon.Status), new(controlError); {
		case w.Code != http.StatusOK:
			wrong = d.Decode(refused)
			known := slices.ContainsFunc(exitTexts(), func(e exitText) bool { return e.code == refused.Code && e.code != exitOK })
			if refused.Error == "" || !known || refused.Error != printable(refused.Error) {
				t.Errorf("it refuses with %d and %q", refused.Code, refused.Error)
			}
		case strings.HasPrefix(q.URL.Path, "/status"):
			wrong = d.Decode(status)
		default:
			wrong = d.Decode(&struct{}{})
		}
		if wrong != nil || d.More() {
			t.Errorf("it answers %d with something else than one document: %v", w.Code, wrong)
		}
	})
}
