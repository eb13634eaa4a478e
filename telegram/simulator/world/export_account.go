package world

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/gotd/td/tg"

	"telekeep/internal/resultjson"
)

// profile adds what an export holds of the account itself.
func (im *importer) profile() {
	// A chat that stands for what is in none: media of the profile are made like those of messages.
	c := im.newChat(&surveyed{Chat: &resultjson.Chat{}, peer: userPeer(im.self)})
	c.now = &resultjson.Message{}
	im.pictures(c)
	im.stories(c)
	for i := range im.account.ProfileMusic {
		m := &im.account.ProfileMusic[i]
		c.now, c.lastDate = m, int(m.Date)
		if media, ok := c.messageMedia(m).(*tg.MessageMediaDocument); ok && media.Document != nil {
			im.a.music = append(im.a.music, encodeTL(media.Document))
		} else {
			c.warnf("music on the profile that is no document; left out")
		}
	}
	if im.account.Contacts != nil {
		im.contacts(im.account.Contacts.List)
	}
	if im.account.Frequent != nil {
		im.frequent(im.account.Frequent.List)
	}
	im.logins()
	im.a.otherData = []byte(im.account.OtherData)
}

func (im *importer) pictures(c *chatImport) {
	for i, p := range im.account.ProfilePictures {
		c.now, c.lastDate = &resultjson.Message{ID: int64(i) + 1}, int(p.Date)
		full := im.contentOf(p.Photo, 0, c.warnf)
		w, h := int64(640), int64(640)
		if _, gone := full.(absent); !gone {
			w, h = im.measure(p.Photo)
		} else {
			full = absent(1) // the export does not say how large it is
		}
		id := c.fileID(p.Photo, "profile picture")
		pic := newPicture(id, im.dcOf(id), int(p.Date), int(w), int(h), full)
		im.w.shelf[id] = pic.file
		im.a.pictures = append(im.a.pictures, pic)
	}
	slices.SortStableFunc(im.a.pictures, func(a, b picture) int { return cmp.Compare(b.date, a.date) })
	if len(im.a.pictures) > 0 {
		im.w.people[im.self].photo = im.a.pictures[0].file
	}
}

// stories makes the archive of stories, newest first. Whether one is a photo or
// a video shows in its name.
func (im *importer) stories(c *chatImport) {
	for i, s := range im.account.Stories {
		m := &resultjson.Message{ID: int64(i) + 1, Date: s.Date}
		switch strings.ToLower(path.Ext(s.Media)) {
		case ".mp4", ".mov", ".webm":
			m.File, m.MediaType = s.Media, "video_file"
		default:
			m.Photo, m.Width, m.Height = s.Media, 720, 1280
			if !resultjson.IsPlaceholder(s.Media) {
				m.Width, m.Height = im.measure(s.Media)
			}
		}
		c.now, c.lastDate = m, int(s.Date)
		im.a.stories = append(im.a.stories, story{
			id: len(im.account.Stories) - i, date: int(s.Date), expires: int(s.Expires), pinned: s.Pinned, media: encodeTL(c.messageMedia(m)),
		})
	}
}

// contacts makes the phone book. A contact whose user the export does not name
// is found by its name.
func (im *importer) contacts(list []resultjson.Contact) {
	for _, one := range list {
		phone := digits(one.Phone)
		im.a.saved = append(im.a.saved, tg.SavedPhoneContact{
			Phone: phone, FirstName: one.FirstName, LastName: one.LastName, Date: int(one.Date),
		})
		full := strings.TrimSpace(one.FirstName + " " + one.LastName)
		id := one.UserID
		if p, ok := im.book.byName[full]; ok && id == 0 && p.kind == 'u' && full != "" {
			id = p.id
		}
		if id == 0 || id == im.self {
			continue
		}
		who := im.w.people[id]
		if who == nil {
			who = &person{id: id, first: full}
			im.w.people[id] = who
		}
		if who.first == full || who.first == one.FirstName && who.last == "" { // a chat is named by the first name
			who.first, who.last = one.FirstName, one.LastName
		}
		who.phone, who.contact = phone, true
		im.a.contacts = append(im.a.contacts, id)
	}
}

// frequent makes the rating of peers by category.
func (im *importer) frequent(list []resultjson.FrequentContact) {
	for _, category := range []struct {
		word string
		tl   tg.TopPeerCategoryClass
	}{
		{"people", &tg.TopPeerCategoryCorrespondents{}},
		{"inline_bots", &tg.TopPeerCategoryBotsInline{}},
		{"calls", &tg.TopPeerCategoryPhoneCalls{}},
	} {
		var peers []tg.TopPeer
		for _, one := range list {
			if one.Category == category.word {
				peers = append(peers, tg.TopPeer{Peer: im.rated(one).tl(), Rating: one.Rating})
			}
		}
		if len(peers) > 0 {
			im.a.frequent = append(im.a.frequent, tg.TopPeerCategoryPeers{Category: category.tl, Peers: peers})
		}
	}
	for _, one := range list {
		if !slices.Contains([]string{"people", "inline_bots", "calls"}, one.Category) {
			im.warn("", 0, "a frequent contact of the category "+one.Category+"; left out")
		}
	}
}

// rated finds or makes a frequent contact.
func (im *importer) rated(one resultjson.FrequentContact) peer {
	p := peer{'c', one.ID}
	switch one.Type {
	case "user":
		p.kind = 'u'
	case resultjson.PrivateGroup:
		p.kind = 'g'
	}
	if p.kind == 'u' && im.w.people[p.id] == nil || p.kind != 'u' && im.w.places[p] == nil {
		name := one.Name
		if name == nil {
			name = &resultjson.Name{Null: true}
		}
		im.book.person(im, p, name)
	}
	return p
}

// logins makes where the account is signed in.
func (im *importer) logins() {
	if s := im.account.Sessions; s != nil {
		for _, one := range s.List {
			im.a.sessions = append(im.a.sessions, tg.Authorization{
				Hash: int64(len(im.a.sessions)), DeviceModel: one.Device, Platform: one.Platform, SystemVersion: one.SystemVersion,
				AppName: nameText(one.App), AppVersion: one.AppVersion, DateCreated: int(one.Created), DateActive: int(one.LastActive),
				IP: one.LastIP, Country: one.LastCountry, Region: one.LastRegion,
			})
		}
	}
	if s := im.account.WebSessions; s != nil {
		for _, one := range s.List {
			site := tg.WebAuthorization{
				Hash: int64(len(im.a.sites)), Domain: nameText(one.Domain), Browser: one.Browser, Platform: one.Platform,
				DateCreated: int(one.Created), DateActive: int(one.LastActive), IP: one.LastIP, Region: one.LastRegion,
			}
			if bot := nameText(one.Bot); bot != "" {
				site.BotID = im.bot(bot)
			}
			im.a.sites = append(im.a.sites, site)
		}
	}
}
