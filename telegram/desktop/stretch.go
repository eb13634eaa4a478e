package desktop

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"telekeep/archive"
	"telekeep/internal/resultjson"
)

// stretchPrefix begins the keys of the state that name stretches of messages of which
// everything is in the archive: by a hash of their bytes and of what else their records hang on.
const stretchPrefix = "stretch/"

// A stretch is what an earlier import took of some hundred messages that follow each other.
type stretch struct {
	Messages int      `json:"m"`
	Files    int      `json:"f,omitempty"` // that were stored, or known to be
	Left     int      `json:"l,omitempty"` // that the export was made without
	Paths    []string `json:"p,omitempty"` // what was opened
	Marks    string   `json:"s,omitempty"` // a hash of how Paths lay there
}

// A stretcher passes over the stretches of a result.json that an earlier import took. An export
// that is made again in the same folder, or only has more in it, is read as far as it is new.
//
//	resultjson.Read ── known ──▶ the state has it, and its files lie there as they did: passed over
//	      │              └─────▶ else: begin ▶ messages ▶ whole ▶ the state has it from now on
//
// It is used by who reads; what it finds goes to who takes in, in the file's order.
type stretcher struct {
	*importer
	put   func(found) error
	place string // the chat that is read, by all that its records hang on; "" if nothing is passed over
	key   string // of the stretch that is read
}

// enter takes note of the chat that is read. Its id is not all: a message of it becomes another
// record in another account, or where dates are read for another place.
func (s *stretcher) enter(chat converter) {
	s.place = fmt.Sprintf("1 %s %s %s %q %q", chat.account, chat.chat, chat.before, chat.kind, s.Location)
}

// known returns how many messages are passed over; see resultjson.Visitor.
func (s *stretcher) known(_ *resultjson.Chat, raw []byte) (int, error) {
	if s.place == "" {
		return 0, nil
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d %s", len(s.place), s.place)
	_, _ = h.Write(raw)
	s.key = stretchPrefix + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
	if before := s.taken(); before != nil {
		return before.Messages, s.put(found{passed: before})
	}
	return 0, s.put(found{begins: true})
}

// taken is what an earlier import took of the stretch, if it would be the same today.
func (s *stretcher) taken() *stretch {
	if s.Again {
		return nil
	}
	value, ok, err := s.to.Get(s.key)
	if err != nil || !ok { // whoever takes it in will meet the error
		return nil
	}
	var before stretch
	if json.Unmarshal(value, &before) != nil || before.Messages <= 0 {
		return nil
	}
	marks := make([]string, len(before.Paths))
	for i, name := range before.Paths {
		if marks[i] = s.markOf(name); marks[i] == "" {
			return nil
		}
	}
	if marksOf(before.Paths, marks) != before.Marks {
		return nil
	}
	return &before
}

// whole says that the stretch was read to its end.
func (s *stretcher) whole(*resultjson.Chat) error { return s.put(found{whole: s.key}) }

// markOf is how a file lies there; "" if there is none, or it cannot be told.
func (s *stretcher) markOf(name string) string {
	if name = path.Clean(name); !fs.ValidPath(name) {
		return ""
	}
	info, err := fs.Stat(s.export.files, name)
	if err != nil {
		return ""
	}
	return mark(info)
}

// mark tells a file from another one of its name, and from what it was before a change.
func mark(info fs.FileInfo) string {
	inode, changed := identity(info)
	if changed == 0 || !info.Mode().IsRegular() {
		return ""
	}
	return fmt.Sprintf("%d %d %d %d", info.Size(), info.ModTime().UnixNano(), inode, changed)
}

func marksOf(paths, marks []string) string {
	if len(paths) == 0 {
		return ""
	}
	h := sha256.New()
	for i := range paths {
		fmt.Fprintf(h, "%q %s\n", paths[i], marks[i])
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// A gathering is what was taken since a stretch began.
type gathering struct {
	messages, files, left, faults int      // of the result, when it began
	paths, marks                  []string // that were opened since
	unmarked                      bool     // one of them cannot be told from another
}

// opened notes a file.
func (g *gathering) opened(name, mark string) {
	if g == nil {
		return
	}
	g.paths, g.marks = append(g.paths, name), append(g.marks, mark)
	g.unmarked = g.unmarked || mark == ""
}

func (im *importer) faults() int {
	return im.result.Remarks + im.result.Skipped + im.result.FilesMissing
}

// begin starts a stretch.
func (im *importer) begin() {
	r := im.result
	im.gathered = &gathering{messages: r.Messages, files: r.FilesAdded + r.FilesKnown, left: r.FilesLeft, faults: im.faults()}
}

// keep notes that everything of a stretch is in the archive: with the batch that has the last of
// it, or a later one. What had a remark, or lacked a file, is read each time.
func (im *importer) keep(key string) error {
	g, r := im.gathered, im.result
	im.gathered = nil
	if g == nil || g.unmarked || g.faults != im.faults() {
		return nil
	}
	value, err := json.Marshal(stretch{
		Messages: r.Messages - g.messages, Files: r.FilesAdded + r.FilesKnown - g.files, Left: r.FilesLeft - g.left,
		Paths: g.paths, Marks: marksOf(g.paths, g.marks),
	})
	if err != nil {
		return err
	}
	if err := im.keepNames(); err != nil {
		return err
	}
	im.sink.state[key] = value
	return nil
}

// pass counts what is not read.
func (im *importer) pass(s *stretch) {
	im.passed = true
	r := im.result
	r.Messages += s.Messages
	r.Known += s.Messages
	r.FilesKnown += s.Files
	r.FilesLeft += s.Left
	im.sink.tell()
}

// fullPrefix begins the keys of the state for what people are called in messages.
func (im *importer) fullPrefix() string { return fmt.Sprintf("import/%s/full/", im.account) }

// keepNames notes what was learned of names since the last time: messages that are passed over
// tell none.
func (im *importer) keepNames() error {
	for _, id := range im.names.heard {
		key, name := im.fullPrefix()+string(id), im.names.of(id).full
		before, err := im.sink.value(key)
		if err != nil {
			return err
		}
		if string(before) != name {
			im.sink.state[key] = []byte(name)
		}
	}
	im.names.heard = nil
	return nil
}

// recallNames adds the names that messages told which were passed over.
func (im *importer) recallNames() error {
	if !im.passed {
		return nil
	}
	prefix := im.fullPrefix()
	return archived(im.to.Range(prefix, func(key string, name []byte) error {
		if n := im.names.of(archive.PeerID(strings.TrimPrefix(key, prefix))); n.full == "" {
			n.full = string(name)
		}
		return nil
	}))
}
