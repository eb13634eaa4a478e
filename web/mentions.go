package web

import (
	"reflect"
	"strings"

	"telekeep/archive"
)

// mentions gathers what messages refer to: people and chats with their names, and
// which files are stored.
type mentions struct {
	snapshot *archive.Snapshot
	account  archive.PeerID
	peers    map[archive.PeerID]peerView
	files    map[archive.MediaKey]any
}

// A missingView says why a file is not there.
type missingView struct {
	Missing string `json:"missing"`
}

// An emojiView is what a custom emoji is, where its file is stored.
type emojiView struct {
	MIME string `json:"mime"`
}

func newMentions(s *archive.Snapshot, account archive.PeerID) *mentions {
	return &mentions{s, account, make(map[archive.PeerID]peerView), make(map[archive.MediaKey]any)}
}

// take gathers everything below a message, whatever field it stands in.
func (m *mentions) take(message *archive.Message) { m.walk(reflect.ValueOf(message)) }

func (m *mentions) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			m.walk(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				m.walk(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			m.walk(v.Index(i))
		}
	case reflect.String:
		switch word := v.Interface().(type) {
		case archive.PeerID:
			m.peer(word)
		case archive.MediaKey:
			m.file(word)
		}
	}
}

func (m *mentions) peer(id archive.PeerID) {
	if _, done := m.peers[id]; id != "" && !done {
		m.peers[id] = viewPeer(m.snapshot, m.account, id)
	}
}

// file notes of a file that it is stored (with its type, if it is a custom emoji), or why not.
func (m *mentions) file(key archive.MediaKey) {
	if _, done := m.files[key]; key == "" || done {
		return
	}
	_, stored := m.snapshot.Media(key)
	emoji, isEmoji := m.snapshot.Emoji(key)
	missing, told := m.snapshot.Missing(key)
	switch {
	case stored && isEmoji:
		m.files[key] = emojiView{emoji.File.MIME}
	case stored:
		m.files[key] = true
	case strings.HasPrefix(string(key), archive.MediaAbsent+":"): // an export did not hold it
		m.files[key] = missingView{string(key[len(archive.MediaAbsent)+1:])}
	case told:
		m.files[key] = missingView{missing.Reason}
	default:
		m.files[key] = missingView{"unknown"}
	}
}
