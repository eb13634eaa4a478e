package simulator

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"math/big"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/crypto"
	"github.com/gotd/td/crypto/srp"
	"github.com/gotd/td/exchange"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/mtproto"
	"telekeep/telegram/simulator/world"
)

// srpGenerator is g of the group in which passwords are proved.
const srpGenerator = 3

// A secret is what the server keeps of a user's password: SRP's verifier v = g^x.
type secret struct {
	algo     tg.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow
	verifier *big.Int
}

// A challenge is one proof that was asked for: the client sees B = k·v + g^b.
type challenge struct {
	user   int64
	secret *secret
	b, gb  *big.Int // b and B
}

func (s *Simulator) passwordMethods(t map[uint32]method) {
	t[tg.AccountGetPasswordRequestTypeID] = method{open: true, answer: request(s.getPassword)}
	t[tg.AuthCheckPasswordRequestTypeID] = method{open: true, answer: request(s.checkPassword)}
}

// newSecret takes some 100 ms, as every proof does: that is what the algorithm is for.
func newSecret(password string) (*secret, error) {
	prime, err := exchange.TestServerRNG{}.DhPrime()
	if err != nil {
		return nil, err
	}
	in := srp.Input{Salt1: randomBytes(8), Salt2: randomBytes(16), G: srpGenerator, P: prime.Bytes()}
	v, salt, err := srp.NewSRP(rand.Reader).NewHash([]byte(password), in)
	if err != nil {
		return nil, err
	}
	in.Salt1 = salt
	return &secret{
		algo:     tg.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(in),
		verifier: new(big.Int).SetBytes(v),
	}, nil
}

// ask makes a challenge.
func (s *secret) ask(user int64) *challenge {
	p, g := new(big.Int).SetBytes(s.algo.P), big.NewInt(int64(s.algo.G))
	b := new(big.Int).SetBytes(randomBytes(256))
	k := new(big.Int).SetBytes(hash(s.algo.P, padded(g)))
	gb := new(big.Int).Exp(g, b, p)
	gb.Mod(gb.Add(gb, k.Mul(k, s.verifier)), p)
	return &challenge{user: user, secret: s, b: b, gb: gb}
}

// proved checks the client's A and M1.
func (o *challenge) proved(a, m1 []byte) bool {
	algo := &o.secret.algo
	p := new(big.Int).SetBytes(algo.P)
	ga := new(big.Int).SetBytes(a)
	if len(a) > 256 || !crypto.InRange(ga, big.NewInt(1), new(big.Int).Sub(p, big.NewInt(1))) {
		return false
	}
	u := new(big.Int).SetBytes(hash(padded(ga), padded(o.gb)))
	// s = (A · v^u)^b
	shared := new(big.Int).Exp(o.secret.verifier, u, p)
	shared.Mod(shared.Mul(shared, ga), p)
	shared.Exp(shared, o.b, p)
	group, generator := hash(algo.P), hash(padded(big.NewInt(int64(algo.G))))
	subtle.XORBytes(group, group, generator)
	want := hash(group, hash(algo.Salt1), hash(algo.Salt2), padded(ga), padded(o.gb), hash(padded(shared)))
	return subtle.ConstantTimeCompare(want, m1) == 1
}

func hash(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// padded is a number of the group as 256 bytes.
func padded(n *big.Int) []byte { return n.FillBytes(make([]byte, 256)) }

// claimant is the user whose password is asked for by a key: one who signs in, or
// one who is signed in.
func (s *Simulator) claimant(c *call) int64 {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	if user, ok := s.auth.pending[c.Key]; ok {
		return user
	}
	return c.user
}

func (s *Simulator) getPassword(_ context.Context, c *call, _ *tg.AccountGetPasswordRequest) (bin.Encoder, error) {
	a := s.account(s.claimant(c))
	if a == nil {
		return nil, errUnregistered()
	}
	password, hint := s.passwordOf(a)
	secret, err := s.secretOf(a.UserID, password)
	if err != nil {
		return nil, err
	}
	fresh := secret.algo
	fresh.Salt1 = fresh.Salt1[:8]
	out := &tg.AccountPassword{
		NewAlgo:       &fresh,
		NewSecureAlgo: &tg.SecurePasswordKdfAlgoPBKDF2HMACSHA512iter100000{Salt: randomBytes(8)},
		SecureRandom:  randomBytes(256),
	}
	if password == "" {
		return out, nil
	}
	o, id := secret.ask(a.UserID), randomID()
	s.auth.mu.Lock()
	s.auth.challenges[id] = o
	s.auth.mu.Unlock()
	out.HasPassword, out.Hint = true, hint
	out.CurrentAlgo, out.SRPB, out.SRPID = &secret.algo, padded(o.gb), id
	return out, nil
}

// A changedPassword is one that was set while the simulator ran.
type changedPassword struct{ password, hint string }

// SetPassword changes a user's password of two-step verification and the hint
// that goes with it; "" removes it. User 0 is the first account. Whoever is
// asked for the password meanwhile has to be asked again.
func (s *Simulator) SetPassword(user int64, password, hint string) error {
	a, err := s.named(user)
	if err != nil {
		return err
	}
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	s.auth.changed[a.UserID] = changedPassword{password, hint}
	delete(s.auth.secrets, a.UserID)
	maps.DeleteFunc(s.auth.challenges, func(_ int64, o *challenge) bool { return o.user == a.UserID })
	return nil
}

func (s *Simulator) passwordOf(a *world.Account) (password, hint string) {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	if c, ok := s.auth.changed[a.UserID]; ok {
		return c.password, c.hint
	}
	return a.Password, ""
}

// secretOf makes a user's secret at the first need.
func (s *Simulator) secretOf(user int64, password string) (*secret, error) {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	if known, ok := s.auth.secrets[user]; ok {
		return known, nil
	}
	made, err := newSecret(password)
	if err == nil {
		s.auth.secrets[user] = made
	}
	return made, err
}

func (s *Simulator) checkPassword(_ context.Context, c *call, in *tg.AuthCheckPasswordRequest) (bin.Encoder, error) {
	proof, ok := in.Password.(*tg.InputCheckPasswordSRP)
	if !ok {
		return nil, tgerr.New(400, "PASSWORD_HASH_INVALID")
	}
	user := s.claimant(c)
	s.auth.mu.Lock()
	o, ok := s.auth.challenges[proof.SRPID]
	delete(s.auth.challenges, proof.SRPID) // good for one try
	s.auth.mu.Unlock()
	a := s.account(user)
	switch {
	case a == nil:
		return nil, errUnregistered()
	case !ok || o.user != user:
		return nil, tgerr.New(400, "SRP_ID_INVALID")
	case !o.proved(proof.A, proof.M1):
		return nil, tgerr.New(400, "PASSWORD_HASH_INVALID")
	}
	s.auth.mu.Lock()
	delete(s.auth.pending, c.Key)
	s.auth.mu.Unlock()
	return s.welcome(c, a, mtproto.KeyID{}), nil
}
