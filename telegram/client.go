package telegram

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Options of a Client. Zero values mean the default that is named.
type Options struct {
	// APIID and APIHash are those of the user's own application. Required.
	APIID   int
	APIHash string

	// Server is host:port of an MTProto server. Default: Telegram's own.
	Server string
	// DC is the number of the data centre that Server is. Default 2.
	DC int
	// PublicKeys are the server's RSA keys. Default: Telegram's own.
	PublicKeys []*rsa.PublicKey

	// Session is the login to use. Required.
	Session *Session

	// Device is what the server and the account's list of devices show.
	Device Device
	// Connections is the number of connections to each data centre that media
	// is fetched from; each carries one part at a time. Default 4.
	Connections int
	// PartSize is the size in bytes of the parts that files are fetched in: a
	// multiple of 4096 that divides 1 MiB. Default 512 KiB.
	PartSize int64
	// LongestWait is the longest pause a server may ask for that is waited for;
	// after a longer one the chat or file is given up for this run, and the
	// method is not called before its time. Default 15 minutes.
	LongestWait time.Duration
	// CallTimeout limits one call that does not carry a file. Default 30 s.
	CallTimeout time.Duration
	// ConnectTimeout limits the way to the first answer. Default 60 s.
	ConnectTimeout time.Duration

	// Now is the clock that records are dated by. Default time.Now.
	Now func() time.Time
	// Log gets methods, data centres, waits and error types; never names, texts
	// or phone numbers. Default: nothing is logged.
	Log *slog.Logger
}

// Device is how the client introduces itself.
type Device struct {
	Model   string // default "telekeep"
	System  string // default the operating system
	Version string // of the program, default "dev"
}

// maxPart is the largest part a server gives at once, in bytes.
const maxPart = 1 << 20

func (o *Options) setDefaults() {
	setDefault(&o.DC, 2)
	setDefault(&o.Connections, 4)
	setDefault(&o.PartSize, 512<<10)
	setDefault(&o.LongestWait, 15*time.Minute)
	setDefault(&o.CallTimeout, 30*time.Second)
	setDefault(&o.ConnectTimeout, time.Minute)
	setDefault(&o.Device.Model, "telekeep")
	setDefault(&o.Device.System, runtime.GOOS)
	setDefault(&o.Device.Version, "dev")
	setDefault(&o.Log, slog.New(slog.DiscardHandler))
	if o.Now == nil {
		o.Now = time.Now
	}
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// check reports all that is wrong at once.
func (o *Options) check() error {
	var errs []error
	if o.APIID <= 0 || o.APIHash == "" {
		errs = append(errs, ErrAPIIDMissing)
	}
	if o.Session == nil {
		errs = append(errs, errors.New("no session is given"))
	}
	if o.PartSize < 4096 || o.PartSize%4096 != 0 || maxPart%o.PartSize != 0 {
		errs = append(errs, fmt.Errorf("parts of %d bytes are not possible", o.PartSize))
	}
	if o.Connections < 0 {
		errs = append(errs, fmt.Errorf("%d connections are not possible", o.Connections))
	}
	return errors.Join(errs...)
}

// A Client talks to Telegram as one account. Login, Chats and Sync each connect
// for as long as they run; one of them at a time.
type Client struct {
	options Options
	server  tg.DCOption // ID 0: Telegram's own
}

// New checks the options and prepares a client; it connects to nothing.
func New(o Options) (*Client, error) {
	o.setDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	server, err := parseServer(o.Server, o.DC)
	if err != nil {
		return nil, err
	}
	return &Client{options: o, server: server}, nil
}

// Account is who is signed in, "" if nobody is.
func (c *Client) Account() archive.PeerID { return c.options.Session.Account() }

// device is the device in gotd's form.
func (d Device) config() telegram.DeviceConfig {
	return telegram.DeviceConfig{
		DeviceModel: d.Model, SystemVersion: d.System, AppVersion: d.Version,
		SystemLangCode: "en", LangCode: "en",
	}
}
