package export

import (
	"context"
	"path"
	"time"

	"telekeep/archive"
)

// chatsFolder holds the media of every chat of a whole account.
const chatsFolder = "chats/"

// A run is one export on its way.
type run struct {
	source  Source
	folder  *folder
	account archive.Account
	names   names
	zone    *time.Location
	options Options

	w    buffer
	file *partFile // result.json

	result   *Result
	progress Progress
	topics   map[topicID]string // titles; nil until somebody asks
}

func newRun(source Source, f *folder, account archive.Account, o Options) *run {
	r := &run{
		source: source, folder: f, account: account, options: o,
		names:  names{source: source, account: account.ID},
		zone:   o.Location,
		result: &Result{},
	}
	if r.zone == nil {
		r.zone = time.Local
	}
	return r
}

// export writes the document beside the media it names, and puts it in place.
func (r *run) export(ctx context.Context, chats []chat) (err error) {
	if r.file, err = r.folder.create(); err != nil {
		return err
	}
	defer r.file.drop()
	if len(r.options.Chats) == 1 {
		err = r.singleChat(ctx, chats[0])
	} else {
		err = r.wholeAccount(ctx, chats)
	}
	if err != nil {
		return err
	}
	if err := r.spill(0); err != nil {
		return err
	}
	return r.file.publish(resultFile)
}

// spillAt is how much of the document waits in memory.
const spillAt = 64 << 10

// spill writes the buffer to the file if it holds more than limit bytes.
func (r *run) spill(limit int) error {
	if len(r.w.b) <= limit {
		return nil
	}
	_, err := r.file.Write(r.w.b)
	r.w.b = r.w.b[:0]
	return err
}

func (r *run) singleChat(ctx context.Context, c chat) error {
	r.progress.Chat = 1
	o := beginObject(&r.w, 0)
	return r.chat(ctx, &o, c, "")
}

func (r *run) wholeAccount(ctx context.Context, chats []chat) error {
	var ids []archive.PeerID
	for _, c := range chats {
		ids = append(ids, c.ID)
	}
	if err := r.folder.chatFolders(ids); err != nil {
		return err
	}
	o := beginObject(&r.w, 0)
	o.quoted("about", aboutExport)
	r.personal(&o)
	if err := r.holdings(ctx, &o); err != nil {
		return err
	}
	here, left := split(chats)
	if err := r.chatList(ctx, &o, "chats", aboutChats, here); err != nil {
		return err
	}
	if len(left) > 0 {
		if err := r.chatList(ctx, &o, "left_chats", aboutLeftChats, left); err != nil {
			return err
		}
	}
	o.end()
	return nil
}

func split(chats []chat) (here, left []chat) {
	for i, c := range chats {
		if c.left() {
			return chats[:i], chats[i:]
		}
	}
	return chats, nil
}

// These stand where Telegram Desktop puts explanations of its own.
const (
	aboutExport = "This is an export of a Telegram account, written by telekeep from an encrypted backup. " +
		"It is laid out like an export made with Telegram Desktop, so that the same programs can read it."
	aboutChats     = "All chats that are part of this export."
	aboutLeftChats = "Chats in this export that the account is no longer a member of."
)

func (r *run) personal(o *object) {
	p := r.account.Profile
	if p == nil {
		p = &archive.Peer{}
	}
	in := o.object("personal_information")
	in.number("user_id", r.account.ID.Num())
	in.quoted("first_name", p.FirstName)
	in.quoted("last_name", p.LastName)
	in.quoted("phone_number", formatPhone(p.Phone))
	if p.Username != "" {
		in.quoted("username", "@"+p.Username)
	}
	in.text("bio", p.Bio)
	in.end()
}

func (r *run) chatList(ctx context.Context, o *object, key, about string, chats []chat) error {
	in := o.object(key)
	in.quoted("about", about)
	l := in.list("list")
	for _, c := range chats {
		r.progress.Chat++
		one := l.object()
		if err := r.chat(ctx, &one, c, r.folder.head.Folders[c.ID]); err != nil {
			return err
		}
	}
	l.end()
	in.end()
	return nil
}

// chat writes one chat into an object that was begun for it, and ends it.
func (r *run) chat(ctx context.Context, o *object, c chat, prefix string) (err error) {
	kind := c.kind(r.names)
	switch kind {
	case archive.ChatSaved, archive.ChatReplies, archive.ChatVerificationCodes: // have no name
	default:
		o.nullable("name", r.names.chat(c.ID))
	}
	o.quoted("type", string(kind))
	o.number("id", c.ID.Num())
	state := "chat"
	if prefix != "" {
		state = path.Base(prefix)
	}
	s, err := r.openShelf(prefix, state)
	if err != nil {
		return err
	}
	defer s.close()
	l := o.list("messages")
	if c.before != "" {
		if err := r.messages(ctx, &l, s, c.before, migratedShift); err != nil {
			return err
		}
	}
	if err := r.messages(ctx, &l, s, c.ID, 0); err != nil {
		return err
	}
	l.end()
	o.end()
	r.result.Chats++
	return nil
}

// messages writes the messages of one chat of the archive.
func (r *run) messages(ctx context.Context, l *list, s *shelf, id archive.PeerID, shift int) error {
	e := &encoder{names: r.names, zone: r.zone, chat: id, shift: shift}
	s.shift = shift
	return r.each(ctx, id, func(m *archive.StoredMessage) error {
		at, err := s.attach(ctx, m.Message)
		if err != nil {
			return err
		}
		if at.extras, err = r.extras(ctx, id, m); err != nil {
			return err
		}
		l.item()
		e.message(&r.w, l.indent+1, m.Message, at)
		return r.spill(spillAt)
	})
}

// each goes through the messages of a chat of the archive that are to be written. What
// cannot be read is a problem and no error.
func (r *run) each(ctx context.Context, id archive.PeerID, write func(*archive.StoredMessage) error) error {
	for m, err := range r.source.Messages(ctx, r.account.ID, id) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.result.problem(Problem{Chat: id, Err: err})
			continue
		}
		if m.Deleted && !r.options.Deleted {
			r.result.Deleted++
			continue
		}
		if err := write(m); err != nil {
			return err
		}
		r.result.Messages++
		r.report()
	}
	return nil
}

func (r *run) report() {
	if r.options.Progress == nil {
		return
	}
	r.progress.Messages = r.result.Messages
	r.progress.Files = r.result.Written + r.result.Kept
	r.options.Progress(r.progress)
}

// copied is told of every piece of a file that was read.
func (r *run) copied(n int) {
	r.progress.Bytes += int64(n)
	r.report()
}
