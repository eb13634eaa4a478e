package telegram

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// A handmade archive is no more than what it was told.
type handmade struct {
	chats   []archive.ChatInfo
	peers   map[archive.PeerID]*archive.Peer
	records []*archive.Record
	media   []*archive.MediaFile
}

func (s *handmade) Accounts() []archive.Account             { return []archive.Account{{ID: "user1"}} }
func (s *handmade) Chats(archive.PeerID) []archive.ChatInfo { return s.chats }
func (s *handmade) AllMedia() iter.Seq[*archive.MediaFile]  { return slices.Values(s.media) }
func (s *handmade) Peer(_, id archive.PeerID) (*archive.Peer, bool) {
	p, ok := s.peers[id]
	return p, ok
}

func (s *handmade) Records(context.Context) iter.Seq2[*archive.Record, error] {
	return func(yield func(*archive.Record, error) bool) {
		for _, r := range s.records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (s *handmade) chat(id archive.PeerID, kind archive.ChatType) {
	s.chats = append(s.chats, archive.ChatInfo{ID: id, Dialog: &archive.Dialog{Type: kind}})
	s.peers[id] = &archive.Peer{ID: id, Title: "chat " + string(id)}
}

// message adds a message with a document; layer 0 is today's.
func (s *handmade) message(t *testing.T, chat tg.PeerClass, id int, layer int, document int64, attribute tg.DocumentAttributeClass) {
	m := &tg.Message{ID: id, PeerID: chat, Date: 1_700_000_000 + id, Media: &tg.MessageMediaDocument{Document: &tg.Document{
		ID: document, Size: 1000, MimeType: "x/y", Attributes: []tg.DocumentAttributeClass{attribute},
	}}}
	m.SetFlags()
	message, peer, _ := normal.Message(m)
	raw, err := normal.Raw(m)
	if err != nil {
		t.Fatal(err)
	}
	if layer == 0 {
		layer = normal.Layer
	}
	s.records = append(s.records, &archive.Record{Kind: archive.KindMessage, Account: "user1", Chat: peer, Message: message, Raw: raw, Layer: layer})
	key := archive.NewMediaKey(archive.MediaDocument, document)
	if !slices.ContainsFunc(s.media, func(f *archive.MediaFile) bool { return f.Key == key }) {
		s.media = append(s.media, &archive.MediaFile{Key: key, Size: 1000})
	}
}

func TestFindUnwanted(t *testing.T) {
	s := &handmade{peers: map[archive.PeerID]*archive.Peer{}}
	s.chat("user7", archive.ChatPersonal)
	s.chat("channel9", archive.ChatPublicChannel)
	user, channel, strange := &tg.PeerUser{UserID: 7}, &tg.PeerChannel{ChannelID: 9}, &tg.PeerChannel{ChannelID: 10}
	video, voice := &tg.DocumentAttributeVideo{}, &tg.DocumentAttributeAudio{Voice: true}
	s.message(t, user, 1, 0, 101, video)
	s.message(t, user, 2, 0, 102, voice)
	s.message(t, channel, 3, 0, 103, video)
	s.message(t, channel, 4, 0, 101, video)   // the same as the first
	s.message(t, strange, 5, 0, 105, video)   // of a chat without description
	s.message(t, user, 6, 150, 106, video)    // in an old layer
	s.message(t, channel, 7, 150, 107, voice) // likewise
	s.media = append(s.media, &archive.MediaFile{Key: "photo:1", Size: 5})
	s.records = append(s.records, &archive.Record{Kind: archive.KindFolder, Account: "user1", Item: "2", Folder: &archive.Folder{
		ID: 2, Title: archive.Text{Text: "News"}, Channels: true,
	}})
	for name, c := range map[string]struct {
		rules  Rules
		want   string
		unsure int
	}{
		"everything":         {Rules{}, "", 0},
		"kinds":              {Rules{Kinds: []string{"voice"}}, "101 103", 2},
		"a chat is left out": {Rules{Exclude: []string{"channel"}}, "103 107", 0},
		"a folder":           {Rules{Exclude: []string{"folder:news"}}, "103 107", 0},
		"size":               {Rules{MaxSize: 999}, "101 102 103 106 107", 0},
		"until a date":       {Rules{Until: time.Unix(1_700_000_003, 0)}, "103 106 107", 0},
		"no media":           {Rules{Kinds: []string{"none"}}, "101 102 103 106 107", 0},
		"one chat":           {Rules{Special: []SpecialRules{{Chats: []string{"user7"}, MediaRules: MediaRules{Kinds: []string{"none"}}}}}, "102 106", 0},
	} {
		u, err := FindUnwanted(t.Context(), s, c.rules)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range u.Files {
			got = append(got, strings.TrimPrefix(string(f.Key), "document:"))
			if u.Chooses(f.Key) {
				t.Errorf("%s: %s is chosen and unwanted", name, f.Key)
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != c.want || u.Unsure != c.unsure || u.Bytes != int64(1000*len(got)) {
			t.Errorf("%s: unwanted %v, want %s; %d unsure, want %d", name, got, c.want, u.Unsure, c.unsure)
		}
		state, err := u.State()
		if err != nil || len(got) == 0 && len(state) > 0 {
			t.Errorf("%s: %v, %v", name, state, err)
		}
		if _, noted := state[prunedKey("user1")]; noted != (len(state) > 0) {
			t.Errorf("%s: the next sync does not look at what was pruned: %v", name, state)
		}
		delete(state, prunedKey("user1"))
		for key := range state {
			if closed := name == "a chat is left out" || name == "a folder"; strings.HasPrefix(key, listFetch+"/") != closed {
				t.Errorf("%s: %s", name, key)
			}
		}
	}
}

// What was imported stays, whatever the rules say: nobody could fetch it again.
func TestImportedIsNotUnwanted(t *testing.T) {
	for _, c := range []struct {
		origin *archive.Origin
		want   int
	}{{nil, 1}, {&archive.Origin{From: archive.OriginDesktopJSON}, 0}} {
		s := &handmade{peers: map[archive.PeerID]*archive.Peer{}}
		s.chat("user7", archive.ChatPersonal)
		s.message(t, &tg.PeerUser{UserID: 7}, 1, 0, 101, &tg.DocumentAttributeVideo{})
		s.records[0].Origin = c.origin
		u, err := FindUnwanted(t.Context(), s, Rules{MaxSize: 10})
		if err != nil || len(u.Files) != c.want {
			t.Errorf("%+v: %v, %+v", c.origin, err, u)
		}
	}
}
