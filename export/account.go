package export

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"telekeep/archive"
)

// These stand where Telegram Desktop puts explanations of its own.
const (
	aboutContacts = "The address book of the account. A contact whose date is in 1970 has none in the archive: Telegram tells it in its own data export only."
	aboutFrequent = "Those the account has most to do with, as rated by Telegram."
	aboutSessions = "Where the account was signed in when it was last backed up."
	aboutSites    = "Sites that the account was signed in to with Telegram when it was last backed up."
)

// holdings writes what the account holds besides chats, in Telegram Desktop's
// order: each part only if the archive has anything of its kind.
func (r *run) holdings(ctx context.Context, o *object) error {
	if err := r.profilePictures(ctx, o); err != nil {
		return err
	}
	if err := r.stories(ctx, o); err != nil {
		return err
	}
	if err := r.profileMusic(ctx, o); err != nil {
		return err
	}
	r.contacts(o)
	r.frequent(o)
	r.sessions(o)
	r.webSessions(o)
	r.otherData(o)
	return nil
}

// items lists the things of a kind, the newest first; what the server does not
// list any more only if deleted messages are wanted too. It reports whether the
// archive knows the kind at all.
func (r *run) items(kind archive.Kind) (list []*archive.Item, known bool) {
	all := r.source.Items(r.account.ID, kind)
	for _, item := range slices.Backward(all) {
		if !item.Unlisted || r.options.Deleted {
			list = append(list, item)
		}
	}
	return list, len(all) > 0
}

// profilePictures lists the pictures of the profile. An archive from before they
// were archived names one.
func (r *run) profilePictures(ctx context.Context, o *object) error {
	photos, known := r.profilePhotos()
	if !known {
		return nil
	}
	s, err := r.openShelf("", "profile")
	if err != nil {
		return err
	}
	defer s.close()
	l := o.list("profile_pictures")
	for i, photo := range photos {
		place, err := s.store(ctx, photo.Key, profilePictureName(i, photo, r.zone))
		if err != nil {
			return err
		}
		one := l.object()
		r.moment(&one, "date", photo.Date)
		one.quoted("photo", pictureText(place))
		one.end()
	}
	l.end()
	return nil
}

// profilePhotos are the pictures of the profile, the newest first.
func (r *run) profilePhotos() (photos []archive.File, known bool) {
	items, known := r.items(archive.KindPhoto)
	for _, item := range items {
		if item.Chat == "" {
			photos = append(photos, item.Photo.Photo)
		}
	}
	if p := r.account.Profile; len(photos) == 0 && p != nil && p.Photo != nil {
		photos, known = []archive.File{*p.Photo}, true
	}
	slices.SortStableFunc(photos, func(a, b archive.File) int { return cmp.Compare(b.Date, a.Date) })
	return photos, known
}

func profilePictureName(i int, photo archive.File, zone *time.Location) string {
	return "profile_pictures/" + photoName(i+1, photo.Date, zone)
}

// moment writes a time that may be unknown.
func (r *run) moment(o *object, key string, unix int64) {
	if unix != 0 {
		(&encoder{zone: r.zone}).moment(o, key, unix)
	}
}

// pictureText words the placeholders as Telegram Desktop does for pictures.
func pictureText(place string) string {
	switch place {
	case fileExcluded:
		return "(Photo not included. Change data exporting settings to download.)"
	case fileTooLarge:
		return "(Photo exceeds maximum size. Change data exporting settings to download.)"
	case fileUnavailable:
		return "(Photo unavailable, please try again later)"
	}
	return place
}

// stories lists the account's own stories. The format has no place for captions
// and views; the records of a restore have them.
func (r *run) stories(ctx context.Context, o *object) error {
	items, known := r.storyItems()
	if !known {
		return nil
	}
	s, err := r.openShelf("", "stories")
	if err != nil {
		return err
	}
	defer s.close()
	l := o.list("stories")
	for i, item := range items {
		story := item.Story
		place, err := r.storyFile(ctx, s, i, story)
		if err != nil {
			return err
		}
		one := l.object()
		r.moment(&one, "date", story.Date)
		r.moment(&one, "expires", story.Expires)
		one.boolean("pinned", story.Pinned)
		one.quoted("media", place)
		one.end()
	}
	l.end()
	return nil
}

// storyItems are the account's own stories, the newest first.
func (r *run) storyItems() ([]*archive.Item, bool) {
	items, known := r.items(archive.KindStory)
	slices.SortStableFunc(items, func(a, b *archive.Item) int { return cmp.Compare(b.Story.ID, a.Story.ID) })
	return items, known
}

// storyFile writes what a story shows, the i-th of the list, and returns its path.
func (r *run) storyFile(ctx context.Context, s *shelf, i int, story *archive.StoryPost) (string, error) {
	if story.Media == nil || story.Media.File == nil {
		return fileUnavailable, nil
	}
	name := "stories/story_" + strconv.Itoa(i+1) + dated(story.Date, r.zone) + storyExtension(story.Media)
	return s.store(ctx, story.Media.File.Key, name)
}

func storyExtension(m *archive.Media) string {
	if m.Kind == archive.MediaKindPhoto {
		return ".jpg"
	}
	return extension(m.File.MIME, ".mp4")
}

// profileMusic lists the music on the profile, as messages without a chat.
func (r *run) profileMusic(ctx context.Context, o *object) error {
	items, known := r.items(archive.KindMusic)
	if !known {
		return nil
	}
	s, err := r.openShelf("", "profile_music")
	if err != nil {
		return err
	}
	defer s.close()
	e := &encoder{names: r.names, zone: r.zone, chat: r.account.ID}
	l := o.list("profile_music")
	for i, item := range items {
		m := &archive.Message{ID: i + 1, Date: item.Music.File.Date, From: r.account.ID, Media: item.Music}
		var at attached
		name := "profile_music/" + safeName(s.documentName(item.Music, m.Date))
		if at.file, err = s.store(ctx, item.Music.File.Key, name); err != nil {
			return err
		}
		if thumb := item.Music.Thumb; thumb != nil {
			if at.thumb, err = s.store(ctx, thumb.Key, name+"_thumb.jpg"); err != nil {
				return err
			}
		}
		l.item()
		e.message(&r.w, l.indent+1, m, at)
	}
	l.end()
	return nil
}

// contactItems are the entries of the address book by name.
func (r *run) contactItems() ([]*archive.Item, bool) {
	items, known := r.items(archive.KindContact)
	name := func(c *archive.SavedContact) string {
		return strings.TrimSpace(strings.ToLower(c.FirstName + " " + c.LastName))
	}
	slices.SortStableFunc(items, func(a, b *archive.Item) int { return cmp.Compare(name(a.Contact), name(b.Contact)) })
	return items, known
}

// contacts writes the address book.
func (r *run) contacts(o *object) {
	items, known := r.contactItems()
	if !known {
		return
	}
	e := &encoder{zone: r.zone}
	in := o.object("contacts")
	in.quoted("about", aboutContacts)
	l := in.list("list")
	for _, item := range items {
		c := item.Contact
		one := l.object()
		if c.FirstName+c.LastName+c.Phone != "" {
			one.count("user_id", c.User.Num())
			one.quoted("first_name", c.FirstName)
			one.quoted("last_name", c.LastName)
			one.quoted("phone_number", formatPhone(c.Phone))
		}
		e.moment(&one, "date", c.Date)
		one.end()
	}
	l.end()
	in.end()
}

// frequent writes the ratings of the three kinds that the format knows.
func (r *run) frequent(o *object) {
	items, known := r.items(archive.KindTopPeers)
	if !known {
		return
	}
	in := o.object("frequent_contacts")
	in.quoted("about", aboutFrequent)
	l := in.list("list")
	for _, category := range []string{"people", "inline_bots", "calls"} {
		for _, item := range items {
			if item.TopPeers.Category != category {
				continue
			}
			for _, p := range item.TopPeers.Peers {
				one := l.object()
				one.number("id", p.Peer.Num())
				one.quoted("category", category)
				one.quoted("type", r.ratedType(p.Peer))
				one.nullable("name", r.names.peer(p.Peer))
				one.decimal("rating", p.Rating)
				one.end()
			}
		}
	}
	l.end()
	in.end()
}

// ratedType is Telegram Desktop's word for the type of a frequent contact.
func (r *run) ratedType(id archive.PeerID) string {
	if id.Kind() == archive.PeerUser {
		return "user"
	}
	return string(chat{ChatInfo: archive.ChatInfo{ID: id}}.kind(r.names))
}

// sessionItems are where the account is signed in: the one that made the backup first,
// then the last used.
func (r *run) sessionItems() ([]*archive.Item, bool) {
	items, known := r.items(archive.KindSession)
	slices.SortStableFunc(items, func(a, b *archive.Item) int {
		if a.Session.Current != b.Session.Current {
			return order(b.Session.Current) - order(a.Session.Current)
		}
		return cmp.Compare(b.Session.LastActive, a.Session.LastActive)
	})
	return items, known
}

// sessions writes where the account is signed in.
func (r *run) sessions(o *object) {
	items, known := r.sessionItems()
	if !known {
		return
	}
	e := &encoder{zone: r.zone}
	in := o.object("sessions")
	in.quoted("about", aboutSessions)
	l := in.list("list")
	for _, item := range items {
		s := item.Session
		one := l.object()
		e.moment(&one, "last_active", s.LastActive)
		one.quoted("last_ip", s.IP)
		one.quoted("last_country", s.Country)
		one.quoted("last_region", s.Region)
		one.nullable("application_name", s.App)
		one.text("application_version", s.AppVersion)
		one.quoted("device_model", s.Device)
		one.quoted("platform", s.Platform)
		one.quoted("system_version", s.System)
		e.moment(&one, "created", s.Created)
		one.end()
	}
	l.end()
	in.end()
}

// webSessions writes the sites that the account is signed in to.
func (r *run) webSessions(o *object) {
	items, known := r.items(archive.KindWebSession)
	if !known {
		return
	}
	e := &encoder{zone: r.zone}
	in := o.object("web_sessions")
	in.quoted("about", aboutSites)
	l := in.list("list")
	for _, item := range items {
		s := item.WebSession
		one := l.object()
		e.moment(&one, "last_active", s.LastActive)
		one.quoted("last_ip", s.IP)
		one.quoted("last_region", s.Region)
		one.nullable("bot_username", r.names.username(s.Bot))
		one.nullable("domain_name", s.Domain)
		one.quoted("browser", s.Browser)
		one.quoted("platform", s.Platform)
		e.moment(&one, "created", s.Created)
		one.end()
	}
	l.end()
	in.end()
}
