package web

import "net/http"

// health answers with what is known about the backup. It needs no archive.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if s.options.Health == nil {
		fail(w, http.StatusNotFound, "nothing is known about the backup here")
		return
	}
	found, err := s.options.Health(r.Context())
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer(w, found)
}
