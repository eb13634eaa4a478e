package config

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// Render returns the commented settings file for c: what init writes. Reading
// it again gives the same settings; tests hold it to that.
func Render(c *Config) []byte {
	var b strings.Builder
	put := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	put("# telekeep's settings. Unknown keys are errors; relative paths count from this folder.")
	put("")
	put("# The folder that holds the vault. If it lies on a drive that is not mounted,")
	put("# telekeep refuses to write instead of filling the empty mount point.")
	put("vault = %s", quote(c.Vault))
	put("# What can be rebuilt: the local index, the journal of what is not committed yet.")
	put("state = %s", quote(c.State))
	put("# The writer's key and the sealed Telegram sessions. Opens no message.")
	put("secrets = %s", quote(c.Secrets))
	put("# Secrets in the kernel's keyring come before those files: NAME:writer.key and others (Linux).")
	optional(put, "keyring", c.Keyring, "telekeep")
	put("")
	renderCopies(put, c)
	renderTelegram(put, &c.Telegram)
	accounts := c.Accounts
	if len(accounts) == 0 {
		accounts = []Account{{Name: "main"}}
	}
	for _, a := range accounts {
		put("[[account]]")
		put("# Yours to choose; names the session file.")
		put("name = %s", quote(a.Name))
		optional(put, "phone", a.Phone, "+15550100200")
		put("")
	}
	put("[chats]")
	put("# A chat is named by kind (personal, bot, group, supergroup, channel, saved), by id")
	put("# (\"channel123\"), by @username, by name with * for any text, or by folder (\"folder:Work\").")
	put("# `telekeep chats` shows what the rules do. Empty include: all chats.")
	list(put, "include", c.Chats.Include)
	list(put, "exclude", c.Chats.Exclude)
	put("")
	put("[media]")
	put("# Which files are fetched; messages are kept in any case. Empty: all kinds. Kinds:")
	put("# %s; or [\"none\"].", strings.Join(MediaKinds(), ", "))
	list(put, "kinds", c.Media.Kinds)
	put("# The largest file to fetch. Unset: no limit.")
	optional(put, "max_size", c.Media.MaxSize, "4 GiB")
	put("# Media of messages from this day on, and of those before that day. Unset: of all.")
	optional(put, "from", c.Media.From, "2020-01-31")
	optional(put, "until", c.Media.Until, "2030-01-31")
	put("# For some chats other rules, in the place of those above:")
	if len(c.Media.Chats) == 0 {
		put("# [[media.chat]]")
		put("# chats = [\"channel\", \"folder:News\"]")
		put("# kinds = [\"photo\"]")
	}
	for _, s := range c.Media.Chats {
		put("[[media.chat]]")
		list(put, "chats", s.Chats)
		list(put, "kinds", s.Kinds)
		optional(put, "max_size", s.MaxSize, "4 GiB")
		optional(put, "from", s.From, "2020-01-31")
		optional(put, "until", s.Until, "2030-01-31")
	}
	put("")
	put("[commit]")
	put("# A long run makes what it has durable in the vault after this much new data or time.")
	optional(put, "every", c.Commit.Every, "512 MiB")
	optional(put, "after", c.Commit.After, "10m")
	renderDaemon(put, c)
	renderImport(put, c)
	put("")
	put("[keys]")
	put("# Programs age-plugin-NAME that may be run for owner keys in hardware, when a key is used.")
	list(put, "plugins", c.Keys.Plugins)
	return []byte(b.String())
}

func renderCopies(put func(string, ...any), c *Config) {
	put("# More places that hold the same vault: other drives, a NAS, a bucket. telekeep copy add writes such sections.")
	if len(c.Copies) == 0 {
		put("# [[copy]]")
		put("# name = \"drive\"")
		put("# url = \"/mnt/drive/telekeep\"")
		put("")
	}
	for _, one := range c.Copies {
		renderCopy(put, one)
		put("")
	}
	put("[spool]")
	put("# While no copy is there, what is fetched waits on this machine; at most so much.")
	optional(put, "max_size", c.Spool.MaxSize, "4 GiB")
	put("# How many copies must hold a thing until it leaves this machine.")
	if c.Spool.Need > 1 {
		put("need = %d", c.Spool.Need)
	} else {
		put("# need = 1")
	}
	put("")
}

func renderDaemon(put func(string, ...any), c *Config) {
	put("")
	put("[daemon]")
	put("# Of telekeep daemon. About how often all chats are looked through for what Telegram did not tell.")
	optional(put, "reconcile", c.Daemon.Reconcile, "1h")
	put("# What is fetched is on this disk at once, and in the vault after this time at most.")
	optional(put, "commit_after", c.Daemon.CommitAfter, "6h")
	put("# How often the vault is verified, slowly; or \"never\".")
	optional(put, "verify", c.Daemon.Verify, "7d")
	put("# Within which time every file of data of every copy is read, and healed from another copy; or \"never\".")
	optional(put, "scrub", c.Daemon.Scrub, "30d")
	put("# What waits on a metered link (as NetworkManager says), and on a battery: \"media\", \"all\", \"ignore\".")
	optional(put, "metered", c.Daemon.Metered, "media")
	optional(put, "battery", c.Daemon.Battery, "ignore")
	put("# Metrics for Prometheus: over HTTP at an address, to whoever reaches it, and in a file.")
	optional(put, "metrics", c.Daemon.Metrics, "127.0.0.1:9712")
	optional(put, "textfile", c.Daemon.Textfile, "/var/lib/prometheus/node-exporter/telekeep.prom")
	put("")
	put("[alarm]")
	put("# When telekeep daemon says that something is wrong: how old the last look through all of an")
	put("# account may get; for how long something may be missing; for how long the vault may be away or behind;")
	put("# how old the last verification may get, and the last restore that was tried and worked (or \"never\"); how")
	put("# long before a disk is full; the least free space. keys: when telekeep keys list says that a key should be proved again.")
	optional(put, "account", c.Alarm.Account, "24h")
	optional(put, "incomplete", c.Alarm.Incomplete, "7d")
	optional(put, "copy", c.Alarm.Copy, "24h")
	optional(put, "verify", c.Alarm.Verify, "28d")
	optional(put, "drill", c.Alarm.Drill, "180d")
	optional(put, "keys", c.Alarm.Keys, "365d")
	optional(put, "disk", c.Alarm.Disk, "14d")
	optional(put, "reserve", c.Alarm.Reserve, "1 GiB")
	put("# A command that is run then, once a day, and when it is over: see telekeep daemon --help.")
	if len(c.Alarm.Hook) > 0 {
		list(put, "hook", c.Alarm.Hook)
	} else {
		put("# hook = [\"/usr/local/bin/tell-me\"]")
	}
	put("# A URL that is fetched once an hour while all is well: a service that misses it tells you.")
	optional(put, "ping", c.Alarm.Ping, "https://example.org/a-secret-path")
}

func renderTelegram(put func(string, ...any), t *Telegram) {
	put("[telegram]")
	put("# Your own application's id and hash, from my.telegram.org, \"API development tools\".")
	if t.APIID != 0 {
		put("api_id = %d", t.APIID)
	} else {
		put("# api_id = 12345")
	}
	optional(put, "api_hash", t.APIHash, "0123456789abcdef0123456789abcdef")
	put("# Another MTProto server than Telegram's: its address, its number, its RSA keys (PEM).")
	optional(put, "server", t.Server, "127.0.0.1:10443")
	if t.DC != 0 && t.Server != "" {
		put("dc = %d", t.DC)
	} else {
		put("# dc = 2")
	}
	if len(t.Keys) > 0 {
		put("public_keys = [")
		for _, key := range t.Keys {
			der := x509.MarshalPKCS1PublicKey(key)
			text := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: der})
			put("\"\"\"\n%s\"\"\",", text)
		}
		put("]")
	} else {
		put("# public_keys = [\"server.pem\"]")
	}
	put("# The first backup inside a data export of Telegram's: looser limits; your other devices are told.")
	if t.Takeout {
		put("takeout = true")
	} else {
		put("# takeout = true")
	}
	put("")
}

func optional(put func(string, ...any), key, value, example string) {
	if value == "" {
		put("# %s = %s", key, quote(example))
		return
	}
	put("%s = %s", key, quote(value))
}

func list(put func(string, ...any), key string, values []string) {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	put("%s = [%s]", key, strings.Join(quoted, ", "))
}

// quote writes s as a TOML basic string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, "\\u%04X", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
