package web

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzGate: whatever a browser, or who is none, sends, nothing but the pages is reached without
// a cookie, and only under this server's own name.
func FuzzGate(f *testing.F) {
	const host = "127.0.0.1:9"
	for _, path := range []string{"/", "/api/chats", "/api/session", "/static/../api/chats", "/static/%2e%2e/api/chats", "//api/chats", "/api/media?x=/static/"} {
		f.Add([]byte("GET /secret" + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"))
	}
	f.Add([]byte("POST /secret/api/session HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"token\":\"a\"}"))
	f.Add([]byte("GET /secret/api/chats HTTP/1.1\r\nHost: " + host + ":1\r\nOrigin: http://else\r\nCookie: " + cookieName + "=\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			return
		}
		g := newGate()
		g.base, g.hosts = "/secret", []string{host}
		g.newToken()
		inside := http.NewServeMux()
		inside.HandleFunc("POST /api/session", g.enter)
		inside.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
			if q.Host != host || !open(r.URL.Path) {
				t.Errorf("%q of %q is reached without a cookie", r.URL.Path, q.Host)
			}
		})
		w := httptest.NewRecorder()
		g.guard(inside).ServeHTTP(w, q)
		if cookie := w.Header().Get("Set-Cookie"); cookie != "" {
			t.Errorf("a cookie for a token that was never given: %q", cookie)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Error("an answer without the policy")
		}
	})
}
