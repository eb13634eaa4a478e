package archive

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"unicode"
)

// addProfile takes the profile of a peer or of the account. One that was imported never
// takes the place of one that was fetched.
func (a *accountLog) addProfile(r *Record) {
	id, own := r.Profile.ID, r.Kind == KindAccount
	if own {
		id = ""
	}
	has := a.peers[id]
	if own {
		has = a.profile
	}
	stands := r.Origin.standing()
	if before, imported := a.imported[id]; has != nil && (!imported && r.Origin != nil || stands < before) {
		return
	}
	delete(a.imported, id)
	if r.Origin != nil {
		a.imported[id] = stands
	}
	if own {
		a.profile = r.Profile
		return
	}
	a.peers[id] = r.Profile
}

// fetchedProfile and fetchedPeer report whether what is there was not imported.
func (a *accountLog) fetchedProfile() bool { return a.fetchedPeer("") }
func (a *accountLog) fetchedPeer(id PeerID) bool {
	_, imported := a.imported[id]
	return !imported
}

// addDialog is addProfile for what the account's list says of the chat.
func (c *chatLog) addDialog(r *Record) {
	if stands := r.Origin.standing(); c.dialog == nil || stands >= c.listed {
		c.dialog, c.listed = r.Dialog, stands
	}
}

// addStanding notes what settleImported needs of the version that is about to be added.
func (c *chatLog) addStanding(r *Record, seed maphash.Seed, at place) {
	c.gists = append(c.gists, gist(r.Message, seed))
	if r.Origin != nil && c.stands == nil {
		c.stands = slices.Repeat([]standing{fetched}, len(c.refs))
	}
	if c.stands == nil {
		return
	}
	c.stands = append(c.stands, r.Origin.standing())
	if r.Origin != nil && slices.ContainsFunc(ownFiles(r.Message), func(f *File) bool { return !strings.HasPrefix(string(f.Key), MediaAbsent) }) {
		if c.files == nil {
			c.files = make(map[int32]place)
		}
		c.files[int32(r.Message.ID)] = at
	}
}

// gist is a sum of what every kind of export tells of a message, however it was told:
// when it was written, and its words. Of service messages some tell neither.
func gist(m *Message, seed maphash.Seed) uint32 {
	if m.Action != nil {
		return 0
	}
	var h maphash.Hash
	h.SetSeed(seed)
	maphash.WriteComparable(&h, m.Date)
	text := m.Text.Text
	if text == "" && m.Rich != nil {
		text = m.Rich.Text
	}
	for word := range strings.FieldsFuncSeq(text, unicode.IsSpace) {
		_, _ = h.WriteString(word)
	}
	return uint32(h.Sum64())
}

// settleImported sorts the versions of a chat that has imported ones: those first, the
// newest export last, and of them only what no later version says too.
func (c *chatLog) settleImported() {
	type version struct {
		ref
		gist   uint32
		stands standing
	}
	all := make([]version, len(c.refs))
	for i, r := range c.refs {
		all[i] = version{r, c.gists[i], c.stands[i]}
	}
	slices.SortFunc(all, func(a, b version) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.stands, b.stands), cmp.Compare(a.at, b.at))
	})
	c.refs = c.refs[:0]
	for i, v := range all {
		said := false
		for j := i + 1; v.stands != fetched && !said && j < len(all) && all[j].id == v.id; j++ {
			said = all[j].gist == v.gist
		}
		if !said {
			c.refs = append(c.refs, v.ref)
		}
	}
}

// ownFiles are the files that a message itself has, where they can be exchanged.
func ownFiles(m *Message) []*File {
	var files []*File
	if m.Media != nil {
		for _, f := range []*File{m.Media.File, m.Media.Thumb} {
			if f != nil {
				files = append(files, f)
			}
		}
	}
	if m.Action != nil && m.Action.Photo != nil {
		files = append(files, m.Action.Photo)
	}
	return files
}

// lendFiles gives messages whose files are not stored those that an imported version of
// the same message has: of a chat that forbids saving, too large for the rules, or gone
// from Telegram since.
func (s *Snapshot) lendFiles(c *chatLog, reader *recordReader, picks []pick) {
	if len(c.files) == 0 {
		return
	}
	for _, p := range picks {
		if p.message == nil || !s.lacks(p.message.Message) {
			continue
		}
		at, ok := c.files[p.id]
		if !ok || at == p.at {
			continue
		}
		if record, err := reader.at(at); err == nil && record.Message != nil && record.Message.ID == int(p.id) {
			s.lend(p.message.Message, record.Message)
		}
	}
}

// lacks reports whether a file of m is not stored.
func (s *Snapshot) lacks(m *Message) bool {
	return slices.ContainsFunc(ownFiles(m), func(f *File) bool { return !s.stores(f) })
}

func (s *Snapshot) stores(f *File) bool {
	_, ok := s.media[f.Key]
	return ok
}

// lend exchanges the files of m that are not stored, each for its like in other.
func (s *Snapshot) lend(m, other *Message) {
	swap := func(own, like *File) {
		if own != nil && like != nil && !s.stores(own) && s.stores(like) {
			own.Key, own.Size = like.Key, s.media[like.Key].size
		}
	}
	if m.Media != nil && other.Media != nil && m.Media.Kind == other.Media.Kind {
		swap(m.Media.File, other.Media.File)
		swap(m.Media.Thumb, other.Media.Thumb)
	}
	if m.Action != nil && other.Action != nil {
		swap(m.Action.Photo, other.Action.Photo)
	}
}
