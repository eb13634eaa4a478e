package simulator

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/auth"
	"github.com/gotd/td/telegram/dcs"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/world"
)

// The real world fits, with everything that the control API can do to it.
var (
	_ World        = (*world.World)(nil)
	_ Troublemaker = (*world.World)(nil)
	_ Changer      = (*world.World)(nil)
)

const (
	testUser  = 777
	testPhone = "15550001"
	testCode  = "24680"
	fileDC    = 4
)

// A hamlet is a world with one account and one file.
type hamlet struct {
	account *world.Account
	file    []byte
	push    func(int64, tg.UpdatesClass)
}

func newHamlet(password string, home int) *hamlet {
	h := &hamlet{file: randomBytes(3 << 20)}
	h.account = &world.Account{
		UserID: testUser, Phone: testPhone, Code: testCode, Password: password, HomeDC: home,
		Self: func() *tg.User { return &tg.User{ID: testUser, Self: true, Phone: testPhone, FirstName: "Test"} },
	}
	return h
}

func (h *hamlet) Accounts() []*world.Account { return []*world.Account{h.account} }

func (h *hamlet) OnUpdates(f func(int64, tg.UpdatesClass)) { h.push = f }

func (h *hamlet) Methods() map[uint32]world.Method {
	return map[uint32]world.Method{
		tg.UsersGetUsersRequestTypeID: func(_ context.Context, _ *world.Call, b *bin.Buffer) (bin.Encoder, error) {
			return &tg.UserClassVector{Elems: []tg.UserClass{h.account.Self()}}, nil
		},
		tg.UpdatesGetStateRequestTypeID: func(_ context.Context, c *world.Call, _ *bin.Buffer) (bin.Encoder, error) {
			return &tg.UpdatesState{Pts: int(c.Takeout) + 1}, nil
		},
		tg.UploadGetFileRequestTypeID: h.getFile,
	}
}

func (h *hamlet) getFile(_ context.Context, c *world.Call, b *bin.Buffer) (bin.Encoder, error) {
	var in tg.UploadGetFileRequest
	if err := in.Decode(b); err != nil {
		return nil, err
	}
	if c.DC != fileDC {
		return nil, tgerr.New(303, "FILE_MIGRATE_4")
	}
	from := min(in.Offset, int64(len(h.file)))
	to := min(from+int64(in.Limit), int64(len(h.file)))
	return &tg.UploadFile{Type: &tg.StorageFilePartial{}, Bytes: h.file[from:to]}, nil
}

// run starts a simulator that stops with the test.
func run(t *testing.T, o Options) *Simulator {
	t.Helper()
	s, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		done := make(chan error, 1)
		go func() { done <- s.Close() }()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the simulator ended with %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the simulator does not stop")
		}
	})
	return s
}

// client is a stock gotd client that knows nothing but the one address.
func client(i Info, storage session.Storage, change ...func(*telegram.Options)) *telegram.Client {
	host, port := hostPort(i.Server)
	o := telegram.Options{
		DC:             i.DC,
		DCList:         dcs.List{Options: []tg.DCOption{{ID: i.DC, IPAddress: host, Port: port}}},
		PublicKeys:     []telegram.PublicKey{{RSA: i.PublicKey}},
		SessionStorage: storage,
		NoUpdates:      true,
	}
	for _, f := range change {
		f(&o)
	}
	return telegram.NewClient(i.APIID, i.APIHash, o)
}

// flow signs in as the account.
func flow(i Info) auth.Flow {
	a := i.Accounts[0]
	ask := auth.CodeAuthenticatorFunc(func(context.Context, *tg.AuthSentCode) (string, error) { return a.Code, nil })
	return auth.NewFlow(auth.Constant("+"+a.Phone, a.Password, ask), auth.SendCodeOptions{})
}

// with runs f with a client that is signed in.
func with(t *testing.T, s *Simulator, storage session.Storage, f func(ctx context.Context, c *telegram.Client) error, change ...func(*telegram.Options)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := client(s.Info(), storage, change...)
	err := c.Run(ctx, func(ctx context.Context) error {
		if err := c.Auth().IfNecessary(ctx, flow(s.Info())); err != nil {
			return err
		}
		return f(ctx, c)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fetch is the whole file's hash, in parts, from the data centre that has it.
func fetch(ctx context.Context, api *tg.Client) ([32]byte, error) {
	h := sha256.New()
	for offset := int64(0); ; {
		out, err := api.UploadGetFile(ctx, &tg.UploadGetFileRequest{
			Location: &tg.InputDocumentFileLocation{ID: 5}, Offset: offset, Limit: 1 << 20,
		})
		if err != nil {
			return [32]byte{}, err
		}
		part := out.(*tg.UploadFile).Bytes
		if len(part) == 0 {
			return [32]byte(h.Sum(nil)), nil
		}
		h.Write(part)
		offset += int64(len(part))
	}
}

// control calls the control API.
func control(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	out, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	var b strings.Builder
	if _, err := io.Copy(&b, out.Body); err != nil {
		t.Fatal(err)
	}
	return out.StatusCode, b.String()
}
