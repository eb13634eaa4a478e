package desktop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"telekeep/archive"
)

// An Archive is where records and files go; Into makes one of an *archive.Writer.
type Archive interface {
	Apply(ctx context.Context, b archive.Batch) error
	Get(key string) ([]byte, bool, error)
	Range(prefix string, f func(key string, value []byte) error) error
	HasMedia(key archive.MediaKey) (size int64, ok bool, err error)
	RangeMedia(kind string, f func(key archive.MediaKey, size int64) error) error
	StreamMedia(ctx context.Context, size int64, sum string) (MediaStream, error)
	Due() bool
	Commit(ctx context.Context) error
}

// A MediaStream takes one file; see archive.MediaStream.
type MediaStream interface {
	Write(ctx context.Context, p []byte) error
	Finish(ctx context.Context) (file *archive.MediaFile, added bool, err error)
	Abort()
}

// Into makes an Archive of w.
func Into(w *archive.Writer) Archive { return writer{w} }

type writer struct{ *archive.Writer }

func (w writer) StreamMedia(ctx context.Context, size int64, sum string) (MediaStream, error) {
	m, err := w.Writer.StreamMedia(ctx, size, sum)
	if err != nil {
		return nil, err // not m: a nil pointer in an interface is not nil
	}
	return m, nil
}

func (w writer) Commit(ctx context.Context) error {
	_, err := w.Writer.Commit(ctx)
	return err
}

// Options say how an export is imported.
type Options struct {
	// Account is whose export it is; "" where it says so itself, or where Accounts has
	// one. It is an *AccountError if that is not enough or contradicts the export.
	Account archive.PeerID
	// Accounts are those that the vault is known to hold.
	Accounts []archive.PeerID
	// Chat is the chat that an export of one chat is of, where that does not say it.
	Chat archive.PeerID
	// Find returns the chats of an account that have a name; nil if nobody knows names.
	// It is asked where an export has no ids.
	Find func(account archive.PeerID, name string) []archive.PeerID
	// New has chats without an id archived under one made of their name, if Find does
	// not know it.
	New bool
	// Again reads an export too of which everything is known to be in the archive.
	Again bool
	// Location is where dates without a zone were written; nil means time.Local.
	Location *time.Location
	// Now gives the time that is stored.
	Now func() time.Time
	// Progress, if not nil, is told where the import is; it must return at once.
	Progress func(Progress)
}

// Progress says where an import is.
type Progress struct {
	Messages int   // read
	Files    int   // stored
	Bytes    int64 // of the files that were stored
}

// A Result says what an import did.
type Result struct {
	Kind     string         `json:"kind"`
	File     string         `json:"file"`
	SHA256   string         `json:"sha256"`
	Exported time.Time      `json:"exported"`
	Account  archive.PeerID `json:"account"`
	Chats    int            `json:"chats"`    // that were read
	Messages int            `json:"messages"` // that were read
	Added    int            `json:"messages_added"`
	Known    int            `json:"messages_known"`   // by an earlier import
	Skipped  int            `json:"messages_skipped"` // see Notes
	Facts    int            `json:"other_added"`      // people, chats, contacts, stories …

	FilesAdded   int   `json:"files_added"`
	FilesKnown   int   `json:"files_known"`   // the same bytes were stored
	FilesMissing int   `json:"files_missing"` // the export names them and does not hold them
	FilesLeft    int   `json:"files_left"`    // the export was made without them
	Bytes        int64 `json:"bytes_added"`   // of files

	Remarks int    `json:"remarks"`
	Notes   []Note `json:"notes"` // the first 100 of Remarks
}

// A Note is something that was skipped, or could not be taken as it stands.
type Note struct {
	File    string         `json:"file"`
	Line    int            `json:"line,omitempty"`
	Chat    archive.PeerID `json:"chat,omitempty"`
	Message int64          `json:"message,omitempty"`
	Text    string         `json:"text"`
}

// String is the note in one line: where, and what.
func (n Note) String() string {
	where := n.File
	if n.Line > 0 {
		where = fmt.Sprintf("%s:%d", where, n.Line)
	}
	if n.Message != 0 {
		where += fmt.Sprintf(": message %d of %s", n.Message, n.Chat)
	}
	return where + ": " + n.Text
}

const maxNotes = 100

// An AccountError says that it is not clear whose export it is.
type AccountError struct {
	Says archive.PeerID   // the export, if it does
	Want archive.PeerID   // Options.Account
	Has  []archive.PeerID // Options.Accounts
}

func (e *AccountError) Error() string {
	switch {
	case e.Says != "" && e.Want != "":
		return fmt.Sprintf("this is an export of %s, not of %s", e.Says, e.Want)
	case e.Says != "":
		return fmt.Sprintf("this is an export of %s, whom the vault does not know", e.Says)
	case len(e.Has) > 1:
		return fmt.Sprintf("the export does not say whose it is, and the vault holds %d accounts", len(e.Has))
	}
	return "the export does not say whose it is"
}

// A ChatError says that it is not clear which chat is meant.
type ChatError struct {
	Where []string // the folders of the chats that have no id in the export
	ID    int64    // or the id of one, which does not tell a user from a group or a channel
	Found []archive.PeerID
}

func (e *ChatError) Error() string {
	what := fmt.Sprintf("the export has no id for %d of its chats", len(e.Where))
	switch {
	case e.ID != 0:
		what = fmt.Sprintf("the id %d does not tell a user from a group or a channel", e.ID)
	case len(e.Where) == 1 && e.Where[0] == ".", len(e.Where) == 0:
		what = "the export has no id for its chat"
	case len(e.Where) <= 10:
		what += " (" + strings.Join(e.Where, ", ") + ")"
	}
	if len(e.Found) > 1 {
		return fmt.Sprintf("%s: %d chats of the archive could be meant", what, len(e.Found))
	}
	return what + ", and it is not known which that is"
}

// An importer is one import.
type importer struct {
	Options
	export  *Export
	to      Archive
	result  *Result
	origin  archive.Origin
	account archive.PeerID
	// introduced: the export says what the account's owner is called.
	introduced bool
	self       string // what pages call the owner
	names      *nameBook
	sink       *sink
	shelf      *shelf
	gathered   *gathering      // what was taken of a stretch; nil outside of one
	passed     bool            // some stretches were not read
	ctx        context.Context //nolint:containedctx // of the one call of Import, for the visitor's functions
}

// Import reads an export into an archive and commits it. What was read before an error is
// kept, and the Result says how much it was; the same import goes on from there. A folder of
// which everything is in the archive is not taken apart again, as long as none of its files was
// changed.
//
// Errors: *AccountError, *ChatError, *resultjson.Error, *PageError, and what the archive
// and the file system say.
func Import(ctx context.Context, to Archive, e *Export, o Options) (*Result, error) {
	if o.Location == nil {
		o.Location = time.Local
	}
	sum, err := e.hash(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.File, err)
	}
	im := &importer{
		Options: o, export: e, to: to, ctx: ctx, names: newNameBook(),
		origin: archive.Origin{From: e.Kind, SHA256: sum, Exported: e.Exported.Unix()},
		result: &Result{Kind: e.Kind, File: e.File, SHA256: sum, Exported: e.Exported.UTC(), Notes: []Note{}},
	}
	im.sink, im.shelf = newSink(im), newShelf(im)
	print := im.print()
	if !o.Again && im.known(print) {
		return im.result, nil
	}
	switch e.Kind {
	case archive.OriginDesktopJSON:
		err = im.readJSON()
	case archive.OriginDesktopHTML:
		err = im.readHTML()
	default:
		err = im.readTdl()
	}
	return im.result, im.finish(err, print)
}

// finish keeps what was read.
func (im *importer) finish(err error, print string) error {
	if im.account == "" {
		return err
	}
	if archived, ok := errors.AsType[*archiveError](err); ok {
		return archived.err
	}
	if im.ctx.Err() == nil {
		if later := im.tellNames(); later != nil {
			return errors.Join(err, later)
		}
	}
	ctx := context.WithoutCancel(im.ctx)
	im.ctx = ctx
	err = errors.Join(err, unwrapArchive(im.sink.settle()))
	if err == nil {
		err = im.remember(ctx, print)
	}
	return errors.Join(err, im.to.Commit(ctx))
}

// An archiveError is one of where it goes to, not of what is read.
type archiveError struct{ err error }

func (e *archiveError) Error() string { return e.err.Error() }
func (e *archiveError) Unwrap() error { return e.err }

func archived(err error) error {
	if err == nil {
		return nil
	}
	return &archiveError{err}
}

func unwrapArchive(err error) error {
	if a, ok := errors.AsType[*archiveError](err); ok {
		return a.err
	}
	return err
}

// note adds a remark.
func (im *importer) note(n Note) {
	if n.File == "" {
		n.File = im.export.File
	}
	im.result.Remarks++
	if len(im.result.Notes) < maxNotes {
		im.result.Notes = append(im.result.Notes, n)
	}
}

// settleAccount decides whose export it is; says is what the export says, "" if nothing.
func (im *importer) settleAccount(says archive.PeerID) error {
	if im.account != "" {
		return nil
	}
	fault := &AccountError{Says: says, Want: im.Account, Has: im.Accounts}
	switch {
	case im.Account != "" && says != "" && im.Account != says:
		return fault
	case im.Account != "":
		im.account = im.Account
	case says != "":
		if len(im.Accounts) > 0 && !contains(im.Accounts, says) {
			return fault
		}
		im.account = says
	case len(im.Accounts) == 1:
		im.account = im.Accounts[0]
	default:
		return fault
	}
	im.result.Account = im.account
	im.sink.state[importedPrefix+string(im.account)] = []byte{1}
	return nil
}

// importedPrefix begins the keys of the state that name the accounts of imports.
const importedPrefix = "imported/"

// Accounts are those that imports into an archive were of.
func Accounts(to Archive) ([]archive.PeerID, error) {
	var found []archive.PeerID
	err := to.Range(importedPrefix, func(key string, _ []byte) error {
		found = append(found, archive.PeerID(strings.TrimPrefix(key, importedPrefix)))
		return nil
	})
	return found, err
}

func contains(list []archive.PeerID, id archive.PeerID) bool {
	for _, one := range list {
		if one == id {
			return true
		}
	}
	return false
}

// record makes a record of this import.
func (im *importer) record(kind archive.Kind) *archive.Record {
	origin := im.origin
	return &archive.Record{Kind: kind, Account: im.account, Seen: im.Now().Unix(), Origin: &origin}
}
