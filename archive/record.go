package archive

import (
	"strconv"
	"strings"
)

// RecordVersion is the version written into every record. A reader refuses a
// larger one: it would silently misread what it does not know.
const RecordVersion = 1

// Kind says what a record is about. The strings are part of the format.
type Kind string

// The kinds of records. A snapshot keeps records of kinds it does not know and
// counts them; nothing is dropped.
const (
	KindAccount  Kind = "account"  // the owner of the login: names, phone, bio
	KindPeer     Kind = "peer"     // profile of a user, group or channel
	KindChat     Kind = "chat"     // one dialog of the account
	KindMessage  Kind = "message"  // a message as first seen, or a new version of it
	KindDeletion Kind = "deletion" // messages the server said were deleted
	KindMedia    Kind = "media"    // a media file that is stored whole
	KindMissing  Kind = "missing"  // a media file that could not be stored, and why
	KindEmoji    Kind = "emoji"    // what a custom emoji is: messages name no more than its number

	KindUndecoded Kind = "undecoded" // an answer that this version could not take apart

	// What an account holds besides chats; Item names one thing of a kind.
	KindPhoto      Kind = "profile_photo" // a picture of a profile
	KindContact    Kind = "contact"       // an entry of the address book
	KindTopPeers   Kind = "top_peers"     // those the account has most to do with
	KindStory      Kind = "story"         // a story of the account's own
	KindMusic      Kind = "profile_music" // a piece of music on the profile
	KindSession    Kind = "session"       // where the account is signed in
	KindWebSession Kind = "web_session"   // a site the account is signed in to
	KindFolder     Kind = "folder"        // a folder of chats
	KindPinned     Kind = "pinned_chats"  // the pinned chats of a list, in order
	KindDraft      Kind = "draft"         // a message that was not sent
	KindTopic      Kind = "topic"         // a topic of a forum, or of the saved messages
	KindOther      Kind = "other_data"    // what else the server holds of the account
	KindUnlisted   Kind = "unlisted"      // the server does not list one of these any more
)

// A Record is one archived fact. Exactly one of the pointers is set, the one
// that belongs to Kind. Records are appended, never changed: a later record
// about the same thing is a new version of it.
type Record struct {
	Version int    `json:"v"`
	Kind    Kind   `json:"kind"`
	Account PeerID `json:"account"`         // whose login saw it
	Seen    int64  `json:"seen"`            // Unix seconds of the machine that archived it
	Chat    PeerID `json:"chat,omitempty"`  // for message, deletion, chat, and what belongs to one chat
	Item    string `json:"item,omitempty"`  // for what an account holds: which of its kind
	Layer   int    `json:"layer,omitempty"` // TL layer of Raw

	Profile  *Peer      `json:"profile,omitempty"` // account and peer
	Dialog   *Dialog    `json:"dialog,omitempty"`
	Message  *Message   `json:"message,omitempty"`
	Deletion *Deletion  `json:"deletion,omitempty"`
	Media    *MediaFile `json:"media,omitempty"`
	Missing  *Missing   `json:"missing,omitempty"`
	Emoji    *Emoji     `json:"emoji,omitempty"`

	Undecoded *Undecoded `json:"undecoded,omitempty"`

	Photo      *ProfilePhoto `json:"photo,omitempty"`
	Contact    *SavedContact `json:"contact,omitempty"`
	TopPeers   *TopPeers     `json:"top_peers,omitempty"`
	Story      *StoryPost    `json:"story,omitempty"`
	Music      *Media        `json:"music,omitempty"`
	Session    *Session      `json:"session,omitempty"`
	WebSession *WebSession   `json:"web_session,omitempty"`
	Folder     *Folder       `json:"folder,omitempty"`
	Pinned     *PinnedChats  `json:"pinned,omitempty"`
	Draft      *Draft        `json:"draft,omitempty"`
	Topic      *Topic        `json:"topic,omitempty"`
	Other      *OtherData    `json:"other,omitempty"`
	Unlisted   *Unlisted     `json:"unlisted,omitempty"`

	// Origin is set in a record that was not fetched but imported.
	Origin *Origin `json:"origin,omitempty"`

	// RawLen is the length in bytes of Raw, which follows the JSON line in a
	// record stream. Set by the encoder.
	RawLen int `json:"raw,omitempty"`
	// Raw holds the TL bytes as Telegram sent them, so that what today's code
	// does not understand is not lost. Empty where there is no TL object.
	Raw []byte `json:"-"`
	// Line is the JSON line as it stands in the stream, without the LF. The
	// decoder sets it where the fields above do not hold all of it (an unknown
	// kind or unknown fields, from another version of telekeep), and the encoder
	// then writes it as it is. Nil everywhere else.
	Line []byte `json:"-"`

	// Encoded is what EncodeMessage has made of Message, for AppendRecord; nil where it was not
	// made. It must not have changed since.
	Encoded []byte `json:"-"`

	glimpse *glimpse // of a message that was not taken apart
	sum     uint32   // of the message's own part of the line
	summed  bool     // sum is set
}

// A PeerID names a user, a basic group or a channel the way Telegram Desktop's
// export does: "user123", "chat123", "channel123". Supergroups are channels.
type PeerID string

// The kinds of peers.
const (
	PeerUser    = "user"
	PeerChat    = "chat"
	PeerChannel = "channel"
)

// NewPeerID builds a PeerID from a kind (PeerUser, PeerChat, PeerChannel) and
// the bare id.
func NewPeerID(kind string, id int64) PeerID {
	return PeerID(kind + strconv.FormatInt(id, 10))
}

// Split returns kind and bare id; ok is false if p is not well formed.
func (p PeerID) Split() (kind string, id int64, ok bool) {
	for _, kind := range []string{PeerUser, PeerChannel, PeerChat} {
		rest, found := strings.CutPrefix(string(p), kind)
		if !found {
			continue
		}
		id, err := strconv.ParseInt(rest, 10, 64)
		return kind, id, err == nil
	}
	return "", 0, false
}

// Kind returns PeerUser, PeerChat or PeerChannel, or "" if p is not well formed.
func (p PeerID) Kind() string { kind, _, _ := p.Split(); return kind }

// Num returns the bare id, or 0 if p is not well formed.
func (p PeerID) Num() int64 { _, id, _ := p.Split(); return id }

// A Peer is the profile of a user, a group or a channel, as last seen.
type Peer struct {
	ID        PeerID `json:"id"`
	FirstName string `json:"first_name,omitempty"` // users
	LastName  string `json:"last_name,omitempty"`  // users
	Title     string `json:"title,omitempty"`      // groups and channels
	Username  string `json:"username,omitempty"`   // without the @
	Phone     string `json:"phone,omitempty"`      // digits, no +
	Bio       string `json:"bio,omitempty"`
	Bot       bool   `json:"bot,omitempty"`
	Deleted   bool   `json:"deleted,omitempty"`   // a deleted account
	Broadcast bool   `json:"broadcast,omitempty"` // a channel in the narrow sense
	Megagroup bool   `json:"megagroup,omitempty"` // a supergroup
	Gigagroup bool   `json:"gigagroup,omitempty"`
	Forum     bool   `json:"forum,omitempty"`
	Left      bool   `json:"left,omitempty"`      // the account is no member any more
	Protected bool   `json:"protected,omitempty"` // the owner forbids saving (noforwards)
	Verified  bool   `json:"verified,omitempty"`
	Scam      bool   `json:"scam,omitempty"` // marked by Telegram as scam or fake
	Contact   bool   `json:"contact,omitempty"`
	Premium   bool   `json:"premium,omitempty"`
	// Min: the server sent only a part of the profile, as it does for peers that
	// merely appear in a message. It must not replace a full one.
	Min bool `json:"min,omitempty"`
	// Usernames are all active names where a peer has more than one; Username is
	// the first.
	Usernames []string `json:"usernames,omitempty"`
	// Monoforum: the direct messages of the channel Linked. For the channel
	// itself Linked names its direct messages, and Answers says that the account
	// reads what subscribers write there.
	Monoforum bool   `json:"monoforum,omitempty"`
	Linked    PeerID `json:"linked,omitempty"`
	Answers   bool   `json:"answers,omitempty"`
	Photo     *File  `json:"photo,omitempty"`
	// Emoji is the custom emoji shown beside the name.
	Emoji MediaKey `json:"emoji,omitempty"`
	// MigratedTo and MigratedFrom link a basic group with the supergroup it became.
	MigratedTo   PeerID `json:"migrated_to,omitempty"`
	MigratedFrom PeerID `json:"migrated_from,omitempty"`
}

// ChatType is Telegram Desktop's word for the type of a chat.
type ChatType string

// The types of chats, in Telegram Desktop's words.
const (
	ChatSaved             ChatType = "saved_messages"
	ChatReplies           ChatType = "replies"
	ChatVerificationCodes ChatType = "verification_codes"
	ChatPersonal          ChatType = "personal_chat"
	ChatBot               ChatType = "bot_chat"
	ChatPrivateGroup      ChatType = "private_group"
	ChatPrivateSupergroup ChatType = "private_supergroup"
	ChatPublicSupergroup  ChatType = "public_supergroup"
	ChatPrivateChannel    ChatType = "private_channel"
	ChatPublicChannel     ChatType = "public_channel"
)

// A Dialog is one chat of the account's list. Its names are in the Peer record.
type Dialog struct {
	Type       ChatType `json:"type"`
	Pinned     bool     `json:"pinned,omitempty"`
	Folder     int      `json:"folder,omitempty"`
	TopMessage int      `json:"top_message,omitempty"`
	Count      int      `json:"count,omitempty"` // messages by the server's count, 0 if unknown
	Left       bool     `json:"left,omitempty"`
}

// A Deletion says which messages the server reported as deleted. The messages
// stay in the archive.
//
// Record.Chat is absent where the server gives ids alone, as it does for users
// and basic groups: there an id is that of one message among all those chats of
// the account. Ids that were never archived can be among them.
type Deletion struct {
	IDs []int `json:"ids"`
}

// A MediaKey names one media file by Telegram's own id: "photo:ID",
// "document:ID", "thumb:ID" (thumbnail of document ID). The same file forwarded
// to ten chats has one key.
type MediaKey string

// The prefixes of media keys.
const (
	MediaPhoto    = "photo"
	MediaDocument = "document"
	MediaThumb    = "thumb"
)

// NewMediaKey builds a key from MediaPhoto, MediaDocument or MediaThumb and
// Telegram's id. What was imported has keys of other kinds: MediaSHA256, MediaAbsent.
func NewMediaKey(kind string, id int64) MediaKey {
	return MediaKey(kind + ":" + strconv.FormatInt(id, 10))
}

// MediaFile is a media file that is stored whole and checked.
type MediaFile struct {
	Key    MediaKey `json:"key"`
	Size   int64    `json:"size"`   // bytes
	SHA256 string   `json:"sha256"` // of the whole file, hex; what sha256sum prints
	// Chunks are the ids, hex, of the chunks that make up the file, in order.
	Chunks []string `json:"chunks"`
	// Hashed says that the server's own block hashes were compared too. Where
	// a server has none, the declared size is what was checked.
	Hashed bool `json:"hashed,omitempty"`
}

// Missing says why a media file is not in the archive. A later media record
// with the same key replaces it.
type Missing struct {
	Key    MediaKey `json:"key"`
	Size   int64    `json:"size,omitempty"`
	Reason string   `json:"reason"` // one of the Missing… strings
	Detail string   `json:"detail,omitempty"`
}

// Why a media file is not stored.
const (
	MissingExcluded    = "excluded"      // by a rule on kinds or dates
	MissingTooLarge    = "too_large"     // by the size limit
	MissingUnavailable = "unavailable"   // the server does not have it
	MissingProtected   = "protected"     // the chat's owner forbids saving
	MissingExpiring    = "self_destruct" // self-destructing media is not kept
	MissingFailed      = "failed"        // will be tried again
	MissingPruned      = "pruned"        // it was stored, and taken out because the rules leave it out
)
