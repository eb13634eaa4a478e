package telegram

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/crypto"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto"
	"github.com/gotd/td/telegram/dcs"
	"github.com/gotd/td/transport"
)

// A Target is a server that can be probed.
type Target struct {
	DC      int    // number of the data centre
	Address string // host:port
}

// Targets are the servers that a client with these settings talks to: the
// configured one, or Telegram's own, by number.
func Targets(server string, dc int) []Target {
	if server != "" {
		return []Target{{dc, server}}
	}
	var all []Target
	for n := 1; n <= telegramCentres; n++ {
		for _, o := range dcs.FindPrimaryDCs(dcs.Prod().Options, n, false) {
			if !o.MediaOnly && !o.Ipv6 {
				all = append(all, Target{n, net.JoinHostPort(o.IPAddress, strconv.Itoa(o.Port))})
				break
			}
		}
	}
	return all
}

// telegramCentres is how many data centres Telegram has that accounts live in.
const telegramCentres = 5

// An Echo is what a server answers to somebody it knows nothing of.
type Echo struct {
	// Time is the server's clock at the moment the answer came, to a second and half
	// of Trip.
	Time time.Time
	Trip time.Duration // of question and answer
}

// Probe asks the server at address for the first message of a key exchange, which takes
// no login, no api_id and no clock that is right, and hangs up: nothing of it stays,
// here or there. Keys are the server's public keys; nil: whichever it has.
//
// Errors: ErrUnreachable with the error of the network, and ErrServerKey together with
// the Echo.
func Probe(ctx context.Context, address string, keys []*rsa.PublicKey, now func() time.Time) (*Echo, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })()
	conn, err := transport.Intermediate.Handshake(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	nonce, err := crypto.RandInt128(rand.Reader)
	if err != nil {
		return nil, err
	}
	asked, start := time.Now(), now()
	message, answer, err := firstMessage(ctx, conn, &mt.ReqPqMultiRequest{Nonce: nonce}, start)
	if err != nil || answer.Nonce != nonce {
		return nil, fmt.Errorf("%w: it accepts connections, but does not answer as a Telegram server does: %w", ErrUnreachable, orStranger(err))
	}
	trip := time.Since(asked)
	echo := &Echo{Time: message.Time().Add(trip / 2), Trip: trip}
	if !has(answer.ServerPublicKeyFingerprints, keys) {
		return echo, ErrServerKey
	}
	return echo, nil
}

// orStranger is err, or what it means that an answer is of another question.
func orStranger(err error) error {
	if err == nil {
		return errors.New("it answers another question")
	}
	return err
}

// firstMessage sends a question in the clear and returns the answer with its id, which
// holds the time of the server.
func firstMessage(ctx context.Context, conn transport.Conn, q bin.Encoder, now time.Time) (proto.MessageID, *mt.ResPQ, error) {
	var b bin.Buffer
	if err := q.Encode(&b); err != nil {
		return 0, nil, err
	}
	question := proto.UnencryptedMessage{MessageID: int64(proto.NewMessageID(now, proto.MessageFromClient)), MessageData: b.Copy()}
	b.Reset()
	if err := question.Encode(&b); err != nil {
		return 0, nil, err
	}
	if err := conn.Send(ctx, &b); err != nil {
		return 0, nil, err
	}
	b.Reset()
	if err := conn.Recv(ctx, &b); err != nil {
		return 0, nil, err
	}
	var message proto.UnencryptedMessage
	if err := message.Decode(&b); err != nil {
		return 0, nil, err
	}
	answer := new(mt.ResPQ)
	if err := answer.Decode(&bin.Buffer{Buf: message.MessageData}); err != nil {
		return 0, nil, err
	}
	return proto.MessageID(message.MessageID), answer, nil
}

// has reports whether a server that names these fingerprints has one of keys; of a
// server whose keys are not known here nothing can be said.
func has(fingerprints []int64, keys []*rsa.PublicKey) bool {
	return len(keys) == 0 || slices.ContainsFunc(keys, func(k *rsa.PublicKey) bool { return slices.Contains(fingerprints, crypto.RSAFingerprint(k)) })
}
