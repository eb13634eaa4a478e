package simulator

import (
	"context"
	"crypto/sha256"
	"testing"

	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/telegram/simulator/world"
)

// A stock client follows to the CDN, with a key of which help.getCdnConfig told
// it, has a part brought there that is missing, and finds the damaged one.
func TestDownloadFromTheCDN(t *testing.T) {
	w, err := world.FromSeed(world.SeedOptions{Seed: 3, Messages: 20, Options: world.Options{FileDCs: []int{2}}})
	if err != nil {
		t.Fatal(err)
	}
	const size = 1<<20 + 8192 // the stock client asks for the rest as it is, which other sizes do not allow
	chat := w.Chats(0)[0]
	id, err := w.AddMessage(0, world.NewMessage{Chat: chat.ID, FileName: "a.bin", FileSize: size})
	if err != nil {
		t.Fatal(err)
	}
	s := run(t, Options{World: w, Control: "off"})
	with(t, s, &session.StorageMemory{}, func(ctx context.Context, c *telegram.Client) error {
		location, err := documentOf(ctx, c.API(), id)
		if err != nil {
			return err
		}
		load := func(c *telegram.Client) ([32]byte, error) {
			h := sha256.New()
			_, err := c.Download(location).WithVerify(true).Stream(ctx, h)
			return [32]byte(h.Sum(nil)), err
		}
		plain, err := load(c)
		if err != nil {
			return err
		}
		served := s.Stats().BytesServed
		fault := Fault{CDN: 1, Cold: 1}
		if err := s.Fault(fault); err != nil {
			return err
		}
		if got, err := load(c); err != nil || got != plain {
			t.Errorf("from the CDN: %x, %v, want %x", got, err, plain)
		}
		sum := s.Stats()
		if n := sum.BytesServed - served; n < size {
			t.Errorf("the CDN served %d bytes", n)
		}
		for _, name := range []string{"upload.getCdnFile", "upload.reuploadCdnFile", "help.getCdnConfig"} {
			if sum.Requests[name] == 0 {
				t.Errorf("nobody asked for %s", name)
			}
		}
		if err := s.Fault(Fault{Corrupt: 1}); err != nil {
			return err
		}
		if got, err := load(c); err == nil && got != plain {
			t.Error("flipped bytes came through")
		}
		cdn, err := c.CDN(ctx, world.CDN, 1)
		if err != nil {
			return err
		}
		defer cdn.Close()
		_, err = tg.NewClient(cdn).UpdatesGetState(ctx)
		if !tgerr.Is(err, "CDN_METHOD_INVALID") {
			t.Errorf("a method the CDN does not have: %v", err)
		}
		return nil
	}, func(o *telegram.Options) { o.AllowCDN = true })
}

// documentOf is where the document of a message of a private chat lies.
func documentOf(ctx context.Context, api *tg.Client, id int) (*tg.InputDocumentFileLocation, error) {
	out, err := api.MessagesGetMessages(ctx, []tg.InputMessageClass{&tg.InputMessageID{ID: id}})
	if err != nil {
		return nil, err
	}
	list, _ := out.AsModified()
	m := list.GetMessages()[0].(*tg.Message)
	return m.Media.(*tg.MessageMediaDocument).Document.(*tg.Document).AsInputDocumentFileLocation(""), nil
}
