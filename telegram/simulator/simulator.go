package simulator

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/crypto"
	"github.com/gotd/td/tg"

	"telekeep/telegram/simulator/layer"
	"telekeep/telegram/simulator/mtproto"
	"telekeep/telegram/simulator/world"
)

// A World is what the servers hold; package world has one.
type World interface {
	// Methods are the world's answers by TL id of the request. They win over the
	// simulator's own.
	Methods() map[uint32]world.Method
	// Accounts are the logins that exist, at least one.
	Accounts() []*world.Account
	// OnUpdates sets who passes updates on.
	OnUpdates(func(user int64, u tg.UpdatesClass))
}

// dataCentres is how many data centres there are: 1 to 5, as Telegram has.
const dataCentres = 5

// Options say what is served and how. Zero values mean defaults.
type Options struct {
	World   World            // required
	Listen  string           // address of data centre DC, default "127.0.0.1:0"; the others take free ports of the same host
	DC      int              // the data centre that clients are told of, default 2
	Control string           // address of the control API, default "127.0.0.1:0", "off" for none
	Out     string           // folder for the files of doc.go, made if missing; default: none are written
	APIID   int              // api_id that may sign in, default 12345
	APIHash string           // default 0123456789abcdef0123456789abcdef
	Faults  []Fault          // what goes wrong from the start
	QRLife  time.Duration    // for which a QR code can be scanned, default 30 s; clients are told whole seconds
	Idle    time.Duration    // silence after which a connection is closed, default 3 minutes
	Now     func() time.Time // default time.Now
	Log     *slog.Logger     // default: none. Ids only, never contents
	Ready   func(Info)       // called by Start once everything listens and the files are written
}

func (o *Options) setDefaults() error {
	if o.World == nil {
		return errors.New("simulator: no world to serve")
	}
	if o.DC == 0 {
		o.DC = 2
	}
	if o.DC < 1 || o.DC > dataCentres {
		return fmt.Errorf("simulator: data centre %d is not one of 1 to %d", o.DC, dataCentres)
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Control == "" {
		o.Control = "127.0.0.1:0"
	}
	if o.APIID == 0 {
		o.APIID = 12345
	}
	if o.APIHash == "" {
		o.APIHash = "0123456789abcdef0123456789abcdef"
	}
	if o.QRLife == 0 {
		o.QRLife = tokenLife
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Info says how to reach a running simulator.
type Info struct {
	Server       string // host:port of data centre DC
	DC           int
	Addresses    map[int]string // host:port of every data centre, world.CDN included
	PublicKey    *rsa.PublicKey // what clients know the servers by
	PublicKeyPEM string         // the same, as PKCS #1 in PEM
	APIID        int
	APIHash      string
	Control      string // http://host:port of the control API, "" without one
	Accounts     []*world.Account
}

// A Simulator is a Telegram that runs in the background. Safe for concurrent use.
type Simulator struct {
	o       Options
	info    Info
	world   World
	layers  *layer.Translator
	methods map[uint32]method
	fromCDN world.Method // nil: this world has no CDN
	key     *rsa.PrivateKey
	cdnKey  func() (*rsa.PrivateKey, error) // made once a client asks: most never do
	centres map[int]*centre
	logins  *logins
	auth    *signIns
	faults  *faults
	stats   *stats
	saving  sync.Mutex // of the state file
	moved   sync.Map   // user: data centre, of accounts that moved

	cancel context.CancelFunc
	work   sync.WaitGroup
	mu     sync.Mutex
	failed error
}

// A centre is one data centre.
type centre struct {
	*mtproto.Server
	keys     *mtproto.Keys
	listener net.Listener
}

// Start listens and serves in the background until ctx ends or Close is called.
func Start(ctx context.Context, o Options) (*Simulator, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	s := &Simulator{o: o, world: o.World, centres: map[int]*centre{}}
	ctx, s.cancel = context.WithCancel(ctx)
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if o.Ready != nil {
		o.Ready(s.info)
	}
	return s, nil
}

func (s *Simulator) start(ctx context.Context) error {
	if err := s.prepareOut(); err != nil {
		return err
	}
	saved, err := s.load()
	if err != nil {
		return err
	}
	s.logins = newLogins(saved.Logins, s.o.Now, s.save)
	s.auth = newSignIns(s.o.Now)
	s.stats = newStats()
	s.faults = &faults{}
	if s.layers, err = layer.New(); err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	s.methods = s.table()
	if err := s.listen(saved.Keys); err != nil {
		return err
	}
	if err := s.Fault(s.o.Faults...); err != nil { // some befall the data centres
		return err
	}
	s.world.OnUpdates(s.push)
	for _, c := range s.centres {
		s.work.Go(func() { s.end(c.Serve(ctx, c.listener)) })
	}
	if s.o.Control != "off" {
		if err := s.serveControl(ctx); err != nil {
			return err
		}
	}
	return s.writeOut()
}

// listen opens the ports of all data centres.
func (s *Simulator) listen(keys map[int][]*mtproto.Key) error {
	host, _, err := net.SplitHostPort(s.o.Listen)
	if err != nil {
		return fmt.Errorf("simulator: listen address: %w", err)
	}
	if s.key, err = s.loadKey(privateFile); err != nil {
		return err
	}
	s.cdnKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return s.loadKey(cdnFile) })
	s.info = Info{
		DC: s.o.DC, Addresses: map[int]string{},
		PublicKey: &s.key.PublicKey, PublicKeyPEM: publicPEM(&s.key.PublicKey),
		APIID: s.o.APIID, APIHash: s.o.APIHash, Accounts: s.world.Accounts(),
	}
	for dc := 1; dc <= dataCentres; dc++ {
		address := net.JoinHostPort(host, "0")
		if dc == s.o.DC {
			address = s.o.Listen
		}
		if err := s.open(dc, address, keys[dc]); err != nil {
			return err
		}
	}
	if err := s.open(world.CDN, net.JoinHostPort(host, "0"), keys[world.CDN]); err != nil {
		return err
	}
	s.info.Server = s.info.Addresses[s.o.DC]
	return nil
}

func (s *Simulator) open(dc int, address string, saved []*mtproto.Key) error {
	keys, err := mtproto.NewKeys(saved, s.save)
	if err != nil {
		return fmt.Errorf("simulator: saved keys of data centre %d: %w", dc, err)
	}
	key := s.cdnKey
	if dc != world.CDN {
		key = func() (*rsa.PrivateKey, error) { return s.key, nil }
	}
	server, err := mtproto.NewServer(mtproto.Options{
		DC: dc, Key: key, Keys: keys, Handler: s, Idle: s.o.Idle, Now: s.o.Now, Log: s.o.Log,
	})
	if err != nil {
		return fmt.Errorf("simulator: data centre %d: %w", dc, err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("simulator: data centre %d: %w", dc, err)
	}
	s.centres[dc] = &centre{Server: server, keys: keys, listener: l}
	s.info.Addresses[dc] = l.Addr().String()
	return nil
}

// serveControl answers the control API until ctx ends.
func (s *Simulator) serveControl(ctx context.Context) error {
	l, err := net.Listen("tcp", s.o.Control)
	if err != nil {
		return fmt.Errorf("simulator: control API: %w", err)
	}
	s.info.Control = "http://" + l.Addr().String()
	server := &http.Server{Handler: s.control(), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	s.work.Go(func() {
		defer stop()
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.end(fmt.Errorf("simulator: control API: %w", err))
		}
	})
	return nil
}

// end notes why a part of the simulator stopped, and stops the others.
func (s *Simulator) end(err error) {
	s.mu.Lock()
	if s.failed == nil {
		s.failed = err
	}
	s.mu.Unlock()
	s.cancel()
}

// Info says how to reach the simulator.
func (s *Simulator) Info() Info { return s.info }

// Close stops serving and waits until every goroutine has ended. It returns what
// stopped the simulator before, if anything did.
func (s *Simulator) Close() error {
	s.cancel()
	for _, c := range s.centres {
		_ = c.listener.Close() // one that is not served yet
	}
	s.work.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Run starts a simulator and blocks until ctx ends.
func Run(ctx context.Context, o Options) error {
	s, err := Start(ctx, o)
	if err != nil {
		return err
	}
	s.work.Wait()
	return s.Close()
}

// push passes an update of the world on to the sessions of a user.
func (s *Simulator) push(user int64, u tg.UpdatesClass) {
	for _, l := range s.logins.all() {
		if l.User != user || l.DC != s.home(user) {
			continue // elsewhere one is signed in for files only
		}
		if err := s.pushTo(l.DC, l.Key, u); err != nil {
			s.o.Log.Error("push", "error", err)
		}
	}
}

// pushTo sends an update in the layer of the client that has a key. What that layer
// has no words for it is not told of.
func (s *Simulator) pushTo(dc int, key mtproto.KeyID, u tg.UpdatesClass) error {
	err := s.centres[dc].Push(key, s.inLayerOf(dc, key, u))
	if errors.Is(err, layer.ErrUnsayable) {
		return nil
	}
	return err
}

func (s *Simulator) inLayerOf(dc int, key mtproto.KeyID, u bin.Encoder) bin.Encoder {
	return s.layers.For(u, s.centres[dc].keys.Layer(key))
}

// account returns a login by user, nil for none.
func (s *Simulator) account(user int64) *world.Account {
	for _, a := range s.world.Accounts() {
		if a.UserID == user {
			return a
		}
	}
	return nil
}

// named returns the login that whoever runs the simulator names: user 0 is the first.
func (s *Simulator) named(user int64) (*world.Account, error) {
	if user == 0 {
		return s.world.Accounts()[0], nil
	}
	if a := s.account(user); a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("simulator: no account of user %d", user)
}

func (s *Simulator) home(user int64) int {
	if a := s.account(user); a != nil {
		return s.homeOf(a)
	}
	return s.o.DC
}

func (s *Simulator) homeOf(a *world.Account) int {
	if dc, ok := s.moved.Load(a.UserID); ok {
		return dc.(int)
	}
	if a.HomeDC < 1 || a.HomeDC > dataCentres {
		return 2
	}
	return a.HomeDC
}

// newKey makes the servers' key. A fingerprint that begins with a zero digit is
// passed over: mtcute prints it without and then does not find the key.
func newKey() (*rsa.PrivateKey, error) {
	for {
		key, err := rsa.GenerateKey(rand.Reader, crypto.RSAKeyBits)
		if err != nil || uint64(crypto.RSAFingerprint(&key.PublicKey))>>60 != 0 {
			return key, err
		}
	}
}

// hostPort takes an address apart; it is one of a listener.
func hostPort(address string) (host string, port int) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return address, 0
	}
	port, err = strconv.Atoi(text)
	if err != nil {
		return address, 0
	}
	return host, port
}
