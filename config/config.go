package config

import (
	"crypto/rsa"
	"time"
)

// FileName is the name of the settings file in an installation's folder.
const FileName = "telekeep.toml"

// Config is everything telekeep can be told. Field comments are the manual; the
// key in the file is the one in the toml tag.
type Config struct {
	// Vault is the folder that holds the vault: a folder, an external drive, a
	// mounted NAS. It must exist and carry vault.json, or nothing is written.
	Vault string `toml:"vault"`
	// State is the folder of what can be rebuilt: the local index and the
	// journal of what is not committed yet. Deleting it costs a rebuild.
	State string `toml:"state"`
	// Secrets is the folder of writer.key and the sealed Telegram sessions.
	// It opens no message; whoever has it can write to the vault and use the login.
	Secrets string `toml:"secrets"`
	// Keyring, if it is set, begins the names of keys in the kernel's keyring that come before
	// the files in Secrets: with "telekeep" the writer's key is telekeep:writer.key. Linux only.
	Keyring string `toml:"keyring"`
	// Copies are more places that hold the same vault. Vault may be left out where there
	// is one: the first of them is then the one that is read first.
	Copies []Copy `toml:"copy"`
	Spool  Spool  `toml:"spool"`

	Telegram Telegram  `toml:"telegram"`
	Accounts []Account `toml:"account"`
	Chats    Chats     `toml:"chats"`
	Media    Media     `toml:"media"`
	Commit   Commit    `toml:"commit"`
	Daemon   Daemon    `toml:"daemon"`
	Alarm    Alarm     `toml:"alarm"`
	Import   Import    `toml:"import"`
	Keys     Keys      `toml:"keys"`
}

// Keys says what may be done for owner keys. None of them is needed, or used, to back up.
type Keys struct {
	// Plugins are the age plugins that may be run, such as ["yubikey", "tpm", "se"]:
	// programs age-plugin-NAME on the search path, for keys in hardware. One is run when a
	// command is given such a key with -i or --recipient, never by the daemon.
	Plugins []string `toml:"plugins"`
}

// Telegram says which server to talk to and as which application.
type Telegram struct {
	// APIID and APIHash are your own application's, from my.telegram.org, "API
	// development tools". Published ones are throttled or banned by Telegram.
	APIID   int    `toml:"api_id"`
	APIHash string `toml:"api_hash"`
	// Server is host:port of an MTProto server. Empty: Telegram's own.
	Server string `toml:"server"`
	// DC is the number of the data centre that Server is. Default 2.
	DC int `toml:"dc"`
	// PublicKeys are the server's RSA keys: PEM text, or names of PEM files.
	// Empty: Telegram's own. Needed when Server is set.
	PublicKeys []string `toml:"public_keys"`
	// Takeout makes the first backup of an account inside a data export of
	// Telegram's: its limits are looser, and the account's other devices are
	// told of it.
	Takeout bool `toml:"takeout"`

	// Keys are PublicKeys, parsed by Load.
	Keys []*rsa.PublicKey `toml:"-"`
}

// Account is one Telegram login.
type Account struct {
	// Name is yours to choose: letters, digits, - and _. It names the session file.
	Name string `toml:"name"`
	// Phone in international form, +…; login asks for it where it is missing.
	Phone string `toml:"phone"`
}

// Chats chooses chats. A chat is named by its kind (personal, bot, group,
// supergroup, channel, saved), its id ("channel123"), its @username, or its
// name with * for any text, or by a folder of the account: "folder:Work",
// "folder:archive" for the archived chats.
type Chats struct {
	// Include: only these. Empty: all.
	Include []string `toml:"include"`
	// Exclude: not these, whatever Include says.
	Exclude []string `toml:"exclude"`
}

// Media chooses which media files are fetched. Messages are kept in any case.
type Media struct {
	// Kinds: photo, video, voice, video_message, animation, sticker, audio,
	// file, thumbnail, profile_photo. Empty: all. ["none"]: no media.
	Kinds []string `toml:"kinds"`
	// MaxSize is the largest file to fetch, such as "500 MB" or "4 GiB".
	// Empty: no limit.
	MaxSize string `toml:"max_size"`
	// From and Until limit the dates of messages whose media is fetched: days such
	// as "2020-01-31", in UTC; From included, Until not. Empty: no limit.
	From  string `toml:"from"`
	Until string `toml:"until"`
	// Chats are rules for some chats, in the place of those above; the first that
	// names a chat counts.
	Chats []ChatMedia `toml:"chat"`

	// MaxBytes is MaxSize in bytes, 0 for no limit; FromTime and UntilTime are
	// From and Until, zero for no limit. Set by Load.
	MaxBytes  int64     `toml:"-"`
	FromTime  time.Time `toml:"-"`
	UntilTime time.Time `toml:"-"`
}

// ChatMedia chooses media of certain chats. What it leaves out is not limited.
type ChatMedia struct {
	// Chats are named as in [chats].
	Chats   []string `toml:"chats"`
	Kinds   []string `toml:"kinds"`
	MaxSize string   `toml:"max_size"`
	From    string   `toml:"from"`
	Until   string   `toml:"until"`

	// See Media.
	MaxBytes  int64     `toml:"-"`
	FromTime  time.Time `toml:"-"`
	UntilTime time.Time `toml:"-"`
}

// Commit says how often a long run makes what it has durable in the vault.
type Commit struct {
	// Every is the amount of new data after which a commit is due. Default "512 MiB".
	Every string `toml:"every"`
	// After is the age of the oldest uncommitted data after which a commit is
	// due. Default "10m".
	After string `toml:"after"`

	// EveryBytes and AfterTime are Every and After, parsed by Load.
	EveryBytes int64         `toml:"-"`
	AfterTime  time.Duration `toml:"-"`
}

// Daemon says how telekeep daemon works. Spans of time are written like "90m", "6h" or
// "7d".
type Daemon struct {
	// Reconcile is about how often all chats are looked through for what Telegram did
	// not tell by itself. Default "1h".
	Reconcile string `toml:"reconcile"`
	// CommitAfter is how old the oldest thing may get that is on this machine's disk
	// and not in the vault yet; it stands in the place of [commit] after. Default "6h",
	// so that a quiet account writes few files a day.
	CommitAfter string `toml:"commit_after"`
	// Verify is how often the vault is verified, slowly. Default "7d"; "never".
	Verify string `toml:"verify"`
	// Scrub is the time within which every file of data of every copy is read, the least
	// recently read ones first, and healed from another copy if it is bad. What Verify
	// reads counts, so this matters for what it is too slow for. Default "30d"; "never".
	Scrub string `toml:"scrub"`
	// Metered is what waits while the network is paid for by the byte, as far as
	// NetworkManager knows: "media" (messages are small, and are fetched), "all", or
	// "ignore". Default "media".
	Metered string `toml:"metered"`
	// Battery is what waits while the machine runs on its battery: "media", "all" or
	// "ignore". While anything waits nothing is verified. Default "ignore".
	Battery string `toml:"battery"`
	// Metrics is host:port where Prometheus may fetch metrics over HTTP: anybody who
	// reaches it can, so use an address of this machine such as "127.0.0.1:9712".
	// Empty: only over the control socket.
	Metrics string `toml:"metrics"`
	// Textfile is a file that metrics are written to every few minutes, for the
	// textfile collector of Prometheus' node exporter. Empty: none.
	Textfile string `toml:"textfile"`

	// ReconcileTime, CommitTime, VerifyTime and ScrubTime are the spans, parsed by Load;
	// the last two are negative for "never".
	ReconcileTime time.Duration `toml:"-"`
	CommitTime    time.Duration `toml:"-"`
	VerifyTime    time.Duration `toml:"-"`
	ScrubTime     time.Duration `toml:"-"`
}

// Alarm says when telekeep daemon says that something is wrong, and how. All goes by
// ages: how long ago something was known to be as it should be.
type Alarm struct {
	// Account is how old the last look through everything of an account may get.
	// Default "24h".
	Account string `toml:"account"`
	// Incomplete is for how long something may be missing that is tried again and
	// again. Default "7d".
	Incomplete string `toml:"incomplete"`
	// Copy is for how long the vault may not be there, or lack what was fetched.
	// Default "24h".
	Copy string `toml:"copy"`
	// Verify is how old the last verification may get. Default "28d".
	Verify string `toml:"verify"`
	// Drill is how long ago the last restore may be that worked, of a sample or of
	// everything, from each copy; before there was one, the first backup. Default
	// "180d"; "never".
	Drill string `toml:"drill"`
	// Keys is how long ago the last telekeep keys test may be that proved that an owner's
	// key opens the vault; before there was one, when the key was added. telekeep keys list
	// says so of a key from then on. Default "365d"; "never".
	Keys string `toml:"keys"`
	// Disk is how long before the disk will be full that is told, if it goes on as in
	// the last two weeks. Default "14d".
	Disk string `toml:"disk"`
	// Reserve is the least free space. Default "1 GiB".
	Reserve string `toml:"reserve"`
	// Hook is a command, with its arguments, that is run when something begins to be
	// wrong, once a day while it is, and when it is over. It finds what happened in
	// TELEKEEP_EVENT (failure, reminder, recovery), TELEKEEP_ALARM (the kind),
	// TELEKEEP_ACCOUNT (the name in these settings), TELEKEEP_COPY, TELEKEEP_TEXT,
	// TELEKEEP_SINCE and TELEKEEP_HEAD (the newest commit, see verify --head). No names of chats or people are in them. It is run anew until
	// it ends with exit code 0.
	Hook []string `toml:"hook"`
	// Ping is a URL that is fetched once an hour for as long as all is well, and not
	// otherwise: a service that misses it tells you, also when this machine is dead.
	// Nothing is sent but the request itself.
	Ping string `toml:"ping"`

	// The spans and the size, parsed by Load.
	AccountTime    time.Duration `toml:"-"`
	IncompleteTime time.Duration `toml:"-"`
	CopyTime       time.Duration `toml:"-"`
	VerifyTime     time.Duration `toml:"-"`
	DrillTime      time.Duration `toml:"-"` // negative for "never"
	KeysTime       time.Duration `toml:"-"` // negative for "never"
	DiskTime       time.Duration `toml:"-"`
	ReserveBytes   int64         `toml:"-"`
}

// MediaKinds are the kinds of media that a rule can name.
func MediaKinds() []string {
	return []string{"photo", "video", "voice", "video_message", "animation", "sticker", "audio", "file", "thumbnail", "profile_photo"}
}
