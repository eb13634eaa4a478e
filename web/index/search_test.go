package index

import (
	"fmt"
	"strings"
	"testing"

	"telekeep/archive"
)

// marked writes a snippet with brackets around matches.
func marked(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Match {
			b.WriteString("[" + s.Text + "]")
		} else {
			b.WriteString(s.Text)
		}
	}
	return b.String()
}

func TestWords(t *testing.T) {
	texts := []string{
		1:  "The quick brown fox",
		2:  "Crème BRÛLÉE at Ñandú's",
		3:  "今日は東京タワーに行きました",
		4:  "我们明天去北京大学",
		5:  "Привет, ёжик и й",
		6:  "straße Łódź Ørsted ﬁne Ｆｕｌｌ",
		7:  "أَحْمَد كتاب",
		8:  "한국어에서 왔습니다",
		9:  "party 🎉 #birthday @anna IMG_2023.jpg",
		10: "ใครขายไข่ไก่",
		11: "हिन्दी में",
		12: "brown quick",
		13: "a\u200dz zero\u00adwidth",
		14: strings.Repeat("x", 100) + " end",
		15: "bad \xff\xfe utf8",
	}
	var records []*archive.Record
	for id, text := range texts {
		if text != "" {
			records = append(records, said(village, id, text))
		}
	}
	x := indexOf(t, records...)
	for _, c := range []struct{ text, want string }{
		{"quick", "[12 1]"}, {"QUICK fox", "[1]"}, {`"quick brown"`, "[1]"}, {"quick -fox", "[12]"}, {`brown -"quick brown"`, "[12]"},
		{"qui", "[12 1]"}, {"qui ", "[]"}, {"qui fox", "[]"}, {"qui* fox", "[1]"}, {`"quick bro`, "[1]"}, {"“quick brown”", "[1]"},
		{"creme brulee", "[2]"}, {"nandu", "[2]"}, {"東京", "[3]"}, {"京タ", "[3]"}, {"ガワ", "[]"}, {"タワー", "[3]"}, {"京東", "[]"}, {"北京", "[4]"}, {"学", "[4]"},
		{"ежик", "[5]"}, {"ПРИВЕТ", "[5]"}, {"strasse", "[6]"}, {"lodz", "[6]"}, {"orsted", "[6]"}, {"fine", "[6]"}, {"full", "[6]"},
		{"احمد", "[7]"}, {"한국", "[8]"}, {"국어", "[8]"}, {"🎉", "[9]"}, {"birthday", "[9]"}, {"#birthday", "[9]"}, {"img", "[9]"}, {"IMG_2023.jpg", "[9]"}, {"2023 jpg", "[9]"},
		{"ไข่", "[10]"}, {"हिन्दी", "[11]"}, {"az", "[13]"}, {"zerowidth", "[13]"}, {strings.Repeat("x", 100), "[14]"}, {"utf8", "[15]"},
		{"-quick -brown -creme", fmt.Sprint([]int{15, 14, 13, 11, 10, 9, 8, 7, 6, 5, 4, 3})},
		{"nothing", "[]"}, {"- --", "[15 14 13 12 11 10 9 8 7 6 5 4 3 2 1]"},
	} {
		if got := ids(t, x, Query{Text: c.text}); got != c.want {
			t.Errorf("%q finds %s, not %s", c.text, got, c.want)
		}
	}
	if got := ids(t, x, Query{Text: "qui", Exact: true}); got != "[]" {
		t.Errorf("qui, exact, finds %s", got)
	}
}

// Whatever people type is words, or nothing.
func TestNoSyntaxErrors(t *testing.T) {
	x := indexOf(t, said(village, 1, "body marks NEAR and OR not"))
	for _, text := range []string{
		`"`, `""`, `"""`, "*", "a*b", "(", ")", "NEAR(", "AND", "OR", "NOT", "a AND", "body:", "body : x", "{body marks}: x", "^a", "a + b", "-", `-"`, "-(", `'`, `\`, "\x00",
		"a\x00b", "%", ";DROP TABLE doc", "\ue000", "\ue000a1", "\ue001", "\xff", strings.Repeat("a ", 5000), strings.Repeat(`"a`, 999), strings.Repeat("京", 5000), "a:*", `"a" "b`,
	} {
		if _, err := x.Search(t.Context(), Query{Text: text}); err != nil {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	if got := ids(t, x, Query{Text: "near AND or"}); got != "[1]" {
		t.Errorf("near AND or finds %s", got)
	}
}

func FuzzSearch(f *testing.F) {
	f.Add(`a "b c" -d*`, "a b c")
	f.Add("東", "東京")
	f.Fuzz(func(t *testing.T, text, stored string) {
		x := indexOf(t, said(village, 1, stored))
		page, err := x.Search(t.Context(), Query{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range page.Hits {
			marked(h.Snippet)
		}
		var first string
		newFolder().words(stored, func(w word) {
			if first == "" {
				first = stored[w.start:w.end]
			}
		})
		if first != "" && ids(t, x, Query{Text: first, Exact: true}) != "[1]" {
			t.Errorf("%q is not found in %q", first, stored)
		}
	})
}

func TestFilters(t *testing.T) {
	photo := changed(said(anna, 4, "look"), func(m *archive.Message) {
		m.Media = &archive.Media{Kind: archive.MediaKindPhoto, File: &archive.File{Key: "photo:1", Size: 10}}
	})
	x := indexOf(t,
		called(anna, "Anna", "Smith"), said(village, 1, "look one"), changed(said(village, 2, "look two"), func(m *archive.Message) { m.Topic, m.From = 7, me }),
		changed(said(village, 3, "look https://example.org"), func(m *archive.Message) { m.Text.Entities = []archive.Entity{{Type: "link"}} }),
		photo, said(anna, 5, "look five"), deleted("", 5), deleted(village, 1),
	)
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{}, "[5 4 3 2 1]"},
		{Query{Chats: []archive.PeerID{village}}, "[3 2 1]"},
		{Query{Chats: []archive.PeerID{"channel9"}}, "[]"},
		{Query{Account: "user9"}, "[]"},
		{Query{Account: me, Chats: []archive.PeerID{anna}}, "[5 4]"},
		{Query{Topic: 7}, "[2]"},
		{Query{Sender: me}, "[2]"},
		{Query{Kinds: []archive.Content{archive.ContentPhoto}}, "[4]"},
		{Query{Kinds: []archive.Content{archive.ContentPhoto, archive.ContentLink}}, "[4 3]"},
		{Query{Kinds: []archive.Content{archive.ContentText}, Deleted: Hide}, "[2]"},
		{Query{Deleted: Only}, "[5 1]"},
		{Query{Text: "look", Deleted: Hide, Sender: anna}, "[4 3]"},
		{Query{Text: "-five", Chats: []archive.PeerID{anna}}, "[4]"},
		{Query{From: 1_700_000_000 + 2*60, Until: 1_700_000_000 + 4*60}, "[3 2]"},
		{Query{Text: "look", From: 1_700_000_000 + 5*60}, "[5]"},
		{Query{Text: "look", Until: 1_700_000_000 + 1*60}, "[]"},
		{Query{Earlier: Only}, "[]"},
	} {
		if got := ids(t, x, c.q); got != c.want {
			t.Errorf("%+v finds %s, not %s", c.q, got, c.want)
		}
	}
	page, err := x.Search(t.Context(), Query{Text: "five"})
	if err != nil || len(page.Hits) != 1 {
		t.Fatalf("%d hits, %v", len(page.Hits), err)
	}
	h := page.Hits[0]
	if h.Account != me || h.Chat != anna || h.ChatName != "Anna Smith" || h.SenderName != "Anna Smith" || h.Sender != anna || !h.Deleted || h.Kind != archive.ContentText ||
		h.Date != 1_700_000_000+5*60 || h.Version != 1 || marked(h.Snippet) != "look [five]" || h.Part != PartText {
		t.Errorf("hit %+v", h)
	}
}

func TestParts(t *testing.T) {
	title := "New title"
	with := func(id int, change func(m *archive.Message)) *archive.Record {
		return changed(said(village, id, ""), change)
	}
	media := func(id int, m archive.Media) *archive.Record {
		return with(id, func(message *archive.Message) { message.Media = &m })
	}
	x := indexOf(t, called("user8", "Zoë", "Member"),
		media(1, archive.Media{Kind: archive.MediaKindDocument, Audio: true, File: &archive.File{Key: "document:1", Name: "holiday-plan.pdf"}, Performer: "Orchestra"}),
		media(2, archive.Media{Kind: archive.MediaKindPoll, Poll: &archive.Poll{Question: archive.Text{Text: "Favourite colour?"}, Answers: []archive.PollAnswer{{Text: archive.Text{Text: "turquoise"}}}}}),
		media(3, archive.Media{Kind: archive.MediaKindWebpage, Webpage: &archive.Webpage{Title: "Breaking", Description: "news from everywhere", URL: "https://example.org/path"}}),
		media(4, archive.Media{Kind: archive.MediaKindContact, Contact: &archive.Contact{FirstName: "Grace", LastName: "Hopper", Phone: "15551234"}}),
		with(5, func(m *archive.Message) {
			m.Action = &archive.Action{Type: "invite_members", Members: []archive.PeerID{"user8"}}
		}),
		with(6, func(m *archive.Message) { m.Action = &archive.Action{Type: "topic_edit", NewTitle: &title} }),
		media(7, archive.Media{Kind: archive.MediaKindTodo, Todo: &archive.Todo{Title: archive.Text{Text: "Groceries"}, Items: []archive.TodoItem{{Text: archive.Text{Text: "milk"}}}}}),
		media(8, archive.Media{Kind: archive.MediaKindVenue, Place: &archive.Place{Title: "Opera", Address: "Main Street"}}),
		changed(said(village, 9, "caption"), func(m *archive.Message) {
			m.Media = &archive.Media{Kind: archive.MediaKindDocument, File: &archive.File{Key: "document:2", Name: "ending.txt"}}
		}),
	)
	for _, c := range []struct {
		text, want string
		part       Part
		kind       archive.Content
	}{
		{"plan", "holiday-[plan].pdf Orchestra", PartFile, archive.ContentAudio}, {"turquoise", "Favourite colour? [turquoise]", PartPoll, archive.ContentPoll}, {"everywhere", "Breaking news from [everywhere] https://example.org/path", PartPreview, archive.ContentLink},
		{"hopper", "Grace [Hopper] 15551234", PartContact, archive.ContentContact}, {"zoe", "invite members [Zoë] Member", PartService, archive.ContentService}, {"title", "topic edit New [title]", PartService, archive.ContentService},
		{"milk", "Groceries [milk]", PartPoll, archive.ContentPoll}, {"street", "Opera Main [Street]", PartPlace, archive.ContentLocation}, {"ending", "[ending].txt", PartFile, archive.ContentFile},
	} {
		page, err := x.Search(t.Context(), Query{Text: c.text})
		if err != nil || len(page.Hits) != 1 {
			t.Errorf("%q: %d hits, %v", c.text, len(page.Hits), err)
			continue
		}
		if h := page.Hits[0]; marked(h.Snippet) != c.want || h.Part != c.part || h.Kind != c.kind {
			t.Errorf("%q: %s %s %q, not %s %s %q", c.text, h.Part, h.Kind, marked(h.Snippet), c.part, c.kind, c.want)
		}
	}
	if got := ids(t, x, Query{Text: `"caption ending"`}); got != "[]" {
		t.Errorf("a phrase reaches from one part into the next: %s", got)
	}
}

func TestPages(t *testing.T) {
	var records []*archive.Record
	for id := 1; id <= 1500; id++ {
		r := said(village, id, "same word")
		r.Message.Date = 1_700_000_000 // all in one second
		records = append(records, r)
	}
	x := indexOf(t, records...)
	seen := make(map[int]bool)
	q := Query{Text: "word", Limit: 200}
	for pages := 0; ; pages++ {
		page, err := x.Search(t.Context(), q)
		if err != nil || pages > 8 {
			t.Fatal(pages, err)
		}
		if q.Before == "" && (page.Total != MostCounted || !page.More) {
			t.Errorf("total %d %v", page.Total, page.More)
		}
		for _, h := range page.Hits {
			if seen[h.ID] {
				t.Fatalf("message %d comes twice", h.ID)
			}
			seen[h.ID] = true
		}
		if q.Before = page.Next; q.Before == "" {
			break
		}
	}
	if len(seen) != 1500 {
		t.Errorf("%d of 1500 messages", len(seen))
	}
	if page, err := x.Search(t.Context(), Query{Before: "no cursor!"}); err != nil || len(page.Hits) != 0 {
		t.Errorf("forged cursor: %v, %v", page, err)
	}
}

func TestSnippets(t *testing.T) {
	long := strings.Repeat("lorem ipsum ", 50) + "needle\nin\thay " + strings.Repeat("dolor sit ", 50)
	x := indexOf(t, said(village, 1, long), said(village, 2, "<b>bold</b> & needle"))
	page, err := x.Search(t.Context(), Query{Text: "needle"})
	if err != nil || len(page.Hits) != 2 {
		t.Fatal(page, err)
	}
	if got := marked(page.Hits[0].Snippet); got != "<b>bold</b> & [needle]" {
		t.Errorf("snippet %q", got)
	}
	got := marked(page.Hits[1].Snippet)
	if !strings.HasPrefix(got, "…") || !strings.HasSuffix(got, "…") || !strings.Contains(got, "ipsum [needle] in hay dolor") || len([]rune(got)) > 210 {
		t.Errorf("snippet %q", got)
	}
}

// FuzzCursor: a cursor that this server never gave is refused or finds what is there.
func FuzzCursor(f *testing.F) {
	x := indexOf(f, said(village, 1, "one look"), said(village, 2, "two looks"))
	f.Add("1")
	f.Add("zzzzzzzzzzzzz")
	f.Add("-1")
	f.Fuzz(func(t *testing.T, cursor string) {
		page, err := x.Search(t.Context(), Query{Text: "look", Before: Cursor(cursor)})
		if err == nil && len(page.Hits) > 2 {
			t.Errorf("%d hits", len(page.Hits))
		}
	})
}
