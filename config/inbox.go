package config

import "time"

// Import says what telekeep daemon takes in by itself.
type Import struct {
	// Inbox is a folder: what is put into it and then left alone for Settle, such as a
	// folder that Telegram Desktop exported or a .zip of one, is imported and moved to
	// the folder "done" in it. Empty: none.
	Inbox string `toml:"inbox"`
	// Settle is for how long it must have been left alone. Default "1m".
	Settle string `toml:"settle"`
	// Account is whose exports they are where they do not say it: a name of an account
	// of these settings, or an id such as "user123".
	Account string `toml:"account"`

	// SettleTime is Settle, parsed by Load.
	SettleTime time.Duration `toml:"-"`
}

const defaultSettle = time.Minute

func (c *checker) imports(i *Import) {
	i.SettleTime = c.span("import.settle", i.Settle, defaultSettle, time.Second)
	i.Inbox = resolve(c.path, i.Inbox)
}

func renderImport(put func(string, ...any), c *Config) {
	put("")
	put("[import]")
	put("# A folder: exports of Telegram Desktop that are put into it are imported by telekeep daemon, once they")
	put("# were left alone for a while, and moved to the folder \"done\" in it. Whose they are, where they do not say it.")
	optional(put, "inbox", c.Import.Inbox, "/srv/telekeep-inbox")
	optional(put, "settle", c.Import.Settle, "1m")
	optional(put, "account", c.Import.Account, "main")
}
