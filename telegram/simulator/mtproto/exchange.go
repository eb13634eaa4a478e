package mtproto

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/crypto"
	"github.com/gotd/td/exchange"
	"github.com/gotd/td/mt"
)

// generator is g of the Diffie-Hellman group.
const generator = 3

// An authority holds what every key exchange of a data centre has in common.
type authority struct {
	dc    int
	key   func() (*rsa.PrivateKey, error)
	prime *big.Int
	now   func() time.Time
}

func newAuthority(dc int, key func() (*rsa.PrivateKey, error), now func() time.Time) (*authority, error) {
	// The prime that Telegram uses: clients know it, or test that it is safe.
	prime, err := exchange.TestServerRNG{}.DhPrime()
	if err != nil {
		return nil, err
	}
	return &authority{dc: dc, key: key, prime: prime, now: now}, nil
}

// A handshake is the server's side of one key exchange, a step per packet:
//
//	req_pq_multi             -> resPQ              (may come again: starts over)
//	req_DH_params            -> server_DH_params_ok
//	set_client_DH_params     -> dh_gen_ok          the key is made
//
// Encrypted packets under another key may come in between: a client makes its
// temporary key on the connection that its permanent one uses.
type handshake struct {
	by *authority

	key         *rsa.PrivateKey
	pq          []byte
	nonce       bin.Int128
	serverNonce bin.Int128
	newNonce    bin.Int256
	secret      *big.Int // a of g^a
	aes, iv     []byte
	life        time.Duration // of a temporary key, 0 for a permanent one
}

// A madeKey is the outcome of a handshake.
type madeKey struct {
	key  crypto.AuthKey
	salt int64
	life time.Duration
}

var (
	errExchange = errors.New("key exchange failed")
	errWrongDC  = errors.New("key exchange meant for another data centre")
)

// step answers one packet of the exchange; made is set with the last answer.
func (h *handshake) step(b *bin.Buffer) (answer bin.Encoder, made *madeKey, err error) {
	id, err := b.PeekID()
	if err != nil {
		return nil, nil, err
	}
	switch id {
	case mt.ReqPqRequestTypeID, mt.ReqPqMultiRequestTypeID:
		answer, err = h.resPQ(b)
	case mt.ReqDHParamsRequestTypeID:
		answer, err = h.params(b)
	case mt.SetClientDHParamsRequestTypeID:
		answer, made, err = h.finish(b)
	default:
		err = fmt.Errorf("%w: unexpected %#x", errExchange, id)
	}
	return answer, made, err
}

func (h *handshake) resPQ(b *bin.Buffer) (bin.Encoder, error) {
	var req mt.ReqPqMultiRequest // req_pq has the same fields
	if _, err := b.ID(); err != nil {
		return nil, err
	}
	if err := req.DecodeBare(b); err != nil {
		return nil, err
	}
	key, err := h.by.key()
	if err != nil {
		return nil, err
	}
	pq, err := challenge()
	if err != nil {
		return nil, err
	}
	serverNonce, err := crypto.RandInt128(rand.Reader)
	if err != nil {
		return nil, err
	}
	*h = handshake{by: h.by, key: key, pq: pq.Bytes(), nonce: req.Nonce, serverNonce: serverNonce}
	return &mt.ResPQ{
		Nonce: h.nonce, ServerNonce: h.serverNonce, Pq: h.pq,
		ServerPublicKeyFingerprints: []int64{h.print()},
	}, nil
}

func (h *handshake) print() int64 { return crypto.RSAFingerprint(&h.key.PublicKey) }

// challenge is the product of two primes that the client has to find.
func challenge() (*big.Int, error) {
	p, err := rand.Prime(rand.Reader, 30)
	if err != nil {
		return nil, err
	}
	for {
		q, err := rand.Prime(rand.Reader, 31)
		if err != nil {
			return nil, err
		}
		if p.Cmp(q) != 0 {
			return q.Mul(p, q), nil
		}
	}
}

func (h *handshake) params(b *bin.Buffer) (bin.Encoder, error) {
	var req mt.ReqDHParamsRequest
	if err := req.Decode(b); err != nil {
		return nil, err
	}
	if h.key == nil || req.Nonce != h.nonce || req.ServerNonce != h.serverNonce || req.PublicKeyFingerprint != h.print() {
		return nil, fmt.Errorf("%w: nonce or fingerprint", errExchange)
	}
	inner, err := h.open(req.EncryptedData)
	if err != nil {
		return nil, err
	}
	if err := h.accept(inner); err != nil {
		return nil, err
	}
	ga, err := h.offer()
	if err != nil {
		return nil, err
	}
	var data bin.Buffer
	if err := data.Encode(&mt.ServerDHInnerData{
		Nonce: h.nonce, ServerNonce: h.serverNonce,
		G: generator, DhPrime: h.by.prime.Bytes(), GA: ga.Bytes(),
		ServerTime: int(h.by.now().Unix()),
	}); err != nil {
		return nil, err
	}
	h.aes, h.iv = crypto.TempAESKeys(h.newNonce.BigInt(), h.serverNonce.BigInt())
	sealed, err := crypto.EncryptExchangeAnswer(rand.Reader, data.Raw(), h.aes, h.iv)
	if err != nil {
		return nil, err
	}
	return &mt.ServerDHParamsOk{Nonce: h.nonce, ServerNonce: h.serverNonce, EncryptedAnswer: sealed}, nil
}

// open decrypts what only the holder of the RSA key can read: padded as clients
// do today, or hashed as they did before 2021.
func (h *handshake) open(sealed []byte) (mt.PQInnerDataClass, error) {
	data, err := crypto.DecodeRSAPad(sealed, h.key)
	if err != nil {
		if data, err = crypto.RSADecryptHashed(sealed, h.key); err != nil {
			return nil, fmt.Errorf("%w: %w", errExchange, err)
		}
	}
	return mt.DecodePQInnerData(&bin.Buffer{Buf: data})
}

// accept checks the client's proof of work and keeps its nonce.
func (h *handshake) accept(d mt.PQInnerDataClass) error {
	p, q := new(big.Int).SetBytes(d.GetP()), new(big.Int).SetBytes(d.GetQ())
	pq := new(big.Int).SetBytes(h.pq)
	if d.GetNonce() != h.nonce || d.GetServerNonce() != h.serverNonce || p.Mul(p, q).Cmp(pq) != 0 {
		return fmt.Errorf("%w: proof of work", errExchange)
	}
	h.newNonce = d.GetNewNonce()
	dc := 0
	switch d := d.(type) {
	case *mt.PQInnerDataDC:
		dc = d.DC
	case *mt.PQInnerDataTempDC:
		dc, h.life = d.DC, time.Duration(d.ExpiresIn)*time.Second
		if h.life <= 0 {
			return fmt.Errorf("%w: a temporary key that has expired", errExchange)
		}
	default:
		return nil // older clients do not say
	}
	// Media servers are negative, test servers above 10000.
	if dc = max(dc, -dc) % 10000; dc != h.by.dc {
		return errWrongDC
	}
	return nil
}

// offer picks the secret a and returns g^a.
func (h *handshake) offer() (*big.Int, error) {
	for {
		a, err := rand.Int(rand.Reader, h.by.prime)
		if err != nil {
			return nil, err
		}
		ga := new(big.Int).Exp(big.NewInt(generator), a, h.by.prime)
		if h.by.safe(ga) {
			h.secret = a
			return ga, nil
		}
	}
}

// safe reports whether x lies far enough from both ends of the group.
func (a *authority) safe(x *big.Int) bool {
	low := new(big.Int).Lsh(big.NewInt(1), crypto.RSAKeyBits-64)
	high := new(big.Int).Sub(a.prime, low)
	return crypto.InRange(x, low, high)
}

func (h *handshake) finish(b *bin.Buffer) (bin.Encoder, *madeKey, error) {
	var req mt.SetClientDHParamsRequest
	if err := req.Decode(b); err != nil {
		return nil, nil, err
	}
	if h.secret == nil || req.Nonce != h.nonce || req.ServerNonce != h.serverNonce {
		return nil, nil, fmt.Errorf("%w: out of order", errExchange)
	}
	data, err := crypto.DecryptExchangeAnswer(req.EncryptedData, h.aes, h.iv)
	if err != nil || data == nil {
		return nil, nil, fmt.Errorf("%w: client's share does not decrypt", errExchange)
	}
	var inner mt.ClientDHInnerData
	if err := inner.Decode(&bin.Buffer{Buf: data}); err != nil {
		return nil, nil, err
	}
	gb := new(big.Int).SetBytes(inner.GB)
	if inner.Nonce != h.nonce || inner.ServerNonce != h.serverNonce || !h.by.safe(gb) {
		return nil, nil, fmt.Errorf("%w: client's share", errExchange)
	}
	var value crypto.Key
	gb.Exp(gb, h.secret, h.by.prime).FillBytes(value[:])
	made := &madeKey{key: value.WithID(), salt: crypto.ServerSalt(h.newNonce, h.serverNonce), life: h.life}
	answer := &mt.DhGenOk{
		Nonce: h.nonce, ServerNonce: h.serverNonce,
		NewNonceHash1: crypto.NonceHash1(h.newNonce, value),
	}
	*h = handshake{by: h.by}
	return answer, made, nil
}
