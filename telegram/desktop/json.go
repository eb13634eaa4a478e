package desktop

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"telekeep/archive"
	"telekeep/internal/resultjson"
)

// readJSON takes in a result.json.
func (im *importer) readJSON() error {
	f, err := im.export.files.Open(im.export.File)
	if err != nil {
		return err
	}
	defer f.Close()
	r := &jsonReader{importer: im}
	account, err := r.read(stoppableReader{f, im.ctx.Err})
	if errors.Is(err, resultjson.ErrNoExport) {
		return fmt.Errorf("%s: %w", im.export.File, ErrNoExport)
	}
	if err != nil || account == nil {
		return err
	}
	if !r.owned { // it has no chats
		if err := r.owner(account); err != nil {
			return err
		}
	}
	return r.holdings(account)
}

// A jsonReader takes in what resultjson reads.
type jsonReader struct {
	*importer
	owned bool
	chat  converter
}

// A found is one thing that resultjson has read: exactly one of these.
type found struct {
	account *resultjson.Account
	chat    *resultjson.Chat
	message *resultjson.Message
	note    resultjson.Note
	// Of stretches; see stretcher.
	begins bool
	whole  string // the key of one that was read
	passed *stretch
	// entered gets the chat as it is taken in.
	entered chan<- converter
}

// Things go from who reads to who takes in by the batch.
const (
	batchFound   = 128
	waitingFound = 4 // batches
)

// errStopped ends the reading because what was read could not be taken in.
var errStopped = errors.New("nobody takes in what is read")

// read reads on while what was read before is taken in, in its order.
//
//	resultjson.Read ──▶ batches ──▶ take
func (r *jsonReader) read(src io.Reader) (account *resultjson.Account, err error) {
	batches, stopped := make(chan []found, waitingFound), make(chan struct{})
	var readErr error
	go func() {
		defer close(batches)
		var batch []found
		send := func() error {
			if len(batch) == 0 {
				return nil
			}
			select {
			case batches <- batch:
				batch = nil
				return nil
			case <-stopped:
				return errStopped
			}
		}
		put := func(f found) error {
			if batch = append(batch, f); len(batch) < batchFound {
				return nil
			}
			return send()
		}
		// What the reader goes on with is copied.
		visitor := resultjson.Visitor{
			Account: func(a *resultjson.Account) error { own := *a; return put(found{account: &own}) },
			Chat:    func(c *resultjson.Chat) error { own := *c; return put(found{chat: &own}) },
			Message: func(_ *resultjson.Chat, m *resultjson.Message) error { return put(found{message: m}) },
			Note:    func(n resultjson.Note) { batch = append(batch, found{note: n}) },
		}
		if r.export.folder { // in others, files cannot be told from what they were
			s := &stretcher{importer: r.importer, put: put}
			visitor.Known, visitor.Whole = s.known, s.whole
			visitor.Chat = func(c *resultjson.Chat) error {
				own, entered := *c, make(chan converter, 1)
				batch = append(batch, found{chat: &own, entered: entered})
				if err := send(); err != nil {
					return err
				}
				select {
				case chat := <-entered:
					s.enter(chat)
					return nil
				case <-stopped:
					return errStopped
				}
			}
		}
		account, readErr = resultjson.Read(r.export.File, src, resultjson.Options{Location: r.Location}, visitor)
		if err := send(); readErr == nil {
			readErr = err
		}
	}()
	for batch := range batches {
		for _, f := range batch {
			if err == nil {
				if err = r.take(f); err != nil {
					close(stopped)
				}
			}
		}
	}
	if err == nil {
		err = readErr
	}
	return account, err
}

// take takes in one thing.
func (r *jsonReader) take(f found) error {
	switch {
	case f.account != nil:
		return r.owner(f.account)
	case f.chat != nil:
		err := r.enter(f.chat)
		if err == nil && f.entered != nil {
			f.entered <- r.chat
		}
		return err
	case f.message != nil:
		return r.message(f.message)
	case f.begins:
		r.begin()
		return nil
	case f.whole != "":
		return r.keep(f.whole)
	case f.passed != nil:
		r.pass(f.passed)
		return nil
	}
	r.remark(f.note)
	return nil
}

// remark keeps what the reader does not understand from being noticed by nobody. Keys of
// messages it does not know are in the records.
func (r *jsonReader) remark(n resultjson.Note) {
	r.note(Note{Line: n.Line, Text: fmt.Sprintf("%s: %s", n.Key, n.Text)})
}

// owner takes in whose account it is, and what is known of names before the chats.
func (r *jsonReader) owner(a *resultjson.Account) error {
	r.owned = true
	says := archive.PeerID("")
	if a.Personal != nil && a.Personal.UserID != 0 {
		says = archive.NewPeerID(archive.PeerUser, a.Personal.UserID)
	}
	if err := r.settleAccount(says); err != nil {
		return err
	}
	r.learnContacts(a)
	return r.personal(a.Personal)
}

// enter takes in a chat.
func (r *jsonReader) enter(c *resultjson.Chat) error {
	says := archive.PeerID("")
	if c.Type == resultjson.SavedMessages && c.ID != 0 {
		says = archive.NewPeerID(archive.PeerUser, c.ID)
	}
	if err := r.settleAccount(says); err != nil {
		return err
	}
	id := archive.PeerID(c.Peer())
	switch {
	case c.Type == resultjson.SavedMessages:
		id = r.account
	case c.ID == 0 && r.Chat != "":
		id = r.Chat
	case c.ID == 0:
		return &ChatError{}
	case !knownType(c.Type):
		if r.Chat == "" {
			r.note(Note{Line: c.Line, Chat: id, Text: fmt.Sprintf("the chat's type %q is not known", c.Type)})
		} else {
			id = r.Chat
		}
	}
	r.result.Chats++
	r.chat = converter{importer: r.importer, chat: id, kind: archive.ChatType(c.Type), before: r.migratedFrom(id)}
	if c.Name != nil && c.Name.Text != "" {
		n := r.names.of(id)
		n.chat, n.bot = c.Name.Text, n.bot || c.Type == resultjson.BotChat
	}
	return r.dialog(id, archive.ChatType(c.Type), c.Left)
}

func nameText(n *resultjson.Name) string {
	if n == nil {
		return ""
	}
	return n.Text
}

func knownType(t string) bool {
	switch t {
	case resultjson.SavedMessages, resultjson.Replies, resultjson.VerificationCodes, resultjson.PersonalChat, resultjson.BotChat,
		resultjson.PrivateGroup, resultjson.PrivateSupergroup, resultjson.PublicSupergroup, resultjson.PrivateChannel, resultjson.PublicChannel:
		return true
	}
	return false
}

// dialog tells the archive of a chat.
func (im *importer) dialog(id archive.PeerID, kind archive.ChatType, left bool) error {
	d := im.record(archive.KindChat)
	d.Chat, d.Dialog = id, &archive.Dialog{Type: kind, Left: left}
	return im.sink.fact("chat/"+string(id), d)
}

// migratedFrom is the basic group that a supergroup was, if the daemon knows it; "" if
// not.
func (im *importer) migratedFrom(chat archive.PeerID) archive.PeerID {
	if chat.Kind() != archive.PeerChannel {
		return ""
	}
	value, ok, err := im.to.Get("chat/" + string(im.account) + "/" + string(chat))
	if err != nil || !ok {
		return ""
	}
	var state struct {
		From archive.PeerID `json:"migrated_from"`
	}
	if json.Unmarshal(value, &state) != nil {
		return ""
	}
	return state.From
}

// migratedShift is what Telegram Desktop adds to the ids of messages of a basic group
// that became a supergroup.
const migratedShift = -1_000_000_000

// message takes in a message.
func (r *jsonReader) message(m *resultjson.Message) error {
	if m.ID == 0 || m.ID < math.MinInt32 || m.ID > math.MaxInt32 {
		r.result.Messages++
		r.result.Skipped++
		r.note(Note{Line: m.Line, Chat: r.chat.chat, Message: m.ID, Text: "skipped: no message of Telegram has such an id"})
		return nil
	}
	c := r.chat
	if m.ID < 0 && c.before != "" {
		c.chat, c.shift = c.before, -migratedShift
	}
	c.line = m.Line
	c.id = m.ID
	out := c.message(m)
	if c.err != nil {
		return c.err
	}
	return r.sink.message(c.chat, out, unknownOf(m))
}

// unknownOf are the keys that nobody here understands.
func unknownOf(m *resultjson.Message) map[string]json.RawMessage {
	var out map[string]json.RawMessage
	for key, value := range m.Unknown {
		if key == ownKey {
			continue
		}
		if out == nil {
			out = map[string]json.RawMessage{}
		}
		out[key] = json.RawMessage(value)
	}
	return out
}

// ownKey is what this program's exports add on demand: what it says stands in the archive
// that it was made of.
const ownKey = "telekeep"
