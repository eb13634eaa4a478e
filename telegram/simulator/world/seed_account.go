package world

import (
	"fmt"

	"github.com/gotd/td/tg"
)

// possess makes what the owner of a made-up account holds besides chats and
// people.
func (t *town) possess(a *account) {
	t.tellStories(a)
	for n := range 2 {
		id := t.files.extra(int64(200 + n))
		f := &file{id: id, dc: t.files.dc(id), mime: "audio/mpeg", parts: map[string]content{"": made{seed: mix(t.seed, uint64(id)), size: 9000 + int64(n)*500, head: []byte("ID3")}}}
		t.w.shelf[id] = f
		audio := &tg.DocumentAttributeAudio{Duration: 150 + n*31}
		audio.SetTitle([]string{"Low Tide", "Second Gear"}[n])
		audio.SetPerformer("The Made-ups")
		a.music = append(a.music, encodeTL(&tg.Document{
			ID: id, Date: lifeEnds - n*86400, MimeType: f.mime, Size: f.parts[""].Size(), DCID: f.dc,
			Attributes: []tg.DocumentAttributeClass{audio, &tg.DocumentAttributeFilename{FileName: fmt.Sprintf("track_%d.mp3", n+1)}},
		}))
	}
	for n, device := range []string{"This one", "Phone", "Laptop"} {
		a.sessions = append(a.sessions, tg.Authorization{
			Hash: int64(n) * 7_000_000_001, DeviceModel: device, Platform: "Made-up", SystemVersion: "1.0", APIID: n + 1, AppName: "Client", AppVersion: "2.0",
			OfficialApp: n == 1, DateCreated: lifeBegins + n*86400, DateActive: lifeEnds - n*3600, IP: fmt.Sprintf("192.0.2.%d", n+1), Country: "Nowhere", Region: "Coast",
		})
	}
	a.saved = append(a.saved, tg.SavedPhoneContact{Phone: "9996600000", FirstName: "Old", LastName: "Number", Date: lifeBegins})
	a.otherData = []byte(`{"about": "What else a made-up server holds.", "payments": [{"card": "none", "sum": 0}], "saved_gifs": 2}`)
	t.file(a)
}

// tellStories makes the archive of stories, newest first.
func (t *town) tellStories(a *account) {
	for n := range 3 {
		id := t.files.extra(int64(100 + n))
		p := newPicture(id, t.files.dc(id), lifeEnds-n*90_000, 360, 640, made{seed: mix(t.seed, uint64(id)), size: 15_000 + int64(n)*900, head: t.files.pictures[n][:600]})
		t.w.shelf[id] = p.file
		a.stories = append(a.stories, story{
			id: 3 - n, date: p.date, expires: p.date + 86400, pinned: n == 1, views: 40 - n*13,
			caption: []string{"Low water at the harbour.", "", "First ride of the year!"}[n],
			media:   encodeTL(&tg.MessageMediaPhoto{Photo: p.tl()}),
		})
	}
}

// file makes folders, drafts, and a site that a bot signed the account in to.
func (t *town) file(a *account) {
	var people, groups, bots []peer
	for _, c := range a.order {
		switch {
		case c.kind == 'u' && t.w.people[c.peer.id].bot:
			bots = append(bots, c.peer)
		case c.kind == 'u' && c.peer.id != t.self:
			people = append(people, c.peer)
		case c.kind != 'u':
			groups = append(groups, c.peer)
		}
	}
	if len(people) > 0 && len(groups) > 0 {
		a.folders = []folder{
			{id: 2, title: "Friends", include: people[:min(len(people), 5)]},
			{id: 3, title: "Groups", groups: true, pinned: groups[:1], exclude: people[:1]},
		}
	}
	for n, p := range people[:min(len(people), 2)] {
		a.drafts = append(a.drafts, draft{chat: p, text: []string{"I was about to say that", "Tomorrow?"}[n], date: lifeEnds - n*500})
	}
	for _, bot := range bots[:min(len(bots), 1)] {
		a.sites = append(a.sites, tg.WebAuthorization{
			Hash: 77, BotID: bot.id, Domain: "example.org", Browser: "Browser", Platform: "Made-up", DateCreated: lifeBegins, DateActive: lifeEnds,
			IP: "192.0.2.77", Region: "Coast",
		})
	}
}

// extra is the id of a file that stands in no message.
func (w *warehouse) extra(n int64) int64 { return portraitBase + perSort/2 + n }
