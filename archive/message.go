package archive

// A Message is one message in normalised form: everything Telegram Desktop's
// export knows of it and what that drops (albums, topics, quotes, views …). The
// raw TL bytes stand beside it in the record.
//
// Times are Unix seconds, durations seconds, sizes bytes. Zero means absent.
type Message struct {
	ID     int   `json:"id"`
	Date   int64 `json:"date"`
	Edited int64 `json:"edited,omitempty"`
	// From is absent where the chat itself speaks (channel posts), and, if the
	// server leaves it out, on the account's own messages in private chats (Out).
	From   PeerID `json:"from,omitempty"`
	Author string `json:"author,omitempty"` // signature of a channel post
	ViaBot PeerID `json:"via_bot,omitempty"`
	Out    bool   `json:"out,omitempty"`
	Post   bool   `json:"post,omitempty"`
	Silent bool   `json:"silent,omitempty"`
	Pinned bool   `json:"pinned,omitempty"`
	// Protected: the message itself must not be saved (noforwards).
	Protected bool `json:"protected,omitempty"`
	// EditHidden: clients show no "edited" mark (a reaction or keyboard changed).
	EditHidden bool     `json:"edit_hidden,omitempty"`
	Forward    *Forward `json:"forward,omitempty"`
	Reply      *Reply   `json:"reply,omitempty"`
	Topic      int      `json:"topic,omitempty"` // root message of the forum topic; 1 is the general one
	// SavedPeer files a message of the saved messages (or of a channel's direct
	// messages) under a peer: the topic shown there.
	SavedPeer  PeerID `json:"saved_peer,omitempty"`
	Album      int64  `json:"album,omitempty"` // grouped_id
	Views      int    `json:"views,omitempty"`
	Forwards   int    `json:"forwards,omitempty"`
	Replies    int    `json:"replies,omitempty"`    // comments
	Discussion PeerID `json:"discussion,omitempty"` // where the comments of a channel post are
	TTL        int    `json:"ttl,omitempty"`        // chat's auto-delete period

	Text      Text       `json:"text"`
	Media     *Media     `json:"media,omitempty"`
	Action    *Action    `json:"action,omitempty"` // set: this is a service message
	Buttons   [][]Button `json:"buttons,omitempty"`
	Reactions []Reaction `json:"reactions,omitempty"`

	// What Telegram Desktop's export has no word for.
	Keyboard    [][]Button `json:"keyboard,omitempty"`     // a bot's reply keyboard
	Reactors    []Reactor  `json:"reactors,omitempty"`     // who paid for reactions
	Scheduled   bool       `json:"scheduled,omitempty"`    // sent by the server at a set time
	Automatic   bool       `json:"automatic,omitempty"`    // away, greeting and other business messages
	InvertMedia bool       `json:"invert_media,omitempty"` // text stands above the media
	Rank        string     `json:"rank,omitempty"`         // the sender's title in the group
	Boosts      int        `json:"boosts,omitempty"`       // boosts the sender gave to the group
	ViaBusiness PeerID     `json:"via_business,omitempty"` // bot that wrote for a business account
	ViaGuest    PeerID     `json:"via_guest,omitempty"`    // who brought a guest bot's message in
	Effect      int64      `json:"effect,omitempty"`       // animation played with the message
	PaidStars   int64      `json:"paid_stars,omitempty"`   // what the sender paid to write
	Suggested   *Suggested `json:"suggested,omitempty"`    // a post offered to a channel
	FactCheck   *Text      `json:"fact_check,omitempty"`
	// Rich is the text of a message that is laid out like an article (headings,
	// lists, tables): its paragraphs one under the other. The layout is in Raw.
	Rich *Text `json:"rich,omitempty"`
	// RichMedia is what such a message shows among its paragraphs.
	RichMedia []Media `json:"rich_media,omitempty"`
	// RichPart: the server gave the beginning of the article and no more.
	RichPart bool `json:"rich_part,omitempty"`

	// Unsupported: the server said this client cannot show the message
	// (messageMediaUnsupported, messageActionEmpty …). Raw has what there is.
	Unsupported bool `json:"unsupported,omitempty"`
}

// Text is a text with its formatting. Offsets count UTF-16 units, as in TL.
type Text struct {
	Text     string   `json:"text,omitempty"`
	Entities []Entity `json:"entities,omitempty"`
}

// An Entity formats a part of a text. Type is Telegram Desktop's word: mention,
// hashtag, bot_command, link, email, bold, italic, code, pre, text_link,
// mention_name, phone, cashtag, underline, strikethrough, blockquote, bank_card,
// spoiler, custom_emoji, unknown; or, where it has none yet, ours: formatted_date,
// diff_insert, diff_replace, diff_delete.
type Entity struct {
	Type      string   `json:"type"`
	Offset    int      `json:"offset"`
	Length    int      `json:"length"`
	User      PeerID   `json:"user,omitempty"`      // mention_name
	Document  MediaKey `json:"document,omitempty"`  // custom_emoji
	Language  string   `json:"language,omitempty"`  // pre
	URL       string   `json:"url,omitempty"`       // text_link
	Collapsed bool     `json:"collapsed,omitempty"` // blockquote
	Date      int64    `json:"date,omitempty"`      // formatted_date
	OldText   string   `json:"old_text,omitempty"`  // diff_replace
}

// Forward says where a forwarded message came from.
type Forward struct {
	From      PeerID `json:"from,omitempty"`
	FromName  string `json:"from_name,omitempty"` // origin hidden: the name alone
	Date      int64  `json:"date,omitempty"`
	MessageID int    `json:"message_id,omitempty"` // channel_post
	Author    string `json:"author,omitempty"`
	// SavedFrom is the chat a saved message was saved from.
	SavedFrom        PeerID `json:"saved_from,omitempty"`
	SavedFromMessage int    `json:"saved_from_message,omitempty"`
	Imported         bool   `json:"imported,omitempty"`
	// The first author where From is only who passed it on to the saved messages.
	SavedFromID   PeerID `json:"saved_from_id,omitempty"`
	SavedFromName string `json:"saved_from_name,omitempty"`
	SavedDate     int64  `json:"saved_date,omitempty"`
	SavedOut      bool   `json:"saved_out,omitempty"`
	PSA           string `json:"psa,omitempty"` // kind of a public service announcement
}

// Reply says what a message answers.
type Reply struct {
	MessageID int    `json:"message_id,omitempty"`
	Peer      PeerID `json:"peer,omitempty"`  // only if in another chat; for a story, whose it is
	Top       int    `json:"top,omitempty"`   // thread root
	Story     int    `json:"story,omitempty"` // answers this story, no message
	Quote     *Text  `json:"quote,omitempty"`
	// QuoteOffset is where the quote stands in the answered text, in UTF-16
	// units; QuoteManual says that the sender chose the words.
	QuoteOffset int    `json:"quote_offset,omitempty"`
	QuoteManual bool   `json:"quote_manual,omitempty"`
	TodoItem    int    `json:"todo_item,omitempty"`   // the line of a to-do list that is answered
	PollOption  []byte `json:"poll_option,omitempty"` // the answer of a poll that is answered
	Scheduled   bool   `json:"scheduled,omitempty"`   // MessageID is that of a scheduled message
	// Media is what the answered message of another chat carried.
	Media *Media `json:"media,omitempty"`
	// From describes the origin of a reply to a message of another chat that
	// cannot be named by id.
	From *Forward `json:"from,omitempty"`
}

// A Button is one inline button. Type is Telegram Desktop's word: default, url,
// callback, callback_with_password, request_phone, request_location,
// request_poll, request_peer, switch_inline, switch_inline_same, game, buy,
// auth, user_profile, web_view, simple_web_view, copy_text; or, where it has
// none yet, ours: disabled, unknown.
type Button struct {
	Type        string `json:"type"`
	Text        string `json:"text,omitempty"`
	Data        []byte `json:"data,omitempty"`
	ForwardText string `json:"forward_text,omitempty"`
	ButtonID    int64  `json:"button_id,omitempty"`
}

// Suggested is the state of a post that somebody offered to a channel.
type Suggested struct {
	Accepted bool   `json:"accepted,omitempty"`
	Rejected bool   `json:"rejected,omitempty"`
	Whole    int64  `json:"whole,omitempty"`    // price, whole part
	Nano     int64  `json:"nano,omitempty"`     // price, billionths
	Currency string `json:"currency,omitempty"` // Stars, TON
	Schedule int64  `json:"schedule,omitempty"`
}

// A Reactor paid for reactions; From is absent if anonymous.
type Reactor struct {
	From      PeerID `json:"from,omitempty"`
	Count     int    `json:"count"` // stars
	Anonymous bool   `json:"anonymous,omitempty"`
}

// A Reaction counts one kind of reaction. Type: emoji, custom_emoji, paid, empty;
// unknown for what today's code does not know.
type Reaction struct {
	Type     string           `json:"type"`
	Count    int              `json:"count"`
	Emoji    string           `json:"emoji,omitempty"`
	Document MediaKey         `json:"document,omitempty"`
	Chosen   bool             `json:"chosen,omitempty"` // by the account itself
	Recent   []RecentReaction `json:"recent,omitempty"`
}

// RecentReaction says who reacted and when.
type RecentReaction struct {
	From PeerID `json:"from"`
	Date int64  `json:"date"`
}

// A File is a media file as a message declares it, before it is fetched.
type File struct {
	Key  MediaKey `json:"key"`
	Size int64    `json:"size"`
	// Name is the document's own file name, "" if it has none. It comes from a
	// stranger: never a path.
	Name     string  `json:"name,omitempty"`
	MIME     string  `json:"mime,omitempty"`
	Width    int     `json:"width,omitempty"`
	Height   int     `json:"height,omitempty"`
	Duration float64 `json:"duration,omitempty"`
	Date     int64   `json:"date,omitempty"` // the file's own date, for its name in exports
}

// Media kinds.
const (
	MediaKindPhoto       = "photo"
	MediaKindDocument    = "document"
	MediaKindContact     = "contact"
	MediaKindLocation    = "location"
	MediaKindLive        = "live_location"
	MediaKindVenue       = "venue"
	MediaKindGame        = "game"
	MediaKindInvoice     = "invoice"
	MediaKindPoll        = "poll"
	MediaKindTodo        = "todo"
	MediaKindGiveaway    = "giveaway"
	MediaKindResults     = "giveaway_results"
	MediaKindPaid        = "paid"
	MediaKindWebpage     = "webpage"
	MediaKindDice        = "dice"
	MediaKindStory       = "story"
	MediaKindUnsupported = "unsupported"
	MediaKindStream      = "video_stream"
	MediaKindPreview     = "preview" // paid media that was not paid for
)

// Media is what a message carries besides text. Kind says which fields count.
type Media struct {
	Kind    string `json:"kind"`
	File    *File  `json:"file,omitempty"`  // photo, document; nil if expired
	Thumb   *File  `json:"thumb,omitempty"` // document's thumbnail
	Cover   *File  `json:"cover,omitempty"` // a video's cover photo
	Live    *File  `json:"live,omitempty"`  // a live photo's video
	Spoiler bool   `json:"spoiler,omitempty"`
	TTL     int    `json:"ttl,omitempty"` // self-destruct period, seconds

	// What a document is. More than one can be true: an ordinary GIF is
	// Animation and Video.
	Sticker      bool   `json:"sticker,omitempty"`
	RoundVideo   bool   `json:"round_video,omitempty"`
	Voice        bool   `json:"voice,omitempty"`
	Animation    bool   `json:"animation,omitempty"`
	Video        bool   `json:"video,omitempty"`
	Audio        bool   `json:"audio,omitempty"`
	StickerEmoji string `json:"sticker_emoji,omitempty"`
	Performer    string `json:"performer,omitempty"`
	SongTitle    string `json:"song_title,omitempty"`

	Contact  *Contact         `json:"contact,omitempty"`
	Place    *Place           `json:"place,omitempty"` // location, live_location, venue
	Game     *Game            `json:"game,omitempty"`
	Invoice  *Invoice         `json:"invoice,omitempty"`
	Poll     *Poll            `json:"poll,omitempty"`
	Todo     *Todo            `json:"todo,omitempty"`
	Giveaway *Giveaway        `json:"giveaway,omitempty"`
	Results  *GiveawayResults `json:"results,omitempty"`
	Webpage  *Webpage         `json:"webpage,omitempty"`
	Stars    int64            `json:"stars,omitempty"` // paid media: the price
	Emoji    string           `json:"emoji,omitempty"` // dice
	Value    int              `json:"value,omitempty"` // dice
	Story    *Story           `json:"story,omitempty"`
	Preview  *Preview         `json:"preview,omitempty"`
	Extended []Media          `json:"extended,omitempty"` // paid media, and what an invoice sells
	Attached *Media           `json:"attached,omitempty"` // what stands above a poll's question
}

// Preview is what is known of media that was not paid for.
type Preview struct {
	Width    int `json:"width,omitempty"`
	Height   int `json:"height,omitempty"`
	Duration int `json:"duration,omitempty"`
}

// Story is a story that was shared or mentioned. Beyond Peer and ID it is filled
// only while the server still shows the story.
type Story struct {
	Peer    PeerID `json:"peer"`
	ID      int    `json:"id"`
	Mention bool   `json:"mention,omitempty"` // the account is mentioned in it
	Date    int64  `json:"date,omitempty"`
	Expires int64  `json:"expires,omitempty"`
	Caption *Text  `json:"caption,omitempty"`
	Media   *Media `json:"media,omitempty"`
}

// Contact is a shared contact.
type Contact struct {
	User      PeerID `json:"user,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Phone     string `json:"phone,omitempty"`
	VCard     string `json:"vcard,omitempty"`
}

// Place is a point on the map. Valid is false where Telegram sent an empty point.
type Place struct {
	Valid     bool    `json:"valid,omitempty"`
	Latitude  float64 `json:"latitude,omitempty"`
	Longitude float64 `json:"longitude,omitempty"`
	Period    int     `json:"period,omitempty"`   // live location, seconds
	Heading   int     `json:"heading,omitempty"`  // live location, degrees
	Radius    int     `json:"radius,omitempty"`   // live location: notify within, metres
	Accuracy  int     `json:"accuracy,omitempty"` // metres
	Title     string  `json:"title,omitempty"`    // venue
	Address   string  `json:"address,omitempty"`
	Provider  string  `json:"provider,omitempty"` // venue: whose VenueID
	VenueID   string  `json:"venue_id,omitempty"`
	VenueType string  `json:"venue_type,omitempty"`
}

// Game is a game offered by a bot.
type Game struct {
	ID          int64  `json:"id,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	ShortName   string `json:"short_name,omitempty"`
	Bot         PeerID `json:"bot,omitempty"`
	Photo       *File  `json:"photo,omitempty"`
	Document    *File  `json:"document,omitempty"`
}

// Invoice is a request for payment. Amount is in the currency's smallest unit.
type Invoice struct {
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Currency    string `json:"currency,omitempty"`
	Amount      int64  `json:"amount,omitempty"`
	Receipt     int    `json:"receipt,omitempty"` // message id
	Test        bool   `json:"test,omitempty"`
}

// Poll is a poll or a quiz.
type Poll struct {
	ID       int64        `json:"id,omitempty"`
	Question Text         `json:"question"`
	Closed   bool         `json:"closed,omitempty"`
	Quiz     bool         `json:"quiz,omitempty"`
	Public   bool         `json:"public,omitempty"`
	Multiple bool         `json:"multiple,omitempty"`
	Voters   int          `json:"voters,omitempty"`
	Answers  []PollAnswer `json:"answers"`
	Closes   int64        `json:"closes,omitempty"`   // when it closes by itself
	Period   int          `json:"period,omitempty"`   // for how long it was opened, seconds
	Solution *Text        `json:"solution,omitempty"` // a quiz's explanation
	Shown    *Media       `json:"shown,omitempty"`    // media of the explanation
	Recent   []PeerID     `json:"recent,omitempty"`   // some of those who voted
}

// PollAnswer is one answer with its count as of the time the message was seen.
type PollAnswer struct {
	Text    Text     `json:"text"`
	Option  []byte   `json:"option,omitempty"`
	Voters  int      `json:"voters,omitempty"`
	Chosen  bool     `json:"chosen,omitempty"`
	Correct bool     `json:"correct,omitempty"`
	Media   *Media   `json:"media,omitempty"`
	AddedBy PeerID   `json:"added_by,omitempty"` // answers that people may add
	Added   int64    `json:"added,omitempty"`
	Recent  []PeerID `json:"recent,omitempty"` // some of those who chose it
}

// Todo is a to-do list.
type Todo struct {
	Title             Text       `json:"title"`
	OthersCanAppend   bool       `json:"others_can_append,omitempty"`
	OthersCanComplete bool       `json:"others_can_complete,omitempty"`
	Items             []TodoItem `json:"items"`
}

// TodoItem is one line of a to-do list.
type TodoItem struct {
	ID          int    `json:"id"`
	Text        Text   `json:"text"`
	CompletedBy PeerID `json:"completed_by,omitempty"`
	CompletedAt int64  `json:"completed_at,omitempty"`
}

// Giveaway is a giveaway that is announced.
type Giveaway struct {
	Quantity  int      `json:"quantity,omitempty"`
	Months    int      `json:"months,omitempty"`
	Until     int64    `json:"until,omitempty"`
	Channels  []PeerID `json:"channels,omitempty"`
	Countries []string `json:"countries,omitempty"`
	Prize     string   `json:"prize,omitempty"`
	Stars     int64    `json:"stars,omitempty"`
	OnlyNew   bool     `json:"only_new,omitempty"`
	Visible   bool     `json:"visible,omitempty"` // the winners will be named
}

// GiveawayResults is a giveaway that is over.
type GiveawayResults struct {
	Channel    PeerID   `json:"channel,omitempty"`
	Winners    []PeerID `json:"winners,omitempty"`
	Prize      string   `json:"prize,omitempty"`
	Until      int64    `json:"until,omitempty"`
	Launch     int      `json:"launch,omitempty"`
	Additional int      `json:"additional,omitempty"`
	Count      int      `json:"count,omitempty"`
	Unclaimed  int      `json:"unclaimed,omitempty"`
	Months     int      `json:"months,omitempty"`
	Stars      int64    `json:"stars,omitempty"`
	Refunded   bool     `json:"refunded,omitempty"`
	OnlyNew    bool     `json:"only_new,omitempty"`
}

// Webpage is a link preview.
type Webpage struct {
	ID          int64  `json:"id,omitempty"`
	URL         string `json:"url,omitempty"`
	Type        string `json:"type,omitempty"` // Telegram's word: article, photo, telegram_message …
	Site        string `json:"site,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Author      string `json:"author,omitempty"`
	Photo       *File  `json:"photo,omitempty"`
	Document    *File  `json:"document,omitempty"`
}

// An Action is what a service message tells. Type is Telegram Desktop's word
// ("pin_message", "invite_members" …), or "" with Custom set for a free text
// action, or "unknown". Fields are named by their meaning; which of them count
// depends on Type (see Telegram Desktop's result.json). Telegram Desktop has no
// words for star_gift_offer, star_gift_offer_declined and change_community;
// these are ours.
type Action struct {
	Type      string   `json:"type"`
	Custom    string   `json:"custom,omitempty"` // information_text
	Title     string   `json:"title,omitempty"`
	Members   []PeerID `json:"members,omitempty"`
	Inviter   PeerID   `json:"inviter,omitempty"`
	Photo     *File    `json:"photo,omitempty"`
	Spoiler   bool     `json:"spoiler,omitempty"`
	MessageID int      `json:"message_id,omitempty"` // pinned, game, invoice, wallpaper …; stars_prize: the giveaway
	Peer      PeerID   `json:"peer,omitempty"`       // the other chat of MessageID; boost, refund; the group or supergroup of a migration; a new owner, a managed bot
	Peers     []PeerID `json:"peers,omitempty"`      // requested_peer; conference_call: who else takes part

	Score     int        `json:"score,omitempty"`
	Amount    int64      `json:"amount,omitempty"`
	Currency  string     `json:"currency,omitempty"`
	Recurring string     `json:"recurring,omitempty"` // used, init
	Duration  int        `json:"duration,omitempty"`
	Reason    string     `json:"reason,omitempty"` // call: busy, disconnect, hangup, missed, migrate_conference_all
	Active    bool       `json:"active,omitempty"`
	Missed    bool       `json:"missed,omitempty"`
	AppID     int64      `json:"app_id,omitempty"`
	AppName   string     `json:"app_name,omitempty"`
	Domain    string     `json:"domain,omitempty"`
	Values    []string   `json:"values,omitempty"` // passport values
	From      PeerID     `json:"from,omitempty"`   // proximity; set_messages_ttl: whose default it is; send_star_gift: the giver, if not the author
	To        PeerID     `json:"to,omitempty"`     // proximity; send_star_gift: the channel that got it
	Distance  int        `json:"distance,omitempty"`
	Period    int        `json:"period,omitempty"`
	Schedule  int64      `json:"schedule,omitempty"`
	Emoticon  string     `json:"emoticon,omitempty"`
	Text      *Text      `json:"text,omitempty"` // webview data, gift text
	Months    int        `json:"months,omitempty"`
	Cost      string     `json:"cost,omitempty"` // formatted as Telegram Desktop does
	NewTitle  *string    `json:"new_title,omitempty"`
	NewIcon   *int64     `json:"new_icon,omitempty"`
	ButtonID  int64      `json:"button_id,omitempty"`
	Code      string     `json:"code,omitempty"` // gift code
	Unclaimed bool       `json:"unclaimed,omitempty"`
	Giveaway  bool       `json:"giveaway,omitempty"` // via a giveaway
	Winners   int        `json:"winners,omitempty"`
	Left      int        `json:"left,omitempty"`  // unclaimed count
	Stars     int64      `json:"stars,omitempty"` // a price or a prize in whole stars
	ByStars   bool       `json:"by_stars,omitempty"`
	Boosts    int        `json:"boosts,omitempty"`
	ChargeID  string     `json:"charge_id,omitempty"` // refunded_payment; gifts of stars and TON, stars_prize: the transaction
	Whole     int64      `json:"whole,omitempty"`     // amount of stars or TON, whole part
	Nano      int64      `json:"nano,omitempty"`
	GiftID    int64      `json:"gift_id,omitempty"`
	Limited   bool       `json:"limited,omitempty"`
	Anonymous bool       `json:"anonymous,omitempty"`
	Count     int        `json:"count,omitempty"`
	Broadcast bool       `json:"broadcast,omitempty"`
	Done      []int      `json:"done,omitempty"`
	Undone    []int      `json:"undone,omitempty"`
	Items     []TodoItem `json:"items,omitempty"`
	Rejected  bool       `json:"rejected,omitempty"`
	Comment   string     `json:"comment,omitempty"`
	ByUser    bool       `json:"by_user,omitempty"`
	Day       int        `json:"day,omitempty"` // suggested birthday
	Month     int        `json:"month,omitempty"`
	Year      int        `json:"year,omitempty"`

	// What Telegram Desktop's export has no word for.
	Video  bool  `json:"video,omitempty"`   // phone_call, conference_call
	GameID int64 `json:"game_id,omitempty"` // score_in_game
	// Crypto is what a gift was paid with, in the smallest unit of CryptoCurrency:
	// "TON" counts in billionths.
	Crypto         int64       `json:"crypto,omitempty"`
	CryptoCurrency string      `json:"crypto_currency,omitempty"`
	Slug           string      `json:"slug,omitempty"`       // send_payment: the invoice; a unique gift
	Until          int64       `json:"until,omitempty"`      // send_payment: end of the subscription; offers: their end
	Days           int         `json:"days,omitempty"`       // send_premium_gift, gift_code_prize: what Months is made of
	IconColor      int         `json:"icon_color,omitempty"` // topic_created, RGB
	Closed         *bool       `json:"closed,omitempty"`     // topic_edit
	Hidden         *bool       `json:"hidden,omitempty"`     // topic_edit
	ForBoth        bool        `json:"for_both,omitempty"`   // wallpapers
	Poor           bool        `json:"poor,omitempty"`       // process_suggested_post: the balance was too low
	Refunded       bool        `json:"refunded,omitempty"`   // send_star_gift
	Answer         *PollAnswer `json:"answer,omitempty"`     // poll_append_answer, poll_delete_answer
	Expired        bool        `json:"expired,omitempty"`    // offers and requests
	Accepted       bool        `json:"accepted,omitempty"`   // star_gift_offer
	Community      int64       `json:"community,omitempty"`  // change_community, join_group_via_community
}
