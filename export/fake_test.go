package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"telekeep/archive"
)

// fake is an archive in memory.
type fake struct {
	accounts []archive.Account
	chats    []archive.ChatInfo
	peers    map[archive.PeerID]*archive.Peer
	messages map[archive.PeerID][]*archive.StoredMessage
	media    map[archive.MediaKey][]byte
	missing  map[archive.MediaKey]string
	emoji    map[archive.MediaKey]*archive.Emoji
	versions map[int][]*archive.StoredMessage
	broken   map[archive.MediaKey]error // what reading a file gives instead of its bytes
	records  []*archive.Record
	items    []*archive.Item // of the account, the oldest first
	opened   []archive.MediaKey
}

func newFake() *fake {
	self := &archive.Peer{ID: "user1", FirstName: "Ada", LastName: "Byron", Phone: "447400123456", Username: "ada"}
	return &fake{
		accounts: []archive.Account{{ID: "user1", Profile: self}},
		peers: map[archive.PeerID]*archive.Peer{
			"user1":     self,
			"user2":     {ID: "user2", FirstName: "Bo"},
			"user3":     {ID: "user3", LastName: "Only"},
			"user4":     {ID: "user4", FirstName: "Robot", Username: "robot", Bot: true},
			"user5":     {ID: "user5", FirstName: "Gone", Deleted: true},
			"chat6":     {ID: "chat6", Title: "Old group", MigratedTo: "channel7"},
			"channel7":  {ID: "channel7", Title: "New group", Megagroup: true},
			"channel8":  {ID: "channel8", Title: "News", Username: "news", Broadcast: true},
			"channel99": {ID: "channel99", Title: "Elsewhere", Broadcast: true},
		},
		messages: map[archive.PeerID][]*archive.StoredMessage{},
		media:    map[archive.MediaKey][]byte{},
		missing:  map[archive.MediaKey]string{},
		broken:   map[archive.MediaKey]error{},
	}
}

// add puts messages into a chat, which appears in the list of chats.
func (f *fake) add(chat archive.PeerID, kind archive.ChatType, ms ...*archive.Message) {
	if _, ok := f.messages[chat]; !ok {
		f.chats = append(f.chats, archive.ChatInfo{ID: chat, Dialog: &archive.Dialog{Type: kind}})
		f.messages[chat] = nil
	}
	for _, m := range ms {
		f.messages[chat] = append(f.messages[chat], &archive.StoredMessage{Message: m})
	}
}

func (f *fake) Accounts() []archive.Account             { return f.accounts }
func (f *fake) Chats(archive.PeerID) []archive.ChatInfo { return f.chats }
func (f *fake) Versions(_ context.Context, _, chat archive.PeerID, id int) (list []*archive.StoredMessage, _ error) {
	return f.versions[id], nil
}

func (f *fake) Emoji(k archive.MediaKey) (*archive.Emoji, bool) {
	e, ok := f.emoji[k]
	return e, ok
}
func (f *fake) Items(_ archive.PeerID, kind archive.Kind) (list []*archive.Item) {
	for _, item := range f.items {
		if item.Kind == kind {
			list = append(list, item)
		}
	}
	return list
}
func (f *fake) Missing(k archive.MediaKey) (*archive.Missing, bool) {
	reason, ok := f.missing[k]
	return &archive.Missing{Key: k, Reason: reason}, ok
}

func (f *fake) Peer(_, id archive.PeerID) (*archive.Peer, bool) {
	p, ok := f.peers[id]
	return p, ok
}

func (f *fake) Messages(_ context.Context, _, chat archive.PeerID) iter.Seq2[*archive.StoredMessage, error] {
	return func(yield func(*archive.StoredMessage, error) bool) {
		for _, m := range f.messages[chat] {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (f *fake) Media(k archive.MediaKey) (*archive.MediaFile, bool) {
	b, ok := f.media[k]
	if !ok {
		return nil, false
	}
	sum := sha256.Sum256(b)
	return &archive.MediaFile{Key: k, Size: int64(len(b)), SHA256: hex.EncodeToString(sum[:])}, true
}

func (f *fake) OpenMedia(_ context.Context, k archive.MediaKey) (io.ReadCloser, error) {
	f.opened = append(f.opened, k)
	b, ok := f.media[k]
	if !ok {
		return nil, errors.New("no such media")
	}
	if err := f.broken[k]; err != nil {
		return io.NopCloser(io.MultiReader(bytes.NewReader(b[:len(b)/2]), failing{err})), nil
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// failing is a reader that fails; with a nil error it ends too early.
type failing struct{ err error }

func (r failing) Read([]byte) (int, error) { return 0, r.err }

func (f *fake) Lines(context.Context) iter.Seq2[*archive.Record, error] {
	return func(yield func(*archive.Record, error) bool) {
		for _, r := range f.records {
			encoded, err := archive.AppendRecord(nil, r)
			lined := *r
			lined.Line, _, _ = bytes.Cut(encoded, []byte("\n"))
			if !yield(&lined, err) {
				return
			}
		}
	}
}

// utc are the options most tests use.
func utc() Options { return Options{Location: time.UTC} }

func mustExport(t *testing.T, source Source, dir string, o Options) *Result {
	t.Helper()
	result, err := JSON(t.Context(), source, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// tree lists the files of an export with their content, without the state.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case name == stateFolder:
			return filepath.SkipDir
		case !d.IsDir():
			b, err := os.ReadFile(path)
			files[filepath.ToSlash(name)] = string(b)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func fileNames(files map[string]string) string {
	return strings.Join(slices.Sorted(maps.Keys(files)), "\n")
}
