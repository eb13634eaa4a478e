package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"telekeep/archive"
)

// hostileNames are what strangers call their files.
var hostileNames = []string{
	"a\r\nSet-Cookie: x=y\r\n\r\n<script>", "a\nb", "\r", "\x00", "a\x00.txt", "\x7f\u0085\u009b31m", `"`, `a"; filename="b.exe`, `a\"; x=`, `'; filename*=utf-8''b.exe`, ";=,", "a;b=c",
	"..", ".", "...", "../../etc/passwd", `..\..\windows\win.ini`, "/etc/passwd", `C:\x`, "..%2f..%2fx", "%2e%2e%5cx", "a%00.exe", "%0d%0aX: y", "%25%32%66", "%%32f", "-rf", "--help", "-", "- ", ".-rf", "-.x", "$(touch x)", "`id`", "~", "*",
	"", " ", "a ", "</script>", "photo\u202egpj.exe", "\u200f\u2066\u2069\u061c\ufeff", "line\u2028break\u2029x", "\xff\xfe", "ok\xc3", "\xed\xa0\x80", "\U000e0041\u00ad\u180e", "=?utf-8?q?x?=",
	strings.Repeat("a", 4000) + ".txt", strings.Repeat("\U0001f600", 900) + ".jpg", strings.Repeat(`"`, 4000), strings.Repeat("%", 500) + "41", "\u65e5\u672c\u8a9e.pdf", "plain name.pdf",
}

// A name that a stranger chose names a download and does nothing else: it adds no header and no parameter, leads nowhere, hides nothing, is no option of a program and fits a file system.
func TestHostileDownloadNames(t *testing.T) {
	v := visit(t, Options{}).login()
	want, _ := v.ask("GET", "/media/document:9?download&name=a", "", nil)
	for _, name := range hostileNames {
		r, _ := v.ask("GET", "/media/document:9?download&type="+url.QueryEscape(name)+"&name="+url.QueryEscape(name), "", nil)
		if r.StatusCode != http.StatusOK || len(r.Header) != len(want.Header) {
			t.Errorf("%.40q: %d, %v", name, r.StatusCode, r.Header)
		}
		for key, values := range r.Header {
			if key != "Date" && key != "Content-Disposition" && !slices.Equal(values, want.Header[key]) {
				t.Errorf("%.40q: %s is %q", name, key, values)
			}
		}
		header := r.Header.Values("Content-Disposition")
		if len(header) != 1 {
			t.Errorf("%.40q: %q", name, header)
			continue
		}
		kind, parameters, err := mime.ParseMediaType(header[0])
		got := parameters["filename"]
		if err != nil || kind != "attachment" || len(parameters) != 1 || got == "" || len(got) > 200 || !utf8.ValidString(got) {
			t.Errorf("%.40q: %q, %v", name, header[0], err)
		}
		// Some browsers undo percent signs in a plain filename.
		if undone, err := url.PathUnescape(got); err == nil && undone != got {
			t.Errorf("%.40q: %q is also %q", name, got, undone)
		}
		hidden := func(r rune) bool {
			return r == '/' || r == '\\' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
		}
		if strings.ContainsFunc(got, hidden) || strings.ContainsRune(".- ", rune(got[0])) {
			t.Errorf("%.40q is named %q", name, got)
		}
	}
}

// Names stay names in answers: what is JSON is JSON, and says nothing else than what was stored.
func TestHostileNamesInAnswers(t *testing.T) {
	all := records()
	for i, name := range hostileNames {
		all = append(all, message(friend, &archive.Message{ID: 2000 + i, Date: 600 * 3600, From: friend, Text: archive.Text{Text: name},
			Media: &archive.Media{Kind: archive.MediaKindDocument, File: &archive.File{Key: "document:7", Name: name, MIME: name}}}))
	}
	s := snapshot(t, all...)
	v := visit(t, Options{Open: func(context.Context, func(done, total int64)) (*archive.Snapshot, error) { return s, nil }}).login()
	r, body := v.ask("GET", "/api/window?chat=user2&count=200&id=2000", "", nil)
	if kind := r.Header.Get("Content-Type"); r.StatusCode != http.StatusOK || kind != "application/json; charset=utf-8" || !json.Valid([]byte(body)) || !utf8.ValidString(body) {
		t.Fatalf("%d %s", r.StatusCode, kind)
	}
	if strings.Contains(body, "<script") { // not even whoever takes it for a page
		t.Error("an answer has markup in it")
	}
	var window any
	if err := json.Unmarshal([]byte(body), &window); err != nil {
		t.Fatal(err)
	}
	told := make(map[string]bool)
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			told[v] = true
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(window)
	for _, name := range hostileNames {
		if utf8.ValidString(name) && name != "" && !told[name] {
			t.Errorf("%.40q is not told", name)
		}
	}
}

// Whatever stands in the first line of a request, nobody is led to another place, no header is added, and without the cookie nothing is told.
func TestHostilePaths(t *testing.T) {
	v := visit(t, Options{}).login()
	for _, path := range []string{
		"//evil.example/", "//evil.example/..", "/\\evil.example", "/%5cevil.example/", "/..//evil.example/x", "/.//evil.example", "/static/..//evil.example/", "/static//evil.example/", "/%2f/evil.example", "/a/../%0d%0aSet-Cookie:%20x=y",
		"/static/../%0aX:y", "/static/..%0d%0a/..", "/static/../api/chats", "/static/%2e%2e/api/chats", "/static/..%2fapi/chats", "/static/./../api/window?chat=user2", "/static/../media/document:9", "/static/..", "/api/session/../chats", "/<script>alert(1)</script>/..",
		"/static/../\"><script>alert(1)</script>", "/api/chats/", "/media//document:9", "/media/../media/document:9",
	} {
		for _, method := range []string{"GET", "HEAD", "CONNECT", "POST"} {
			for _, cookie := range []string{"", "Cookie: " + v.cookie.String() + "\r\n"} {
				header, body := v.raw(method + " " + v.server.gate.base + strings.ReplaceAll(path, " ", "%20") + " HTTP/1.1\r\nHost: " + v.host + "\r\n" + cookie + "Connection: close\r\n\r\n")
				if to := header.Get("Location"); to != "" {
					if u, err := url.Parse(to); err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\"<") {
						t.Errorf("%s %s leads to %q", method, path, to)
					}
				}
				if len(header.Values("Set-Cookie")) > 0 || header.Get("X") != "" {
					t.Errorf("%s %s: %v", method, path, header)
				}
				if strings.Contains(body, "<script>alert") && header.Get("Content-Disposition") == "" {
					t.Errorf("%s %s: what was asked for became markup: %s", method, path, body)
				}
				if cookie == "" && (strings.Contains(body, "Frost") || strings.Contains(body, "hello") || strings.Contains(body, "<html><script>")) {
					t.Errorf("%s %s tells somebody without a cookie: %s", method, path, body)
				}
			}
		}
	}
}

// raw sends a request as it is written and reads one answer.
func (v *visitor) raw(request string) (http.Header, string) {
	v.t.Helper()
	c, err := new(net.Dialer).DialContext(v.t.Context(), "tcp", v.host)
	if err != nil {
		v.t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprint(c, request); err != nil {
		v.t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	r, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		v.t.Fatalf("%q: %v", request, err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return r.Header, string(body)
}
