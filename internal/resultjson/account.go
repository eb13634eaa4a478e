package resultjson

// JSON is any value, as it was written but for white space.
type JSON string

// An Account is what the export of a whole account holds beside the chats. Nil
// and zero fields were not exported.
type Account struct {
	About           string     `json:"about"`
	Personal        *Personal  `json:"personal_information"`
	ProfilePictures []Picture  `json:"profile_pictures"`
	Stories         []Story    `json:"stories"`
	ProfileMusic    []Message  `json:"profile_music"`
	Contacts        *Contacts  `json:"contacts"`
	Frequent        *Frequent  `json:"frequent_contacts"`
	Sessions        *Sessions  `json:"sessions"`
	WebSessions     *WebSites  `json:"web_sessions"`
	OtherData       JSON       `json:"other_data"` // the server's JSON
	ChatsAbout      string     `json:"-"`
	LeftChatsAbout  string     `json:"-"`
	Unknown         []KeyValue `json:"-"`
}

// A KeyValue is a key that is not known, with its value as JSON.
type KeyValue struct{ Key, Value string }

// Personal is the owner of the account.
type Personal struct {
	UserID    int64  `json:"user_id"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Phone     string `json:"phone_number"` // as it is shown
	Username  string `json:"username"`     // with the @
	Bio       string `json:"bio"`
}

// A Picture is one profile picture. Photo is a path or a placeholder.
type Picture struct {
	Date  int64  `json:"date,time"`
	Photo string `json:"photo"`
}

// A Story of the account's own archive. Media is a path or a placeholder.
type Story struct {
	Date    int64  `json:"date,time"`
	Expires int64  `json:"expires,time"`
	Pinned  bool   `json:"pinned"`
	Media   string `json:"media"`
}

// Contacts is the contact list.
type Contacts struct {
	About string    `json:"about"`
	List  []Contact `json:"list"`
}

// Frequent lists whom the account is in touch with most.
type Frequent struct {
	About string            `json:"about"`
	List  []FrequentContact `json:"list"`
}

// A FrequentContact is a peer with its rating.
type FrequentContact struct {
	ID       int64   `json:"id"`       // bare
	Category string  `json:"category"` // people, inline_bots, calls
	Type     string  `json:"type"`     // user, or a type of chat
	Name     *Name   `json:"name"`
	Rating   float64 `json:"rating"`
}

// Sessions lists where the account is signed in.
type Sessions struct {
	About string    `json:"about"`
	List  []Session `json:"list"`
}

// A Session is one login.
type Session struct {
	LastActive    int64  `json:"last_active,time"`
	LastIP        string `json:"last_ip"`
	LastCountry   string `json:"last_country"`
	LastRegion    string `json:"last_region"`
	App           *Name  `json:"application_name"`
	AppVersion    string `json:"application_version"`
	Device        string `json:"device_model"`
	Platform      string `json:"platform"`
	SystemVersion string `json:"system_version"`
	Created       int64  `json:"created,time"`
}

// WebSites lists the sites the account signed in to with Telegram.
type WebSites struct {
	About string       `json:"about"`
	List  []WebSession `json:"list"`
}

// A WebSession is one login to a site.
type WebSession struct {
	LastActive int64  `json:"last_active,time"`
	LastIP     string `json:"last_ip"`
	LastRegion string `json:"last_region"`
	Bot        *Name  `json:"bot_username"`
	Domain     *Name  `json:"domain_name"`
	Browser    string `json:"browser"`
	Platform   string `json:"platform"`
	Created    int64  `json:"created,time"`
}
