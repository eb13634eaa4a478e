package export

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"telekeep/archive"
)

// extrasKey is where a message has what Options.Extras, Deleted and Versions add to it. No version of
// Telegram Desktop writes such a key, so that its readers pass over it.
const extrasKey = "telekeep"

// extra is what is added to a message.
type extra struct {
	Deleted bool   `json:"deleted,omitempty"`
	Topic   string `json:"topic,omitempty"` // the title of its topic
	Seen    int64  `json:"seen,omitempty"`  // when this version was archived first, Unix seconds
	// Message is the record, in the archive's own words; only with Options.Extras.
	Message *archive.Message `json:"message,omitempty"`
	Earlier []earlier        `json:"earlier_versions,omitempty"`
}

// earlier is a version that was edited later.
type earlier struct {
	Seen    int64            `json:"seen,omitempty"`
	Message *archive.Message `json:"message"`
}

// extras makes what is added to a message; nil if there is nothing to add.
func (r *run) extras(ctx context.Context, chat archive.PeerID, m *archive.StoredMessage) ([]byte, error) {
	edited := m.Versions > 1 && (r.options.Extras || r.options.Versions)
	if !r.options.Extras && !m.Deleted && !edited {
		return nil, nil
	}
	x := extra{Deleted: m.Deleted}
	if r.options.Extras {
		x.Topic, x.Message = r.topic(chat, m.Message), m.Message
	}
	if r.options.Extras || edited {
		x.Seen = m.Seen
	}
	if edited {
		versions, err := r.earlierVersions(ctx, chat, m)
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			x.Earlier = append(x.Earlier, earlier{v.Seen, v.Message})
		}
	}
	return json.Marshal(x)
}

// earlierVersions returns the versions of a message before the newest, the oldest first.
// One that cannot be read is a problem and no error.
func (r *run) earlierVersions(ctx context.Context, chat archive.PeerID, m *archive.StoredMessage) ([]*archive.StoredMessage, error) {
	versions, err := r.source.Versions(ctx, r.account.ID, chat, m.ID)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		r.result.problem(Problem{Chat: chat, Err: err})
	}
	return slices.DeleteFunc(slices.Clone(versions), func(v *archive.StoredMessage) bool { return v.Version >= m.Version }), nil
}

// topic is the title of the topic that a message of a forum or of the saved
// messages stands in, "" if it stands in none.
func (r *run) topic(chat archive.PeerID, m *archive.Message) string {
	if m.SavedPeer != "" && m.SavedPeer != chat {
		return r.names.peer(m.SavedPeer)
	}
	if m.Topic == 0 {
		return ""
	}
	if r.topics == nil {
		r.topics = map[topicID]string{}
		for _, item := range r.source.Items(r.account.ID, archive.KindTopic) {
			if item.Topic != nil {
				r.topics[topicID{item.Chat, item.Topic.ID}] = item.Topic.Title
			}
		}
	}
	return r.topics[topicID{chat, m.Topic}]
}

// topicID names a topic of a forum.
type topicID struct {
	chat archive.PeerID
	id   int
}

// tree writes a JSON value, laid out as everything else in the document is.
func (o *object) tree(value []byte) {
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	token, err := d.Token()
	if err != nil {
		return // of what this program made a moment ago
	}
	o.w.value(d, token, "", o.indent+1)
}

// value writes the value that begins with token. Its closing bracket is indented
// by indent.
func (w *buffer) value(d *json.Decoder, token json.Token, key string, indent int) {
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			w.members(d, indent)
		} else {
			w.elements(d, key, indent)
		}
	case string:
		w.quote(token)
	case json.Number:
		w.put(token.String())
	case bool:
		w.boolean(token)
	default:
		w.put("null")
	}
}

// members leaves out keys with nothing in them: a text that is none.
func (w *buffer) members(d *json.Decoder, indent int) {
	o := beginObject(w, indent)
	for d.More() {
		key, _ := d.Token()
		name, _ := key.(string)
		token, _ := d.Token()
		if token == json.Delim('{') && !d.More() {
			_, _ = d.Token()
			continue
		}
		o.key(name)
		w.value(d, token, name, indent+1)
	}
	_, _ = d.Token()
	o.end()
}

// elements knows the one key whose elements stand too deep everywhere.
func (w *buffer) elements(d *json.Decoder, key string, indent int) {
	if key == "reactions" && d.More() {
		indent++
	}
	l := beginList(w, indent)
	for d.More() {
		l.item()
		token, _ := d.Token()
		w.value(d, token, "", indent+1)
	}
	_, _ = d.Token()
	l.end()
}
