package archive

import "encoding/json"

// What an account holds besides chats and messages. Times are Unix seconds.
// Zero means absent.

// ofItems reports whether a record of the kind is about one of several things,
// which Record.Item names.
func (k Kind) ofItems() bool {
	switch k {
	case KindPhoto, KindContact, KindTopPeers, KindStory, KindMusic, KindSession, KindWebSession,
		KindFolder, KindPinned, KindDraft, KindTopic, KindOther, KindUnlisted:
		return true
	}
	return false
}

// A ProfilePhoto is a picture of a profile: of the account's own, or, where
// Record.Chat is set, the one that a chat shows. Item is its media key, that of
// a chat with the chat before it.
type ProfilePhoto struct {
	Photo File `json:"photo"`
}

// A SavedContact is an entry of the address book. Item is the user, or, for a
// number that belongs to nobody, a word made of the entry.
type SavedContact struct {
	User      PeerID `json:"user,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Phone     string `json:"phone,omitempty"` // digits, no +
	Mutual    bool   `json:"mutual,omitempty"`
	// Date is when the number was added: told in a takeout only, and forgotten
	// by a version that was made outside of one.
	Date int64 `json:"date,omitempty"`
}

// TopPeers are those the account has most to do with in one way. Item is the
// category: people, inline_bots, calls, bots, groups, channels, forwards,
// forward_chats, app_bots, guest_bots.
type TopPeers struct {
	Category string      `json:"category"`
	Peers    []RatedPeer `json:"peers"` // the highest rating first
}

// A RatedPeer is one of TopPeers.
type RatedPeer struct {
	Peer   PeerID  `json:"peer"`
	Rating float64 `json:"rating"` // as of when the record was made
}

// A StoryPost is a story of the account's own. Item is its id.
type StoryPost struct {
	ID      int    `json:"id"`
	Date    int64  `json:"date,omitempty"`
	Expires int64  `json:"expires,omitempty"`
	Pinned  bool   `json:"pinned,omitempty"` // stays on the profile
	From    PeerID `json:"from,omitempty"`
	Edited  bool   `json:"edited,omitempty"`
	// Who may see it: everybody, close friends, contacts, or a selection.
	Public       bool        `json:"public,omitempty"`
	CloseFriends bool        `json:"close_friends,omitempty"`
	Contacts     bool        `json:"contacts,omitempty"`
	Selected     bool        `json:"selected,omitempty"`
	Protected    bool        `json:"protected,omitempty"`
	Caption      Text        `json:"caption"`
	Media        *Media      `json:"media,omitempty"`
	Views        *StoryViews `json:"views,omitempty"`
	Albums       []int       `json:"albums,omitempty"`
}

// StoryViews says who saw a story, as far as the server tells.
type StoryViews struct {
	Count     int        `json:"count,omitempty"`
	Forwards  int        `json:"forwards,omitempty"`
	Reactions int        `json:"reactions,omitempty"`
	ByKind    []Reaction `json:"by_kind,omitempty"` // of the reactions
	Recent    []PeerID   `json:"recent,omitempty"`  // viewers
}

// A Session is one place where the account is signed in. Item is the server's
// number for it, 0 for the one that made the record.
type Session struct {
	Current    bool   `json:"current,omitempty"`
	Official   bool   `json:"official,omitempty"` // an app of Telegram's own
	Device     string `json:"device,omitempty"`
	Platform   string `json:"platform,omitempty"`
	System     string `json:"system,omitempty"`
	App        string `json:"app,omitempty"`
	AppVersion string `json:"app_version,omitempty"`
	AppID      int    `json:"app_id,omitempty"`
	Created    int64  `json:"created,omitempty"`
	LastActive int64  `json:"last_active,omitempty"` // as of when the record was made
	IP         string `json:"ip,omitempty"`
	Country    string `json:"country,omitempty"`
	Region     string `json:"region,omitempty"`
	// Unfinished: the password of two-step verification is still asked for;
	// Unconfirmed: the owner has not said yet that it was them.
	Unfinished  bool `json:"unfinished,omitempty"`
	Unconfirmed bool `json:"unconfirmed,omitempty"`
}

// A WebSession is a site the account is signed in to. Item is the server's
// number for it.
type WebSession struct {
	Bot        PeerID `json:"bot,omitempty"`
	Domain     string `json:"domain,omitempty"`
	Browser    string `json:"browser,omitempty"`
	Platform   string `json:"platform,omitempty"`
	Created    int64  `json:"created,omitempty"`
	LastActive int64  `json:"last_active,omitempty"` // as of when the record was made
	IP         string `json:"ip,omitempty"`
	Region     string `json:"region,omitempty"`
}

// A Folder is a folder of chats: a rule on kinds of chats, and chats by name.
// Item is its id. The folder of archived chats is none of these (Dialog.Folder).
type Folder struct {
	ID       int    `json:"id"`
	Position int    `json:"position"` // among the folders, from 1; the list of all chats counts
	Title    Text   `json:"title"`
	Emoticon string `json:"emoticon,omitempty"`
	Color    int    `json:"color,omitempty"`
	Shared   bool   `json:"shared,omitempty"` // with others, by a link

	Contacts        bool `json:"contacts,omitempty"`
	NonContacts     bool `json:"non_contacts,omitempty"`
	Groups          bool `json:"groups,omitempty"`
	Channels        bool `json:"channels,omitempty"`
	Bots            bool `json:"bots,omitempty"`
	ExcludeMuted    bool `json:"exclude_muted,omitempty"`
	ExcludeRead     bool `json:"exclude_read,omitempty"`
	ExcludeArchived bool `json:"exclude_archived,omitempty"`

	Pinned  []PeerID `json:"pinned,omitempty"` // in it, too
	Include []PeerID `json:"include,omitempty"`
	Exclude []PeerID `json:"exclude,omitempty"`
}

// PinnedChats are the pinned chats of a list, in order. Item is the list: "0"
// for the chats, "1" for the archived ones, "saved" for the saved messages.
type PinnedChats struct {
	Chats []PeerID `json:"chats"`
}

// A Draft is a message that was written and not sent. Item is the chat, and,
// where it stands in a topic, the topic behind a slash.
type Draft struct {
	Date  int64  `json:"date,omitempty"`
	Topic int    `json:"topic,omitempty"`
	Saved PeerID `json:"saved,omitempty"` // of the chat's topics, where they go by peer
	Text  Text   `json:"text"`
	Reply *Reply `json:"reply,omitempty"`
}

// A Topic is a topic of a forum (ID is that of the message that began it), or
// what the saved messages keep under Peer. Item is the chat and, behind a slash,
// the id or the peer.
type Topic struct {
	ID     int      `json:"id,omitempty"`
	Peer   PeerID   `json:"peer,omitempty"`
	Title  string   `json:"title,omitempty"`
	Date   int64    `json:"date,omitempty"`
	From   PeerID   `json:"from,omitempty"`
	Color  int      `json:"color,omitempty"`
	Emoji  MediaKey `json:"emoji,omitempty"` // the document of its icon
	Closed bool     `json:"closed,omitempty"`
	Hidden bool     `json:"hidden,omitempty"`
	Pinned bool     `json:"pinned,omitempty"`
}

// OtherData is what else the server says it holds of the account, as told in a
// takeout. Item is always "other".
type OtherData struct {
	JSON json.RawMessage `json:"json"`
}

// Unlisted says that the server's list of a kind, read to its end, does not have
// the thing any more. What was archived of it stays. A later record of the thing
// itself means that it is back.
type Unlisted struct {
	Kind Kind `json:"kind"`
}
