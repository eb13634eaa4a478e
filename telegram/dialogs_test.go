package telegram

import (
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// fakeDialogs is a list of users' chats, user 1 first, the newest first.
type fakeDialogs struct {
	count  int
	page   int  // chats on a page at most
	whole  bool // all at once, as messages.dialogs
	pinned int  // so many stand first, with older messages
	folder int  // so many of the last ones are in the folder of archived chats...
	hidden bool // ...and only listed if that is asked for
	sticky bool // pinned chats stand on every page
	bare   bool // the newest messages are not told with the list
}

func (d *fakeDialogs) answer(in any) (bin.Encoder, error) {
	if history, ok := in.(*tg.MessagesGetHistoryRequest); ok && d.bare {
		return &tg.MessagesMessagesSlice{Messages: []tg.MessageClass{d.message(int(history.Peer.(*tg.InputPeerUser).UserID))}}, nil
	}
	request, ok := in.(*tg.MessagesGetDialogsRequest)
	if !ok {
		return nil, rpcError(400, "METHOD_INVALID")
	}
	_, archived := request.GetFolderID()
	first := 1
	if offset, ok := request.OffsetPeer.(*tg.InputPeerUser); ok {
		first = int(offset.UserID) + 1
		if request.OffsetID != 1000+int(offset.UserID) || request.OffsetDate != d.date(int(offset.UserID)) {
			return nil, rpcError(400, "OFFSET_INVALID")
		}
	}
	var out tg.MessagesDialogs
	out.Dialogs, out.Messages = []tg.DialogClass{}, []tg.MessageClass{}
	out.Chats, out.Users = []tg.ChatClass{}, []tg.UserClass{}
	if d.hidden && !archived && d.folder > 0 && first == 1 {
		out.Dialogs = append(out.Dialogs, &tg.DialogFolder{Folder: tg.Folder{ID: 1}, Peer: &tg.PeerUser{UserID: int64(d.count)}})
	}
	ids := upTo(d.count)[first-1:]
	if d.sticky && first > d.pinned {
		ids = append(upTo(d.pinned), ids...)
	}
	for _, id := range ids {
		if len(out.Users) == d.page {
			break
		}
		inFolder := id > d.count-d.folder
		if d.hidden && inFolder != archived {
			continue
		}
		dialog := &tg.Dialog{Peer: &tg.PeerUser{UserID: int64(id)}, TopMessage: 1000 + id, Pinned: id <= d.pinned}
		if inFolder {
			dialog.SetFolderID(1)
		}
		out.Dialogs = append(out.Dialogs, dialog)
		if !d.bare {
			out.Messages = append(out.Messages, d.message(id))
		}
		out.Users = append(out.Users, &tg.User{ID: int64(id), AccessHash: int64(id) * 3})
	}
	if d.whole {
		return &out, nil
	}
	return &tg.MessagesDialogsSlice{Count: d.count, Dialogs: out.Dialogs, Messages: out.Messages, Chats: out.Chats, Users: out.Users}, nil
}

func (d *fakeDialogs) date(id int) int { return 2_000_000 - id }

func (d *fakeDialogs) message(id int) tg.MessageClass {
	return &tg.Message{ID: 1000 + id, Date: d.date(id), PeerID: &tg.PeerUser{UserID: int64(id)}}
}

// Every chat is listed once, however the server cuts and keeps its list.
func TestDialogs(t *testing.T) {
	cases := map[string]struct {
		fake  fakeDialogs
		calls int
	}{
		"none":                         {fakeDialogs{page: 100}, 1},
		"one whole list":               {fakeDialogs{count: 40, page: 100, whole: true}, 1},
		"several pages":                {fakeDialogs{count: 250, page: 100}, 4},
		"short pages":                  {fakeDialogs{count: 250, page: 30}, 10},
		"pinned chats":                 {fakeDialogs{count: 250, page: 100, pinned: 5}, 4},
		"pinned chats on every page":   {fakeDialogs{count: 250, page: 100, pinned: 5, sticky: true}, 4},
		"without newest messages":      {fakeDialogs{count: 250, page: 100, bare: true}, 4},
		"archived chats among others":  {fakeDialogs{count: 150, page: 100, folder: 60}, 3},
		"archived chats in a folder":   {fakeDialogs{count: 150, page: 100, folder: 60, hidden: true}, 4},
		"a folder longer than a page":  {fakeDialogs{count: 450, page: 100, folder: 260, hidden: true}, 7},
		"archived chats and all whole": {fakeDialogs{count: 15, page: 100, folder: 6, hidden: true, whole: true}, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := newFakeServer(c.fake.answer)
			r := newFakeRun(t, server, newFakeArchive())
			chats, err := r.link.dialogs(t.Context(), "user3", r.knownHash)
			if err != nil {
				t.Fatal(err)
			}
			if len(chats) != c.fake.count {
				t.Fatalf("%d chats, want %d", len(chats), c.fake.count)
			}
			seen := map[archive.PeerID]bool{}
			for _, found := range chats {
				checkDialog(t, found, &c.fake)
				if seen[found.id] {
					t.Fatalf("%s is listed twice", found.id)
				}
				seen[found.id] = true
			}
			if n := server.count("messages.getDialogs"); n != c.calls {
				t.Errorf("%d calls, want %d", n, c.calls)
			}
		})
	}
}

func checkDialog(t *testing.T, c *chat, d *fakeDialogs) {
	t.Helper()
	id := int(c.id.Num())
	if c.dialog.TopMessage != 1000+id || c.date != d.date(id) && !d.bare || c.hash != int64(id)*3 || c.dialog.Pinned != (id <= d.pinned) {
		t.Fatalf("%s: %+v", c.id, c)
	}
	if (c.dialog.Folder == 1) != (id > d.count-d.folder) {
		t.Fatalf("%s is in folder %d", c.id, c.dialog.Folder)
	}
	_, self := c.input.(*tg.InputPeerSelf)
	if self != (id == 3) || (c.dialog.Type == archive.ChatSaved) != (id == 3) {
		t.Fatalf("%s: input %T, type %s", c.id, c.input, c.dialog.Type)
	}
}
