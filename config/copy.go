package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// VaultCopy is the name of the copy that `vault` in the settings names.
const VaultCopy = "vault"

// A Copy is a place that holds the vault, beside the folder `vault`: all hold the same,
// and each is looked after by itself.
type Copy struct {
	// Name is yours to choose: up to 40 lower-case letters, digits and -.
	Name string `toml:"name"`
	// URL is where it lies: a folder or file:///folder, sftp://user@host[:port]/folder
	// (/~/folder: below the login's own), s3://host[:port]/bucket[/prefix], or
	// s3+http:// where there is no TLS. No passwords: they would be read with the settings.
	URL string `toml:"url"`

	// Key is the file of the private SSH key, for sftp. Default: NAME.key among the
	// secrets if there is one, otherwise the SSH agent.
	Key string `toml:"key"`
	// KnownHosts is the file of the host keys, for sftp. Default: ~/.ssh/known_hosts.
	KnownHosts string `toml:"known_hosts"`

	// Credentials is the file of access key and secret key, for s3, as the AWS tools
	// have it. Default: NAME.s3 among the secrets if there is one, otherwise the environment.
	Credentials string `toml:"credentials"`
	// Region is the bucket's, for s3. Default: what the server says.
	Region string `toml:"region"`
	// StorageClass is what new objects get, for s3, such as "STANDARD_IA". It must be one
	// that can be read at once. Default: the bucket's.
	StorageClass string `toml:"storage_class"`
	// Retention is for how long nobody can delete a new object, for s3 and a bucket with
	// object lock, such as "90d". Default: what the bucket says.
	Retention string `toml:"retention"`

	// Where is URL, and RetentionTime Retention, parsed by Load; 0 for none.
	Where         Where         `toml:"-"`
	RetentionTime time.Duration `toml:"-"`
}

// The kinds of places.
const (
	KindFolder = "folder"
	KindSFTP   = "sftp"
	KindS3     = "s3"
)

// Where is a place, taken apart.
type Where struct {
	Kind string
	// Path is the folder: absolute, but for sftp, where one that is relative counts from
	// the login's own folder. For s3 it is what the names of objects begin with.
	Path   string
	User   string // of sftp
	Host   string // of sftp and s3
	Port   int    // of sftp and s3; 0: the usual one
	Bucket string // of s3
	Plain  bool   // of s3: without TLS
}

// Address is host:port of a place in a network, or host where the port is the usual one.
func (w Where) Address() string {
	if w.Port == 0 {
		return w.Host
	}
	return net.JoinHostPort(w.Host, strconv.Itoa(w.Port))
}

// Spool says how what is fetched is kept on this machine while too few copies are there.
type Spool struct {
	// MaxSize is the most that it may take, such as "4 GiB", which is the default.
	MaxSize string `toml:"max_size"`
	// Need is how many copies must hold a thing until it leaves this machine. Default 1.
	Need int `toml:"need"`

	// MaxBytes is MaxSize in bytes, set by Load.
	MaxBytes int64 `toml:"-"`
}

// Limits and defaults of [[copy]] and [spool].
const (
	defaultSpool  = 4 << 30
	leastSpool    = 128 << 20 // packs that are under way, and the small things
	longestName   = 40
	longestRetain = 100 * 365 * day
)

// AllCopies are all places that hold the vault, in the order of the settings: the folder
// `vault` first, if there is one.
func (c *Config) AllCopies() []Copy {
	var all []Copy
	if c.Vault != "" {
		all = append(all, Copy{Name: VaultCopy, URL: c.Vault, Where: Where{Kind: KindFolder, Path: c.Vault}})
	}
	return append(all, c.Copies...)
}

// Folders are the folders of this machine that hold the vault.
func (c *Config) Folders() []string {
	var dirs []string
	for _, one := range c.AllCopies() {
		if one.Where.Kind == KindFolder {
			dirs = append(dirs, one.Where.Path)
		}
	}
	return dirs
}

// CheckCopy reads a copy as Load would, for a settings file at path. The error is of one
// line and names the key.
func CheckCopy(path string, one *Copy) error {
	check := checker{path: path}
	check.copy(one)
	if len(check.problems) == 0 {
		return nil
	}
	p := check.problems[0]
	return fmt.Errorf("%s %s", strings.TrimPrefix(p.Key, "copy."), p.Text)
}

// copies looks at all copies. The lines of a key that stands in several sections are told
// apart by the number of the section.
func (c *checker) copies(cfg *Config) {
	seen := make(map[string]bool)
	for i := range cfg.Copies {
		c.section = i + 1
		one := &cfg.Copies[i]
		c.copy(one)
		if seen[one.Name] {
			c.bad("copy.name", "%q stands twice", one.Name)
		}
		seen[one.Name] = true
		c.elsewhere(cfg, i)
	}
	c.section = 0
}

// elsewhere makes sure that no copy lies in another.
func (c *checker) elsewhere(cfg *Config, i int) {
	one := cfg.Copies[i]
	before := slices.Clone(cfg.Copies[:i])
	if cfg.Vault != "" {
		before = append(before, Copy{Name: VaultCopy, Where: Where{Kind: KindFolder, Path: cfg.Vault}})
	}
	for _, other := range before {
		a, b := one.Where, other.Where
		if a.Kind == "" || a.Kind != b.Kind || a.Address() != b.Address() || a.Bucket != b.Bucket {
			continue
		}
		switch {
		case path.Clean("/"+a.Path) == path.Clean("/"+b.Path):
			c.bad("copy.url", "is the place of %s: a copy must lie elsewhere", other.Name)
		case within(b.Path, a.Path) || within(a.Path, b.Path):
			c.bad("copy.url", "one of the places of %s and %s lies in the other", one.Name, other.Name)
		}
	}
}

// within reports whether p lies in dir.
func within(dir, p string) bool {
	rel, err := filepath.Rel(path.Clean("/"+dir), path.Clean("/"+p))
	return err == nil && filepath.IsLocal(rel)
}

func (c *checker) copy(one *Copy) {
	c.copyName(one.Name)
	where, err := ParseWhere(one.URL)
	if err != nil {
		c.bad("copy.url", "%v", err)
	}
	if where.Kind == KindFolder {
		where.Path = resolve(c.path, where.Path)
	}
	one.Where = where
	for _, k := range []struct{ key, value, kind string }{
		{"key", one.Key, KindSFTP}, {"known_hosts", one.KnownHosts, KindSFTP},
		{"credentials", one.Credentials, KindS3}, {"region", one.Region, KindS3},
		{"storage_class", one.StorageClass, KindS3}, {"retention", one.Retention, KindS3},
	} {
		if k.value != "" && err == nil && where.Kind != k.kind {
			c.bad("copy."+k.key, "is for %s:// only", k.kind)
		}
	}
	one.Key, one.KnownHosts, one.Credentials = resolve(c.path, one.Key), resolve(c.path, one.KnownHosts), resolve(c.path, one.Credentials)
	one.RetentionTime = 0
	if one.Retention != "" {
		one.RetentionTime = c.span("copy.retention", one.Retention, 0, day)
	}
	if one.RetentionTime > longestRetain {
		c.bad("copy.retention", "%q is longer than anybody can wait", one.Retention)
	}
}

func (c *checker) copyName(name string) {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
	switch {
	case name == "":
		c.bad("copy.name", "is missing: choose one")
	case strings.Trim(name, letters) != "" || len(name) > longestName || name[0] == '-':
		c.bad("copy.name", "%q: use up to %d lower-case letters, digits and -", name, longestName)
	case slices.Contains([]string{VaultCopy, "spool", "all"}, name):
		c.bad("copy.name", "%q has a meaning of its own: choose another", name)
	}
}

func (c *checker) spool(s *Spool, copies int) {
	s.MaxBytes = defaultSpool
	if s.MaxSize != "" {
		var err error
		if s.MaxBytes, err = ParseSize(s.MaxSize); err != nil {
			c.bad("spool.max_size", "%v", err)
		} else if s.MaxBytes < leastSpool {
			c.bad("spool.max_size", "%q is too small: use 128 MiB at least", s.MaxSize)
		}
	}
	if s.Need == 0 {
		s.Need = 1
	}
	if s.Need < 1 || s.Need > max(1, copies) {
		c.bad("spool.need", "%d: there are %d copies", s.Need, copies)
	}
}

// bucketName are the names that S3 allows.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// ParseWhere reads the URL of a copy. A folder that is relative stays so. The error does
// not repeat the URL: somebody may have put a password into it.
func ParseWhere(text string) (Where, error) {
	scheme, rest, isURL := strings.Cut(text, "://")
	switch {
	case text == "":
		return Where{}, errors.New("is missing: name a folder, or sftp://… or s3://…")
	case !isURL:
		return Where{Kind: KindFolder, Path: text}, nil
	case scheme == "file":
		if !strings.HasPrefix(rest, "/") {
			return Where{}, errors.New("a file URL names no machine: write file:///folder")
		}
		p, err := url.PathUnescape(rest)
		if err != nil {
			return Where{}, errors.New("is no URL: a % stands for itself only as %25")
		}
		return Where{Kind: KindFolder, Path: path.Clean(p)}, nil
	case scheme != "sftp" && scheme != "s3" && scheme != "s3+http":
		return Where{}, fmt.Errorf("%s:// is not known: use a folder, sftp:// or s3://", printableScheme(scheme))
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return Where{}, fmt.Errorf("is no URL of the form %s", form(scheme))
	}
	if _, secret := u.User.Password(); secret {
		return Where{}, errors.New("holds a password: the settings are no place for it")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return Where{}, errors.New("has a ? or a # in it: write them as %3F and %23")
	}
	w := Where{User: u.User.Username(), Host: u.Hostname()}
	if text := u.Port(); text != "" {
		if w.Port, err = strconv.Atoi(text); err != nil || w.Port < 1 || w.Port > 65535 {
			return Where{}, fmt.Errorf("%s is no port", text)
		}
	}
	if scheme == "sftp" {
		return w.sftp(u.Path)
	}
	w.Plain = scheme == "s3+http"
	return w.s3(u.Path)
}

func (w Where) sftp(p string) (Where, error) {
	w.Kind, w.Path = KindSFTP, path.Clean(p)
	if rest, own := strings.CutPrefix(w.Path+"/", "/~/"); own {
		w.Path = path.Clean(rest)
	}
	if w.Path == "/" || w.Path == "." {
		return Where{}, errors.New("names no folder: write sftp://user@host/folder")
	}
	return w, nil
}

func (w Where) s3(p string) (Where, error) {
	if w.User != "" {
		return Where{}, errors.New("holds a key: the settings are no place for it")
	}
	if !strings.Contains(w.Host, ".") && w.Port == 0 && w.Host != "localhost" && !strings.Contains(w.Host, ":") {
		return Where{}, errors.New("names no server: write s3://host/bucket/prefix, for Amazon s3://s3.REGION.amazonaws.com/bucket/prefix")
	}
	w.Kind = KindS3
	bucket, prefix, _ := strings.Cut(strings.Trim(p, "/"), "/")
	if !bucketName.MatchString(bucket) {
		return Where{}, errors.New("names no bucket: write s3://host/bucket/prefix")
	}
	w.Bucket, w.Path = bucket, strings.Trim(prefix, "/")
	if w.Path != "" && (path.Clean(w.Path) != w.Path || !filepath.IsLocal(w.Path)) {
		return Where{}, errors.New("has a prefix with empty parts or with dots for parts")
	}
	return w, nil
}

func form(scheme string) string {
	if scheme == "sftp" {
		return "sftp://user@host[:port]/folder"
	}
	return scheme + "://host[:port]/bucket/prefix"
}

func printableScheme(s string) string {
	if len(s) > 20 || strings.Trim(s, nameLetters+"+.") != "" {
		return "that"
	}
	return s
}
