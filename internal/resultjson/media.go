package resultjson

// A Contact is a person's card, in a message or in the contact list.
type Contact struct {
	UserID    int64  `json:"user_id"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Phone     string `json:"phone_number"` // as it is shown: "+998 90 1112233"
	Date      int64  `json:"date,time"`    // contact list only
}

// A Location is a place. Null: the file says null, the place is unknown.
type Location struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Null      bool    `json:"-"`
}

// An Invoice asks for a payment. In the file it is an object inside a string.
type Invoice struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Amount      int64  `json:"amount"` // smallest unit of the currency
	Currency    string `json:"currency"`
	ReceiptID   int64  `json:"receipt_message_id"`
}

// A Poll with its result as of the export.
type Poll struct {
	Question    []Part       `json:"question,text"`
	Closed      bool         `json:"closed"`
	TotalVoters int64        `json:"total_voters"`
	Answers     []PollAnswer `json:"answers"`
}

// A PollAnswer is one answer of a poll.
type PollAnswer struct {
	Text   []Part `json:"text,text"`
	Voters int64  `json:"voters"`
	Chosen bool   `json:"chosen"` // by the account that exported
}

// A Todo is a to-do list; what is done is only told by service messages.
type Todo struct {
	Title             []Part     `json:"title,text"`
	OthersCanAppend   bool       `json:"others_can_append"`
	OthersCanComplete bool       `json:"others_can_complete"`
	Answers           []TodoItem `json:"answers"`
}

// A TodoItem is one line of a to-do list.
type TodoItem struct {
	Text []Part `json:"text,text"`
	ID   int64  `json:"id"`
}

// A Giveaway that is announced.
type Giveaway struct {
	Quantity  int64    `json:"quantity"`
	Months    int64    `json:"months"`
	Until     int64    `json:"until_date,time"`
	Channels  []int64  `json:"channels"` // bare ids
	Countries []string `json:"countries"`
	Prize     string   `json:"additional_prize"`
	Stars     int64    `json:"stars"`
	OnlyNew   bool     `json:"is_only_new_subscribers"`
}

// GiveawayResults tell of a giveaway that is over.
type GiveawayResults struct {
	Channel    int64  `json:"channel"` // bare id
	Winners    []Peer `json:"winners,long"`
	Prize      string `json:"additional_prize"`
	Until      int64  `json:"until_date,time"`
	LaunchID   int64  `json:"launch_message_id"`
	Additional int64  `json:"additional_peers_count"`
	Count      int64  `json:"winners_count"`
	Unclaimed  int64  `json:"unclaimed_count"`
	Months     int64  `json:"months"`
	Stars      int64  `json:"stars"`
	Refunded   bool   `json:"is_refunded"`
	OnlyNew    bool   `json:"is_only_new_subscribers"`
}

// A Button is one inline button. Callback kinds have DataBase64 (base64url
// without padding) and an empty Data, the others Data.
type Button struct {
	Type        string `json:"type"`
	Text        string `json:"text"`
	Data        string `json:"data"`
	DataBase64  string `json:"dataBase64"`
	ForwardText string `json:"forward_text"`
	ButtonID    int64  `json:"button_id"`
}

// A Reaction counts one kind of reaction: emoji, custom_emoji, paid or empty.
type Reaction struct {
	Type       string   `json:"type"`
	Count      int64    `json:"count"`
	Emoji      string   `json:"emoji"`
	DocumentID string   `json:"document_id"` // of a custom emoji: a path, a placeholder or an id
	Recent     []Recent `json:"recent"`
}

// Recent says who reacted and when.
type Recent struct {
	From   *Name `json:"from"`
	FromID Peer  `json:"from_id"`
	Date   int64 `json:"date,time"`
}
