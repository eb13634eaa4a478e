package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"telekeep/archive"
	"telekeep/web/index"
)

// Options say what a Server shows.
type Options struct {
	// Open opens the archive. It is called once, by Serve, while pages can be looked at already.
	Open func(ctx context.Context, progress func(done, total int64)) (*archive.Snapshot, error)
	// Health returns what the page about the backup shows, as the status command prints it
	// in JSON. It is called for each look at it.
	Health func(ctx context.Context) (any, error)
	// Index finds messages; nil: there is no search. Update fills it, and is called when the
	// archive is open, and again for each that is newer. The Server closes neither.
	Index *index.Index
	// Newer, which may be nil, opens the archive anew if the vault holds more than what was opened
	// last, and returns nil if it does not. It is called every Every, more rarely if opening takes
	// long, and Update after it for what is new. Every must be more than 0 then.
	Newer  func(ctx context.Context) (*archive.Snapshot, error)
	Every  time.Duration
	Update func(ctx context.Context, tell func(index.Progress)) error
	// Vault describes the vault in a few words.
	Vault string
}

// A Server shows one archive to whoever was given a link. Its methods may be used from
// many goroutines.
type Server struct {
	options Options
	gate    *gate
	static  map[string]page
	opening opening
	topics  topicCache
}

// New returns a Server; Serve makes it answer.
func New(o Options) (*Server, error) {
	pages, err := loadPages()
	if err != nil {
		return nil, err
	}
	return &Server{options: o, gate: newGate(), static: pages}, nil
}

// Link makes a link that opens the viewer once, for a Server that answers at an address
// as net.Addr has it.
func (s *Server) Link(address string) string {
	return "http://" + address + s.gate.base + "/#token=" + s.gate.newToken()
}

// Serve answers at l, opens the archive and makes the index. It returns when ctx has ended
// and all is closed, or with the error that made the archive unreadable.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.gate.hosts = hostsOf(l.Addr())
	server := &http.Server{
		Handler: s.gate.guard(s.routes()), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	var group sync.WaitGroup
	group.Go(func() {
		if err := s.open(ctx); err != nil {
			cancel(err)
			return
		}
		s.follow(ctx)
	})
	group.Go(func() {
		<-ctx.Done()
		_ = server.Close() // answers that are on their way have nothing to save
	})
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	cancel(err)
	group.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return errors.Join(cause, err)
	}
	return err
}

// routes are the paths below the base. All but the pages need the cookie.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/session", s.gate.enter)
	mux.HandleFunc("GET /api/state", s.state)
	for path, handler := range map[string]func(*archive.Snapshot, http.ResponseWriter, *http.Request) error{
		"GET /api/chats":    s.chats,
		"GET /api/previews": s.previews,
		"GET /api/window":   s.window,
		"GET /api/date":     s.dateAt,
		"GET /api/versions": s.versions,
		"GET /api/topics":   s.topicList,
		"GET /api/search":   s.search,
		"GET /api/senders":  s.senders,
		"GET /api/figures":  s.figures,
		"GET /media/{key}":  s.media,
	} {
		mux.HandleFunc(path, s.withArchive(handler))
	}
	mux.HandleFunc("GET /api/health", s.health)
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /static/{name}", s.page)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound, "no such page") })
	return mux
}

// withArchive hands the archive on once it is open, and tells errors.
func (s *Server) withArchive(f func(*archive.Snapshot, http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		snapshot, edition := s.opening.snapshot()
		if snapshot == nil {
			fail(w, http.StatusServiceUnavailable, "the archive is being opened")
			return
		}
		w.Header().Set(editionHeader, strconv.Itoa(edition)) // places mean nothing in another one
		err := f(snapshot, w, r)
		var bad *requestError
		switch {
		case err == nil || r.Context().Err() != nil:
		case errors.As(err, &bad):
			fail(w, bad.status, bad.text)
		default:
			fail(w, http.StatusInternalServerError, err.Error())
		}
	}
}

// A requestError is the fault of whoever asked.
type requestError struct {
	status int
	text   string
}

func (e *requestError) Error() string { return e.text }

func notFound(text string) error   { return &requestError{http.StatusNotFound, text} }
func badRequest(text string) error { return &requestError{http.StatusBadRequest, text} }
