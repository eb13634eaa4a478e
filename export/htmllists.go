package export

import (
	"context"
	"strconv"
	"strings"

	"telekeep/archive"
)

// A listed is a line of the first page that leads to a list.
type listed struct {
	class, label string
	entries      int
}

// An entry is a line of a list.
type entry struct {
	link, name string
	peer       archive.PeerID
	picture    string   // shown instead of initials
	info       string   // on the right
	details    []string // below the name
	date       int64
}

// listWriter writes a list and counts its entries.
type listWriter struct {
	*page
	h       *pages
	class   string
	label   string
	entries int
}

// newList begins lists/NAME.html. The words of about stand above the entries.
func (h *pages) newList(class, label, about string) (*listWriter, error) {
	p, err := h.folder.newPage(listsDir+class+".html", heading{
		title: "Exported Data", text: label, back: "../" + indexPage, search: true, body: " list_page",
	})
	if err != nil {
		return nil, err
	}
	p.leaf("page_about details", about)
	p.div("entry_list")
	return &listWriter{page: p, h: h, class: class, label: label}, nil
}

func (l *listWriter) drop() { l.file.drop() }

func (l *listWriter) add(e entry) error {
	l.entries++
	if e.link == "" {
		l.div("entry clearfix")
	} else {
		l.tag("a", "class", "entry block_link clearfix", "href", e.link)
	}
	switch {
	case e.picture != "":
		l.div("pull_left userpic_wrap")
		l.void("img", "class", "userpic", "src", e.picture, "style", "width: 48px; height: 48px", "alt", "", "loading", "lazy")
		l.end()
	case e.peer != "":
		b := book{encoder: &encoder{names: l.h.names, zone: l.h.zone}, page: l.page}
		b.userpic("pull_left userpic_wrap", 48, e.peer, e.name)
	}
	l.div("body")
	if e.info != "" {
		l.leaf("pull_right info details", e.info)
	}
	if e.date != 0 {
		l.leaf("pull_right info details", momentTitle(e.date, l.h.zone))
	}
	l.leaf("name bold", e.name)
	for _, d := range e.details {
		l.leaf("details_entry details", d)
	}
	l.end()
	l.end()
	return l.spill(spillAt)
}

// finish puts the list in place and notes it for the first page.
func (l *listWriter) finish() error {
	l.h.lists = append(l.h.lists, listed{l.class, l.label, l.entries})
	return l.page.finish()
}

func (h *pages) chatList(ctx context.Context, class, label, about string, chats []chat) error {
	l, err := h.newList(class, label, about)
	if err != nil {
		return err
	}
	defer l.drop()
	for _, c := range chats {
		h.progress.Chat++
		prefix := h.folder.head.Folders[c.ID]
		n, err := h.chat(ctx, c, prefix, "../../"+listsDir+class+".html")
		if err != nil {
			return err
		}
		e := entry{
			link: "../" + prefix + pageName(1), name: h.title(c), peer: c.ID, info: count(int64(n), "message", "messages"),
			details: []string{strings.ReplaceAll(string(c.kind(h.names)), "_", " ")},
		}
		if err := l.add(e); err != nil {
			return err
		}
	}
	return l.finish()
}

// indexPage writes the first page of a whole account.
func (h *pages) indexPage() error {
	p, err := h.folder.newPage(indexPage, heading{title: "Exported Data", text: "Exported Data", search: true})
	if err != nil {
		return err
	}
	defer p.file.drop()
	h.personalInfo(p)
	p.tag("div", "class", "sections", "role", "navigation", "aria-label", "Parts of the export")
	for _, l := range h.lists {
		p.tag("a", "class", "section block_link "+l.class, "href", listsDir+l.class+".html")
		p.leaf("counter details", strconv.Itoa(l.entries))
		p.leaf("label bold", l.label)
		p.end()
	}
	p.end()
	p.leaf("page_about details", aboutExport)
	return p.finish()
}

func (h *pages) personalInfo(p *page) {
	me := h.account.Profile
	if me == nil {
		me = &archive.Peer{}
	}
	p.div("personal_info clearfix")
	b := book{encoder: &encoder{names: h.names, zone: h.zone}, page: p}
	b.userpic("pull_right userpic_wrap", 90, h.account.ID, me.FirstName)
	p.div("rows names")
	p.row("First name", me.FirstName)
	p.row("Last name", me.LastName)
	p.end()
	p.div("rows info")
	p.row("Phone number", formatPhone(me.Phone))
	if me.Username != "" {
		p.row("Username", "@"+me.Username)
	}
	p.end()
	if me.Bio != "" {
		p.div("rows bio")
		p.row("Bio", me.Bio)
		p.end()
	}
	p.end()
}

func (p *page) row(label, value string) {
	if value == "" {
		return
	}
	p.div("row")
	p.leaf("label details", label)
	p.leaf("value bold", value)
	p.end()
}

// holdings writes the lists of what the account holds besides chats.
func (h *pages) holdings(ctx context.Context) error {
	for _, write := range []func(context.Context) error{
		h.pictureList, h.storyList, h.musicList, h.contactList, h.frequentList, h.sessionList, h.siteList,
	} {
		if err := write(ctx); err != nil {
			return err
		}
	}
	return nil
}

// fill writes a list of which all entries are at hand.
func (h *pages) fill(class, label, about string, entries []entry) error {
	l, err := h.newList(class, label, about)
	if err != nil {
		return err
	}
	defer l.drop()
	for _, e := range entries {
		if err := l.add(e); err != nil {
			return err
		}
	}
	return l.finish()
}

func (h *pages) pictureList(ctx context.Context) error {
	photos, known := h.profilePhotos()
	if !known {
		return nil
	}
	s, err := h.openShelf("", "profile")
	if err != nil {
		return err
	}
	defer s.close()
	var entries []entry
	for i, photo := range photos {
		place, err := s.store(ctx, photo.Key, profilePictureName(i, photo, h.zone))
		if err != nil {
			return err
		}
		entries = append(entries, fileEntry(place, "Photo", photo.Date, true))
	}
	return h.fill("profile_pictures", "Profile pictures", "", entries)
}

// fileEntry is a line of a list of files.
func fileEntry(place, name string, date int64, picture bool) entry {
	e := entry{name: name, date: date}
	if isPlaceholder(place) {
		e.details = []string{missing(place)}
		return e
	}
	e.link = "../" + fileLink(place)
	if picture {
		e.picture = e.link
	}
	return e
}

func (h *pages) storyList(ctx context.Context) error {
	items, known := h.storyItems()
	if !known {
		return nil
	}
	s, err := h.openShelf("", "stories")
	if err != nil {
		return err
	}
	defer s.close()
	var entries []entry
	for i, item := range items {
		story := item.Story
		place, err := h.storyFile(ctx, s, i, story)
		if err != nil {
			return err
		}
		e := fileEntry(place, "Story", story.Date, story.Media != nil && story.Media.Kind == archive.MediaKindPhoto)
		if story.Caption.Text != "" {
			e.details = append(e.details, story.Caption.Text)
		}
		entries = append(entries, e)
	}
	return h.fill("stories", "Story archive", "", entries)
}

func (h *pages) musicList(ctx context.Context) error {
	items, known := h.items(archive.KindMusic)
	if !known {
		return nil
	}
	s, err := h.openShelf("", "profile_music")
	if err != nil {
		return err
	}
	defer s.close()
	var entries []entry
	for _, item := range items {
		music := item.Music
		if music.File == nil {
			continue
		}
		r := documentRow(music, music.File)
		place, err := s.store(ctx, music.File.Key, "profile_music/"+safeName(s.documentName(music, music.File.Date)))
		if err != nil {
			return err
		}
		e := fileEntry(place, r.title, music.File.Date, false)
		e.details = append(e.details, r.status)
		entries = append(entries, e)
	}
	return h.fill("profile_music", "Music on the profile", "", entries)
}

func (h *pages) contactList(context.Context) error {
	items, known := h.contactItems()
	if !known {
		return nil
	}
	var entries []entry
	for _, item := range items {
		c := item.Contact
		e := entry{name: strings.TrimSpace(c.FirstName + " " + c.LastName), peer: c.User, date: c.Date}
		if c.Phone != "" {
			e.details = []string{formatPhone(c.Phone)}
		}
		entries = append(entries, e)
	}
	return h.fill("contacts", "Contacts", aboutContacts, entries)
}

func (h *pages) frequentList(context.Context) error {
	items, known := h.items(archive.KindTopPeers)
	if !known {
		return nil
	}
	var entries []entry
	for _, item := range items {
		for _, p := range item.TopPeers.Peers {
			name := h.names.peer(p.Peer)
			if name == "" {
				name = deletedAccount
			}
			entries = append(entries, entry{
				name: name, peer: p.Peer, info: "rating " + strconv.FormatFloat(p.Rating, 'f', 2, 64),
				details: []string{strings.ReplaceAll(item.TopPeers.Category, "_", " ")},
			})
		}
	}
	return h.fill("frequent", "Frequent contacts", aboutFrequent, entries)
}

func (h *pages) sessionList(context.Context) error {
	items, known := h.sessionItems()
	if !known {
		return nil
	}
	var entries []entry
	for _, item := range items {
		s := item.Session
		entries = append(entries, entry{name: strings.TrimSpace(s.App + " " + s.AppVersion), date: s.LastActive, details: present(
			strings.TrimSpace(s.Device+", "+s.Platform+" "+s.System), strings.Trim(s.IP+" – "+s.Region+", "+s.Country, " –,"),
			"Created "+momentTitle(s.Created, h.zone),
		)})
	}
	return h.fill("sessions", "Active sessions", aboutSessions, entries)
}

func (h *pages) siteList(context.Context) error {
	items, known := h.items(archive.KindWebSession)
	if !known {
		return nil
	}
	var entries []entry
	for _, item := range items {
		s := item.WebSession
		entries = append(entries, entry{name: s.Domain, date: s.LastActive, details: present(
			strings.Trim(s.Browser+", "+s.Platform, " ,"), strings.Trim(s.IP+" – "+s.Region, " –"), "Created "+momentTitle(s.Created, h.zone),
		)})
	}
	return h.fill("web_sessions", "Connected sites", aboutSites, entries)
}

// present leaves out empty lines.
func present(lines ...string) (out []string) {
	for _, l := range lines {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}
