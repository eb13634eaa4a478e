package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const (
	cookieName = "telekeep"
	// maxTokens is how many links may wait to be opened.
	maxTokens = 16
	// maxLogin is how long the request with a token may be.
	maxLogin = 1 << 10
)

// A gate lets in who has a cookie, or a token that was not used yet, and nobody who was
// sent here by another site.
type gate struct {
	base  string   // path below which everything lies, without the slash at its end
	hosts []string // what may stand in Host

	mu       sync.Mutex
	tokens   [][32]byte // sums of those that were not used
	sessions [][32]byte // sums of the cookies' values
}

func newGate() *gate { return &gate{base: "/" + secret(12)} }

// secret returns n random bytes as text that may stand in a path.
func secret(n int) string {
	random := make([]byte, n)
	rand.Read(random)
	return base64.RawURLEncoding.EncodeToString(random)
}

// hostsOf lists how a browser on this machine may call the address.
func hostsOf(a net.Addr) []string {
	_, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return nil
	}
	return []string{"127.0.0.1:" + port, "localhost:" + port}
}

// newToken makes a token that enter takes once.
func (g *gate) newToken() string {
	token := secret(24)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens = append(g.tokens, sha256.Sum256([]byte(token)))
	if len(g.tokens) > maxTokens {
		g.tokens = g.tokens[1:]
	}
	return token
}

// contentPolicy lets the pages' own scripts, styles, pictures and answers be, and nothing else:
// no markup that a script makes, no frames, no forms, no other hosts.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// guard is in front of everything.
func (g *gate) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()")
		path, ok := strings.CutPrefix(r.URL.Path, g.base)
		switch {
		case !g.own(r.Host):
			fail(w, http.StatusForbidden, "this server answers for 127.0.0.1 only")
		case !ok || !strings.HasPrefix(path, "/"):
			fail(w, http.StatusNotFound, "nothing is here; open the link that telekeep serve printed last")
		case g.strange(r):
			fail(w, http.StatusForbidden, "another site asked for this")
		case !open(path) && !g.known(r):
			fail(w, http.StatusUnauthorized, "open the link that telekeep serve printed")
		default:
			http.StripPrefix(g.base, next).ServeHTTP(w, r)
		}
	})
}

// own reports whether a Host header names this server: a name that somebody else's DNS
// points here does not.
func (g *gate) own(host string) bool {
	for _, h := range g.hosts {
		if host == h {
			return true
		}
	}
	return false
}

// strange reports whether the browser says that a page of another origin asked: another port
// of this machine is one.
func (g *gate) strange(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	// A link may lead here from elsewhere, but only to the page: what that shows needs the cookie.
	return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Method != http.MethodGet || strings.TrimPrefix(r.URL.Path, g.base) != "/"
}

// open lists what needs no cookie: the pages, in which there is nothing, and the place
// where a token becomes one.
func open(path string) bool {
	return path == "/" || path == "/api/session" || strings.HasPrefix(path, "/static/")
}

// known reports whether a request carries a cookie that enter gave.
func (g *gate) known(r *http.Request) bool {
	for _, c := range r.CookiesNamed(cookieName) {
		sum := sha256.Sum256([]byte(c.Value))
		g.mu.Lock()
		found := indexOf(g.sessions, sum) >= 0
		g.mu.Unlock()
		if found {
			return true
		}
	}
	return false
}

func indexOf(sums [][32]byte, sum [32]byte) int {
	at := -1
	for i := range sums {
		if subtle.ConstantTimeCompare(sums[i][:], sum[:]) == 1 {
			at = i
		}
	}
	return at
}

// enter takes a token and gives a cookie, which ends with the browser.
func (g *gate) enter(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Token string `json:"token"`
	}
	if r.Header.Get("Content-Type") != "application/json" || json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLogin)).Decode(&body) != nil {
		fail(w, http.StatusBadRequest, "a token is needed")
		return
	}
	value := secret(32)
	if !g.admit(sha256.Sum256([]byte(body.Token)), sha256.Sum256([]byte(value))) {
		fail(w, http.StatusForbidden, "this link was used already; telekeep serve gives another one when you press Enter there")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: value, Path: g.base + "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	answer(w, map[string]bool{"ok": true})
}

// admit uses a token up; false if there is none such.
func (g *gate) admit(token, session [32]byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := indexOf(g.tokens, token)
	if i < 0 {
		return false
	}
	g.tokens = append(g.tokens[:i], g.tokens[i+1:]...)
	g.sessions = append(g.sessions, session)
	return true
}

// answer writes JSON.
func answer(w http.ResponseWriter, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		fail(w, http.StatusInternalServerError, "the answer cannot be written")
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // whoever asked is gone otherwise
}

// fail says in JSON why there is no answer.
func fail(w http.ResponseWriter, status int, text string) {
	data, _ := json.Marshal(map[string]string{"error": text}) // a string is always JSON
	h := w.Header()
	h.Del("Content-Length")
	h.Del("Content-Disposition")
	h.Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}
