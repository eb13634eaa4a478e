package desktop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"

	"telekeep/archive"
)

// A tdl file is {"id": CHAT, "messages": [{"id", "type", "file", "date", "text"} …]}: what
// "tdl chat export" writes. Date is in Unix seconds, text plain, file the name of a
// document; who wrote a message it does not say, but where raw TL objects are in it too.

var tdlHead = regexp.MustCompile(`^\{\s*"id"\s*:\s*-?\d+\s*,\s*"messages"\s*:\s*\[`)

func isTdl(head []byte) bool { return tdlHead.Match(head) }

// tdlMessage is one message. Keys that are not known are kept.
type tdlMessage struct {
	ID   int64           `json:"id"`
	Type string          `json:"type"`
	File string          `json:"file"`
	Date int64           `json:"date"`
	Text string          `json:"text"`
	Raw  json.RawMessage `json:"raw"`
}

// readTdl takes in a file of tdl.
func (im *importer) readTdl() error {
	if err := im.settleAccount(""); err != nil {
		return err
	}
	f, err := im.export.files.Open(im.export.File)
	if err != nil {
		return err
	}
	defer f.Close()
	r := &tdlReader{importer: im, d: json.NewDecoder(stoppableReader{f, im.ctx.Err})}
	if err := r.read(); err != nil {
		if _, ours := errors.AsType[*archiveError](err); ours || im.ctx.Err() != nil {
			return err
		}
		if _, ours := errors.AsType[*ChatError](err); ours {
			return err
		}
		return fmt.Errorf("%s: message %d of the file, at byte %d: %w", im.export.File, r.n+1, r.d.InputOffset(), err)
	}
	return nil
}

// A tdlReader reads a file of tdl, message by message.
type tdlReader struct {
	*importer
	d    *json.Decoder
	chat converter
	bare int64 // the id in the file
	n    int   // messages read
}

func (r *tdlReader) read() error {
	if err := r.delim('{'); err != nil {
		return err
	}
	for r.d.More() {
		key, err := r.d.Token()
		if err != nil {
			return err
		}
		switch key {
		case "id":
			if err := r.d.Decode(&r.bare); err != nil {
				return err
			}
			if err := r.begin(r.bare); err != nil {
				return err
			}
		case "messages":
			if err := r.messages(); err != nil {
				return err
			}
		default:
			var skipped json.RawMessage
			if err := r.d.Decode(&skipped); err != nil {
				return err
			}
			r.note(Note{Text: fmt.Sprintf("%v: unknown key", key)})
		}
	}
	return r.delim('}')
}

func (r *tdlReader) delim(want json.Delim) error {
	t, err := r.d.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err == nil && t != want {
		err = fmt.Errorf("%v where %v belongs", t, want)
	}
	return err
}

// begin finds out which chat it is: the id is that of a user, a group or a channel.
func (r *tdlReader) begin(id int64) error {
	chat := r.Chat
	if chat == "" {
		var found []archive.PeerID
		for _, kind := range []string{archive.PeerUser, archive.PeerChat, archive.PeerChannel} {
			one := archive.NewPeerID(kind, id)
			if r.knows(one) {
				found = append(found, one)
			}
		}
		if len(found) != 1 {
			return &ChatError{ID: id, Found: found}
		}
		chat = found[0]
	}
	r.result.Chats++
	r.chat = converter{importer: r.importer, chat: chat}
	return nil
}

// knows reports whether a chat was backed up, or imported.
func (r *tdlReader) knows(chat archive.PeerID) bool {
	for _, key := range []string{"chat/" + string(r.account) + "/" + string(chat), "import/" + string(r.account) + "/print/chat/" + string(chat)} {
		if _, ok, err := r.to.Get(key); err == nil && ok {
			return true
		}
	}
	return false
}

func (r *tdlReader) messages() error {
	if r.chat.chat == "" {
		return errors.New("the messages stand before the chat's id")
	}
	if err := r.delim('['); err != nil {
		return err
	}
	for r.d.More() {
		var raw json.RawMessage
		if err := r.d.Decode(&raw); err != nil {
			return err
		}
		var m tdlMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			return err
		}
		if err := r.message(&m); err != nil {
			return err
		}
		r.n++
	}
	return r.delim(']')
}

func (r *tdlReader) message(m *tdlMessage) error {
	if m.ID <= 0 || m.ID > math.MaxInt32 {
		r.result.Messages++
		r.result.Skipped++
		r.note(Note{Chat: r.chat.chat, Message: m.ID, Text: "skipped: no message of Telegram has such an id"})
		return nil
	}
	c := r.chat
	c.id = m.ID
	out := &archive.Message{ID: int(m.ID), Date: m.Date, Text: archive.Text{Text: m.Text}}
	if m.Type == "service" {
		out.Action, out.Text = &archive.Action{Custom: m.Text}, archive.Text{}
	}
	if m.File != "" && m.Type != "service" {
		out.Media = r.document(&c, m)
	}
	if c.err != nil {
		return c.err
	}
	var unknown map[string]json.RawMessage
	if raw := bytes.TrimSpace(m.Raw); len(raw) > 0 && !bytes.Equal(raw, []byte("null")) {
		unknown = map[string]json.RawMessage{"raw": m.Raw}
	}
	return r.sink.message(c.chat, out, unknown)
}

// document finds the file of a message: tdl names it CHAT_MESSAGE_NAME when it downloads,
// or leaves it out.
func (r *tdlReader) document(c *converter, m *tdlMessage) *archive.Media {
	f := &archive.File{Name: path.Base(m.File), MIME: mimeByName(m.File), Date: m.Date}
	out := &archive.Media{Kind: archive.MediaKindDocument, File: f}
	marked := strconv.FormatInt(r.bare, 10) + "_" + strconv.FormatInt(m.ID, 10) + "_" + f.Name
	for _, name := range []string{marked, path.Join("downloads", marked)} {
		if info, err := fs.Stat(r.export.files, name); err == nil && info.Mode().IsRegular() {
			got := c.file(name, 0)
			f.Key, f.Size = got.key, got.size
			return out
		}
	}
	r.result.FilesLeft++
	f.Key = c.absent(archive.MissingExcluded)
	out.Video = strings.HasPrefix(f.MIME, "video/")
	return out
}
