package web

import (
	"embed"
	"fmt"
	"net/http"
	"path"
	"strconv"
)

//go:embed static
var files embed.FS

// A page is one file of the front end.
type page struct {
	kind string
	data []byte
}

// loadPages reads all files, so that a path can name one of them and nothing else.
func loadPages() (map[string]page, error) {
	kinds := map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	entries, err := files.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("the pages: %w", err)
	}
	pages := make(map[string]page)
	for _, e := range entries {
		data, err := files.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("the pages: %w", err)
		}
		pages[e.Name()] = page{kinds[path.Ext(e.Name())], data}
	}
	return pages, nil
}

// page answers with a file of the front end.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name == "" {
		name = "index.html"
	}
	p, ok := s.static[name]
	if !ok {
		fail(w, http.StatusNotFound, "no such page")
		return
	}
	w.Header().Set("Content-Type", p.kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(p.data)))
	_, _ = w.Write(p.data) // whoever asked is gone otherwise
}
