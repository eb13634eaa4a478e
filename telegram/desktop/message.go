package desktop

import (
	"encoding/base64"
	"strings"

	"telekeep/archive"
	"telekeep/internal/resultjson"
)

// A converter turns the messages of one chat into the archive's form.
type converter struct {
	*importer
	chat   archive.PeerID
	kind   archive.ChatType
	before archive.PeerID // the basic group that the chat was
	shift  int            // added to message ids of this chat
	page   string         // of the message, where there are several
	line   int            // of the message
	id     int64          // of the message, as the export has it
	err    error          // of the archive: nothing goes on
}

// message converts one message.
func (c *converter) message(m *resultjson.Message) *archive.Message {
	out := &archive.Message{ID: int(m.ID) + c.shift, Date: m.Date, Edited: m.Edited}
	switch m.Type {
	case resultjson.TypeUnsupported:
		out.Unsupported = true
		return out
	case resultjson.TypeService:
		c.sender(out, archive.PeerID(m.ActorID), m.Actor)
		out.Text = c.text(m.Text)
		out.Action = c.action(m)
		if len(m.Reactions) > 0 {
			out.Reactions = c.reactions(m.Reactions)
		}
		return out
	}
	c.sender(out, archive.PeerID(m.FromID), m.From)
	out.Author = m.Author
	out.Text = c.text(m.Text)
	out.ViaBot = c.names.called(m.ViaBot, true)
	out.Forward = c.forward(m)
	if m.ReplyTo != 0 {
		out.Reply = &archive.Reply{MessageID: c.reference(m.ReplyTo, m.ReplyToPeer), Peer: archive.PeerID(m.ReplyToPeer)}
	}
	out.Media = c.media(m)
	out.Buttons = buttons(m.Buttons)
	out.Reactions = c.reactions(m.Reactions)
	return out
}

// reference is the id of another message.
func (c *converter) reference(id int64, peer resultjson.Peer) int {
	if peer == "" && id != 0 {
		return int(id) + c.shift
	}
	return int(id)
}

// sender sets who wrote a message.
func (c *converter) sender(out *archive.Message, id archive.PeerID, name *resultjson.Name) {
	if id == "" && name != nil && !name.Null {
		id = c.names.named(name)
	}
	c.names.learn(id, name)
	out.From = id
	broadcast := c.kind == archive.ChatPrivateChannel || c.kind == archive.ChatPublicChannel
	switch {
	case broadcast && id == c.chat:
		out.From, out.Post = "", true
	case id == c.account && c.chat != c.account:
		out.Out = true
	}
}

func (c *converter) forward(m *resultjson.Message) *archive.Forward {
	if m.ForwardedFrom == nil && m.ForwardedFromID == "" && m.SavedFrom == nil {
		return nil
	}
	f := &archive.Forward{From: archive.PeerID(m.ForwardedFromID)}
	switch {
	case f.From != "":
		c.names.learn(f.From, m.ForwardedFrom)
	case m.ForwardedFrom == nil:
	case m.ForwardedFrom.Null:
		f.From = nobody
	default:
		f.FromName = m.ForwardedFrom.Text
	}
	f.SavedFrom = c.names.named(m.SavedFrom)
	return f
}

func buttons(rows [][]resultjson.Button) [][]archive.Button {
	var out [][]archive.Button
	for _, row := range rows {
		line := make([]archive.Button, len(row))
		for i, b := range row {
			line[i] = archive.Button{Type: b.Type, Text: b.Text, ForwardText: b.ForwardText, ButtonID: b.ButtonID, Data: []byte(b.Data)}
			if b.DataBase64 != "" {
				if data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(b.DataBase64, "=")); err == nil {
					line[i].Data = data
				}
			}
			if len(line[i].Data) == 0 {
				line[i].Data = nil
			}
		}
		out = append(out, line)
	}
	return out
}

func (c *converter) reactions(list []resultjson.Reaction) []archive.Reaction {
	var out []archive.Reaction
	for _, r := range list {
		one := archive.Reaction{Type: r.Type, Count: int(r.Count), Emoji: r.Emoji}
		if r.Type == "custom_emoji" {
			one.Document = c.emoji(r.DocumentID)
		}
		for _, who := range r.Recent {
			id := archive.PeerID(who.FromID)
			c.names.learn(id, who.From)
			one.Recent = append(one.Recent, archive.RecentReaction{From: id, Date: who.Date})
		}
		out = append(out, one)
	}
	return out
}

// file stores a file of the message. What is wrong with it is a remark.
func (c *converter) file(name string, declared int64) stored {
	if c.err != nil {
		return stored{}
	}
	got, err := c.shelf.take(name, declared)
	switch {
	case err != nil:
		c.err = err
	case got.why != "":
		c.remark(got.why)
	case got.size != 0 && declared != 0 && got.size != declared:
		c.remark("the file " + name + " has another size than the export says")
	}
	return got
}

func (c *converter) absent(reason string) archive.MediaKey {
	got, err := c.shelf.none(reason)
	if err != nil && c.err == nil {
		c.err = err
	}
	return got.key
}

func (c *converter) remark(text string) {
	c.note(Note{File: c.page, Line: c.line, Chat: c.chat, Message: c.id, Text: text})
}
