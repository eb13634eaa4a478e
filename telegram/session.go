package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gotd/td/session"
	"github.com/gotd/td/tg"

	"telekeep/archive"
	"telekeep/internal/durable"
)

// A Sealer encrypts the session file. What it seals it can open.
type Sealer interface {
	Seal(data []byte) ([]byte, error)
	Open(sealed []byte) ([]byte, error)
}

// sessionVersion is the version of the session file's content.
const sessionVersion = 1

// A Session is the login of one account: the key that the server knows it by,
// in a sealed file that belongs to one process at a time.
//
// The file only ever holds a key that signed in. The key of a sign-in that is
// not finished lives in memory; a key that the server makes up because it has
// lost the one it had is refused, since storing it would throw the login away.
// Safe for concurrent use.
type Session struct {
	path string
	seal Sealer
	lock *os.File // nil of one that is only looked at and that nobody uses
	look bool     // the file stays as it is

	mu      sync.Mutex
	saved   *savedSession // what the file holds; nil: not signed in
	trial   []byte        // gotd's data during a sign-in
	given   []byte        // the key that a sign-in must be done with; nil: a new one
	signing bool          // a sign-in is under way: trial counts, not saved
	lost    func(error)   // told why, when the server wants another key
}

// savedSession is the content of the file, as JSON, sealed.
type savedSession struct {
	Version int             `json:"v"`
	Account archive.PeerID  `json:"account"`
	Data    json.RawMessage `json:"data"` // gotd's own form
	// Keys are those of other data centres, by number, in the same form.
	Keys map[int]json.RawMessage `json:"keys,omitempty"`
}

// OpenSession opens the session file at path and locks it until Close; where
// there is no file, the session is not signed in. Errors: ErrSessionInUse,
// ErrSessionUnreadable, ErrSessionUnsafe.
//
// The file is for its owner alone, 0600 in a folder that nobody else can write
// to. Permissions that are too wide are narrowed; a file of another user, a
// symbolic link and a file with a second name are refused.
func OpenSession(path string, s Sealer) (*Session, error) {
	if err := ownFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	out := &Session{path: path, seal: s, lock: lock}
	if out.saved, err = loadSession(path, s, true); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return out, nil
}

// LookAtSession opens the session file at path to look at it: nothing is written, no
// permission is changed, and what the server says is forgotten with the Session. The
// session is locked until Close where it was ever locked before. Errors: those of
// OpenSession.
func LookAtSession(path string, s Sealer) (*Session, error) {
	lock, err := lockThere(path + ".lock")
	if err != nil {
		return nil, err
	}
	out := &Session{path: path, seal: s, lock: lock, look: true}
	if out.saved, err = readSession(path, s); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return out, nil
}

// readSession reads the session file at path and changes nothing.
func readSession(path string, s Sealer) (*savedSession, error) { return loadSession(path, s, false) }

func loadSession(path string, s Sealer, narrow bool) (*savedSession, error) {
	sealed, err := readOwn(path, narrow)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, ErrSessionUnsafe):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrSessionUnreadable, err)
	}
	data, err := s.Open(sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSessionUnreadable, err)
	}
	var saved savedSession
	if err := json.Unmarshal(data, &saved); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSessionUnreadable, err)
	}
	if saved.Version != sessionVersion {
		return nil, fmt.Errorf("%w: it has version %d, this program knows %d", ErrSessionUnreadable, saved.Version, sessionVersion)
	}
	return &saved, nil
}

// Account is who is signed in, "" if nobody is.
func (s *Session) Account() archive.PeerID {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saved == nil {
		return ""
	}
	return s.saved.Account
}

// Close unlocks the session for other processes.
func (s *Session) Close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

// LoadSession gives gotd the key to use; part of its storage interface.
func (s *Session) LoadSession(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.signing && s.trial != nil:
		return bytes.Clone(s.trial), nil
	case s.signing && s.given != nil:
		return bytes.Clone(s.given), nil
	case !s.signing && s.saved != nil:
		return bytes.Clone(s.saved.Data), nil
	}
	return nil, session.ErrNotFound
}

// StoreSession takes what gotd wants to keep; part of its storage interface. It
// refuses to replace a key that signed in by another one: ErrSessionLost.
func (s *Session) StoreSession(_ context.Context, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	right := s.given
	if !s.signing && s.saved != nil {
		right = s.saved.Data
	}
	if right == nil {
		s.trial = bytes.Clone(data)
		return nil
	}
	same, err := sameKey(right, data)
	if err != nil {
		return err
	}
	if !same {
		why := error(ErrSessionLost)
		if dc := dcOf(data); !s.signing && dc != dcOf(right) {
			why = &movedError{dc}
		}
		if s.lost != nil {
			s.lost(why)
		}
		return why
	}
	if s.signing {
		s.trial = bytes.Clone(data)
		return nil
	}
	if bytes.Equal(s.saved.Data, data) {
		return nil
	}
	saved := *s.saved
	saved.Data = bytes.Clone(data)
	return s.write(&saved)
}

// dataCentres are the addresses that the server told of when the session was
// stored. gotd keeps them and does not use them: without them a session of
// another data centre than the configured one finds no way back.
func (s *Session) dataCentres() []tg.DCOption {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.given
	if s.saved != nil && from == nil {
		from = s.saved.Data
	}
	var stored struct{ Data session.Data }
	if from == nil || json.Unmarshal(from, &stored) != nil {
		return nil
	}
	return stored.Data.Config.DCOptions
}

// onLost names whom to tell when the server has lost the key.
func (s *Session) onLost(f func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = f
}

// begin starts a sign-in with a new key, or with the given one in gotd's form.
// The file stays as it is.
func (s *Session) begin(given []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signing, s.trial, s.given = true, nil, given
}

// How long adopt waits for the key to be handed over, and how often it looks.
const (
	adoptTimeout = 10 * time.Second
	adoptPoll    = 5 * time.Millisecond
)

// adopt ends a sign-in: its key has signed in as account and replaces what the
// file held. gotd hands a key over in its own time, also after it moved to
// another data centre: adopt waits for the one of data centre dc.
func (s *Session) adopt(ctx context.Context, account archive.PeerID, dc int) error {
	ctx, cancel := context.WithTimeout(ctx, adoptTimeout)
	defer cancel()
	for {
		done, err := s.tryAdopt(account, dc)
		if done || err != nil {
			return err
		}
		if sleep(ctx, adoptPoll) != nil {
			return errors.New("the sign-in left no key")
		}
	}
}

func (s *Session) tryAdopt(account archive.PeerID, dc int) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trial == nil {
		return false, nil
	}
	if dcOf(s.trial) != dc {
		return false, nil
	}
	if err := s.write(&savedSession{Version: sessionVersion, Account: account, Data: s.trial}); err != nil {
		return false, err
	}
	s.signing, s.trial, s.given = false, nil, nil
	return true, nil
}

// abandon ends a sign-in that came to nothing.
func (s *Session) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signing, s.trial, s.given = false, nil, nil
}

// remove deletes the file: nobody is signed in any more.
func (s *Session) remove() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.look {
		return errors.New("remove the session: it is only looked at")
	}
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the session: %w", err)
	}
	s.saved = nil
	return nil
}

func (s *Session) write(saved *savedSession) error {
	if s.look {
		s.saved = saved
		return nil
	}
	data, err := json.Marshal(saved)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	sealed, err := s.seal.Seal(data)
	if err != nil {
		return fmt.Errorf("seal the session: %w", err)
	}
	if err := durable.WriteFile(s.path, sealed, 0o600); err != nil {
		return fmt.Errorf("write the session: %w", err)
	}
	s.saved = saved
	return nil
}

// dcOf is the data centre of a session in gotd's form, 0 if it names none.
func dcOf(data []byte) int {
	var stored struct{ Data struct{ DC int } }
	if json.Unmarshal(data, &stored) != nil {
		return 0
	}
	return stored.Data.DC
}

// sameKey compares the keys of two sessions in gotd's form.
func sameKey(a, b []byte) (bool, error) {
	var x, y struct{ Data struct{ AuthKey []byte } }
	if err := json.Unmarshal(a, &x); err != nil {
		return false, fmt.Errorf("session: %w", err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		return false, fmt.Errorf("session: %w", err)
	}
	return bytes.Equal(x.Data.AuthKey, y.Data.AuthKey), nil
}
