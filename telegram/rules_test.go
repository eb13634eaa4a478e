package telegram

import (
	"slices"
	"testing"
	"time"

	"telekeep/archive"
)

func TestRulesOnChats(t *testing.T) {
	ann := &archive.Peer{ID: "user7", FirstName: "Ann", LastName: "O'Neill", Username: "annie"}
	news := &archive.Peer{ID: "channel123", Title: "Daily [News]", Username: "news", Usernames: []string{"news", "TheNews"}}
	cases := []struct {
		rules    Rules
		kind     string
		peer     *archive.Peer
		included bool
		rule     string
	}{
		{Rules{}, "personal", ann, true, ""},
		{Rules{Include: []string{"channel"}}, "personal", ann, false, ""},
		{Rules{Include: []string{"personal"}}, "personal", ann, true, "personal"},
		{Rules{Exclude: []string{"user7"}}, "personal", ann, false, "user7"},
		{Rules{Exclude: []string{"7"}}, "personal", ann, false, "7"},
		{Rules{Exclude: []string{"channel7"}}, "personal", ann, true, ""},
		{Rules{Include: []string{"@ANNIE"}}, "personal", ann, true, "@ANNIE"},
		{Rules{Include: []string{"annie"}}, "personal", ann, false, ""},
		{Rules{Include: []string{"ann o'neill"}}, "personal", ann, true, "ann o'neill"},
		{Rules{Include: []string{"Ann*"}}, "personal", ann, true, "Ann*"},
		{Rules{Include: []string{"*nei*"}}, "personal", ann, true, "*nei*"},
		{Rules{Include: []string{"a*n*l"}}, "personal", ann, true, "a*n*l"},
		{Rules{Include: []string{"a*x*l"}}, "personal", ann, false, ""},
		{Rules{Include: []string{"ann*n o'neill"}}, "personal", ann, false, ""},
		{Rules{Include: []string{"Ann"}}, "personal", ann, false, ""},
		{Rules{Include: []string{"channel"}, Exclude: []string{"daily*"}}, "channel", news, false, "daily*"},
		{Rules{Include: []string{"@thenews"}}, "channel", news, true, "@thenews"},
		{Rules{Include: []string{"daily [news]"}}, "channel", news, true, "daily [news]"},
		{Rules{Include: []string{"@"}}, "personal", &archive.Peer{ID: "user8"}, false, ""},
	}
	for _, c := range cases {
		included, rule := c.rules.chat(named{kind: c.kind, peer: c.peer})
		if included != c.included || rule != c.rule {
			t.Errorf("%+v on %s: %v by %q, want %v by %q", c.rules, c.peer.ID, included, rule, c.included, c.rule)
		}
	}
}

func TestRulesOnMedia(t *testing.T) {
	day := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	cases := []struct {
		rules Rules
		kind  string
		size  int64
		date  time.Time
		want  string
	}{
		{Rules{}, "video", 1 << 40, day, ""},
		{Rules{Kinds: []string{"photo"}}, "video", 1, day, archive.MissingExcluded},
		{Rules{Kinds: []string{"photo", "video"}}, "video", 1, day, ""},
		{Rules{Kinds: []string{"none"}}, "photo", 1, day, archive.MissingExcluded},
		{Rules{MaxSize: 10}, "video", 10, day, ""},
		{Rules{MaxSize: 10}, "video", 11, day, archive.MissingTooLarge},
		{Rules{From: day}, "video", 1, day, ""},
		{Rules{From: day}, "video", 1, day.Add(-time.Second), archive.MissingExcluded},
		{Rules{Until: day}, "video", 1, day, archive.MissingExcluded},
		{Rules{Until: day}, "video", 1, day.Add(-time.Second), ""},
	}
	for _, c := range cases {
		if got := c.rules.general().media(c.kind, c.size, c.date.Unix()); got != c.want {
			t.Errorf("%+v on %s of %d bytes: %q, want %q", c.rules, c.kind, c.size, got, c.want)
		}
	}
	if err := (Rules{Kinds: []string{"photos"}}).Check(); err == nil {
		t.Error("a kind that does not exist is taken")
	}
}

func TestRulesPrint(t *testing.T) {
	base := Rules{Kinds: []string{"photo", "video"}, MaxSize: 5}
	if base.mediaPrint() != (Rules{Kinds: []string{"video", "photo"}, MaxSize: 5, Include: []string{"x"}}).mediaPrint() {
		t.Error("the order of kinds, or a rule on chats, counts as a change")
	}
	for _, other := range []Rules{{}, {Kinds: []string{"photo"}, MaxSize: 5}, {Kinds: base.Kinds, MaxSize: 6}, {Kinds: base.Kinds, MaxSize: 5, From: time.Unix(1, 0)}} {
		if base.mediaPrint() == other.mediaPrint() {
			t.Errorf("%+v counts as no change", other)
		}
	}
}

// Special rules take the place of the general ones, the first that fits; what is
// in no chat goes by the general ones.
func TestSpecialRules(t *testing.T) {
	rules := Rules{Kinds: []string{"photo"}, Special: []SpecialRules{
		{Chats: []string{"Ann*", "folder:Work"}, MediaRules: MediaRules{MaxSize: 10}},
		{Chats: []string{"personal"}, MediaRules: MediaRules{Kinds: []string{"none"}}},
	}}
	ann := &chat{peer: &archive.Peer{ID: "user7", FirstName: "Ann"}, dialog: archive.Dialog{Type: archive.ChatPersonal}}
	bob := &chat{peer: &archive.Peer{ID: "user8", FirstName: "Bob"}, dialog: archive.Dialog{Type: archive.ChatPersonal}}
	job := &chat{peer: &archive.Peer{ID: "channel9"}, dialog: archive.Dialog{Type: archive.ChatPublicChannel}, folders: []string{"work"}}
	other := &chat{peer: &archive.Peer{ID: "channel10"}, dialog: archive.Dialog{Type: archive.ChatPublicChannel}}
	for _, c := range []struct {
		chat *chat
		kind string
		size int64
		want string
	}{
		{ann, "video", 10, ""}, {ann, "video", 11, archive.MissingTooLarge}, {job, "video", 11, archive.MissingTooLarge},
		{bob, "photo", 1, archive.MissingExcluded}, {other, "photo", 100, ""}, {other, "video", 1, archive.MissingExcluded},
		{nil, "photo", 100, ""},
	} {
		if got := rules.of(c.chat).media(c.kind, c.size, 0); got != c.want {
			t.Errorf("%s of %d bytes in %+v: %q, want %q", c.kind, c.size, c.chat, got, c.want)
		}
	}
	if err := (Rules{Special: []SpecialRules{{MediaRules: MediaRules{Kinds: []string{"photos"}}}}}).Check(); err == nil {
		t.Error("a kind that does not exist is taken")
	}
	if (Rules{}).mediaPrint() == (Rules{Special: []SpecialRules{{Chats: []string{"x"}}}}).mediaPrint() {
		t.Error("special rules leave no print")
	}
}

// A folder has what it names and what its kinds are, less what it keeps out.
func TestRulesOnFolders(t *testing.T) {
	friend := &chat{id: "user7", peer: &archive.Peer{ID: "user7", Contact: true}, dialog: archive.Dialog{Type: archive.ChatPersonal}}
	stranger := &chat{id: "user8", peer: &archive.Peer{ID: "user8"}, dialog: archive.Dialog{Type: archive.ChatPersonal}}
	news := &chat{id: "channel9", dialog: archive.Dialog{Type: archive.ChatPublicChannel}}
	old := &chat{id: "chat10", dialog: archive.Dialog{Type: archive.ChatPrivateGroup, Folder: archiveFolder}}
	for _, c := range []struct {
		folder archive.Folder
		in     []*chat
	}{
		{archive.Folder{Contacts: true}, []*chat{friend}},
		{archive.Folder{NonContacts: true, Channels: true}, []*chat{stranger, news}},
		{archive.Folder{Groups: true}, []*chat{old}},
		{archive.Folder{Groups: true, ExcludeArchived: true}, nil},
		{archive.Folder{Include: []archive.PeerID{"user8"}, Pinned: []archive.PeerID{"channel9"}}, []*chat{stranger, news}},
		{archive.Folder{Channels: true, Exclude: []archive.PeerID{"channel9"}}, nil},
	} {
		for _, chat := range []*chat{friend, stranger, news, old} {
			if got := inFolder(&c.folder, chat); got != slices.Contains(c.in, chat) {
				t.Errorf("%s in %+v: %v", chat.id, c.folder, got)
			}
		}
	}
}
