package resultjson

import (
	"errors"
	"slices"
)

// The values of Message.Type.
const (
	TypeMessage     = "message"
	TypeService     = "service"
	TypeUnsupported = "unsupported" // has an id and nothing else
)

// A Message is one message. Fields are named after their keys; which of them
// count depends on Type, Action and MediaType. Times are Unix seconds.
type Message struct {
	ID      int64  `key:"id"` // negative: of the basic group a supergroup was made from, minus 1,000,000,000
	Type    string `key:"type"`
	Date    int64  `key:"date,time"`
	Edited  int64  `key:"edited,time"`
	From    *Name  `key:"from"`
	FromID  Peer   `key:"from_id"`
	Actor   *Name  `key:"actor"`
	ActorID Peer   `key:"actor_id"`
	Author  string `key:"author"`
	ViaBot  string `key:"via_bot"` // with the @
	Text    []Part `key:"text,text"`

	ReplyTo         int64 `key:"reply_to_message_id"`
	ReplyToPeer     Peer  `key:"reply_to_peer_id"` // only where it is another chat
	ForwardedFrom   *Name `key:"forwarded_from"`
	ForwardedFromID Peer  `key:"forwarded_from_id"`
	SavedFrom       *Name `key:"saved_from"`

	Photo         string `key:"photo"` // path below the export, or a placeholder in parentheses; likewise File …
	PhotoFileSize int64  `key:"photo_file_size"`
	File          string `key:"file"`
	FileName      string `key:"file_name"`
	FileSize      int64  `key:"file_size"`
	Thumbnail     string `key:"thumbnail"`
	ThumbnailSize int64  `key:"thumbnail_file_size"`
	MediaType     string `key:"media_type"`
	MIMEType      string `key:"mime_type"`
	StickerEmoji  string `key:"sticker_emoji"`
	Performer     string `key:"performer"`
	Title         string `key:"title"` // of a song, a group, a topic …
	Duration      int64  `key:"duration_seconds"`
	Width         int64  `key:"width"`
	Height        int64  `key:"height"`
	Spoiler       bool   `key:"media_spoiler"`
	SelfDestruct  int64  `key:"self_destruct_period_seconds"`

	Contact         *Contact         `key:"contact_information"`
	ContactVCard    string           `key:"contact_vcard"`
	ContactVCardLen int64            `key:"contact_vcard_file_size"`
	Location        *Location        `key:"location_information"`
	LivePeriod      int64            `key:"live_location_period_seconds"`
	PlaceName       string           `key:"place_name"`
	Address         string           `key:"address"`
	GameTitle       string           `key:"game_title"`
	GameDescription string           `key:"game_description"`
	GameLink        string           `key:"game_link"`
	Invoice         *Invoice         `key:"invoice_information,nested"`
	Poll            *Poll            `key:"poll"`
	Todo            *Todo            `key:"todo_list"`
	Giveaway        *Giveaway        `key:"giveaway_information"`
	GiveawayResults *GiveawayResults `key:"giveaway_results"`
	PaidStars       int64            `key:"paid_stars_amount"`

	Buttons   [][]Button `key:"inline_bot_buttons"`
	Reactions []Reaction `key:"reactions"`

	Service

	// WebViewData is the "text" of a send_webview_data action; the file has that
	// key twice.
	WebViewData string `key:"-"`
	// Unknown holds the keys this reader does not know, as JSON.
	Unknown map[string]string `key:"-"`
	// Line is where the message begins in its file.
	Line int `key:"-"`

	keys       []string
	numericIDs bool // from_id or actor_id is a number: an export before mid 2021
}

// Has reports whether the message has a key, whatever its value.
func (m *Message) Has(key string) bool { return slices.Contains(m.keys, key) }

// IsPlaceholder reports whether a path is one of the remarks in parentheses that
// stand where a file was not exported.
func IsPlaceholder(path string) bool {
	return len(path) > 1 && path[0] == '(' && path[len(path)-1] == ')'
}

// message fills a message and settles what versions do differently.
func (d *decoder) message(v *value, m *Message) error {
	*m = Message{Line: v.line}
	m.WebViewData = takeWebViewData(v)
	unknown, err := d.object(v, m)
	if err != nil {
		return err
	}
	m.Unknown = unknown
	m.keys = make([]string, 0, len(v.members))
	for _, one := range v.members {
		m.keys = append(m.keys, one.key)
		if (one.key == "from_id" || one.key == "actor_id") && one.value.kind == '0' {
			m.numericIDs = true
		}
	}
	if !m.Has("id") {
		return errors.New("a message has no id")
	}
	if m.Type == "" {
		m.Type = TypeMessage
		if m.Has("action") {
			m.Type = TypeService
		}
	}
	if m.Edited < 2*24*3600 { // before 2022 "never" was written as the start of 1970, local time
		m.Edited = 0
	}
	return nil
}

// takeWebViewData removes the text of a send_webview_data action and returns it:
// the first of two "text" members, or, where a program writes no key twice, the
// only one.
func takeWebViewData(v *value) string {
	var texts []int
	for i, one := range v.members {
		if one.key == "text" {
			texts = append(texts, i)
		}
	}
	action := v.get("action")
	sent := action != nil && action.text == "send_webview_data"
	if len(texts) < 2 && !(sent && len(texts) == 1) {
		return ""
	}
	first := texts[0]
	text := v.members[first].value.text
	v.members = slices.Delete(v.members, first, first+1)
	return text
}
