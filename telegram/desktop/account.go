package desktop

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"telekeep/archive"
	"telekeep/internal/resultjson"
)

// personal takes in the profile of the account.
func (im *importer) personal(p *resultjson.Personal) error {
	if p == nil || p.FirstName+p.LastName+p.Username+p.Phone+p.Bio == "" {
		return nil
	}
	im.introduced = p.FirstName+p.LastName != ""
	r := im.record(archive.KindAccount)
	r.Profile = &archive.Peer{
		ID: im.account, FirstName: p.FirstName, LastName: p.LastName, Username: strings.TrimPrefix(p.Username, "@"),
		Phone: digits(p.Phone), Bio: p.Bio,
	}
	return im.sink.fact("account", r)
}

// learnContacts notes the names of the address book: they tell first and last apart.
func (im *importer) learnContacts(a *resultjson.Account) {
	if a.Contacts != nil {
		for _, c := range a.Contacts.List {
			if c.UserID == 0 {
				continue
			}
			n := im.names.of(archive.NewPeerID(archive.PeerUser, c.UserID))
			n.first, n.last, n.phone, n.listed = c.FirstName, c.LastName, digits(c.Phone), true
		}
	}
	if a.Frequent != nil {
		for i := range a.Frequent.List {
			f := &a.Frequent.List[i]
			im.names.learn(frequentPeer(f), f.Name)
		}
	}
}

func frequentPeer(f *resultjson.FrequentContact) archive.PeerID {
	if f.Type == "user" {
		return archive.NewPeerID(archive.PeerUser, f.ID)
	}
	return archive.PeerID((&resultjson.Chat{Type: f.Type, ID: f.ID}).Peer())
}

// holdings takes in what an account holds besides chats. Exports list the newest first,
// archives the oldest.
func (im *importer) holdings(a *resultjson.Account) error {
	for _, part := range []func(*resultjson.Account) error{
		im.pictures, im.stories, im.music, im.contacts, im.frequent, im.sessions, im.webSessions, im.otherData,
	} {
		if err := part(a); err != nil {
			return err
		}
	}
	for _, one := range a.Unknown {
		im.note(Note{Text: fmt.Sprintf("%s: this part of the export is not understood and was not taken in", one.Key)})
	}
	return nil
}

// item takes in one thing of a kind.
func (im *importer) item(kind archive.Kind, name string, fill func(*archive.Record)) error {
	r := im.record(kind)
	r.Item = name
	fill(r)
	return im.sink.fact(string(kind)+"/"+name, r)
}

// fileOf stores a file that belongs to no message.
func (im *importer) fileOf(name string) (stored, error) {
	got, err := im.shelf.take(name, 0)
	if err == nil && got.why != "" {
		im.note(Note{Text: got.why})
	}
	return got, err
}

func (im *importer) pictures(a *resultjson.Account) error {
	for i, p := range slices.Backward(a.ProfilePictures) { // the last is the oldest
		got, err := im.fileOf(p.Photo)
		if err != nil {
			return err
		}
		photo := &archive.ProfilePhoto{Photo: archive.File{Key: got.key, Size: got.size, Date: p.Date, MIME: "image/jpeg"}}
		if err := im.item(archive.KindPhoto, itemName(got, p.Date, i), func(r *archive.Record) { r.Photo = photo }); err != nil {
			return err
		}
	}
	return nil
}

// itemName names a thing by its file, or where there is none by its date.
func itemName(got stored, date int64, i int) string {
	if got.size > 0 {
		return string(got.key)
	}
	if date == 0 {
		return "import-" + strconv.Itoa(i)
	}
	return "import-" + strconv.FormatInt(date, 10)
}

func (im *importer) stories(a *resultjson.Account) error {
	for i, s := range slices.Backward(a.Stories) {
		got, err := im.fileOf(s.Media)
		if err != nil {
			return err
		}
		mime := mimeOf(s.Media)
		media := &archive.Media{Kind: archive.MediaKindPhoto, File: &archive.File{Key: got.key, Size: got.size, Date: s.Date, MIME: mime}}
		if strings.HasPrefix(mime, "video/") {
			media.Kind, media.Video = archive.MediaKindDocument, true
		}
		// Exports do not tell a story's number; the newest comes first.
		story := &archive.StoryPost{ID: len(a.Stories) - i, Date: s.Date, Expires: s.Expires, Pinned: s.Pinned, Media: media}
		if err := im.item(archive.KindStory, "import-"+strconv.FormatInt(s.Date, 10)+"-"+strconv.Itoa(i), func(r *archive.Record) { r.Story = story }); err != nil {
			return err
		}
	}
	return nil
}

func mimeOf(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".mp4":
		return "video/mp4"
	case ".webm":
		return "video/webm"
	case ".qt", ".mov":
		return "video/quicktime"
	}
	return "image/jpeg"
}

func (im *importer) music(a *resultjson.Account) error {
	for i := range slices.Backward(a.ProfileMusic) {
		m := &a.ProfileMusic[i]
		c := converter{importer: im, chat: im.account, line: m.Line, id: m.ID}
		if m.File == "" {
			continue
		}
		media := c.document(m)
		if c.err != nil {
			return c.err
		}
		if media.File == nil {
			continue
		}
		if err := im.item(archive.KindMusic, itemName(stored{key: media.File.Key, size: media.File.Size}, m.Date, i), func(r *archive.Record) { r.Music = media }); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) contacts(a *resultjson.Account) error {
	if a.Contacts == nil {
		return nil
	}
	for _, c := range slices.Backward(a.Contacts.List) {
		contact := &archive.SavedContact{FirstName: c.FirstName, LastName: c.LastName, Phone: digits(c.Phone), Date: c.Date}
		if c.UserID != 0 {
			contact.User = archive.NewPeerID(archive.PeerUser, c.UserID)
		}
		// The number alone could be guessed from its sum, so all that is known is in it.
		name := string(contact.User)
		if name == "" {
			data, err := json.Marshal(contact)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(data)
			name = "phone-" + hex.EncodeToString(sum[:12])
		}
		if err := im.item(archive.KindContact, name, func(r *archive.Record) { r.Contact = contact }); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) frequent(a *resultjson.Account) error {
	if a.Frequent == nil {
		return nil
	}
	var order []string
	lists := map[string]*archive.TopPeers{}
	for i := range a.Frequent.List {
		f := &a.Frequent.List[i]
		list := lists[f.Category]
		if list == nil {
			list = &archive.TopPeers{Category: f.Category, Peers: []archive.RatedPeer{}}
			lists[f.Category] = list
			order = append(order, f.Category)
		}
		list.Peers = append(list.Peers, archive.RatedPeer{Peer: frequentPeer(f), Rating: f.Rating})
	}
	for _, category := range order {
		if err := im.item(archive.KindTopPeers, category, func(r *archive.Record) { r.TopPeers = lists[category] }); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) sessions(a *resultjson.Account) error {
	if a.Sessions == nil {
		return nil
	}
	for i, s := range slices.Backward(a.Sessions.List) {
		session := &archive.Session{
			Device: s.Device, Platform: s.Platform, System: s.SystemVersion, App: nameText(s.App), AppVersion: s.AppVersion,
			Created: s.Created, LastActive: s.LastActive, IP: s.LastIP, Country: s.LastCountry, Region: s.LastRegion,
		}
		name := fmt.Sprintf("import-%d-%d", s.Created, i)
		if err := im.item(archive.KindSession, name, func(r *archive.Record) { r.Session = session }); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) webSessions(a *resultjson.Account) error {
	if a.WebSessions == nil {
		return nil
	}
	for i, s := range slices.Backward(a.WebSessions.List) {
		session := &archive.WebSession{
			Bot: im.names.called(nameText(s.Bot), true), Domain: nameText(s.Domain), Browser: s.Browser, Platform: s.Platform,
			Created: s.Created, LastActive: s.LastActive, IP: s.LastIP, Region: s.LastRegion,
		}
		name := fmt.Sprintf("import-%d-%d", s.Created, i)
		if err := im.item(archive.KindWebSession, name, func(r *archive.Record) { r.WebSession = session }); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) otherData(a *resultjson.Account) error {
	if a.OtherData == "" {
		return nil
	}
	return im.item(archive.KindOther, "other", func(r *archive.Record) { r.Other = &archive.OtherData{JSON: json.RawMessage(a.OtherData)} })
}
