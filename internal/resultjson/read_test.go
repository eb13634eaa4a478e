package resultjson

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// got is everything a file holds.
type got struct {
	account  *Account
	chats    []*Chat
	messages map[*Chat][]*Message
	notes    []Note
	err      error
}

func readAll(name, text string, o Options) *got {
	g := &got{messages: map[*Chat][]*Message{}}
	g.account, g.err = Read(name, strings.NewReader(text), o, Visitor{
		Chat: func(c *Chat) error { g.chats = append(g.chats, c); return nil },
		Message: func(c *Chat, m *Message) error {
			g.messages[c] = append(g.messages[c], m)
			return nil
		},
		Note: func(n Note) { g.notes = append(g.notes, n) },
	})
	return g
}

func mustRead(t *testing.T, text string) *got {
	t.Helper()
	g := readAll("result.json", text, Options{})
	if g.err != nil {
		t.Fatal(g.err)
	}
	return g
}

// one wraps message keys in a single-chat export and returns the message.
func one(t *testing.T, keys string) *Message {
	t.Helper()
	g := mustRead(t, `{"name": "N", "type": "private_supergroup", "id": 7, "messages": [{"id": 1, `+keys+`}]}`)
	return g.messages[g.chats[0]][0]
}

func everything(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/everything.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEverythingIsUnderstood(t *testing.T) {
	g := mustRead(t, everything(t))
	for _, n := range g.notes {
		t.Errorf("line %d: %s: %s", n.Line, n.Key, n.Text)
	}
	if g.account == nil || g.account.Personal.Username != "@mira_talvi" || len(g.account.Contacts.List) != 3 || len(g.account.Frequent.List) != 3 {
		t.Fatalf("account: %+v", g.account)
	}
	if g.account.OtherData != `{"created_by":"the server","drafts":[]}` {
		t.Errorf("other_data: %s", g.account.OtherData)
	}
	if len(g.chats) != 11 || !g.chats[10].Left || g.chats[9].Name != nil || !g.chats[7].Name.Null {
		t.Fatalf("%d chats", len(g.chats))
	}
	if p := g.chats[2].Peer(); p != "chat700000031" {
		t.Errorf("basic group is %s", p)
	}
}

func TestEverythingKeepsItsValues(t *testing.T) {
	g := mustRead(t, everything(t))
	by := map[string]*Message{}
	for _, c := range g.chats {
		for _, m := range g.messages[c] {
			by[m.Action+m.InformationText+PlainText(m.Text)] = m
		}
	}
	check := func(what string, ok bool) {
		t.Helper()
		if !ok {
			t.Error(what)
		}
	}
	check("custom action", by["Something the server told"].ActorID == "user700000002")
	check("web view data", by["send_webview_data"].WebViewData == "Chosen: tea")
	check("control character", by["note\vto self"] != nil)
	peers := by["requested_peer"].Peers
	check("nested peers", len(peers) == 2 && peers[0] == "user700000002" && peers[1] == "channel700000021")
	check("recent", by["reacted"].Reactions[0].Recent[1].FromID == "user700000001")
	check("recent date", by["reacted"].Reactions[0].Recent[0].Date == 1700001234)
	check("null forward", by["forwarded from the deleted"].ForwardedFrom.Null)
	check("absent forward", by["a reply"].ForwardedFrom == nil)
	check("edited", by["Ünïcode 🙂 fett"].Edited == by["Ünïcode 🙂 fett"].Date+120)
	members := g.messages[g.chats[2]][0].Members
	check("members", len(members) == 4 && members[2] == Name{Text: "Ада Ветрова"} && members[3] == Name{Null: true})
	check("icon", *by["topic_edit"].NewIconEmojiID == 5368324170671202286)
	check("gift text", PlainText(by["send_star_gift"].GiftText) == "For you")
	var invoice, null bool
	for _, m := range g.messages[g.chats[0]] {
		invoice = invoice || m.Invoice != nil && m.Invoice.Description == `A "cup"` && m.Invoice.ReceiptID == 3
		null = null || m.Location != nil && m.Location.Null
	}
	check("invoice inside a string", invoice)
	check("null location", null)
}

func TestIDsOfEveryEra(t *testing.T) {
	for _, tt := range []struct{ keys, want string }{
		{`"from_id": "user123"`, "user123"},
		{`"from_id": 123`, "user123"},
		{`"from_id": 4294967419`, "user123"},
		{`"from_id": 8589934715`, "channel123"},
		{`"from_id": "channel5000000000"`, "channel5000000000"},
		{`"from_id": 562949953421435`, "channel123"},
		{`"from_id": null`, ""},
	} {
		if m := one(t, tt.keys); string(m.FromID) != tt.want {
			t.Errorf("%s: %q, want %q", tt.keys, m.FromID, tt.want)
		}
	}
}

func TestOldChatIDsLoseTheirMarks(t *testing.T) {
	const message = `"messages": [{"id": 1, "from": "A", "from_id": 4294967301, "actor_id": 8589934599, "text": ""}]`
	for _, tt := range []struct{ head, want, actor string }{
		{`"type": "personal_chat", "id": 4294967303`, "user7", "channel7"},
		{`"type": "private_group", "id": 8589934599`, "chat7", "chat7"},
		{`"type": "public_channel", "id": 8589934599`, "channel7", "channel7"},
	} {
		g := mustRead(t, `{"name": "N", `+tt.head+`, `+message+`}`)
		m := g.messages[g.chats[0]][0]
		if string(g.chats[0].Peer()) != tt.want || m.FromID != "user5" || string(m.ActorID) != tt.actor {
			t.Errorf("%s: chat %s, from %s, actor %s", tt.head, g.chats[0].Peer(), m.FromID, m.ActorID)
		}
	}
	modern := mustRead(t, `{"name": "N", "type": "personal_chat", "id": 4294967303, "messages": [{"id": 1, "from_id": "user1"}]}`)
	if p := modern.chats[0].Peer(); p != "user4294967303" {
		t.Errorf("a long user id became %s", p)
	}
}

func TestDatesWithAndWithoutUnixTime(t *testing.T) {
	zone := time.FixedZone("", 5*3600)
	for _, tt := range []struct {
		keys         string
		date, edited int64
	}{
		{`"date": "2021-01-01T05:00:00"`, 1609459200, 0},
		{`"date": "2021-01-01T05:00:00", "date_unixtime": "77"`, 77, 0},
		{`"date": "2021-01-01T05:00:00", "date_unixtime": 78`, 78, 0},
		{`"date": "2021-01-01T05:00:00", "edited": "1970-01-01T05:00:00"`, 1609459200, 0},
		{`"date": "2021-01-01T05:00:00", "edited": "2021-01-01T05:00:01"`, 1609459200, 1609459201},
	} {
		g := readAll("f", `{"type": "personal_chat", "id": 1, "messages": [{"id": 1, `+tt.keys+`}]}`, Options{Location: zone})
		if g.err != nil {
			t.Fatal(g.err)
		}
		if m := g.messages[g.chats[0]][0]; m.Date != tt.date || m.Edited != tt.edited {
			t.Errorf("%s: %d, %d", tt.keys, m.Date, m.Edited)
		}
	}
}

func TestTexts(t *testing.T) {
	for _, tt := range []struct{ keys, plain, types string }{
		{`"text": ""`, "", ""},
		{`"text": "a"`, "a", "plain"},
		{`"text": ["a", {"type": "bold", "text": "b"}, ""]`, "ab", "plain bold plain"},
		{`"text": "ab", "text_entities": [{"type": "italic", "text": "ab"}]`, "ab", "italic"},
		{`"text_entities": []`, "", ""},
		{`"text": "tab\x09 and \x1F"`, "tab\t and \x1f", "plain"},
		{`"text": "\ud83d\ude42 \ud83d \u00e4\/"`, "🙂 \ufffd ä/", "plain"},
	} {
		m := one(t, tt.keys)
		var types []string
		for _, p := range m.Text {
			types = append(types, p.Type)
		}
		if PlainText(m.Text) != tt.plain || strings.Join(types, " ") != tt.types {
			t.Errorf("%s: %q, %q", tt.keys, PlainText(m.Text), types)
		}
	}
}

func TestUnknownKeysAreKeptAndReported(t *testing.T) {
	g := mustRead(t, `{"type": "personal_chat", "id": 1, "messages": [{"id": 1, "poll": {"question": "q", "colour": [1, "two"]}, "dice": {"value": 6}}], "pinned": true}`)
	c := g.chats[0]
	m := g.messages[c][0]
	if m.Unknown["dice"] != `{"value":6}` {
		t.Errorf("message: %v", m.Unknown)
	}
	if len(g.notes) != 3 {
		t.Errorf("notes: %v", g.notes)
	}
}

// What this program's own exports add is no surprise.
func TestOwnKeyIsKept(t *testing.T) {
	g := mustRead(t, `{"type": "personal_chat", "id": 1, "messages": [{"id": 1, "telekeep": {"deleted": true}}]}`)
	if m := g.messages[g.chats[0]][0]; m.Unknown["telekeep"] != `{"deleted":true}` || len(g.notes) != 0 {
		t.Errorf("%v, notes %v", m.Unknown, g.notes)
	}
}

func TestMessagesBeforeTheirChatsHeader(t *testing.T) {
	g := mustRead(t, `{"messages": [{"id": 5}, {"id": 6}], "id": 9, "type": "bot_chat", "name": null}`)
	if len(g.chats) != 1 || g.chats[0].ID != 9 || len(g.messages[g.chats[0]]) != 2 {
		t.Fatalf("%+v", g)
	}
}

func TestErrorsNameFileLineAndKey(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"{\n \"type\": \"bot_chat\", \"id\": 1,\n \"messages\": [\n  {\n   \"id\": 1,\n   \"width\": \"wide\"\n  }\n ]\n}",
			`f:6: messages[0].width: "wide" is no whole number`},
		{"{\n \"type\": \"bot_chat\", \"id\": 1,\n \"messages\": [\n  {\"id\": 1, \"poll\": {\n \"answers\": [{\"text\": 5}]}}]}",
			`f:5: messages[0].poll.answers[0].text: a number where a text belongs`},
		{"{\n \"chats\": {\n  \"list\": [\n   {\"type\": \"bot_chat\", \"id\": 1, \"messages\": [{\"id\": 2},\n{\"from_id\": 3}]}]}}",
			`f:5: chats.list[0].messages[1]: a message has no id`},
		{"{\"type\": \"bot_chat\", \"id\": 1, \"messages\": [{\"id\": 2, \"from_id\": \"someone\"}]}",
			`f:1: messages[0].from_id: "someone" is no peer id`},
		{"{\"type\": \"bot_chat\",\n \"id\": 1, \"messages\": [{\"id\": 2, \"te", `f:2: messages[0]: unexpected EOF`},
		{"{\"id\": 1} x", `f:1: 'x' after the end`},
		{"{\"id\": 1}", `f:1: type: a chat has none`},
		{"{}", "f:1: " + ErrNoExport.Error()},
		{"", "f:1: unexpected EOF"},
		{"[]", `f:1: '[' where '{' belongs`},
		{"{\"type\": \"bot_chat\", \"id\": 01}", `f:1: id: "01" is no number`},
		{"{\"type\": \"a\\qb\"}", `f:1: type: unknown escape \q`},
		{"{\"messages\": " + strings.Repeat("[", 300), `f:1: messages[0]: nested too deeply`},
	} {
		g := readAll("f", tt.text, Options{})
		var e *Error
		if !errors.As(g.err, &e) {
			t.Errorf("%.60q: %v", tt.text, g.err)
			continue
		}
		if e.Error() != tt.want {
			t.Errorf("%.60q:\n  got  %s\n  want %s", tt.text, e, tt.want)
		}
	}
}

func TestAVisitorsErrorComesBackAsItIs(t *testing.T) {
	mine := errors.New("mine")
	_, err := Read("f", strings.NewReader(everything(t)), Options{}, Visitor{
		Message: func(*Chat, *Message) error { return mine },
	})
	if err != mine {
		t.Fatal(err)
	}
}

// TestRealExports reads the exports of other people, where they are at hand.
func TestRealExports(t *testing.T) {
	files, err := filepath.Glob("../../../shared/data/exports-by-era/*/result.json")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "../../../shared/data/trantor/export/result.json")
	if _, err := os.Stat(files[len(files)-1]); err != nil {
		t.Skip("the shared exports are not on this machine")
	}
	total := 0
	for _, file := range files {
		_, err := ReadFile(file, Options{}, Visitor{
			Message: func(c *Chat, m *Message) error {
				total++
				if m.Date == 0 || len(m.Unknown) > 0 {
					t.Errorf("%s: message %d: date %d, unknown %v", file, m.ID, m.Date, m.Unknown)
				}
				return nil
			},
			Note: func(n Note) { t.Errorf("%s:%d: %s: %s", file, n.Line, n.Key, n.Text) },
		})
		if err != nil {
			t.Error(err)
		}
	}
	if want := 924 + 28; total != want {
		t.Errorf("%d messages, want %d", total, want)
	}
}

func FuzzRead(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.json")
	if err != nil || len(seeds) == 0 {
		f.Fatal("no seeds: ", err)
	}
	for _, seed := range seeds {
		text, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(`{"type": "bot_chat", "id": 1, "messages": [{"id": 1, "text": ["a\x01", {"type": "pre", "text": "b", "language": ""}]}]}`)
	f.Add(`{"messages": [{"id": 1, "peers": "[1, \"user2\"]", "invoice_information": "{\"amount\": 1}"}], "id": 8589934593, "type": "private_group"}`)
	f.Fuzz(func(t *testing.T, text string) {
		g := readAll("f", text, Options{})
		var e *Error
		if g.err != nil && !errors.As(g.err, &e) {
			t.Fatalf("untyped error: %v", g.err)
		}
		if e != nil && (e.Line < 1 || e.Line > 1+strings.Count(text, "\n")) {
			t.Fatalf("line %d of %d: %v", e.Line, 1+strings.Count(text, "\n"), e)
		}
		again := readAll("f", text, Options{})
		if len(again.chats) != len(g.chats) || len(again.notes) != len(g.notes) {
			t.Fatal("the same bytes read differently")
		}
	})
}

func BenchmarkRead(b *testing.B) {
	text := everything(b)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Read("f", strings.NewReader(text), Options{}, Visitor{}); err != nil {
			b.Fatal(err)
		}
	}
}
