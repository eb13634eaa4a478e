package resultjson

// A Contact is a person's card, in a message or in the contact list.
type Contact struct {
	UserID    int64  `key:"user_id"`
	FirstName string `key:"first_name"`
	LastName  string `key:"last_name"`
	Phone     string `key:"phone_number"` // as it is shown: "+998 90 1112233"
	Date      int64  `key:"date,time"`    // contact list only
}

// A Location is a place. Null: the file says null, the place is unknown.
type Location struct {
	Latitude  float64 `key:"latitude"`
	Longitude float64 `key:"longitude"`
	Null      bool    `key:"-"`
}

// An Invoice asks for a payment. In the file it is an object inside a string.
type Invoice struct {
	Title       string `key:"title"`
	Description string `key:"description"`
	Amount      int64  `key:"amount"` // smallest unit of the currency
	Currency    string `key:"currency"`
	ReceiptID   int64  `key:"receipt_message_id"`
}

// A Poll with its result as of the export.
type Poll struct {
	Question    []Part       `key:"question,text"`
	Closed      bool         `key:"closed"`
	TotalVoters int64        `key:"total_voters"`
	Answers     []PollAnswer `key:"answers"`
}

// A PollAnswer is one answer of a poll.
type PollAnswer struct {
	Text   []Part `key:"text,text"`
	Voters int64  `key:"voters"`
	Chosen bool   `key:"chosen"` // by the account that exported
}

// A Todo is a to-do list; what is done is only told by service messages.
type Todo struct {
	Title             []Part     `key:"title,text"`
	OthersCanAppend   bool       `key:"others_can_append"`
	OthersCanComplete bool       `key:"others_can_complete"`
	Answers           []TodoItem `key:"answers"`
}

// A TodoItem is one line of a to-do list.
type TodoItem struct {
	Text []Part `key:"text,text"`
	ID   int64  `key:"id"`
}

// A Giveaway that is announced.
type Giveaway struct {
	Quantity  int64    `key:"quantity"`
	Months    int64    `key:"months"`
	Until     int64    `key:"until_date,time"`
	Channels  []int64  `key:"channels"` // bare ids
	Countries []string `key:"countries"`
	Prize     string   `key:"additional_prize"`
	Stars     int64    `key:"stars"`
	OnlyNew   bool     `key:"is_only_new_subscribers"`
}

// GiveawayResults tell of a giveaway that is over.
type GiveawayResults struct {
	Channel    int64  `key:"channel"` // bare id
	Winners    []Peer `key:"winners,long"`
	Prize      string `key:"additional_prize"`
	Until      int64  `key:"until_date,time"`
	LaunchID   int64  `key:"launch_message_id"`
	Additional int64  `key:"additional_peers_count"`
	Count      int64  `key:"winners_count"`
	Unclaimed  int64  `key:"unclaimed_count"`
	Months     int64  `key:"months"`
	Stars      int64  `key:"stars"`
	Refunded   bool   `key:"is_refunded"`
	OnlyNew    bool   `key:"is_only_new_subscribers"`
}

// A Button is one inline button. Callback kinds have DataBase64 (base64url
// without padding) and an empty Data, the others Data.
type Button struct {
	Type        string `key:"type"`
	Text        string `key:"text"`
	Data        string `key:"data"`
	DataBase64  string `key:"dataBase64"`
	ForwardText string `key:"forward_text"`
	ButtonID    int64  `key:"button_id"`
}

// A Reaction counts one kind of reaction: emoji, custom_emoji, paid or empty.
type Reaction struct {
	Type       string   `key:"type"`
	Count      int64    `key:"count"`
	Emoji      string   `key:"emoji"`
	DocumentID string   `key:"document_id"` // of a custom emoji: a path, a placeholder or an id
	Recent     []Recent `key:"recent"`
}

// Recent says who reacted and when.
type Recent struct {
	From   *Name `key:"from"`
	FromID Peer  `key:"from_id"`
	Date   int64 `key:"date,time"`
}
