package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"telekeep/config"
	"telekeep/daemon"
	"telekeep/internal/durable"
)

// The daemon is spoken to by HTTP over a socket in the state folder, which only the user
// who runs it may open: whoever can read the state can also ask.
//
//	GET  /status             daemon.Status
//	GET  /events             daemon.Event, one a line, as they happen
//	GET  /metrics            for Prometheus
//	POST /sync?account=NAME  controlLine, one a line; the last has a report or an error
//	POST /pause?account=NAME&for=SPAN, /resume?account=NAME, /reload
//	POST /key                keyAnswer, when that key is taken
//	POST /import?path=PATH…  importLine, one a line; the last has a report or an error
//	     /copies…            of the copies of the vault: copycontrol.go
//
// What is refused is answered with a controlError.

const socketName = "control.sock"

// longestSocket is how long the name of a socket may be everywhere.
const longestSocket = 100

func socketPath(cfg *config.Config) string { return filepath.Join(cfg.State, socketName) }

// reachable returns a name of the socket that is short enough, and what it needs for as
// long as it is used.
func reachable(path string) (string, func()) {
	if len(path) <= longestSocket {
		return path, func() {}
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return path, func() {}
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socketName), func() { dir.Close() }
}

// A listening is the socket of a daemon.
type listening struct {
	socket net.Listener
	done   func()
}

// listen makes the socket. Where a daemon answers already, this is one too many.
func (k *keeper) listen(cfg *config.Config) (*listening, error) {
	if err := durable.MkdirPath(cfg.State, durable.PrivateDir); err != nil {
		return nil, fmt.Errorf("cannot make the state folder: %w", err)
	}
	if running(cfg) != nil {
		return nil, &failure{code: exitBusy, err: errors.New("a daemon runs already for this installation"), hint: "telekeep status says how it is"}
	}
	path, done := reachable(socketPath(cfg))
	if isSocket(path) { // of one that was killed
		_ = os.Remove(path)
	}
	socket, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		done()
		return nil, fmt.Errorf("cannot make the control socket: %w", err)
	}
	return &listening{socket, done}, nil
}

// isSocket reports whether a socket lies at path.
func isSocket(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&os.ModeSocket != 0
}

// serve answers until ctx ends.
func (l *listening) serve(ctx context.Context, k *keeper) {
	defer l.done()
	server := &http.Server{
		Handler: k.control(), ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(l.socket); !errors.Is(err, http.ErrServerClosed) {
		k.log.Error("the control socket is gone", "error", err)
	}
}

func (k *keeper) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { answer(w, k.daemon.Status()) })
	mux.HandleFunc("GET /events", k.serveEvents)
	mux.HandleFunc("POST /sync", k.serveSync)
	mux.HandleFunc("POST /pause", k.servePause)
	mux.HandleFunc("POST /resume", func(w http.ResponseWriter, r *http.Request) {
		k.done(w, k.daemon.Resume(r.URL.Query().Get("account")))
	})
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, _ *http.Request) { k.done(w, k.reload()) })
	mux.HandleFunc("POST /key", k.serveKey)
	mux.HandleFunc("POST /import", k.serveImport)
	mux.HandleFunc("GET /copies", k.serveCopies)
	mux.HandleFunc("POST /copies/sync", k.serveCopySync)
	mux.HandleFunc("POST /copies/release", k.serveCopyRelease)
	mux.HandleFunc("POST /copies/accept", k.serveCopyAccept)
	mux.HandleFunc("POST /copies/forget", k.serveCopyForget)
	mux.Handle("GET /metrics", k.numbers())
	return mux
}

// A controlError is what the daemon refuses, as an exit code with its words.
type controlError struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
	Code  int    `json:"code"`
}

func newControlError(err error) *controlError {
	code, hint := classify(err)
	return &controlError{printable(oneLine(err)), hint, code}
}

func (e *controlError) failure() error {
	return &failure{code: e.Code, err: errors.New(e.Error), hint: e.Hint}
}

// A controlLine is one line of the answer to a wish.
type controlLine struct {
	Account  string           `json:"account,omitempty"`
	Progress *daemon.Progress `json:"progress,omitempty"`
	Report   *syncReport      `json:"report,omitempty"`
	Vault    []problemLine    `json:"vault_problems,omitempty"`
	Failed   *controlError    `json:"failed,omitempty"`
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked went away
}

// done answers with nothing but how it went.
func (k *keeper) done(w http.ResponseWriter, err error) {
	if err == nil {
		answer(w, struct{}{})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusConflict)
	_ = json.NewEncoder(w).Encode(newControlError(err))
}

// servePause answers when what was in hand is stored: then others can have session and vault.
func (k *keeper) servePause(w http.ResponseWriter, r *http.Request) {
	span := time.Duration(0)
	if text := r.URL.Query().Get("for"); text != "" {
		var err error
		if span, err = config.ParseSpan(text); err != nil {
			k.done(w, &failure{code: exitUsage, err: err})
			return
		}
	}
	account := r.URL.Query().Get("account")
	err := k.daemon.Pause(account, span)
	for err == nil && !k.daemon.GaveWay(account) {
		select {
		case <-r.Context().Done():
			return // the pause stands
		case <-time.After(20 * time.Millisecond):
		}
	}
	k.done(w, err)
}

// serveEvents writes what happens, one line each, until nobody reads it.
func (k *keeper) serveEvents(w http.ResponseWriter, r *http.Request) {
	events, end := k.hub.listen()
	defer end()
	w.Header().Set("Content-Type", "application/jsonl")
	out, flush := json.NewEncoder(w), http.NewResponseController(w)
	_ = flush.Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case e := <-events:
			if out.Encode(e) != nil || flush.Flush() != nil {
				return
			}
		}
	}
}

// serveSync has an account looked through, now.
func (k *keeper) serveSync(w http.ResponseWriter, r *http.Request) {
	account := r.URL.Query().Get("account")
	lines := make(chan controlLine, 16)
	go func() {
		defer close(lines)
		report, err := k.daemon.Sync(r.Context(), account, func(name string, p daemon.Progress) {
			select {
			case lines <- controlLine{Account: name, Progress: &p}:
			default: // the next one says more
			}
		})
		last := controlLine{Account: account, Vault: k.vaultProblems()}
		if done, ok := report.(*keptReport); ok {
			last.Report = done.committed()
		}
		if err != nil {
			last.Failed = newControlError(err)
		}
		select {
		case lines <- last:
		case <-r.Context().Done():
		}
	}()
	w.Header().Set("Content-Type", "application/jsonl")
	out, flush := json.NewEncoder(w), http.NewResponseController(w)
	_ = flush.Flush()
	for line := range lines {
		if out.Encode(line) != nil || flush.Flush() != nil {
			return
		}
	}
}

func (k *keeper) vaultProblems() []problemLine {
	k.mu.Lock()
	vault := k.vault
	k.mu.Unlock()
	return vault.found()
}
