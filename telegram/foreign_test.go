package telegram

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/crypto"
	"github.com/gotd/td/exchange"
	"github.com/gotd/td/mt"
	"github.com/gotd/td/proto"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
	"github.com/gotd/td/transport"
)

// A foreign server: neither Telegram's nor our simulator. It knows few methods,
// tells no addresses, has no hashes of files, acknowledges nothing, counts no
// sequence numbers and has no salts.
type foreign struct {
	account *fakeAccount
	files   *fakeFiles
	unknown error // the answer to a method it does not know; nil: it hangs up

	key    exchange.PrivateKey
	cipher crypto.Cipher
	ids    *proto.MessageIDGen

	mu   sync.Mutex
	keys map[[8]byte]crypto.AuthKey
}

// serve listens until the test ends.
func (f *foreign) serve(t *testing.T) (address string, key *rsa.PublicKey) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.key, f.cipher = exchange.PrivateKey{RSA: private}, crypto.NewServerCipher(rand.Reader)
	f.ids, f.keys = proto.NewMessageIDGen(time.Now), map[[8]byte]crypto.AuthKey{}
	var conns sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); conns.Wait() })
	accept := transport.Listen(listener)
	conns.Go(func() {
		for {
			conn, err := accept.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				conns.Go(func() { _ = errors.Join(f.talk(conn), conn.Close()) })
			}
		}
	})
	return listener.Addr().String(), &private.PublicKey
}

// talk serves one connection until something goes wrong.
func (f *foreign) talk(conn transport.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	greeted := false
	for {
		var b bin.Buffer
		if err := conn.Recv(ctx, &b); err != nil {
			return err
		}
		var id [8]byte
		if err := b.PeekN(id[:], len(id)); err != nil {
			return err
		}
		f.mu.Lock()
		key, known := f.keys[id]
		f.mu.Unlock()
		if !known {
			if err := f.exchange(ctx, &pushedBack{conn, &b}); err != nil {
				return err
			}
			continue
		}
		message, err := f.cipher.DecryptFromBuffer(key, &b)
		if err != nil {
			return err
		}
		send := func(of proto.MessageType, o bin.Encoder) error {
			return f.send(ctx, conn, key, message.SessionID, of, o)
		}
		if !greeted {
			greeted = true
			salt := int64(binary.LittleEndian.Uint64(key.ID[:]))
			if err := send(proto.MessageFromServer, &mt.NewSessionCreated{FirstMsgID: message.MessageID, ServerSalt: salt}); err != nil {
				return err
			}
		}
		if err := f.handle(message.MessageID, &bin.Buffer{Buf: message.Data()}, send); err != nil {
			return err
		}
	}
}

// pushedBack is a connection of which one message was read too early.
type pushedBack struct {
	transport.Conn
	first *bin.Buffer
}

func (p *pushedBack) Recv(ctx context.Context, b *bin.Buffer) error {
	if p.first == nil {
		return p.Conn.Recv(ctx, b)
	}
	b.ResetTo(p.first.Buf)
	p.first = nil
	return nil
}

func (f *foreign) exchange(ctx context.Context, conn transport.Conn) error {
	r, err := exchange.NewExchanger(conn, 2).WithRand(rand.Reader).Server(f.key).Run(ctx)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys[r.Key.ID] = r.Key
	return nil
}

func (f *foreign) send(ctx context.Context, conn transport.Conn, key crypto.AuthKey, session int64, of proto.MessageType, o bin.Encoder) error {
	var b bin.Buffer
	if err := o.Encode(&b); err != nil {
		return err
	}
	data := crypto.EncryptedMessageData{
		SessionID: session, MessageID: f.ids.New(of), MessageDataLen: int32(b.Len()), MessageDataWithPadding: b.Copy(),
	}
	if err := f.cipher.Encrypt(key, data, &b); err != nil {
		return err
	}
	return conn.Send(ctx, &b)
}

// handle answers one message, or those in a container.
func (f *foreign) handle(id int64, b *bin.Buffer, send func(proto.MessageType, bin.Encoder) error) error {
	what, err := b.PeekID()
	if err != nil {
		return err
	}
	switch what {
	case proto.MessageContainerTypeID:
		var all proto.MessageContainer
		if err := all.Decode(b); err != nil {
			return err
		}
		for _, m := range all.Messages {
			if err := f.handle(m.ID, &bin.Buffer{Buf: m.Body}, send); err != nil {
				return err
			}
		}
		return nil
	case mt.PingDelayDisconnectRequestTypeID:
		var ping mt.PingDelayDisconnectRequest
		if err := ping.Decode(b); err != nil {
			return err
		}
		return send(proto.MessageServerResponse, &mt.Pong{MsgID: id, PingID: ping.PingID})
	case mt.MsgsAckTypeID, mt.GetFutureSaltsRequestTypeID, mt.RPCDropAnswerRequestTypeID:
		return nil // never heard of it
	}
	answer, err := f.answer(b)
	if rpc, ok := tgerr.As(err); ok {
		answer, err = &mt.RPCError{ErrorCode: rpc.Code, ErrorMessage: rpc.Message}, nil
	}
	if err != nil {
		return err
	}
	var result bin.Buffer
	if err := answer.Encode(&result); err != nil {
		return err
	}
	return send(proto.MessageServerResponse, &proto.Result{RequestMessageID: id, Result: result.Buf})
}

// answer is the answer to a method, whose wrappers are taken off first.
func (f *foreign) answer(b *bin.Buffer) (bin.Encoder, error) {
	id, err := b.PeekID()
	if err != nil {
		return nil, err
	}
	switch id {
	case tg.InvokeWithLayerRequestTypeID:
		return f.unwrap(b, &tg.InvokeWithLayerRequest{Query: untouched{}})
	case tg.InitConnectionRequestTypeID:
		return f.unwrap(b, &tg.InitConnectionRequest{Query: untouched{}})
	case tg.InvokeWithoutUpdatesRequestTypeID:
		return f.unwrap(b, &tg.InvokeWithoutUpdatesRequest{Query: untouched{}})
	case tg.HelpGetConfigRequestTypeID:
		return &tg.Config{ThisDC: 2, DCOptions: []tg.DCOption{}}, nil
	case tg.AuthSendCodeRequestTypeID:
		return &tg.AuthSentCode{Type: &tg.AuthSentCodeTypeApp{Length: 5}, PhoneCodeHash: "x"}, nil
	case tg.AuthSignInRequestTypeID:
		return &tg.AuthAuthorization{User: &tg.User{ID: 1, Self: true}}, nil
	case tg.UsersGetUsersRequestTypeID:
		return f.account.answer(&tg.UsersGetUsersRequest{})
	case tg.MessagesGetDialogsRequestTypeID:
		return f.account.dialogs(), nil
	case tg.MessagesGetHistoryRequestTypeID:
		return f.history(b)
	case tg.UploadGetFileRequestTypeID:
		var in tg.UploadGetFileRequest
		if err := in.Decode(b); err != nil {
			return nil, err
		}
		return f.files.answer(fileRequest{place{dc: 2}, &in})
	}
	if f.unknown != nil {
		return nil, f.unknown
	}
	return nil, errors.New("unexpected method")
}

func (f *foreign) unwrap(b *bin.Buffer, wrapper bin.Decoder) (bin.Encoder, error) {
	if err := wrapper.Decode(b); err != nil {
		return nil, err
	}
	return f.answer(b)
}

// untouched leaves the inner query of a wrapper in the buffer.
type untouched struct{}

func (untouched) Encode(*bin.Buffer) error { return errors.New("not to be encoded") }
func (untouched) Decode(*bin.Buffer) error { return nil }

func (f *foreign) history(b *bin.Buffer) (bin.Encoder, error) {
	var in tg.MessagesGetHistoryRequest
	if err := in.Decode(b); err != nil {
		return nil, err
	}
	answer, err := f.account.answer(&in)
	for _, m := range answer.(*tg.MessagesMessagesSlice).Messages {
		if m.GetID() <= len(f.files.data) && isChannel(in.Peer) {
			m.(*tg.Message).Media = f.files.media(int64(m.GetID()))
		}
	}
	return answer, err
}

// Whatever a server does about methods it does not know, messages and files come
// into the archive, and the result says what was not to be had.
func TestSyncWithAForeignServer(t *testing.T) {
	t.Parallel()
	for name, unknown := range map[string]error{
		"refuses": rpcError(400, "INPUT_METHOD_INVALID"), "has an error": rpcError(500, "INTERNAL"),
		"has none": rpcError(501, "NOT_IMPLEMENTED"), "finds none": rpcError(404, "METHOD_NOT_FOUND"), "hangs up": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &foreign{account: newFakeAccount(), files: newFakeFiles(10, fakePart+5, 3*fakePart), unknown: unknown}
			i := &installation{t: t, dir: t.TempDir(), options: Options{APIID: 1, APIHash: "h", CallTimeout: 2 * time.Second}}
			address, key := f.serve(t)
			i.options.Server, i.options.PublicKeys = address, []*rsa.PublicKey{key}
			if _, err := i.loginWith("+1", &answers{codes: []string{"1"}}); err != nil {
				t.Fatal(err)
			}
			a := newFakeArchive()
			for round := range 2 {
				c, end := i.client()
				start := time.Now()
				r, err := c.Sync(t.Context(), a, SyncOptions{})
				end()
				if err != nil || !r.Complete() || len(r.Warnings) == 0 || round == 1 && r.Messages != 0 {
					t.Fatalf("result %+v, error %v", r, err)
				}
				t.Logf("took %v, warnings %v", time.Since(start), r.Warnings)
			}
			equal(t, "private chat", a.ids("user7"), upTo(250))
			equal(t, "channel", a.ids("channel9"), upTo(250))
			for id := range f.files.data {
				f.files.check(t, a, id, false)
			}
		})
	}
}
