package resultjson

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Options say how a file is read. Zero values mean defaults.
type Options struct {
	// Location is where dates without date_unixtime were written; the file does
	// not say. Default UTC.
	Location *time.Location
}

// A Visitor is told what a file holds, in the file's order. Nil functions are
// skipped. An error from one of them ends the reading and is returned as it is.
type Visitor struct {
	// Account gets what stands before the chats of a whole account; Read returns all.
	Account func(*Account) error
	Chat    func(*Chat) error           // before the chat's first message
	Message func(*Chat, *Message) error // the message is the visitor's to keep
	Note    func(Note)
	// Known is offered messages as they stand in the file, some hundred at once, before they
	// are read; it must not keep raw. It returns how many messages it knows them to be, which
	// are passed over then; 0 if they are to be read. Whole is told, behind the last of these,
	// that raw was they and nothing else. Which messages are offered depends on how the file
	// is laid out: not the first of a chat, and none of a file that is all in one line.
	Known func(c *Chat, raw []byte) (int, error)
	Whole func(*Chat) error
}

// A Note tells of something the reader does not understand or that contradicts
// itself. Nothing is lost by it: unknown keys are kept too.
type Note struct {
	Line int
	Key  string // path of keys
	Text string
}

// ErrNoExport is returned for JSON that is no export.
var ErrNoExport = errors.New("neither chats nor an account in it: this is no result.json of Telegram Desktop")

// ReadFile reads the result.json at path. See Read.
func ReadFile(path string, o Options, v Visitor) (*Account, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(path, f, o, v)
}

// Read reads an export. It returns the account, or nil for the export of a
// single chat. Errors in the file are *Error with the given file name; what came
// before was visited.
func Read(name string, src io.Reader, o Options, v Visitor) (*Account, error) {
	if o.Location == nil {
		o.Location = time.UTC
	}
	buffer := bufferSize
	if v.Known != nil {
		buffer = stretchBuffer
	}
	r := &reader{scanner: newScanner(src, buffer), visitor: v}
	r.decoder = newDecoder(o.Location, r.note)
	account, err := r.document()
	if err == nil {
		return account, nil
	}
	if own, ok := errors.AsType[*visitorError](err); ok {
		return account, own.err
	}
	out := &Error{File: name, Line: r.line, Err: err}
	if at, ok := errors.AsType[*keyError](err); ok {
		out.Line, out.Key, out.Err = at.line, at.key, at.err
	}
	return account, out
}

// A visitorError carries a visitor's error past the reader's own.
type visitorError struct{ err error }

func (e *visitorError) Error() string { return e.err.Error() }

type reader struct {
	*scanner
	decoder *decoder
	visitor Visitor
	number  int  // of the message that is being decoded, from 1; 0 if it is something else
	told    bool // the visitor knows the account
}

func (r *reader) note(line int, key, text string) {
	if r.visitor.Note != nil {
		if r.number > 0 {
			key = fmt.Sprintf("messages[%d].%s", r.number-1, key)
		}
		r.visitor.Note(Note{Line: line, Key: key, Text: text})
	}
}

// document reads the whole file. Which of the two kinds it is shows in its keys.
func (r *reader) document() (*Account, error) {
	account, chat := &Account{}, newChatReader(r, false)
	isAccount := false
	known := r.decoder.fieldsOf(accountType)
	err := r.object(func(key string) error {
		line := r.line
		switch {
		case chatKeys[key]:
			return chat.member(key)
		case key == "chats" || key == "left_chats":
			if err := r.tellAccount(account); err != nil {
				return err
			}
		}
		switch key {
		case "chats":
			isAccount = true
			about, err := r.chats(false)
			account.ChatsAbout = about
			return wrap(key, line, err)
		case "left_chats":
			isAccount = true
			about, err := r.chats(true)
			account.LeftChatsAbout = about
			return wrap(key, line, err)
		}
		v, err := r.value()
		if err != nil {
			return wrap(key, line, err)
		}
		if _, ok := known[key]; !ok {
			r.note(line, key, "unknown key")
			account.Unknown = append(account.Unknown, KeyValue{key, v.json()})
			return nil
		}
		isAccount = true
		_, err = r.decoder.object(&value{kind: '{', line: line, members: []member{{key, line, v}}}, account)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if chat.used {
		return nil, chat.finish()
	}
	if !isAccount {
		return nil, ErrNoExport
	}
	return account, nil
}

// tellAccount announces the account once.
func (r *reader) tellAccount(a *Account) error {
	if r.told || r.visitor.Account == nil {
		return nil
	}
	r.told = true
	if err := r.visitor.Account(a); err != nil {
		return &visitorError{err}
	}
	return nil
}

func wrap(key string, line int, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*visitorError](err); ok {
		return err
	}
	return under(key, line, err)
}

// end allows white space only.
func (r *reader) end() error {
	c, err := r.next()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%q after the end", c)
}

// chats reads {"about": …, "list": [dialog, …]}.
func (r *reader) chats(left bool) (about string, err error) {
	err = r.object(func(key string) error {
		line := r.line
		if key != "list" {
			v, err := r.value()
			if err == nil && key == "about" {
				about = v.text
			} else if err == nil {
				r.note(line, key, "unknown key")
			}
			return wrap(key, line, err)
		}
		return wrap(key, line, r.array(func(i int) error {
			line := r.line
			chat := newChatReader(r, left)
			err := r.object(chat.member)
			if err == nil {
				err = chat.finish()
			}
			return wrap(fmt.Sprintf("[%d]", i), line, err)
		}))
	})
	return about, err
}
