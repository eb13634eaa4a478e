package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestTokenOpensOnce(t *testing.T) {
	v := visit(t, Options{})
	link := v.server.Link(v.host)
	before, token, _ := strings.Cut(link, "#token=")
	if before != "http://"+v.host+v.server.gate.base+"/" || len(token) < 30 {
		t.Fatalf("the link is %s", link)
	}
	for _, path := range []string{"/api/state", "/api/chats", "/api/health", "/media/document:7", "/api/window?chat=user2"} {
		if r, _ := v.ask("GET", path, "", nil); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a cookie: %d", path, r.StatusCode)
		}
	}
	for _, body := range []string{"", "{}", `{"token":""}`, `{"token":"` + token[1:] + `"}`, `{"token":"` + token + `x"}`} {
		if r, _ := v.ask("POST", "/api/session", body, asJSON); r.StatusCode == http.StatusOK || len(r.cookies) > 0 {
			t.Errorf("%q let somebody in", body)
		}
	}
	body := `{"token":"` + token + `"}`
	if r, _ := v.ask("POST", "/api/session", body, nil); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a form of another site: %d", r.StatusCode)
	}
	r, _ := v.ask("POST", "/api/session", body, asJSON)
	if r.StatusCode != http.StatusOK {
		t.Fatalf("the token: %d", r.StatusCode)
	}
	c := r.cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != v.server.gate.base+"/" || c.Domain != "" || len(c.Value) < 40 || strings.Contains(c.Value, token) {
		t.Errorf("the cookie is %v", c)
	}
	if r, _ := v.ask("POST", "/api/session", body, asJSON); r.StatusCode != http.StatusForbidden {
		t.Errorf("the token a second time: %d", r.StatusCode)
	}
	v.cookie = &http.Cookie{Name: cookieName, Value: "x" + c.Value[1:]}
	if r, _ := v.ask("GET", "/api/state", "", nil); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("another cookie: %d", r.StatusCode)
	}
	v.cookie = c
	if r, _ := v.ask("GET", "/api/state", "", nil); r.StatusCode != http.StatusOK {
		t.Errorf("the cookie: %d", r.StatusCode)
	}
}

func TestForeignRequests(t *testing.T) {
	v := visit(t, Options{}).login()
	port := v.host[strings.LastIndex(v.host, ":"):]
	for _, c := range []struct {
		what   string
		change func(*http.Request)
		status int
	}{
		{"another name", func(r *http.Request) { r.Host = "telekeep.example" + port }, 403},
		{"another port", func(r *http.Request) { r.Host = "127.0.0.1:1" }, 403},
		{"no port", func(r *http.Request) { r.Host = "127.0.0.1" }, 403},
		{"localhost", func(r *http.Request) { r.Host = "localhost" + port }, 200},
		{"another origin", func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:1") }, 403},
		{"no origin", func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{"its own origin", func(r *http.Request) { r.Header.Set("Origin", "http://"+r.Host) }, 200},
		{"another site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"another port's page", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
		{"its own page", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") }, 200},
		{"another base", func(r *http.Request) { r.URL.Path = "/x" + r.URL.Path }, 404},
		{"a link to an answer", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Sec-Fetch-Mode", "navigate")
		}, 403},
	} {
		if r, body := v.ask("GET", "/api/chats", "", c.change); r.StatusCode != c.status || c.status != 200 && strings.Contains(body, "Frost") {
			t.Errorf("%s: %d", c.what, r.StatusCode)
		}
	}
	link := func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Sec-Fetch-Mode", "navigate")
	}
	if r, _ := v.ask("GET", "/", "", link); r.StatusCode != 200 {
		t.Errorf("a link to the page: %d", r.StatusCode)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if r, _ := v.ask(method, "/api/chats", "", nil); r.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, r.StatusCode)
		}
	}
}

// Every answer, also a refusal, says what a browser may do with it.
func TestHeaders(t *testing.T) {
	v := visit(t, Options{}).login()
	for _, path := range []string{"/", "/static/app.js", "/static/style.css", "/static/icon.svg", "/api/chats", "/media/document:7?type=video/mp4", "/nothing", "/../..", "/static/..%2fgate.go", "/media/..%2f..%2fetc"} {
		r, _ := v.ask("GET", path, "", nil)
		h := r.Header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" ||
			h.Get("Cross-Origin-Resource-Policy") != "same-origin" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: %v", path, h)
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "data:") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if path == "/" && !strings.Contains(policy, "require-trusted-types-for 'script'; trusted-types 'none'") {
			t.Errorf("scripts may make markup: %q", policy)
		}
	}
}

func TestPagesAreThoseAndNoOthers(t *testing.T) {
	v := visit(t, Options{}).login()
	for path, want := range map[string]int{
		"/": 200, "/static/app.js": 200, "/static/": 404, "/static/none.js": 404, "/static/../server.go": 404, "/static/%2e%2e/server.go": 404, "/static/..%5cserver.go": 404,
		"/static/static/app.js": 404, "/index.html": 404, "/api/": 404, "/media/": 404,
	} {
		r, body := v.ask("GET", path, "", nil)
		if r.StatusCode == http.StatusTemporaryRedirect || r.StatusCode == http.StatusMovedPermanently {
			continue // to the same path without its detours, where nothing is
		}
		if r.StatusCode != want || strings.Contains(body, "package web") {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
}
