package web

import (
	"context"
	"net/http"
	"sync"

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
}

// A progress is how far the index is.
type progress struct {
	Ready   bool   `json:"ready"`
	Records int    `json:"records"` // taken in so far
	Error   string `json:"error,omitempty"`
}

func (o *opening) snapshot() *archive.Snapshot {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.archive
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
	s.opening.set(func(o *opening) { o.archive = snapshot })
	if s.options.Index == nil {
		return nil
	}
	err = s.options.Update(ctx, func(p index.Progress) {
		s.opening.set(func(o *opening) { o.index.Records = p.Records })
	})
	s.opening.set(func(o *opening) {
		o.index.Ready = err == nil
		if err != nil {
			o.index.Error = err.Error()
		}
	})
	return nil
}

// state tells how far opening is.
func (s *Server) state(w http.ResponseWriter, _ *http.Request) {
	var a struct {
		Ready bool     `json:"ready"`
		Done  int64    `json:"done"`
		Total int64    `json:"total"`
		Index progress `json:"index"`
		Vault string   `json:"vault"`
	}
	s.opening.set(func(o *opening) {
		a.Ready, a.Done, a.Total, a.Index = o.archive != nil, o.done, o.total, o.index
	})
	a.Vault = s.options.Vault
	answer(w, &a)
}
