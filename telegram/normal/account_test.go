package normal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"slices"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"telekeep/archive"
	"telekeep/telegram/simulator/world"
)

// An account is an archive in memory, made of TL objects as a client receives
// them: the shortest way from a Telegram to an export.
type account struct {
	self     archive.PeerID
	chats    []archive.ChatInfo
	peers    map[archive.PeerID]*archive.Peer
	messages map[archive.PeerID][]*archive.StoredMessage
	media    map[archive.MediaKey][]byte
	emoji    map[archive.MediaKey]*archive.Emoji
	files    []FileRef // all that messages name
}

func newAccount(self archive.PeerID) *account {
	return &account{
		self:     self,
		peers:    map[archive.PeerID]*archive.Peer{},
		messages: map[archive.PeerID][]*archive.StoredMessage{},
		media:    map[archive.MediaKey][]byte{},
		emoji:    map[archive.MediaKey]*archive.Emoji{},
	}
}

func (a *account) know(users []tg.UserClass, chats []tg.ChatClass) {
	var peers []*archive.Peer
	for _, u := range users {
		peers = append(peers, User(u))
	}
	for _, c := range chats {
		peers = append(peers, Chat(c))
	}
	for _, p := range peers {
		if p != nil && (a.peers[p.ID] == nil || !p.Min) {
			a.peers[p.ID] = p
		}
	}
}

// chat opens a chat of a peer that is known.
func (a *account) chat(id archive.PeerID, left bool) {
	p := a.peers[id]
	a.chats = append(a.chats, archive.ChatInfo{ID: id, Dialog: &archive.Dialog{
		Type: DialogType(a.self, p, a.peers[p.Linked]), Left: left,
	}})
}

// add archives messages of one chat, in ascending order.
func (a *account) add(t *testing.T, list ...tg.MessageClass) {
	t.Helper()
	for _, m := range list {
		msg, chat, ok := Message(m)
		if !ok {
			t.Fatalf("no record of %v", m)
		}
		a.messages[chat] = append(a.messages[chat], &archive.StoredMessage{Message: msg})
		a.files = append(a.files, Files(m)...)
	}
}

func (a *account) Accounts() []archive.Account {
	return []archive.Account{{ID: a.self, Profile: a.peers[a.self]}}
}

func (a *account) Chats(archive.PeerID) []archive.ChatInfo { return a.chats }

func (a *account) Peer(_, id archive.PeerID) (*archive.Peer, bool) {
	p, ok := a.peers[id]
	return p, ok
}

func (a *account) Messages(_ context.Context, _, chat archive.PeerID) iter.Seq2[*archive.StoredMessage, error] {
	return func(yield func(*archive.StoredMessage, error) bool) {
		for _, m := range a.messages[chat] {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (a *account) Media(key archive.MediaKey) (*archive.MediaFile, bool) {
	b, ok := a.media[key]
	if !ok {
		return nil, false
	}
	sum := sha256.Sum256(b)
	return &archive.MediaFile{Key: key, Size: int64(len(b)), SHA256: hex.EncodeToString(sum[:])}, true
}

func (a *account) Missing(key archive.MediaKey) (*archive.Missing, bool) {
	_, stored := a.media[key]
	return &archive.Missing{Key: key, Reason: archive.MissingUnavailable}, !stored
}

// Versions: of everything there is one.
func (a *account) Versions(context.Context, archive.PeerID, archive.PeerID, int) ([]*archive.StoredMessage, error) {
	return nil, nil
}

// Items: the puller asks for messages alone.
func (a *account) Items(archive.PeerID, archive.Kind) []*archive.Item { return nil }

func (a *account) Emoji(key archive.MediaKey) (*archive.Emoji, bool) {
	e, ok := a.emoji[key]
	return e, ok
}

func (a *account) OpenMedia(_ context.Context, key archive.MediaKey) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(a.media[key])), nil
}

// A direct connection asks a world without a network: what would go over one is
// encoded and decoded all the same.
type direct struct {
	methods map[uint32]world.Method
	call    world.Call
}

func (d direct) Invoke(ctx context.Context, input bin.Encoder, output bin.Decoder) error {
	var b bin.Buffer
	if err := input.Encode(&b); err != nil {
		return err
	}
	id, err := b.PeekID()
	if err != nil {
		return err
	}
	method, ok := d.methods[id]
	if !ok {
		return fmt.Errorf("no method %#x", id)
	}
	answer, err := method(ctx, &d.call, &b)
	if err != nil {
		return err
	}
	var out bin.Buffer
	if err := answer.Encode(&out); err != nil {
		return err
	}
	return output.Decode(&out)
}

// A puller fetches everything of an account of a world.
type puller struct {
	*account
	t      *testing.T
	direct direct
	hashes map[archive.PeerID]int64
}

func pull(t *testing.T, w *world.World) *account {
	t.Helper()
	login := w.Accounts()[0]
	p := &puller{
		account: newAccount(userID(login.UserID)),
		t:       t,
		direct:  direct{w.Methods(), world.Call{DC: login.HomeDC, User: login.UserID, Layer: Layer}},
		hashes:  map[archive.PeerID]int64{},
	}
	for _, id := range p.dialogs() {
		p.chat(id, false)
		p.history(id)
	}
	for _, id := range p.left() {
		p.chat(id, true)
		p.history(id)
	}
	p.askEmoji()
	for _, f := range distinct(p.files) {
		p.fetch(f)
	}
	return p.account
}

// askEmoji asks for every custom emoji that the messages name.
func (p *puller) askEmoji() {
	request := &tg.MessagesGetCustomEmojiDocumentsRequest{}
	for _, list := range p.messages {
		for _, m := range list {
			for _, key := range EmojiIn(m.Message) {
				var id int64
				if _, err := fmt.Sscanf(string(key), "document:%d", &id); err != nil {
					p.t.Fatal(err)
				}
				request.DocumentID = append(request.DocumentID, id)
			}
		}
	}
	found, err := p.at(0).MessagesGetCustomEmojiDocuments(p.t.Context(), request.DocumentID)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, d := range found {
		if e, ref, ok := Emoji(d); ok {
			p.emoji[ref.Key] = e
			p.files = append(p.files, ref)
		}
	}
}

// at is a connection to a data centre.
func (p *puller) at(dc int) *tg.Client {
	d := p.direct
	if dc != 0 {
		d.call.DC = dc
	}
	return tg.NewClient(d)
}

func (p *puller) meet(users []tg.UserClass, chats []tg.ChatClass) {
	p.know(users, chats)
	for _, u := range users {
		if u, ok := u.(*tg.User); ok {
			p.hashes[userID(u.ID)] = u.AccessHash
		}
	}
	for _, c := range chats {
		if c, ok := c.(*tg.Channel); ok {
			p.hashes[bareID(archive.PeerChannel, c.ID)] = c.AccessHash
		}
	}
}

func (p *puller) dialogs() []archive.PeerID {
	answer, err := p.at(0).MessagesGetDialogs(p.t.Context(), &tg.MessagesGetDialogsRequest{OffsetPeer: &tg.InputPeerEmpty{}, Limit: 100})
	if err != nil {
		p.t.Fatal(err)
	}
	page, _ := answer.AsModified()
	p.meet(page.GetUsers(), page.GetChats())
	var ids []archive.PeerID
	for _, d := range page.GetDialogs() {
		if d, ok := d.(*tg.Dialog); ok {
			ids = append(ids, PeerID(d.Peer))
		}
	}
	return ids
}

// left lists the chats the account is no member of any more, which a server
// tells only in a takeout.
func (p *puller) left() []archive.PeerID {
	takeout, err := p.at(0).AccountInitTakeoutSession(p.t.Context(), &tg.AccountInitTakeoutSessionRequest{})
	if err != nil {
		p.t.Fatal(err)
	}
	p.direct.call.Takeout = takeout.ID
	answer, err := p.at(0).ChannelsGetLeftChannels(p.t.Context(), 0)
	if err != nil {
		p.t.Fatal(err)
	}
	p.meet(nil, answer.GetChats())
	var ids []archive.PeerID
	for _, c := range answer.GetChats() {
		ids = append(ids, Chat(c).ID)
	}
	return ids
}

func (p *puller) history(chat archive.PeerID) {
	var all []tg.MessageClass
	for offset := 0; ; {
		answer, err := p.at(0).MessagesGetHistory(p.t.Context(), &tg.MessagesGetHistoryRequest{Peer: p.input(chat), OffsetID: offset, Limit: 100})
		if tgerr.Is(err, "CHANNEL_PRIVATE") {
			answer, err = p.own(chat, offset)
		}
		if err != nil {
			p.t.Fatalf("history of %s: %v", chat, err)
		}
		page, _ := answer.AsModified()
		p.meet(page.GetUsers(), page.GetChats())
		if len(page.GetMessages()) == 0 {
			break
		}
		for _, m := range page.GetMessages() {
			all, offset = append(all, m), m.GetID()
		}
	}
	slices.Reverse(all)
	for _, m := range all {
		checkRaw(p.t, m)
	}
	p.add(p.t, all...)
}

// own asks for the account's own messages of a chat that was left.
func (p *puller) own(chat archive.PeerID, offset int) (tg.MessagesMessagesClass, error) {
	request := &tg.MessagesSearchRequest{Peer: p.input(chat), Filter: &tg.InputMessagesFilterEmpty{}, OffsetID: offset, Limit: 100}
	request.SetFromID(&tg.InputPeerSelf{})
	return p.at(0).MessagesSearch(p.t.Context(), request)
}

func (p *puller) input(chat archive.PeerID) tg.InputPeerClass {
	switch chat.Kind() {
	case archive.PeerUser:
		return &tg.InputPeerUser{UserID: chat.Num(), AccessHash: p.hashes[chat]}
	case archive.PeerChannel:
		return &tg.InputPeerChannel{ChannelID: chat.Num(), AccessHash: p.hashes[chat]}
	}
	return &tg.InputPeerChat{ChatID: chat.Num()}
}

// fetch downloads a file; one that cannot be had stays missing.
func (p *puller) fetch(f FileRef) {
	if f.Gone || f.SelfDestruct {
		return
	}
	const part = 1 << 20
	whole := f.Inline
	for f.Inline == nil {
		answer, err := p.at(f.DC).UploadGetFile(p.t.Context(), &tg.UploadGetFileRequest{Location: f.Location(f.Reference), Offset: int64(len(whole)), Limit: part})
		if err != nil {
			p.t.Logf("%s: %v", f.Key, err)
			return
		}
		got := answer.(*tg.UploadFile).Bytes
		whole = append(whole, got...)
		if len(got) < part {
			break
		}
	}
	if int64(len(whole)) != f.Size {
		p.t.Errorf("%s: %d bytes, declared %d", f.Key, len(whole), f.Size)
	}
	p.media[f.Key] = whole
}
