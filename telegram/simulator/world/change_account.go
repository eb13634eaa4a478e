package world

import (
	"fmt"
	"slices"

	"github.com/gotd/td/tg"
)

// Changes of what an account holds besides chats. Nothing of it is pushed.

// alter makes a change to an account. User 0 means the first one.
func (w *World) alter(user int64, do func(a *account) error) error {
	w.changing.Lock()
	defer w.changing.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.account(user)
	if a == nil {
		return fmt.Errorf("account %d: %w", user, ErrUnknown)
	}
	return do(a)
}

// AddStory puts a new story, a made-up picture, into the account's archive and
// returns its id.
func (w *World) AddStory(user int64, caption string, views int) (id int, err error) {
	err = w.alter(user, func(a *account) error {
		for _, s := range a.stories {
			id = max(id, s.id)
		}
		id++
		now := int(w.now().Unix())
		photo := w.newPhoto(now)
		s := story{
			id: id, date: now, expires: now + 24*3600, caption: caption, views: views,
			media: encodeTL(&tg.MessageMediaPhoto{Photo: photo}),
		}
		a.stories = slices.Insert(a.stories, 0, s)
		return nil
	})
	return id, err
}

// SeeStory changes how often a story was seen.
func (w *World) SeeStory(user int64, id, views int) error {
	return w.alter(user, func(a *account) error {
		i := slices.IndexFunc(a.stories, func(s story) bool { return s.id == id })
		if i < 0 {
			return fmt.Errorf("story %d: %w", id, ErrUnknown)
		}
		a.stories[i].views = views
		return nil
	})
}

// AddPicture gives the account a new profile picture and returns its id.
func (w *World) AddPicture(user int64) (id int64, err error) {
	err = w.alter(user, func(a *account) error {
		photo := w.newPhoto(int(w.now().Unix()))
		f := w.shelf[photo.ID]
		id = f.id
		a.pictures = slices.Insert(a.pictures, 0, picture{file: f, date: photo.Date, width: 480, height: 360})
		w.people[a.UserID].photo = f
		return nil
	})
	return id, err
}

// SetPicture gives a group or channel a new picture and returns its id.
func (w *World) SetPicture(user int64, chatName string) (id int64, err error) {
	p, err := parsePeer(chatName)
	if err != nil {
		return 0, err
	}
	err = w.alter(user, func(*account) error {
		place := w.places[p]
		if place == nil {
			return fmt.Errorf("chat %s: %w", p, ErrUnknown)
		}
		place.photo = w.shelf[w.newPhoto(int(w.now().Unix())).ID]
		id = place.photo.id
		return nil
	})
	return id, err
}

// newPhoto makes a picture of made-up bytes.
func (w *World) newPhoto(date int) *tg.Photo {
	w.newFiles++
	seed := mix(w.key, 'p', w.newFiles)
	p := newPicture(int64(seed>>1), w.dcs[0], date, 480, 360, made{seed: seed, size: 20_000})
	w.shelf[p.file.id] = p.file
	return p.tl()
}

// AddContact makes a person a contact. The name, if there is one, becomes the
// person's.
func (w *World) AddContact(user, id int64, first, last, phone string) error {
	return w.alter(user, func(a *account) error {
		p := w.people[id]
		if p == nil {
			p = &person{id: id}
			w.people[id] = p
		}
		if first+last != "" {
			p.first, p.last = first, last
		}
		p.contact = true
		if phone != "" {
			p.phone = digits(phone)
		}
		if !slices.Contains(a.contacts, id) {
			a.contacts = append(a.contacts, id)
		}
		a.saved = append(a.saved, tg.SavedPhoneContact{Phone: p.phone, FirstName: p.first, LastName: p.last, Date: int(w.now().Unix())})
		return nil
	})
}

// EndSession signs the account out at a place that Sessions names.
func (w *World) EndSession(user, hash int64) error {
	return w.alter(user, func(a *account) error {
		n := len(a.sessions)
		a.sessions = slices.DeleteFunc(a.sessions, func(s tg.Authorization) bool { return s.Hash == hash && hash != 0 })
		if len(a.sessions) == n {
			return fmt.Errorf("session %d: %w", hash, ErrUnknown)
		}
		return nil
	})
}

// Sessions lists the places other than the caller's where the account is signed
// in, by the server's numbers for them.
func (w *World) Sessions(user int64) (list []int64) {
	_ = w.alter(user, func(a *account) error {
		for _, s := range a.sessions {
			if s.Hash != 0 {
				list = append(list, s.Hash)
			}
		}
		return nil
	})
	return list
}

// SetDraft writes a draft into a chat; an empty one takes it away.
func (w *World) SetDraft(user int64, chatName, text string) error {
	p, err := parsePeer(chatName)
	if err != nil {
		return err
	}
	return w.alter(user, func(a *account) error {
		if a.chats[p] == nil {
			return fmt.Errorf("chat %s: %w", p, ErrUnknown)
		}
		a.drafts = slices.DeleteFunc(a.drafts, func(d draft) bool { return d.chat == p && d.topic == 0 })
		if text != "" {
			a.drafts = append(a.drafts, draft{chat: p, text: text, date: int(w.now().Unix())})
		}
		return nil
	})
}

// SetFolder makes or renames a folder that holds the chats.
func (w *World) SetFolder(user int64, id int, title string, chats ...string) error {
	f := folder{id: id, title: title}
	for _, name := range chats {
		p, err := parsePeer(name)
		if err != nil {
			return err
		}
		f.include = append(f.include, p)
	}
	return w.alter(user, func(a *account) error {
		if i := slices.IndexFunc(a.folders, func(f folder) bool { return f.id == id }); i >= 0 {
			a.folders[i] = f
			return nil
		}
		a.folders = append(a.folders, f)
		return nil
	})
}

// Pin pins a chat, or takes it off again.
func (w *World) Pin(user int64, chatName string, pinned bool) error {
	return w.alter(user, func(a *account) error {
		p, err := parsePeer(chatName)
		if err != nil {
			return err
		}
		c := a.chats[p]
		if c == nil {
			return fmt.Errorf("chat %s: %w", p, ErrUnknown)
		}
		c.pinned = pinned
		return nil
	})
}
