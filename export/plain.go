package export

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"telekeep/archive"
	"telekeep/internal/durable"
)

// The files of a chat in a folder of plain files, beside media/.
const (
	plainText  = "messages.txt"
	plainLines = "messages.jsonl"
)

// Plain writes folders that need no program at all into dir:
//
//	README.txt                              what is what
//	SHA256SUMS                              of all files, for sha256sum -c
//	chats/Ada/messages.txt                  to be read
//	chats/Ada/messages.jsonl                the same whole, one JSON object a line
//	chats/Ada/media/2024-05/2024-05-31 18.22.03 photo.jpg
//
// A folder that holds the same export is updated. Errors are those of JSON.
func Plain(ctx context.Context, source Source, dir string, o Options) (*Result, error) {
	r, chats, err := prepare(source, dir, kindPlain, o)
	if err != nil {
		return nil, err
	}
	defer r.folder.close()
	to := &plain{run: r, summed: map[string]bool{}}
	if to.sums, err = r.folder.recordFile(); err != nil {
		return nil, err
	}
	return r.result, r.walk(ctx, chats, to)
}

// plain is the sink of Plain. The text files of a chat are put in place when it ends.
type plain struct {
	run   *run
	sums  *recordFile
	text  *recordFile
	lines *recordFile
	now   told
	day   string // the last one that messages.txt has

	summed map[string]bool // files of the chat that are in the sums
}

func (p *plain) chat(_ context.Context, c told) (err error) {
	p.now, p.day = c, ""
	clear(p.summed)
	if p.text, err = p.run.folder.recordFile(); err != nil {
		return err
	}
	if p.lines, err = p.run.folder.recordFile(); err != nil {
		return err
	}
	name := c.name
	if name == "" {
		name = string(c.ID)
	}
	_, err = fmt.Fprintf(p.text, "%s\n%s, %s\n", oneLine(name), strings.ReplaceAll(string(c.kind), "_", " "), c.ID)
	return err
}

// plainMessage is a line of messages.jsonl.
type plainMessage struct {
	Chat    archive.PeerID   `json:"chat"`
	ID      int              `json:"id"` // negative: from the group that became this supergroup
	Deleted bool             `json:"deleted,omitempty"`
	Seen    int64            `json:"seen"`
	Topic   string           `json:"topic,omitempty"`
	Files   []plainFile      `json:"files,omitempty"`
	Message *archive.Message `json:"message"`
	Earlier []earlier        `json:"earlier_versions,omitempty"`
}

// plainFile is a file in such a line.
type plainFile struct {
	Key    archive.MediaKey `json:"key"`
	Role   string           `json:"role"`
	Path   string           `json:"path,omitempty"` // from the chat's folder
	Reason string           `json:"missing,omitempty"`
}

func (p *plain) message(_ context.Context, m *toldMessage) error {
	line := plainMessage{Chat: m.Chat, ID: m.id, Deleted: m.Deleted, Seen: m.Seen, Topic: m.topic, Message: m.Message}
	for _, f := range m.files {
		line.Files = append(line.Files, plainFile{f.Key, f.role, strings.TrimPrefix(f.path, p.now.folder), f.reason})
		if f.path == "" || p.summed[f.path] {
			continue
		}
		p.summed[f.path] = true
		if err := p.sum(f.sha256, f.path); err != nil {
			return err
		}
	}
	for _, v := range m.earlier {
		line.Earlier = append(line.Earlier, earlier{v.Seen, v.Message})
	}
	raw, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err := p.lines.Write(append(raw, '\n')); err != nil {
		return err
	}
	sent := time.Unix(m.Date, 0).In(p.run.zone)
	if day := sent.Format("Monday, 2 January 2006"); day != p.day {
		p.day = day
		if _, err := fmt.Fprintf(p.text, "\n==== %s ====\n", day); err != nil {
			return err
		}
	}
	return p.run.wording(p.now).write(p.text.Writer, m)
}

func (p *plain) sum(sum, name string) error {
	_, err := fmt.Fprintf(p.sums, "%s  %s\n", sum, name)
	return err
}

func (p *plain) chatEnd() error {
	err := errors.Join(p.put(p.text, plainText), p.put(p.lines, plainLines))
	if err == nil {
		p.text, p.lines = nil, nil
	}
	return err
}

// put gives a text file of the chat its name.
func (p *plain) put(file *recordFile, name string) error {
	full := path.Join(p.now.folder, name)
	if err := file.Flush(); err != nil {
		return err
	}
	if err := p.sum(fmt.Sprintf("%x", file.hash.Sum(nil)), full); err != nil {
		return err
	}
	if err := file.part.Sync(); err != nil {
		return err
	}
	return file.part.keep(full)
}

func (p *plain) finish(context.Context) error {
	if err := durable.Replace(durable.Below(p.run.folder.root), readmeFile, []byte(plainReadme), durable.PrivateFile); err != nil {
		return err
	}
	if err := p.sum(fmt.Sprintf("%x", sha256.Sum256([]byte(plainReadme))), readmeFile); err != nil {
		return err
	}
	if err := p.sums.Flush(); err != nil {
		return err
	}
	return p.sums.part.publish(sumsFile)
}

func (p *plain) drop() {
	for _, file := range []*recordFile{p.sums, p.text, p.lines} {
		if file != nil {
			file.part.drop()
		}
	}
}

// wording is what it takes to tell messages of a chat in plain words.
type wording struct {
	names
	chat archive.PeerID
	zone *time.Location
	root string // what file paths are shortened by
}

func (r *run) wording(c told) wording { return wording{r.names, c.ID, r.zone, c.folder} }

// write tells one message.
func (w wording) write(out *bufio.Writer, m *toldMessage) error {
	head := []string{time.Unix(m.Date, 0).In(w.zone).Format(time.TimeOnly), w.author(m.Message)}
	if m.topic != "" {
		head = append(head, "in "+m.topic)
	}
	head = append(head, fmt.Sprintf("#%d", m.id))
	if m.Edited != 0 && !m.EditHidden {
		head = append(head, "edited "+w.moment(m.Edited))
	}
	if m.Deleted {
		head = append(head, "DELETED in Telegram")
	}
	fmt.Fprintf(out, "\n%s\n", oneLine(strings.Join(head, "  ")))
	for _, line := range w.lines(m.Message) {
		indented(out, "    ", line)
	}
	for _, f := range m.files {
		switch {
		case f.role == "thumb":
		case f.path == "":
			indented(out, "    ", fmt.Sprintf("[%s, %d bytes: %s]", f.role, f.Size, f.reason))
		default:
			indented(out, "    ", "["+strings.TrimPrefix(f.path, w.root)+"]")
		}
	}
	for _, v := range m.earlier {
		indented(out, "    ", "EARLIER, archived "+w.moment(v.Seen)+":")
		for _, line := range w.lines(v.Message) {
			indented(out, "      ", line)
		}
	}
	return nil // a bufio.Writer keeps its first error until Flush
}

func (w wording) moment(unix int64) string {
	return time.Unix(unix, 0).In(w.zone).Format(time.DateTime)
}

func (w wording) author(m *archive.Message) string {
	id := m.From
	switch {
	case id == "" && m.Out:
		id = w.account
	case id == "":
		id = w.chat
	}
	name := w.name(id)
	if m.Author != "" {
		name += " (" + m.Author + ")"
	}
	return name
}

// name is never empty.
func (w wording) name(id archive.PeerID) string {
	if name := w.peer(id); name != "" {
		return name
	}
	return string(id)
}

// lines are what a message says, without its files.
func (w wording) lines(m *archive.Message) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if f := m.Forward; f != nil {
		from := f.FromName
		if f.From != "" {
			from = w.name(f.From)
		}
		add("forwarded from %s, %s", from, w.moment(f.Date))
	}
	if r := m.Reply; r != nil {
		where := ""
		if r.Peer != "" {
			where = " in " + w.name(r.Peer)
		}
		add("answers #%d%s", r.MessageID, where)
		if r.Quote != nil {
			add("> %s", strings.ReplaceAll(r.Quote.Text, "\n", "\n> "))
		}
	}
	if m.Action != nil {
		add("-- %s", w.action(m.Action))
	}
	if m.Text.Text != "" {
		add("%s", m.Text.Text)
	}
	if m.Rich != nil && m.Rich.Text != "" {
		add("%s", m.Rich.Text)
	}
	if m.Media != nil {
		lines = append(lines, w.media(m.Media)...)
	}
	if len(m.Reactions) > 0 {
		var all []string
		for _, r := range m.Reactions {
			name := r.Emoji
			if name == "" {
				name = r.Type
			}
			all = append(all, fmt.Sprintf("%s %d", name, r.Count))
		}
		add("reactions: %s", strings.Join(all, ", "))
	}
	if m.Views > 0 {
		add("views: %d", m.Views)
	}
	return lines
}

// action is what a service message tells, in Telegram Desktop's word and what belongs to it.
func (w wording) action(a *archive.Action) string {
	if a.Custom != "" {
		return a.Custom
	}
	text := strings.ReplaceAll(a.Type, "_", " ")
	if a.Title != "" {
		text += ": " + a.Title
	}
	for _, id := range a.Members {
		text += ", " + w.name(id)
	}
	if a.MessageID != 0 {
		text += fmt.Sprintf(" (#%d)", a.MessageID)
	}
	if a.Duration != 0 {
		text += fmt.Sprintf(", %d seconds", a.Duration)
	}
	if a.Text != nil && a.Text.Text != "" {
		text += ": " + a.Text.Text
	}
	return text
}

// media is what there is to say of media besides its files.
func (w wording) media(m *archive.Media) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch {
	case m.Contact != nil:
		add("contact: %s %s %s", m.Contact.FirstName, m.Contact.LastName, formatPhone(m.Contact.Phone))
	case m.Place != nil:
		add("%s: %v, %v %s %s", strings.ReplaceAll(m.Kind, "_", " "), m.Place.Latitude, m.Place.Longitude, m.Place.Title, m.Place.Address)
	case m.Game != nil:
		add("game: %s", m.Game.Title)
	case m.Invoice != nil:
		add("invoice: %s, %d %s (smallest unit)", m.Invoice.Title, m.Invoice.Amount, m.Invoice.Currency)
	case m.Poll != nil:
		add("poll: %s", m.Poll.Question.Text)
		for _, a := range m.Poll.Answers {
			add("  %d votes: %s", a.Voters, a.Text.Text)
		}
	case m.Todo != nil:
		add("list: %s", m.Todo.Title.Text)
		for _, item := range m.Todo.Items {
			mark := " "
			if item.CompletedBy != "" {
				mark = "x"
			}
			add("  [%s] %s", mark, item.Text.Text)
		}
	case m.Webpage != nil:
		add("link: %s", m.Webpage.URL)
		if m.Webpage.Title != "" {
			add("  %s", m.Webpage.Title)
		}
	case m.Story != nil:
		add("story %d of %s", m.Story.ID, w.name(m.Story.Peer))
	case m.Kind == archive.MediaKindDice:
		add("%s %d", m.Emoji, m.Value)
	case m.File == nil && len(m.Extended) == 0:
		add("(%s)", strings.ReplaceAll(m.Kind, "_", " "))
	}
	return lines
}

// indented writes a text of several lines, without what could steer a terminal.
func indented(out io.Writer, by, text string) {
	for line := range strings.SplitSeq(strings.ToValidUTF8(text, "\uFFFD"), "\n") {
		fmt.Fprintf(out, "%s%s\n", by, oneLine(line))
	}
}

// oneLine makes a text safe to be shown in one line: controls and marks that turn the direction
// of writing become U+FFFD.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 || bidiControl(r) || r == '\u2028' || r == '\u2029' {
			return '\uFFFD'
		}
		return r
	}, text)
}

const plainReadme = `Chats from a telekeep archive, as plain files.

chats/NAME/messages.txt     Each message: when, who, its number, what it says. [In brackets:] its files.
                            DELETED and EARLIER mark what was deleted and what was edited in Telegram.
chats/NAME/messages.jsonl   The same whole, one JSON object a line: everything that telekeep knows of a message.
chats/NAME/media/           Photos, videos and files under the date of their message, by month.
SHA256SUMS                  To check the files:  sha256sum -c SHA256SUMS

The hidden folder .telekeep lets telekeep recognise and update this folder.

These files are not encrypted. Whoever can read this folder can read the messages.
`
