package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"telekeep/archive"
	"telekeep/web/index"
)

// An opening is how far the Server is: the archive first, then the index.
type opening struct {
	mu      sync.Mutex
	archive *archive.Snapshot
	done    int64 // of the records
	total   int64
	index   progress
	edition int    // how often the archive was opened; places hold within one edition
	trouble string // why what is newer cannot be shown
}

// editionHeader names the edition that an answer comes from.
const editionHeader = "Archive-Edition"

// A progress is how far the index is.
type progress struct {
	Ready   bool   `json:"ready"`
	Records int    `json:"records"` // taken in so far
	Error   string `json:"error,omitempty"`
}

func (o *opening) snapshot() (*archive.Snapshot, int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.archive, o.edition
}

func (o *opening) set(change func(o *opening)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(o)
}

// open opens the archive, then the index. Only an archive that cannot be opened is an error:
// without an index there is no search, but all else.
func (s *Server) open(ctx context.Context) error {
	snapshot, err := s.options.Open(ctx, func(done, total int64) {
		s.opening.set(func(o *opening) { o.done, o.total = done, total })
	})
	if err != nil {
		return err
	}
	s.opening.set(func(o *opening) { o.archive, o.edition = snapshot, 1 })
	s.update(ctx)
	return nil
}

// update brings the index up to date.
func (s *Server) update(ctx context.Context) {
	if s.options.Index == nil {
		return
	}
	err := s.options.Update(ctx, func(p index.Progress) {
		s.opening.set(func(o *opening) { o.index.Records = p.Records })
	})
	s.opening.set(func(o *opening) {
		o.index.Ready, o.index.Error = o.index.Ready || err == nil, ""
		if err != nil {
			o.index.Error = err.Error()
		}
	})
}

// rest is how many times as long as a look at a vault took nobody looks again.
const rest = 20

// follow shows what is committed to the vault from now on, until ctx has ended.
func (s *Server) follow(ctx context.Context) {
	if s.options.Newer == nil {
		return
	}
	clock := time.NewTimer(s.options.Every)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		begun := time.Now() //nolint:forbidigo // measures only
		s.renew(ctx)
		clock.Reset(max(s.options.Every, rest*time.Since(begun)))
	}
}

// renew shows a newer archive if there is one: first it is searched, then it is shown. What
// cannot be opened leaves the one that is there.
func (s *Server) renew(ctx context.Context) {
	snapshot, err := s.options.Newer(ctx)
	if snapshot != nil {
		s.update(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	s.opening.set(func(o *opening) {
		o.trouble = ""
		switch {
		case err != nil:
			o.trouble = err.Error()
		case snapshot != nil:
			o.archive = snapshot
			o.edition++
		}
	})
	if snapshot != nil {
		s.topics.clear()
	}
}

// state tells how far opening is.
func (s *Server) state(w http.ResponseWriter, _ *http.Request) {
	var a struct {
		Ready bool     `json:"ready"`
		Done  int64    `json:"done"`
		Total int64    `json:"total"`
		Index progress `json:"index"`
		Vault string   `json:"vault"`

		Edition int    `json:"edition"`           // of what is shown
		Trouble string `json:"trouble,omitempty"` // why what is newer is not
	}
	s.opening.set(func(o *opening) {
		a.Ready, a.Done, a.Total, a.Index = o.archive != nil, o.done, o.total, o.index
		a.Edition, a.Trouble = o.edition, o.trouble
	})
	a.Vault = s.options.Vault
	answer(w, &a)
}
