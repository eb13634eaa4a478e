package world

import (
	"bytes"
	"io"
	"testing"

	"github.com/gotd/td/tg"
)

func fromSeed(t testing.TB, o SeedOptions) *World {
	t.Helper()
	if o.Now == nil {
		o.Options = newClock().options()
	}
	w, err := FromSeed(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// everythingOf is all messages of a world as bytes.
func everythingOf(w *World) []byte {
	var out []byte
	a := w.accounts[0]
	for _, c := range a.order {
		for i := range c.len() {
			if m := c.message(i); m != nil {
				out = append(out, encodeMessage(m)...)
			}
		}
	}
	return out
}

func TestTheSameSeedMakesTheSameWorld(t *testing.T) {
	o := SeedOptions{Seed: 5, Messages: 900, MediaBytes: 4 << 20}
	one, two := fromSeed(t, o), fromSeed(t, o)
	if !bytes.Equal(everythingOf(one), everythingOf(two)) {
		t.Error("two worlds of one seed differ")
	}
	o.Seed = 6
	if bytes.Equal(everythingOf(one), everythingOf(fromSeed(t, o))) {
		t.Error("two seeds make the same world")
	}
	for f := range one.accounts[0].chats {
		if one.accessHash(f) != two.accessHash(f) {
			t.Error("access hashes differ")
		}
	}
}

func TestASeedMakesAsMuchAsIsAskedFor(t *testing.T) {
	for _, o := range []SeedOptions{{}, {Messages: 1, Chats: 1}, {Messages: 5, Chats: 40}, {Messages: 10_000, Chats: 60, MediaBytes: 1 << 30}, {Messages: 300, MediaBytes: -1}} {
		w := fromSeed(t, o)
		messages, files, size := 0, map[int64]bool{}, int64(0)
		for _, c := range w.accounts[0].order {
			last, lastDate := 0, 0
			for i := range c.len() {
				if c.id(i) <= last || c.date(i) < lastDate {
					t.Fatalf("%+v: chat %s: position %d has id %d after %d, date %d after %d", o, c.peer, i, c.id(i), last, c.date(i), lastDate)
				}
				last, lastDate = c.id(i), c.date(i)
				m := c.message(i)
				if m == nil {
					continue
				}
				messages++
				if m.GetID() != c.id(i) {
					t.Fatalf("message %d stands at id %d", m.GetID(), c.id(i))
				}
				if id, n := fileOf(m); id != 0 && !files[id] {
					files[id] = true
					size += n
					if f := w.files(id); f == nil || f.photo && largest(f).Size() != n || !f.photo && f.parts[""].Size() != n {
						t.Fatalf("file %d is declared with %d bytes", id, n)
					}
				}
			}
			if c.count() != c.len()-c.base.gone() {
				t.Errorf("chat %s counts %d", c.peer, c.count())
			}
		}
		want := max(o.Messages, 0)
		if want == 0 {
			want = 2000
		}
		if messages != want {
			t.Errorf("%+v: %d messages", o, messages)
		}
		switch bytes := o.MediaBytes; {
		case bytes < 0 && len(files) > 0:
			t.Errorf("%d files where none were wanted", len(files))
		case bytes > 0 && (size < bytes*9/10 || size > bytes*13/10):
			t.Errorf("%+v: %d files of %d bytes", o, len(files), size)
		}
	}
}

// fileOf returns id and declared size of a message's file.
func fileOf(m tg.MessageClass) (int64, int64) {
	switch media := mediaOf(m).(type) {
	case *tg.MessageMediaPhoto:
		if p, ok := media.Photo.(*tg.Photo); ok {
			o := object{}
			photoFacts(o, p)
			return p.ID, mustInt(o["photo_file_size"])
		}
	case *tg.MessageMediaDocument:
		if d, ok := media.Document.(*tg.Document); ok {
			return d.ID, d.Size
		}
	}
	return 0, 0
}

func TestASeedKnowsEveryKind(t *testing.T) {
	w := fromSeed(t, SeedOptions{Messages: 20_000, MediaBytes: 64 << 20})
	seen := map[string]int{}
	dcs := map[int]int{}
	uses := map[int64]map[peer]bool{}
	for _, c := range w.accounts[0].order {
		for i := range c.len() {
			m := c.message(i)
			if m == nil {
				seen["gap"]++
				continue
			}
			if media := mediaOf(m); media != nil {
				seen[media.TypeName()]++
			}
			if k := kindOf(m); k != "" {
				seen[k]++
			}
			if id, _ := fileOf(m); id != 0 {
				if uses[id] == nil {
					uses[id] = map[peer]bool{}
				}
				uses[id][c.peer] = true
				dcs[w.files(id).dc]++
			}
			switch m := m.(type) {
			case *tg.MessageService:
				seen[m.Action.TypeName()]++
			case *tg.Message:
				for _, e := range m.Entities {
					seen[e.TypeName()]++
				}
				for what, is := range map[string]bool{
					"edited": m.EditDate != 0, "reply": m.ReplyTo != nil, "forward": m.FwdFrom.Date != 0, "album": m.GroupedID != 0,
					"reaction": len(m.Reactions.Results) > 0, "recent": len(m.Reactions.RecentReactions) > 0, "buttons": m.ReplyMarkup != nil,
					"out": m.Out, "post": m.Post, "non-ascii": !isASCII([]byte(m.Message)),
				} {
					if is {
						seen[what]++
					}
				}
			}
		}
	}
	for _, want := range []string{
		"gap", "edited", "reply", "forward", "album", "reaction", "recent", "buttons", "out", "post", "non-ascii",
		"messageMediaPhoto", "messageMediaPoll", "messageMediaGeo", "messageMediaContact", "messageMediaVenue", "messageMediaDice", "messageMediaWebPage",
		"voice", "file", "video", "sticker", "animation", "round", "music",
		"messageActionChatCreate", "messageActionChannelCreate", "messageActionPinMessage", "messageActionTopicCreate", "messageActionPhoneCall", "messageActionChatAddUser", "messageActionContactSignUp",
		"messageEntityBold", "messageEntityCustomEmoji", "messageEntityPre", "messageEntityUrl", "messageEntityBlockquote",
	} {
		if seen[want] == 0 {
			t.Errorf("no %s in 20,000 messages", want)
		}
	}
	if dcs[2] == 0 || dcs[4] == 0 || len(dcs) != 2 {
		t.Errorf("files per data centre: %v", dcs)
	}
	shared := 0
	for _, chats := range uses {
		if len(chats) > 1 {
			shared++
		}
	}
	if shared == 0 {
		t.Error("no file is in two chats")
	}
}

func TestAMillionMessagesTakeNoMemory(t *testing.T) {
	w := fromSeed(t, SeedOptions{Messages: 1_000_000, Chats: 30, MediaBytes: 1 << 30})
	g := visit(t, w)
	for _, c := range w.accounts[0].order[:12] {
		m := g.messages(&tg.MessagesGetHistoryRequest{Peer: g.input(c.peer), OffsetID: c.lastID() / 2, Limit: 100})
		if len(m.list) < 90 {
			t.Errorf("chat %s: %d messages from the middle", c.peer, len(m.list))
		}
	}
	if allocated := testing.AllocsPerRun(1, func() { fromSeed(t, SeedOptions{Messages: 1_000_000}) }); allocated > 20_000 {
		t.Errorf("a world of a million messages takes %v allocations", allocated)
	}
}

func TestMadeContentIsTheSameAtEveryOffset(t *testing.T) {
	for name, c := range map[string]content{
		"noise": made{seed: 3, size: 10_001, head: []byte("a head")},
		"notes": notes{seed: 3, size: 10_001},
	} {
		whole := make([]byte, c.Size())
		if n, err := c.ReadAt(whole, 0); n != len(whole) || err != nil && err != io.EOF {
			t.Fatal(name, n, err)
		}
		for off := range 400 {
			part := make([]byte, 100+off)
			if n, _ := c.ReadAt(part, int64(off)); !bytes.Equal(part[:n], whole[off:off+n]) || n != len(part) {
				t.Fatalf("%s: %d bytes at %d differ", name, n, off)
			}
		}
		tail := make([]byte, 100)
		if n, err := c.ReadAt(tail, c.Size()-10); n != 10 || err != io.EOF {
			t.Errorf("%s: the end: %d, %v", name, n, err)
		}
	}
}

func BenchmarkHistory(b *testing.B) {
	w := fromSeed(b, SeedOptions{Messages: 1_000_000, Chats: 13, MediaBytes: 1 << 30})
	g := visit(b, w)
	c := w.accounts[0].order[2]
	n := 0
	for b.Loop() {
		n += 100
		out, err := g.raw(&tg.MessagesGetHistoryRequest{Peer: g.input(c.peer), OffsetID: 1000 + n%50_000, Limit: 100})
		if err != nil || out.Len() == 0 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "msg/s")
}

func BenchmarkHistoryOfExport(b *testing.B) {
	w, _ := fromExport(b, madeUpFolder(b))
	g := visit(b, w)
	n := 0
	for b.Loop() {
		n += 67
		if _, err := g.raw(&tg.MessagesGetHistoryRequest{Peer: g.input(userPeer(700000002)), Limit: 100}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "msg/s")
}

func BenchmarkDownload(b *testing.B) {
	c := made{seed: 1, size: 1 << 40}
	b.SetBytes(512 << 10)
	for b.Loop() {
		if data, err := readPart(c, 0, 512<<10); err != nil || len(data) != 512<<10 {
			b.Fatal(err)
		}
	}
}
