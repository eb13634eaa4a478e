package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"telekeep/archive"
)

func TestChats(t *testing.T) {
	v := visit(t, Options{}).login()
	var got struct{ Accounts []accountView }
	v.get("/api/chats", &got)
	if len(got.Accounts) != 1 || len(got.Accounts[0].Chats) != 2 {
		t.Fatalf("%+v", got)
	}
	a := got.Accounts[0]
	if c := a.Chats[0]; c.ID != friend || c.Messages != 501 || c.Newest != 501*3600 || c.Peer.Photo != "photo:1" || c.Peer.Name != evil+" Frost" {
		t.Errorf("%+v", c)
	}
	if c := a.Chats[1]; c.Peer.Kind != "supergroup" || !c.Topics {
		t.Errorf("%+v", c)
	}
	if len(a.Folders) != 1 || a.Folders[0].Title != "People" || len(a.Folders[0].Chats) != 1 || a.Folders[0].Chats[0] != friend {
		t.Errorf("folders are %+v", a.Folders)
	}
	var p struct{ Previews map[string]*briefView }
	v.get("/api/previews?chats=user2,channel9,user99", &p)
	if len(p.Previews) != 2 || p.Previews["user2"].Kind != "video" || p.Previews["channel9"].Text != evil {
		t.Errorf("previews are %+v", p.Previews)
	}
}

type windowAnswer struct {
	Total, From, Focus int
	Exact              bool
	Messages           []struct {
		ID, Place, Versions int
		Album               string
		Deleted             bool
		Text                archive.Text
	}
	Replies map[string]*briefView
	Peers   map[string]peerView
	Files   map[string]any
}

func TestWindow(t *testing.T) {
	v := visit(t, Options{}).login()
	for _, c := range []struct {
		query                    string
		from, focus, first, last int
		exact                    bool
	}{
		{"from=0&count=10", 0, 0, 2, 20, true},
		{"from=-5&count=10", 0, 0, 2, 20, true},
		{"from=2147483647&count=10", 491, 0, 984, 1002, true},
		{"from=495&count=10", 491, 0, 984, 1002, true},
		{"id=500&count=10", 244, 249, 490, 508, true},
		{"id=501&count=10", 245, 250, 492, 510, false},
		{"id=99999&count=10", 491, 500, 984, 1002, false},
		{"date=36000&count=4", 7, 9, 16, 22, true},
		{"date=0&count=4", 0, 0, 2, 8, true},
		{"date=99999999999&count=4", 497, 500, 996, 1002, true},
		{"count=100000", 0, 0, 2, 400, true},
	} {
		var w windowAnswer
		v.get("/api/window?chat=user2&"+c.query, &w)
		if w.Total != 501 || w.From != c.from || w.Focus != c.focus || w.Exact != c.exact || w.Messages[0].ID != c.first || w.Messages[len(w.Messages)-1].ID != c.last {
			t.Errorf("%s: total %d, from %d, focus %d, %v, %d to %d", c.query, w.Total, w.From, w.Focus, w.Exact, w.Messages[0].ID, w.Messages[len(w.Messages)-1].ID)
		}
		for i, m := range w.Messages {
			if m.Place != w.From+i {
				t.Errorf("%s: message %d stands at %d", c.query, m.ID, m.Place)
			}
		}
	}
	var w windowAnswer
	v.get("/api/window?chat=user2&from=0&count=10", &w)
	if m := w.Messages[4]; m.Versions != 2 || m.Text.Text != "hello, edited" || !w.Messages[5].Deleted || w.Messages[3].Deleted {
		t.Errorf("%+v", w.Messages)
	}
	v.get("/api/window?chat=user2&id=1002", &w)
	last := w.Messages[len(w.Messages)-1]
	if last.Album != "13521862222222223" || w.Replies["user2/10"].Text != "hello, edited" || w.Files["document:7"] != true || fmt.Sprint(w.Files["document:8"]) != "map[missing:too_large]" || w.Peers["user2"].Name == "" {
		t.Errorf("%+v", w)
	}
	for query, want := range map[string]int{
		"chat=user404": 404, "chat=user2&account=user404": 404, "chat=user2&id=x": 400, "chat=user2&from=1e9": 400, "chat=../../etc": 404, "chat=": 404, "chat=user2&count=-9": 200,
		"chat=user2&id=99999999999999999999": 400, "chat=user2&date=-1": 200,
	} {
		if r, body := v.ask("GET", "/api/window?"+query, "", nil); r.StatusCode != want {
			t.Errorf("%s: %d %s", query, r.StatusCode, body)
		}
	}
}

func TestTopicsAndVersions(t *testing.T) {
	v := visit(t, Options{}).login()
	var topics struct{ Topics []topicView }
	v.get("/api/topics?chat=channel9", &topics)
	if len(topics.Topics) != 2 || topics.Topics[0].ID != "1" || topics.Topics[0].Messages != 6 || topics.Topics[1].Title != "Boats" || topics.Topics[1].Messages != 3 {
		t.Fatalf("%+v", topics)
	}
	var w windowAnswer
	v.get("/api/window?chat=channel9&topic=3&id=6&count=3", &w)
	if w.Total != 3 || w.Focus != 1 || w.Messages[0].ID != 4 || w.Messages[2].ID != 8 {
		t.Errorf("%+v", w)
	}
	v.get("/api/window?chat=channel9&topic=77", &w)
	if w.Total != 0 {
		t.Errorf("a topic that is not there has %d messages", w.Total)
	}
	var date struct{ Date int64 }
	v.get("/api/date?chat=channel9&topic=3&place=2", &date)
	if date.Date != 8 {
		t.Errorf("the date is %d", date.Date)
	}
	var versions struct{ Versions []struct{ Text archive.Text } }
	v.get("/api/versions?chat=user2&id=10", &versions)
	if len(versions.Versions) != 2 || versions.Versions[0].Text.Text != "hello" || versions.Versions[1].Text.Text != "hello, edited" {
		t.Errorf("%+v", versions)
	}
}

func TestMedia(t *testing.T) {
	v := visit(t, Options{}).login()
	data := string(video())
	r, body := v.ask("GET", "/media/document:7?type=video/mp4", "", nil)
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "video/mp4" || r.Header.Get("Accept-Ranges") != "bytes" || r.Header.Get("Content-Disposition") != "" || body != data {
		t.Errorf("%d, %d bytes, %v", r.StatusCode, len(body), r.Header)
	}
	for ranges, want := range map[string]string{"bytes=0-9": data[:10], "bytes=3000000-3000099": data[3000000:3000100], "bytes=-5": data[len(data)-5:], "bytes=5242870-": data[5242870:]} {
		r, body := v.ask("GET", "/media/document:7?type=video/mp4", "", func(r *http.Request) { r.Header.Set("Range", ranges) })
		if r.StatusCode != http.StatusPartialContent || body != want || !strings.HasSuffix(r.Header.Get("Content-Range"), "/5242880") {
			t.Errorf("%s: %d, %d bytes, %s", ranges, r.StatusCode, len(body), r.Header.Get("Content-Range"))
		}
	}
	if r, _ := v.ask("GET", "/media/document:7", "", func(r *http.Request) { r.Header.Set("Range", "bytes=9999999-") }); r.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("behind the end: %d", r.StatusCode)
	}
	if r, body := v.ask("HEAD", "/media/document:7?type=video/mp4", "", nil); r.StatusCode != 200 || r.ContentLength != 5<<20 || body != "" {
		t.Errorf("HEAD: %d, %d", r.StatusCode, r.ContentLength)
	}
	for _, key := range []string{"document:8", "document:404", "x", "..%2f..%2fvault.json", "%00", "photo:1%2f.."} {
		if r, _ := v.ask("GET", "/media/"+key, "", nil); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", key, r.StatusCode)
		}
	}
}

// Whatever a stranger's file says that it is, nothing that could run is shown.
func TestMediaTypes(t *testing.T) {
	v := visit(t, Options{}).login()
	for _, kind := range []string{"", "text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/pdf", "text/javascript", "IMAGE/SVG+XML", "video/mp4\r\nX: y", "image/png;x=text/html", "multipart/x-mixed-replace"} {
		r, _ := v.ask("GET", "/media/document:9?name=page.html&type="+url.QueryEscape(kind), "", nil)
		if r.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(r.Header.Get("Content-Security-Policy"), "sandbox;") {
			t.Errorf("%q: %v", kind, r.Header)
		}
	}
	for name, want := range map[string]string{
		"page.html": `attachment; filename=page.html`, "../../etc/passwd": `attachment; filename=_.._etc_passwd`, "": `attachment; filename=file`, ".bashrc": `attachment; filename=bashrc`,
		"a\r\nSet-Cookie: x=y": `attachment; filename="a__Set-Cookie: x=y"`, "photo\u202egpj.exe": `attachment; filename=photo_gpj.exe`, "Фото.jpg": `attachment; filename*=utf-8''%D0%A4%D0%BE%D1%82%D0%BE.jpg`,
		`a"b.txt`: `attachment; filename="a\"b.txt"`,
	} {
		r, _ := v.ask("GET", "/media/document:9?download&name="+url.QueryEscape(name), "", nil)
		if got := r.Header.Get("Content-Disposition"); got != want {
			t.Errorf("%q is %s, not %s", name, got, want)
		}
	}
	r, _ := v.ask("GET", "/media/document:7?type=video/mp4&download&name=clip.mp4", "", nil)
	if got := r.Header.Get("Content-Disposition"); got != "attachment; filename=clip.mp4" {
		t.Errorf("a download of what could be shown: %s", got)
	}
}

// The page is there while the archive is opened; if that fails, so does the server.
func TestOpening(t *testing.T) {
	opened, fault := make(chan struct{}), errors.New("no such vault")
	s := snapshot(t, records()...)
	v := visit(t, Options{Open: func(_ context.Context, progress func(done, total int64)) (*archive.Snapshot, error) {
		progress(3, 10)
		<-opened
		return s, nil
	}})
	_, token, _ := strings.Cut(v.server.Link(v.host), "#token=")
	r, _ := v.ask("POST", "/api/session", `{"token":"`+token+`"}`, asJSON)
	v.cookie = r.cookies[0]
	if r, _ := v.ask("GET", "/api/chats", "", nil); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("chats of an archive that is not open: %d", r.StatusCode)
	}
	if r, _ := v.ask("GET", "/", "", nil); r.StatusCode != 200 {
		t.Errorf("the page: %d", r.StatusCode)
	}
	var state struct {
		Ready       bool
		Done, Total int64
	}
	for state.Total == 0 {
		v.get("/api/state", &state)
	}
	if state.Ready || state.Done != 3 || state.Total != 10 {
		t.Errorf("%+v", state)
	}
	close(opened)
	v.login()

	server, err := New(Options{Open: func(context.Context, func(done, total int64)) (*archive.Snapshot, error) { return nil, fault }})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(t.Context(), listen(t)); !errors.Is(err, fault) {
		t.Errorf("the server ended with %v", err)
	}
}

func TestHealth(t *testing.T) {
	v := visit(t, Options{Health: func(context.Context) (any, error) { return map[string]string{"verdict": "well"}, nil }}).login()
	_, body := v.ask("GET", "/api/health", "", nil)
	if !bytes.Equal([]byte(body), []byte(`{"verdict":"well"}`)) {
		t.Error(body)
	}
}
