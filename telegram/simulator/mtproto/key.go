package mtproto

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gotd/td/crypto"
	"github.com/gotd/td/mt"
)

const (
	// saltPeriod is how often a key gets a new server salt; each is valid for two
	// periods, so that a client has time to notice.
	saltPeriod = 30 * time.Minute
	// firstSaltLife is how long the salt that comes out of the key exchange holds.
	firstSaltLife = time.Hour
	// maxFutureSalts is the most salts one get_future_salts is answered with.
	maxFutureSalts = 64
)

// A KeyID names an authorization key: the last 8 bytes of its SHA-1.
type KeyID [8]byte

// String is the id in hex.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText and UnmarshalText make an id a JSON string.
func (id KeyID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *KeyID) UnmarshalText(text []byte) error {
	if n, err := hex.Decode(id[:], text); err != nil || n != len(id) {
		return fmt.Errorf("key id %q is not 16 hex digits", text)
	}
	return nil
}

// A Key is an authorization key of one data centre.
type Key struct {
	Value     []byte    `json:"value"` // 256 bytes
	FirstSalt int64     `json:"first_salt"`
	Created   time.Time `json:"created"`
	// Expires is set on a temporary key, which says nothing of who uses it until
	// it is bound to a permanent one.
	Expires time.Time `json:"expires,omitzero"`
	// Layer is the last one named with invokeWithLayer, 0 before initConnection.
	Layer int `json:"layer,omitempty"`

	auth  crypto.AuthKey
	bound KeyID // the permanent key behind a temporary one
}

// ID names the key.
func (k *Key) ID() KeyID { return k.auth.ID }

// Keys is the key ring of one data centre. Safe for concurrent use.
type Keys struct {
	changed func()

	mu    sync.Mutex
	ring  map[KeyID]*Key
	epoch uint64 // part of every salt, so that all can be voided at once
}

// NewKeys makes a key ring that holds the given permanent keys. changed is
// called, if not nil and without locks held, after a permanent key came, went or
// changed, so that All can be saved.
func NewKeys(saved []*Key, changed func()) (*Keys, error) {
	ring := make(map[KeyID]*Key, len(saved))
	for _, k := range saved {
		if len(k.Value) != len(crypto.Key{}) {
			return nil, fmt.Errorf("a key of %d bytes, want %d", len(k.Value), len(crypto.Key{}))
		}
		k.auth = crypto.Key(k.Value).WithID()
		ring[k.ID()] = k
	}
	if changed == nil {
		changed = func() {}
	}
	return &Keys{changed: changed, ring: ring}, nil
}

// All returns a copy of every permanent key, oldest first.
func (r *Keys) All() []*Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*Key
	for k := range maps.Values(r.ring) {
		if k.Expires.IsZero() {
			c := *k
			all = append(all, &c)
		}
	}
	slices.SortFunc(all, func(a, b *Key) int { return a.Created.Compare(b.Created) })
	return all
}

// Forget removes keys, the temporary ones bound to them included, and returns
// how many. Whoever uses one is told -404.
func (r *Keys) Forget(match func(KeyID) bool) int {
	r.mu.Lock()
	before := len(r.ring)
	maps.DeleteFunc(r.ring, func(id KeyID, k *Key) bool { return match(id) || match(k.bound) })
	n := before - len(r.ring)
	r.mu.Unlock()
	r.changed()
	return n
}

// VoidSalts makes every salt that was handed out so far invalid.
func (r *Keys) VoidSalts() {
	r.mu.Lock()
	r.epoch++
	r.mu.Unlock()
}

// Add puts a permanent key on the ring, of 256 bytes that somebody agreed on by
// other ways than an exchange.
func (r *Keys) Add(value [256]byte, now time.Time) KeyID {
	key := crypto.Key(value).WithID()
	r.add(key, 0, now, time.Time{})
	return key.ID
}

func (r *Keys) add(value crypto.AuthKey, salt int64, now, expires time.Time) {
	r.mu.Lock()
	r.ring[value.ID] = &Key{
		Value: slices.Clone(value.Value[:]), auth: value,
		FirstSalt: salt, Created: now, Expires: expires,
	}
	r.mu.Unlock()
	r.changed()
}

// get returns a key that has not expired.
func (r *Keys) get(id KeyID, now time.Time) (*Key, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.ring[id]
	if ok && !k.Expires.IsZero() && now.After(k.Expires) {
		delete(r.ring, id)
		return nil, false
	}
	return k, ok
}

// permanent returns the id of the permanent key that k stands for: its own, or
// the one it is bound to. false: k is a temporary key that is not bound.
func (r *Keys) permanent(k *Key) (KeyID, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k.Expires.IsZero() {
		return k.ID(), true
	}
	return k.bound, k.bound != KeyID{}
}

func (r *Keys) bind(temporary *Key, to KeyID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	temporary.bound = to
}

// Layer returns the layer that the client behind a permanent key named last, 0
// before it named one.
func (r *Keys) Layer(id KeyID) int { return r.layer(id, 0) }

// layer returns the layer of a permanent key, and sets it first if set is not 0.
func (r *Keys) layer(id KeyID, set int) int {
	r.mu.Lock()
	k, ok := r.ring[id]
	changed := ok && set != 0 && k.Layer != set
	if changed {
		k.Layer = set
	}
	layer := 0
	if ok {
		layer = k.Layer
	}
	r.mu.Unlock()
	if changed {
		r.changed()
	}
	return layer
}

// A key's salts follow from the key and the time, so nothing has to be stored:
// salt n holds in periods n and n+1 since 1970.
func (r *Keys) salt(k *Key, n int64) int64 {
	r.mu.Lock()
	epoch := r.epoch
	r.mu.Unlock()
	mac := hmac.New(sha256.New, k.auth.Value[:])
	mac.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
	mac.Write(binary.LittleEndian.AppendUint64(nil, epoch))
	return int64(binary.LittleEndian.Uint64(mac.Sum(nil)))
}

func period(now time.Time) int64 { return now.Unix() / int64(saltPeriod/time.Second) }

func (r *Keys) currentSalt(k *Key, now time.Time) int64 { return r.salt(k, period(now)) }

func (r *Keys) saltHolds(k *Key, salt int64, now time.Time) bool {
	n := period(now)
	if salt == r.salt(k, n) || salt == r.salt(k, n-1) {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.epoch == 0 && salt == k.FirstSalt && now.Sub(k.Created) < firstSaltLife
}

func (r *Keys) futureSalts(k *Key, num int, now time.Time) []mt.FutureSalt {
	seconds := int64(saltPeriod / time.Second)
	salts := make([]mt.FutureSalt, 0, max(0, min(num, maxFutureSalts)))
	for n := period(now); len(salts) < cap(salts); n++ {
		salts = append(salts, mt.FutureSalt{
			ValidSince: int(n * seconds),
			ValidUntil: int((n + 2) * seconds),
			Salt:       r.salt(k, n),
		})
	}
	return salts
}
