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
	ID      int64  `json:"id"` // negative: of the basic group a supergroup was made from, minus 1,000,000,000
	Type    string `json:"type"`
	Date    int64  `json:"date,time"`
	Edited  int64  `json:"edited,time"`
	From    *Name  `json:"from"`
	FromID  Peer   `json:"from_id"`
	Actor   *Name  `json:"actor"`
	ActorID Peer   `json:"actor_id"`
	Author  string `json:"author"`
	ViaBot  string `json:"via_bot"` // with the @
	Text    []Part `json:"text,text"`

	ReplyTo         int64 `json:"reply_to_message_id"`
	ReplyToPeer     Peer  `json:"reply_to_peer_id"` // only where it is another chat
	ForwardedFrom   *Name `json:"forwarded_from"`
	ForwardedFromID Peer  `json:"forwarded_from_id"`
	SavedFrom       *Name `json:"saved_from"`

	Photo         string `json:"photo"` // path below the export, or a placeholder in parentheses; likewise File …
	PhotoFileSize int64  `json:"photo_file_size"`
	File          string `json:"file"`
	FileName      string `json:"file_name"`
	FileSize      int64  `json:"file_size"`
	Thumbnail     string `json:"thumbnail"`
	ThumbnailSize int64  `json:"thumbnail_file_size"`
	MediaType     string `json:"media_type"`
	MIMEType      string `json:"mime_type"`
	StickerEmoji  string `json:"sticker_emoji"`
	Performer     string `json:"performer"`
	Title         string `json:"title"` // of a song, a group, a topic …
	Duration      int64  `json:"duration_seconds"`
	Width         int64  `json:"width"`
	Height        int64  `json:"height"`
	Spoiler       bool   `json:"media_spoiler"`
	SelfDestruct  int64  `json:"self_destruct_period_seconds"`

	Contact         *Contact         `json:"contact_information"`
	ContactVCard    string           `json:"contact_vcard"`
	ContactVCardLen int64            `json:"contact_vcard_file_size"`
	Location        *Location        `json:"location_information"`
	LivePeriod      int64            `json:"live_location_period_seconds"`
	PlaceName       string           `json:"place_name"`
	Address         string           `json:"address"`
	GameTitle       string           `json:"game_title"`
	GameDescription string           `json:"game_description"`
	GameLink        string           `json:"game_link"`
	Invoice         *Invoice         `json:"invoice_information,nested"`
	Poll            *Poll            `json:"poll"`
	Todo            *Todo            `json:"todo_list"`
	Giveaway        *Giveaway        `json:"giveaway_information"`
	GiveawayResults *GiveawayResults `json:"giveaway_results"`
	PaidStars       int64            `json:"paid_stars_amount"`

	Buttons   [][]Button `json:"inline_bot_buttons"`
	Reactions []Reaction `json:"reactions"`

	Service

	// WebViewData is the "text" of a send_webview_data action; the file has that
	// key twice.
	WebViewData string `json:"-"`
	// Unknown holds the keys this reader does not know, as JSON.
	Unknown map[string]string `json:"-"`
	// Line is where the message begins in its file.
	Line int `json:"-"`

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
