package config

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Defaults of the commit section: often enough that a lost machine costs little,
// rarely enough that a drive does not fill with small packs.
const (
	defaultEvery = 512 << 20
	defaultAfter = 10 * time.Minute
	defaultDC    = 2
)

// A checker looks at values that are well formed, fills defaults in, and
// collects everything that is wrong.
type checker struct {
	path     string
	lines    map[string]int
	section  int // 1-based, of a list of sections; 0: any
	problems []Problem
}

func (c *checker) bad(key, format string, args ...any) {
	line := c.lines[key]
	if c.section > 0 {
		line = c.lines[inSection(key, c.section)]
		if line == 0 { // the key is missing: its section is where it should stand
			name, _, _ := strings.Cut(key, ".")
			line = c.lines[inSection(name+".", c.section)]
		}
	}
	c.problems = append(c.problems, Problem{Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
}

func (c *checker) config(cfg *Config) {
	for key, place := range map[string]*string{"vault": &cfg.Vault, "state": &cfg.State, "secrets": &cfg.Secrets} {
		if *place == "" && (key != "vault" || len(cfg.Copies) == 0) {
			c.bad(key, "is missing: name a folder")
		}
		*place = resolve(c.path, *place)
	}
	if strings.Trim(cfg.Keyring, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
		c.bad("keyring", "%q: use letters, digits, - _ and .", cfg.Keyring)
	}
	slices.SortFunc(c.problems, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
	c.copies(cfg)
	c.spool(&cfg.Spool, len(cfg.AllCopies()))
	c.apart(cfg)
	c.telegram(&cfg.Telegram)
	c.accounts(cfg.Accounts)
	c.media(&cfg.Media)
	c.commit(&cfg.Commit)
	c.daemon(&cfg.Daemon)
	c.plugins(cfg.Keys.Plugins)
	c.alarm(&cfg.Alarm)
	c.imports(&cfg.Import)
	c.rules("chats.include", cfg.Chats.Include)
	c.rules("chats.exclude", cfg.Chats.Exclude)
}

func (c *checker) plugins(names []string) {
	for _, name := range names {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.+") != "" {
			c.bad("keys.plugins", "%q is no plugin's name: of age-plugin-yubikey it is \"yubikey\"", name)
		}
	}
}

func (c *checker) rules(key string, rules []string) {
	for _, rule := range rules {
		if strings.TrimSpace(rule) == "" {
			c.bad(key, "an empty rule chooses nothing: remove it")
		}
	}
}

// apart makes sure that what is sealed, what is not, and what may be deleted lie in
// folders of their own: the vault is for others to see, the state can be deleted.
func (c *checker) apart(cfg *Config) {
	apart := func(key string, section int, name, dir string) {
		c.outside("state", cfg.State, name, dir, "it is not sealed, and the vault is for others to see")
		c.outside("secrets", cfg.Secrets, name, dir, "they are not sealed, and the vault is for others to see")
		c.section = section
		c.outside(key, dir, "state", cfg.State, deletable)
		c.section = 0
	}
	apart("vault", 0, "vault", cfg.Vault)
	for i, one := range cfg.Copies {
		if one.Where.Kind == KindFolder {
			apart("copy.url", i+1, "copy "+one.Name, one.Where.Path)
		}
	}
	c.outside("secrets", cfg.Secrets, "state", cfg.State, deletable)
}

const deletable = "the state can be deleted at any time"

// outside makes sure that the value of key does not lie in the folder of another.
func (c *checker) outside(key, place, other, dir, why string) {
	if place == "" || dir == "" {
		return // said already
	}
	if rel, err := filepath.Rel(dir, place); err == nil && filepath.IsLocal(rel) {
		c.bad(key, "lies in the folder of %s: %s", other, why)
	}
}

func (c *checker) telegram(t *Telegram) {
	if t.DC == 0 {
		t.DC = defaultDC
	}
	if t.DC < 1 || t.DC > 1000 {
		c.bad("telegram.dc", "%d is no data centre: use 1 to 5, or what your server says", t.DC)
	}
	if t.Server != "" {
		c.server(t.Server)
		if len(t.PublicKeys) == 0 {
			c.bad("telegram.public_keys", "is missing: a server of your own needs its RSA public key")
		}
	}
	t.Keys = nil
	for i, text := range t.PublicKeys {
		key, err := c.publicKey(text)
		if err != nil {
			c.bad("telegram.public_keys", "entry %d: %v", i+1, err)
			continue
		}
		t.Keys = append(t.Keys, key)
	}
}

func (c *checker) server(server string) {
	host, port, err := net.SplitHostPort(server)
	if n, portErr := strconv.Atoi(port); err != nil || host == "" || portErr != nil || n < 1 || n > 65535 {
		c.bad("telegram.server", "%q is not of the form host:port", server)
	}
}

// publicKey reads one RSA key: PEM text, or the name of a file that holds it.
func (c *checker) publicKey(text string) (*rsa.PublicKey, error) {
	data := []byte(text)
	if !strings.Contains(text, "-----BEGIN") {
		var err error
		if data, err = os.ReadFile(resolve(c.path, text)); err != nil {
			return nil, fmt.Errorf("neither PEM text nor a file that can be read: %q", text)
		}
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("holds no PEM block")
	}
	if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if key, ok := parsed.(*rsa.PublicKey); err == nil && ok {
		return key, nil
	}
	return nil, fmt.Errorf("holds no RSA public key")
}

func (c *checker) accounts(accounts []Account) {
	seen := make(map[string]bool)
	for _, a := range accounts {
		if a.Name == "" || strings.Trim(a.Name, nameLetters) != "" || len(a.Name) > 40 {
			c.bad("account.name", "%q: use up to 40 letters, digits, - and _", a.Name)
		}
		if seen[a.Name] {
			c.bad("account.name", "%q stands twice", a.Name)
		}
		seen[a.Name] = true
	}
}

const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

func (c *checker) media(m *Media) {
	c.kinds("media.kinds", m.Kinds)
	m.MaxBytes = c.size("media.max_size", m.MaxSize)
	m.FromTime, m.UntilTime = c.days("media", m.From, m.Until)
	for i := range m.Chats {
		s := &m.Chats[i]
		if len(s.Chats) == 0 {
			c.bad("media.chat", "names no chats: add chats = [\"…\"]")
		}
		c.rules("media.chat.chats", s.Chats)
		c.kinds("media.chat.kinds", s.Kinds)
		s.MaxBytes = c.size("media.chat.max_size", s.MaxSize)
		s.FromTime, s.UntilTime = c.days("media.chat", s.From, s.Until)
	}
}

func (c *checker) kinds(key string, kinds []string) {
	for _, kind := range kinds {
		if kind != "none" && !slices.Contains(MediaKinds(), kind) {
			c.bad(key, "%q is no kind of media: use %s, or none", kind, strings.Join(MediaKinds(), ", "))
		}
	}
	if len(kinds) > 1 && slices.Contains(kinds, "none") {
		c.bad(key, "none stands alone")
	}
}

func (c *checker) size(key, text string) int64 {
	if text == "" {
		return 0
	}
	n, err := ParseSize(text)
	if err != nil {
		c.bad(key, "%v", err)
	} else if n == 0 {
		c.bad(key, "no file is that small: leave it out for no limit, or set kinds = [\"none\"] for no files")
	}
	return n
}

// days reads the first day and the day behind the last one.
func (c *checker) days(section, from, until string) (first, end time.Time) {
	first, end = c.day(section+".from", from), c.day(section+".until", until)
	if !first.IsZero() && !end.IsZero() && !first.Before(end) {
		c.bad(section+".until", "lies before from, or on the same day: nothing would be fetched")
	}
	return first, end
}

func (c *checker) day(key, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		c.bad(key, "%q is no day: write it like \"2020-01-31\"", text)
	}
	return day
}

func (c *checker) commit(m *Commit) {
	m.EveryBytes, m.AfterTime = defaultEvery, defaultAfter
	var err error
	if m.Every != "" {
		if m.EveryBytes, err = ParseSize(m.Every); err != nil {
			c.bad("commit.every", "%v", err)
		} else if m.EveryBytes == 0 {
			c.bad("commit.every", "must be more than nothing, such as \"512 MiB\"")
		}
	}
	if m.After != "" {
		if m.AfterTime, err = time.ParseDuration(m.After); err != nil || m.AfterTime <= 0 {
			c.bad("commit.after", `%q is no duration: use "10m" or "1h30m"`, m.After)
		}
	}
}

// ParseSize reads a size such as "500 MB", "4GiB" or "1048576": bytes, with
// decimal units (kB, MB, GB, TB) and binary ones (KiB, MiB, GiB, TiB).
func ParseSize(s string) (int64, error) {
	text := strings.TrimSpace(s)
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	unit := strings.ToLower(strings.TrimSpace(text[len(digits):]))
	factor, ok := sizeUnits(unit)
	n, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || n < 0 || n*factor > 1<<62 {
		return 0, fmt.Errorf(`%q is no size: write it like "500 MB" or "4 GiB"`, s)
	}
	return int64(n * factor), nil
}

func sizeUnits(unit string) (float64, bool) {
	units := map[string]float64{"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
	factor, ok := units[unit]
	return factor, ok
}
