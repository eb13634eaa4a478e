package export

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"telekeep/archive"
)

// mustPages writes an HTML export.
func mustPages(t *testing.T, source Source, dir string, o Options) *Result {
	t.Helper()
	result, err := HTML(t.Context(), source, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// elements lists the elements of a page in order.
func elements(t *testing.T, page string) (out []*html.Node) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			out = append(out, n)
		}
	}
	return out
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func words(n *html.Node) string {
	var b strings.Builder
	for child := range n.Descendants() {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// shapes maps the id of each message to the elements within it that have a class, without
// those that Telegram Desktop does not write.
func shapes(t *testing.T, page string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, n := range elements(t, page) {
		id := attribute(n, "id")
		if !strings.HasPrefix(id, "message") || strings.HasPrefix(id, "message-") {
			continue
		}
		out[id] = shape(n)
	}
	return out
}

var ownClasses = []string{"marks details", "link_preview", "link_preview block_link", "versions", "reply_quote", "topic details"}

func shape(n *html.Node) []string {
	class := strings.TrimSpace(attribute(n, "class"))
	if slices.Contains(ownClasses, class) {
		return nil
	}
	var out []string
	if class != "" {
		title := attribute(n, "title")
		out = append(out, strings.TrimSpace(n.Data+"."+class+" "+title))
	}
	for child := range n.ChildNodes() {
		if child.Type == html.ElementNode {
			out = append(out, shape(child)...)
		}
	}
	return out
}

// TestPagesLikeTelegramDesktop writes pages of the messages of a real export and compares
// them with the real pages: the same elements of the same classes in the same order.
func TestPagesLikeTelegramDesktop(t *testing.T) {
	folder := filepath.Join(sharedData, "trantor/export")
	want, err := os.ReadFile(filepath.Join(folder, "messages.html"))
	if err != nil {
		t.Skip("no real export on this machine: ", err)
	}
	raw, err := os.ReadFile(filepath.Join(folder, resultFile))
	if err != nil {
		t.Fatal(err)
	}
	f, chat := readResult(t, raw)
	dir := t.TempDir()
	mustPages(t, f, dir, Options{Chats: []archive.PeerID{chat}, Location: time.FixedZone("", 8*3600)})
	got, err := os.ReadFile(filepath.Join(dir, "messages.html"))
	if err != nil {
		t.Fatal(err)
	}
	ours := shapes(t, string(got))
	compared, differ := 0, 0
	for id, theirs := range shapes(t, string(want)) {
		compared++
		if !slices.Equal(ours[id], theirs) {
			if differ++; differ < 12 {
				t.Errorf("%s:\n got %q\nwant %q", id, ours[id], theirs)
			}
		}
	}
	t.Logf("%d messages compared, %d differ", compared, differ)
	if compared < 900 {
		t.Errorf("only %d messages compared", compared)
	}
}

// hostile is put into every text: it ends tags, attributes, scripts and comments, and
// says its name so that it is found again.
const hostile = `"><img src=x onerror=alert(1)><script>alert(1)</script>'--></style></title>` + "`\x00\x1b\u2028\u202e<svg/onload=alert(2)> javascript:alert(3)"

// fillStrings sets every string below v to what text says of its path, and makes
// everything that is not there.
func fillStrings(v reflect.Value, depth int, text func(reflect.StructField) string) {
	if !v.CanSet() {
		return // not of the record
	}
	switch v.Kind() {
	case reflect.Pointer:
		if depth > 5 {
			return
		}
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		fillStrings(v.Elem(), depth+1, text)
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Field(i)
			if field.Kind() == reflect.String {
				field.SetString(text(v.Type().Field(i)))
			} else {
				fillStrings(field, depth+1, text)
			}
		}
	case reflect.Slice:
		switch {
		case v.Type().Elem().Kind() == reflect.Uint8:
			v.SetBytes([]byte(hostile))
		case depth <= 6:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			if v.Type().Elem().Kind() == reflect.String {
				v.Index(0).SetString(hostile)
			} else {
				fillStrings(v.Index(0), depth+1, text)
			}
		}
	}
}

// hostileMessages are messages of every kind of media, action, entity and button, with
// hostile words in all of their strings.
func hostileMessages(t *testing.T) (out []*archive.Message) {
	t.Helper()
	add := func(set func(*archive.Message)) {
		m := &archive.Message{}
		fillStrings(reflect.ValueOf(m).Elem(), 0, func(reflect.StructField) string { return hostile })
		m.Action, m.Unsupported, m.Topic = nil, false, 0
		m.From, m.SavedPeer = "user2", ""
		m.Text.Entities = nil
		m.Forward, m.Reply = nil, nil
		set(m)
		m.ID = len(out) + 1
		m.Date = 1700000000 + int64(m.ID)*1000
		out = append(out, m)
	}
	full := func() *archive.Message {
		m := &archive.Message{}
		fillStrings(reflect.ValueOf(m).Elem(), 0, func(reflect.StructField) string { return hostile })
		return m
	}
	for _, kind := range []string{
		archive.MediaKindPhoto, archive.MediaKindDocument, archive.MediaKindContact, archive.MediaKindLocation, archive.MediaKindLive,
		archive.MediaKindVenue, archive.MediaKindGame, archive.MediaKindInvoice, archive.MediaKindPoll, archive.MediaKindTodo,
		archive.MediaKindGiveaway, archive.MediaKindResults, archive.MediaKindPaid, archive.MediaKindWebpage, archive.MediaKindDice,
		archive.MediaKindStory, archive.MediaKindStream, archive.MediaKindPreview,
	} {
		add(func(m *archive.Message) {
			m.Media.Kind = kind
			m.Media.File = &archive.File{Key: "document:1", Name: hostile + ".html", MIME: hostile}
			m.Media.Thumb = &archive.File{Key: "thumb:1"}
			m.Forward, m.Reply = full().Forward, full().Reply
			m.Reply.Story, m.Reply.Quote.Entities = 0, nil
		})
	}
	for _, text := range []func(*archive.Media){
		func(m *archive.Media) { m.Sticker = true }, func(m *archive.Media) { m.Voice = true }, func(m *archive.Media) { m.Video = true },
		func(m *archive.Media) { m.Audio = true }, func(m *archive.Media) { m.Animation = true }, func(m *archive.Media) { m.RoundVideo = true },
	} {
		add(func(m *archive.Message) {
			m.Media.Kind = archive.MediaKindDocument
			m.Media.File = &archive.File{Key: "document:1", Name: hostile + ".svg"}
			text(m.Media)
		})
	}
	for _, action := range actionTypes(t) {
		add(func(m *archive.Message) {
			m.Action = full().Action
			m.Action.Type = action
			m.Media = nil
		})
	}
	for _, kind := range []string{
		"mention", "hashtag", "bot_command", "link", "email", "bold", "italic", "code", "pre", "text_link", "mention_name", "phone",
		"cashtag", "underline", "strikethrough", "blockquote", "bank_card", "spoiler", "custom_emoji", "unknown", hostile,
	} {
		for _, link := range []string{hostile, "javascript:alert(1)", "JaVaScRiPt\n:alert(1)", "data:text/html,<script>", " vbscript:x", "file:///etc/passwd", "//evil"} {
			add(func(m *archive.Message) {
				m.Media = nil
				m.Text = archive.Text{Text: link, Entities: []archive.Entity{{Type: kind, Offset: 0, Length: 1 << 30, URL: link, User: archive.PeerID("user" + hostile), Language: hostile, Document: "document:1"}}}
			})
		}
	}
	return out
}

// actionTypes are the words that are treated specially, as the sources have them.
func actionTypes(t *testing.T) (out []string) {
	t.Helper()
	source, err := os.ReadFile("htmlservice.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range regexp.MustCompile(`case ("[a-z_", ]+"):`).FindAllStringSubmatch(string(source), -1) {
		for _, word := range regexp.MustCompile(`"([a-z_]+)"`).FindAllStringSubmatch(line[1], -1) {
			out = append(out, word[1])
		}
	}
	if len(out) < 40 {
		t.Fatalf("found only %q", out)
	}
	return append(out, "", actionWebviewData, "phone_call", hostile)
}

func hostileArchive(t *testing.T) *fake {
	f := newFake()
	f.media["document:1"] = []byte("one")
	f.media["thumb:1"] = []byte("small")
	for _, p := range f.peers {
		id := p.ID
		fillStrings(reflect.ValueOf(p).Elem(), 0, func(reflect.StructField) string { return hostile })
		p.ID, p.Deleted, p.MigratedFrom, p.MigratedTo = id, false, "", ""
		p.Forum = true
	}
	for _, kind := range []archive.Kind{
		archive.KindPhoto, archive.KindContact, archive.KindTopPeers, archive.KindStory, archive.KindMusic, archive.KindSession, archive.KindWebSession, archive.KindTopic,
	} {
		item := &archive.Item{Record: &archive.Record{}}
		fillStrings(reflect.ValueOf(item.Record).Elem(), 0, func(reflect.StructField) string { return hostile })
		item.Kind, item.Chat, item.Unlisted = kind, "", false
		if kind == archive.KindTopic {
			item.Chat, item.Topic.ID = "channel7", 5
		}
		f.items = append(f.items, item)
	}
	messages := hostileMessages(t)
	f.versions = map[int][]*archive.StoredMessage{}
	f.add("channel7", archive.ChatPrivateSupergroup, messages...)
	for i, m := range f.messages["channel7"] {
		m.Deleted, m.Version, m.Versions = true, 2, 2
		m.Topic = 5
		f.versions[m.ID] = []*archive.StoredMessage{{Message: messages[i], Version: 1}}
	}
	f.add("channel8", archive.ChatType(hostile), &archive.Message{ID: 1, Date: 1, Text: archive.Text{Text: hostile}})
	return f
}

// What pages may have: everything else must come from a text that was not escaped.
var (
	allowedElements   = "html head meta title link script body div a span img br strong em code pre u s blockquote table tbody tr td details summary form label input select option noscript button"
	allowedAttributes = "lang charset http-equiv content name href rel src type class id style title alt loading onclick onload role aria-level aria-hidden aria-label aria-live tabindex download " +
		"data-root data-deleted data-album data-out data-spoiler for autocomplete placeholder autofocus value hidden"
	safeStyle = regexp.MustCompile(`^(width: \d+px; height: \d+px|line-height: \d+px)$`)
	safeLink  = regexp.MustCompile(`^((https?|mailto|tg):|[.#]|search\.html|topics\.html|messages\d*\.html|export_results\.html|css/|photos/|files/|stickers/|video_files/|animations/|voice_messages/|round_video_messages/|contacts/|chats/|lists/|profile_|stories/|$)`)
)

func TestHostileTexts(t *testing.T) {
	f := hostileArchive(t)
	dir := t.TempDir()
	o := utc()
	o.Versions = true
	result := mustPages(t, f, dir, o)
	if result.Messages < 200 || result.Failed != 0 {
		t.Fatalf("%+v", result)
	}
	marks := 0
	for name, page := range tree(t, dir) {
		switch filepath.Ext(name) {
		case ".html":
			if strings.Contains(name, "/files/") {
				continue // a file that somebody sent
			}
			marks += strings.Count(page, "&lt;svg/onload=alert(2)&gt;")
			checkPage(t, name, page)
		case ".js":
			if strings.HasPrefix(name, "search/") && strings.ContainsAny(page, "<>\u2028") {
				t.Errorf("%s holds what would end a script", name)
			}
		}
	}
	if marks < 1000 {
		t.Errorf("the words are there %d times only", marks)
	}
}

func checkPage(t *testing.T, name, page string) {
	t.Helper()
	if strings.ContainsAny(page, "\x00\x1b") {
		t.Errorf("%s has control characters", name)
	}
	for _, n := range elements(t, page) {
		if !slices.Contains(strings.Fields(allowedElements), n.Data) {
			t.Fatalf("%s: element %q", name, n.Data)
		}
		if n.Data == "script" && (words(n) != "" || !regexp.MustCompile(`^(\.\./)*js/[a-z]+\.js$`).MatchString(attribute(n, "src"))) {
			t.Fatalf("%s: script %q %v", name, words(n), n.Attr)
		}
		for _, a := range n.Attr {
			checkAttribute(t, name, n, a)
		}
	}
}

func checkAttribute(t *testing.T, name string, n *html.Node, a html.Attribute) {
	t.Helper()
	ok := slices.Contains(strings.Fields(allowedAttributes), a.Key)
	switch {
	case a.Key == "style":
		ok = safeStyle.MatchString(a.Val)
	case strings.HasPrefix(a.Key, "on"):
		ok = slices.Contains(handlers, a.Val)
	case a.Key == "href" && n.Data == "a":
		ok = safeLink.MatchString(a.Val)
	case a.Key == "src" && n.Data == "img":
		ok = safeLink.MatchString(a.Val) && !strings.Contains(a.Val, ":")
	case a.Key == "class", a.Key == "id":
		ok = !strings.ContainsAny(a.Val, "<>\"'")
	}
	if !ok {
		t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
	}
}

// chatOf makes a chat of n messages.
func chatOf(n int) *fake {
	f := newFake()
	var ms []*archive.Message
	for i := 1; i <= n; i++ {
		ms = append(ms, &archive.Message{ID: i, Date: 1700000000 + int64(i)*60, From: "user2", Text: archive.Text{Text: "message number " + strconv.Itoa(i)}})
	}
	f.add("user2", archive.ChatPersonal, ms...)
	return f
}

func TestPagesOfAThousand(t *testing.T) {
	dir := t.TempDir()
	o := utc()
	o.Chats = []archive.PeerID{"user2"}
	f := chatOf(2500)
	f.messages["user2"][2400].Reply = &archive.Reply{MessageID: 5}
	mustPages(t, f, dir, o)
	files := tree(t, dir)
	for page, want := range map[string]int{"messages.html": 1000, "messages2.html": 1000, "messages3.html": 500} {
		if got := strings.Count(files[page], `<div class="message default`); got != want {
			t.Errorf("%s has %d messages, want %d", page, got, want)
		}
		if n := strings.Count(files["search/chat/"+map[string]string{"messages.html": "1", "messages2.html": "2", "messages3.html": "3"}[page]+".js"], "message number"); n != want {
			t.Errorf("the search has %d messages of %s", n, page)
		}
	}
	if !strings.Contains(files["messages3.html"], `href="messages.html#go_to_message5"`) {
		t.Error("a reply does not lead to an earlier page")
	}
	if !strings.Contains(files["messages.html"], `href="messages2.html"`) || !strings.Contains(files["messages3.html"], `href="messages2.html"`) {
		t.Error("pages are not linked")
	}
}

// TestPagesAgain runs into the same folder: nothing that need not change is touched.
func TestPagesAgain(t *testing.T) {
	dir := t.TempDir()
	o := utc()
	mustPages(t, chatOf(2500), dir, o)
	before := stamps(t, dir)
	mustPages(t, chatOf(2500), dir, o)
	if after := stamps(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("the same export again changes files:\n%v\n%v", before, after)
	}
	mustPages(t, chatOf(2600), dir, o)
	after := stamps(t, dir)
	for name, at := range before {
		changed := !after[name].Equal(at)
		must := strings.HasSuffix(name, "messages3.html") || strings.HasSuffix(name, "3.js") || strings.HasSuffix(name, "lists/chats.html") || name == "search/chats.js"
		if changed != must {
			t.Errorf("%s: changed %v", name, changed)
		}
	}
	mustPages(t, chatOf(900), dir, o)
	for name := range tree(t, dir) {
		if strings.HasSuffix(name, "messages2.html") || strings.HasSuffix(name, "/2.js") {
			t.Errorf("%s is still there", name)
		}
	}
}

// TestPagesStopped ends an export in the middle: what an earlier run wrote is whole, and so
// is every page that this one wrote; the next run makes it complete.
func TestPagesStopped(t *testing.T) {
	dir := t.TempDir()
	o := utc()
	mustPages(t, chatOf(1500), dir, o)
	ctx, stop := context.WithCancel(t.Context())
	o.Progress = func(p Progress) {
		if p.Messages == 2200 {
			stop()
		}
	}
	if _, err := HTML(ctx, chatOf(3000), dir, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	files := tree(t, dir)
	for name, page := range files {
		if strings.HasSuffix(name, ".html") && !strings.HasSuffix(page, "</html>\n") || strings.HasPrefix(name, "search/") && !strings.HasSuffix(page, ");\n") {
			t.Errorf("%s is half a file", name)
		}
	}
	parts, err := filepath.Glob(filepath.Join(dir, partPrefix+"*"))
	if err != nil || len(parts) > 0 {
		t.Errorf("left behind: %q, %v", parts, err)
	}
	o.Progress = nil
	mustPages(t, chatOf(3000), dir, o)
	fresh := t.TempDir()
	mustPages(t, chatOf(3000), fresh, o)
	if !reflect.DeepEqual(tree(t, dir), tree(t, fresh)) {
		t.Error("an export that was stopped and run again is not as one that was not")
	}
}

// stamps maps files to when they were written.
func stamps(t *testing.T, dir string) map[string]time.Time {
	t.Helper()
	out := map[string]time.Time{}
	for name := range tree(t, dir) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = info.ModTime()
	}
	return out
}

// TestSignature: what a page has is never ruled out, and most of what it has not is.
func TestSignature(t *testing.T) {
	var s signature
	s.add("Grüße aus dem Straßencafé ΟΔΟΣ İstanbul 東京タワー number 12345")
	bits := s.fold()
	has := func(word string) bool {
		var q signature
		q.add(word)
		for i, b := range q.bits {
			for bit := range 8 {
				if b&(1<<bit) != 0 && bits[(i*8+bit)%(len(bits)*8)/8]&(1<<bit) == 0 {
					return false
				}
			}
		}
		return true
	}
	for _, word := range []string{"grüße", "traßen", "οδος", "istanbul", "東京", "タワー", "234"} {
		if !has(word) {
			t.Errorf("%q is ruled out", word)
		}
	}
	for _, word := range []string{"elephant", "大阪", "zzz999"} {
		if has(word) {
			t.Errorf("%q is not ruled out", word)
		}
	}
}
