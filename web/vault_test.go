package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/memory"
	"telekeep/crypto"
)

const me, friend, forum = archive.PeerID("user1"), archive.PeerID("user2"), archive.PeerID("channel9")

const evil = `<script>alert(1)</script>"'&\u202e` + "\x1b[31m"

// video is long enough for several chunks.
func video() []byte {
	data := make([]byte, 5<<20)
	for i := range data {
		data[i] = byte(i>>16) ^ byte(i*7)
	}
	return data
}

func message(chat archive.PeerID, m *archive.Message) *archive.Record {
	return &archive.Record{Kind: archive.KindMessage, Account: me, Chat: chat, Seen: 7, Message: m}
}

// records are a small account.
func records() []*archive.Record {
	all := []*archive.Record{
		{Kind: archive.KindAccount, Account: me, Profile: &archive.Peer{ID: me, FirstName: "Robin"}},
		{Kind: archive.KindPeer, Account: me, Profile: &archive.Peer{ID: friend, FirstName: evil, LastName: "Frost", Contact: true, Photo: &archive.File{Key: "photo:1"}}},
		{Kind: archive.KindPeer, Account: me, Profile: &archive.Peer{ID: forum, Title: "Forum", Megagroup: true, Forum: true}},
		{Kind: archive.KindChat, Account: me, Chat: friend, Dialog: &archive.Dialog{Type: archive.ChatPersonal}},
		{Kind: archive.KindChat, Account: me, Chat: forum, Dialog: &archive.Dialog{Type: archive.ChatPrivateSupergroup}},
		{Kind: archive.KindFolder, Account: me, Item: "2", Folder: &archive.Folder{ID: 2, Title: archive.Text{Text: "People"}, Contacts: true}},
		{Kind: archive.KindTopic, Account: me, Chat: forum, Item: archive.ItemOf(forum, "3"), Topic: &archive.Topic{ID: 3, Title: "Boats"}},
		{Kind: archive.KindMissing, Account: me, Missing: &archive.Missing{Key: "document:8", Reason: archive.MissingTooLarge}},
	}
	for id := 1; id <= 500; id++ {
		all = append(all, message(friend, &archive.Message{ID: 2 * id, Date: int64(id) * 3600, From: friend, Text: archive.Text{Text: "hello"}}))
	}
	edited := &archive.Message{ID: 10, Date: 5 * 3600, From: friend, Text: archive.Text{Text: "hello, edited"}, Edited: 99999}
	clip := &archive.Message{ID: 1002, Date: 501 * 3600, From: friend, Album: 13521862222222223, Reply: &archive.Reply{MessageID: 10},
		Media: &archive.Media{Kind: archive.MediaKindDocument, Video: true, File: &archive.File{Key: "document:7", MIME: "video/mp4", Size: 5 << 20}, Thumb: &archive.File{Key: "document:8"}}}
	all = append(all, message(friend, edited), message(friend, clip), &archive.Record{Kind: archive.KindDeletion, Account: me, Deletion: &archive.Deletion{IDs: []int{12}}})
	for id := 1; id <= 9; id++ {
		topic := 0
		if id > 3 && id%2 == 0 {
			topic = 3
		}
		all = append(all, message(forum, &archive.Message{ID: id, Date: int64(id), From: me, Topic: topic, Text: archive.Text{Text: evil}}))
	}
	return all
}

// snapshot is of a real vault in memory.
func snapshot(t testing.TB, all ...*archive.Record) *archive.Snapshot {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dst, ctx, dir := memory.New(), t.Context(), t.TempDir()
	owner, err := crypto.NewIdentity()
	must(err)
	_, secrets, err := chunkstore.Create(ctx, dst, chunkstore.CreateOptions{Owners: []chunkstore.Owner{{Name: "owner", Recipient: owner.Recipient()}}})
	must(err)
	store, err := chunkstore.OpenWriter(ctx, dst, chunkstore.WriterOptions{Secrets: secrets, StatePath: filepath.Join(dir, "state.db"), PackSize: 8 << 20})
	must(err)
	defer store.Close()
	w, err := archive.OpenWriter(ctx, store, archive.WriterOptions{Journal: filepath.Join(dir, "journal"), Secrets: secrets})
	must(err)
	defer w.Close()
	must(w.Apply(ctx, archive.Batch{Records: all}))
	for key, data := range map[archive.MediaKey][]byte{"document:7": video(), "photo:1": []byte("\xff\xd8\xff"), "document:9": []byte("<html><script>alert(1)</script>")} {
		m, err := w.BeginMedia(ctx, key, int64(len(data)))
		must(err)
		must(m.WritePart(ctx, 0, data))
		_, err = m.Finish(ctx, false)
		must(err)
	}
	_, err = w.Commit(ctx)
	must(err)
	r, err := chunkstore.OpenReader(ctx, dst, chunkstore.ReaderOptions{Identities: []crypto.Identity{owner}})
	must(err)
	s, err := archive.OpenSnapshot(ctx, r, archive.SnapshotOptions{})
	must(err)
	return s
}

// A visitor talks to a Server that runs.
type visitor struct {
	t      testing.TB
	server *Server
	host   string
	cookie *http.Cookie
}

func visit(t testing.TB, o Options) *visitor {
	t.Helper()
	if o.Open == nil {
		s := snapshot(t, records()...)
		o.Open = func(context.Context, func(done, total int64)) (*archive.Snapshot, error) { return s, nil }
	}
	server, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return &visitor{t: t, server: server, host: l.Addr().String()}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A reply is an answer whose body was read.
type reply struct {
	StatusCode    int
	Header        http.Header
	ContentLength int64
	cookies       []*http.Cookie
}

// ask makes a request below the base; change may alter it.
func (v *visitor) ask(method, path, body string, change func(*http.Request)) (reply, string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, "http://"+v.host+v.server.gate.base+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	if change != nil {
		change(r)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, response.ContentLength, response.Cookies()}, string(data)
}

// login uses a link up and keeps the cookie.
func (v *visitor) login() *visitor {
	v.t.Helper()
	_, token, _ := strings.Cut(v.server.Link(v.host), "#token=")
	r, body := v.ask("POST", "/api/session", `{"token":"`+token+`"}`, asJSON)
	if r.StatusCode != http.StatusOK || len(r.cookies) != 1 {
		v.t.Fatalf("no entry: %d %s", r.StatusCode, body)
	}
	v.cookie = r.cookies[0]
	for range 500 {
		var state struct{ Ready bool }
		v.get("/api/state", &state)
		if state.Ready {
			return v
		}
		time.Sleep(10 * time.Millisecond)
	}
	v.t.Fatal("the archive was not opened")
	return nil
}

func asJSON(r *http.Request) { r.Header.Set("Content-Type", "application/json") }

// get takes an answer apart.
func (v *visitor) get(path string, into any) {
	v.t.Helper()
	r, body := v.ask("GET", path, "", nil)
	if r.StatusCode != http.StatusOK {
		v.t.Fatalf("%s: %d %s", path, r.StatusCode, body)
	}
	if err := json.NewDecoder(bytes.NewBufferString(body)).Decode(into); err != nil {
		v.t.Fatalf("%s: %v", path, err)
	}
}

// A recordLog is a log of one commit.
type recordLog []*archive.Record

func (l recordLog) Commits() []archive.LogCommit {
	return []archive.LogCommit{{Writer: "w", Seq: 1, Hash: "h"}}
}

func (l recordLog) Records(context.Context, int) iter.Seq2[*archive.Record, error] {
	return func(yield func(*archive.Record, error) bool) {
		for _, r := range l {
			if !yield(r, nil) {
				return
			}
		}
	}
}
