package resultjson

// JSON is any value, as it was written but for white space.
type JSON string

// An Account is what the export of a whole account holds beside the chats. Nil
// and zero fields were not exported.
type Account struct {
	About           string     `key:"about"`
	Personal        *Personal  `key:"personal_information"`
	ProfilePictures []Picture  `key:"profile_pictures"`
	Stories         []Story    `key:"stories"`
	ProfileMusic    []Message  `key:"profile_music"`
	Contacts        *Contacts  `key:"contacts"`
	Frequent        *Frequent  `key:"frequent_contacts"`
	Sessions        *Sessions  `key:"sessions"`
	WebSessions     *WebSites  `key:"web_sessions"`
	OtherData       JSON       `key:"other_data"` // the server's JSON
	ChatsAbout      string     `key:"-"`
	LeftChatsAbout  string     `key:"-"`
	Unknown         []KeyValue `key:"-"`
}

// A KeyValue is a key that is not known, with its value as JSON.
type KeyValue struct{ Key, Value string }

// Personal is the owner of the account.
type Personal struct {
	UserID    int64  `key:"user_id"`
	FirstName string `key:"first_name"`
	LastName  string `key:"last_name"`
	Phone     string `key:"phone_number"` // as it is shown
	Username  string `key:"username"`     // with the @
	Bio       string `key:"bio"`
}

// A Picture is one profile picture. Photo is a path or a placeholder.
type Picture struct {
	Date  int64  `key:"date,time"`
	Photo string `key:"photo"`
}

// A Story of the account's own archive. Media is a path or a placeholder.
type Story struct {
	Date    int64  `key:"date,time"`
	Expires int64  `key:"expires,time"`
	Pinned  bool   `key:"pinned"`
	Media   string `key:"media"`
}

// Contacts is the contact list.
type Contacts struct {
	About string    `key:"about"`
	List  []Contact `key:"list"`
}

// Frequent lists whom the account is in touch with most.
type Frequent struct {
	About string            `key:"about"`
	List  []FrequentContact `key:"list"`
}

// A FrequentContact is a peer with its rating.
type FrequentContact struct {
	ID       int64   `key:"id"`       // bare
	Category string  `key:"category"` // people, inline_bots, calls
	Type     string  `key:"type"`     // user, or a type of chat
	Name     *Name   `key:"name"`
	Rating   float64 `key:"rating"`
}

// Sessions lists where the account is signed in.
type Sessions struct {
	About string    `key:"about"`
	List  []Session `key:"list"`
}

// A Session is one login.
type Session struct {
	LastActive    int64  `key:"last_active,time"`
	LastIP        string `key:"last_ip"`
	LastCountry   string `key:"last_country"`
	LastRegion    string `key:"last_region"`
	App           *Name  `key:"application_name"`
	AppVersion    string `key:"application_version"`
	Device        string `key:"device_model"`
	Platform      string `key:"platform"`
	SystemVersion string `key:"system_version"`
	Created       int64  `key:"created,time"`
}

// WebSites lists the sites the account signed in to with Telegram.
type WebSites struct {
	About string       `key:"about"`
	List  []WebSession `key:"list"`
}

// A WebSession is one login to a site.
type WebSession struct {
	LastActive int64  `key:"last_active,time"`
	LastIP     string `key:"last_ip"`
	LastRegion string `key:"last_region"`
	Bot        *Name  `key:"bot_username"`
	Domain     *Name  `key:"domain_name"`
	Browser    string `key:"browser"`
	Platform   string `key:"platform"`
	Created    int64  `key:"created,time"`
}
