package export

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"telekeep/archive"
	"telekeep/internal/durable"
)

// stateFolder holds what an export needs to be updated later. It stands in every
// folder this package writes, and is how such a folder is recognised.
const (
	stateFolder = ".telekeep"
	headerFile  = stateFolder + "/export.json"
	partPrefix  = stateFolder + "/part-"
)

// headerVersion is the version of the state. A folder with a larger one is left alone.
const headerVersion = 1

// The kinds of folders this package writes.
const (
	kindJSON  = "json"
	kindFiles = "files" // of a restore
	kindPlain = "plain"
	kindSQL   = "sqlite"
	kindHTML  = "html"
)

// ErrNotEmpty says that the folder holds something that is no export of
// telekeep. Nothing was written.
var ErrNotEmpty = errors.New("the folder is not empty and is no export made by telekeep")

// ErrOtherExport says that the folder holds an export of another kind, of
// another account, of other chats or messages, or of another day. Nothing was written.
var ErrOtherExport = errors.New("the folder holds another export")

// A header says what a folder is.
type header struct {
	About   string         `json:"about"`
	Version int            `json:"version"`
	Kind    string         `json:"kind"`
	Account archive.PeerID `json:"account,omitempty"`
	Chat    archive.PeerID `json:"chat,omitempty"` // of a document with one chat
	// Chats, Selection and At say what of the account it is, and as of when; "" is all, and the newest.
	Chats     []archive.PeerID          `json:"chats,omitempty"`
	Selection string                    `json:"selection,omitempty"`
	At        string                    `json:"at,omitempty"`
	Folders   map[archive.PeerID]string `json:"folders,omitempty"` // where each chat's media lie
}

const aboutState = "telekeep remembers here which file is which, so that this export can be updated. Without this folder it cannot."

// A folder is the place that is exported into. Nothing that is done through it
// can leave it, whatever a name or a link in it says.
type folder struct {
	root *os.Root
	made map[string]bool // folders that exist
	head header

	buffer []byte // of copyBuffer
}

// openFolder makes the folder or opens one that holds the same export. want says
// which export it is to be; the chats' folders of an earlier run are kept.
func openFolder(dir string, want header) (*folder, error) {
	if err := os.MkdirAll(dir, durable.PrivateDir); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{root: root, made: map[string]bool{".": true}, head: want}
	if err := f.adopt(want); err != nil {
		root.Close()
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return f, nil
}

func (f *folder) close() error { return f.root.Close() }

// adopt looks at what is there already.
func (f *folder) adopt(want header) error {
	raw, err := f.root.ReadFile(headerFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := f.mustBeEmpty(); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		if err := f.recognise(raw, want); err != nil {
			return err
		}
	}
	if f.head.Folders == nil {
		f.head.Folders = map[archive.PeerID]string{}
	}
	f.head.About, f.head.Version = aboutState, headerVersion
	f.removeParts()
	return f.saveHeader()
}

func (f *folder) mustBeEmpty() error {
	dir, err := f.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, e := range entries {
		// The state folder alone is what a run leaves that was killed at once.
		if e.Name() != stateFolder {
			return ErrNotEmpty
		}
	}
	return nil
}

func (f *folder) recognise(raw []byte, want header) error {
	var have header
	if err := json.Unmarshal(raw, &have); err != nil {
		return fmt.Errorf("%s: %w", headerFile, err)
	}
	if have.Version > headerVersion {
		return fmt.Errorf("%w: it was made by a newer telekeep", ErrOtherExport)
	}
	if have.Kind != want.Kind || have.Account != want.Account || have.Chat != want.Chat ||
		!slices.Equal(have.Chats, want.Chats) || have.Selection != want.Selection || have.At != want.At {
		return ErrOtherExport
	}
	for _, place := range have.Folders {
		if !strings.HasPrefix(place, chatsFolder) || path.Clean(place)+"/" != place {
			return fmt.Errorf("%s: %q is no folder of a chat", headerFile, place)
		}
	}
	f.head = have
	return nil
}

func (f *folder) saveHeader() error {
	raw, err := json.MarshalIndent(f.head, "", "  ")
	if err != nil {
		return err
	}
	if err := f.makeDir(headerFile); err != nil {
		return err
	}
	return durable.Replace(durable.Below(f.root), headerFile, append(raw, '\n'), durable.PrivateFile)
}

// removeParts clears away what a run left that was killed. That it fails does
// not matter: the next run tries again.
func (f *folder) removeParts() {
	dir, err := f.root.Open(stateFolder)
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if full := stateFolder + "/" + name; strings.HasPrefix(full, partPrefix) {
			_ = f.root.Remove(full)
		}
	}
}

// chatFolders names a folder for every chat, in order. A chat that has one keeps
// it: a path in an export that somebody uses must not change.
func (f *folder) chatFolders(chats []archive.PeerID) error {
	width := len(strconv.Itoa(len(chats) - 1)) // one less than needed from 10 on, as in Telegram Desktop
	taken := slices.Collect(maps.Values(f.head.Folders))
	next := len(taken)
	for _, id := range chats {
		if f.head.Folders[id] != "" {
			continue
		}
		for place := ""; place == "" || slices.Contains(taken, place); {
			next++
			place = fmt.Sprintf("%schat_%0*d/", chatsFolder, width, next)
			f.head.Folders[id] = place
		}
	}
	return f.saveHeader()
}

// namedFolders names a folder for every chat after the chat. One that has a folder keeps it, also
// when it is called otherwise later.
func (f *folder) namedFolders(chats []chat, n names) error {
	taken := map[string]bool{}
	for _, place := range f.head.Folders {
		taken[sameName(place)] = true
	}
	for _, c := range chats {
		if f.head.Folders[c.ID] != "" {
			continue
		}
		name := n.peer(c.ID)
		if name == "" {
			name = string(c.ID)
		}
		place := chatsFolder + safeName(cutName(name, maxFolder))
		for k, first := 2, place; taken[sameName(place+"/")]; k++ {
			place = fmt.Sprintf("%s (%d)", first, k)
		}
		f.head.Folders[c.ID] = place + "/"
		taken[sameName(place+"/")] = true
	}
	return f.saveHeader()
}

// maxFolder is how many bytes of a chat's name its folder has: paths must not become too long.
const maxFolder = 80

// makeDir makes the folder of a file.
func (f *folder) makeDir(name string) error {
	dir := path.Dir(name)
	if f.made[dir] {
		return nil
	}
	if err := f.root.MkdirAll(dir, durable.PrivateDir); err != nil {
		return err
	}
	f.made[dir] = true
	return nil
}

// size returns the size of a file; ok is false if there is none.
func (f *folder) size(name string) (size int64, ok bool) {
	info, err := f.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Size(), true
}

// holds reports whether a file is there with exactly that content. It reads it.
func (f *folder) holds(name string, c content) bool {
	if size, ok := f.size(name); !ok || size != c.Size {
		return false
	}
	file, err := f.root.Open(name)
	if err != nil {
		return false
	}
	defer file.Close() // read only
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return err == nil && hex.EncodeToString(hash.Sum(nil)) == c.SHA256
}

// exists reports whether anything has that name. A name that cannot be looked
// at, one that is too long for the file system say, fails when it is written.
func (f *folder) exists(name string) bool {
	_, err := f.root.Lstat(name)
	return err == nil
}

// A partFile is a file that has no name yet.
type partFile struct {
	*os.File
	folder *folder
	part   string
	done   bool
}

func (f *folder) create() (*partFile, error) {
	part := partPrefix + rand.Text() // another export into this folder must not write the same one
	if err := f.makeDir(part); err != nil {
		return nil, err
	}
	file, err := f.root.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, durable.PrivateFile)
	if err != nil {
		return nil, err
	}
	return &partFile{File: file, folder: f, part: part}, nil
}

// keep gives the file its name, replacing one that has it already.
func (p *partFile) keep(name string) error {
	if err := p.Close(); err != nil {
		return err
	}
	if err := p.folder.makeDir(name); err != nil {
		return err
	}
	if err := p.folder.root.Rename(p.part, name); err != nil {
		return err
	}
	p.done = true
	return nil
}

// drop removes the file unless it was kept.
func (p *partFile) drop() {
	if p.done {
		return
	}
	p.Close() // a second Close does no harm
	_ = p.folder.root.Remove(p.part)
}

// publish gives a file its name once it and everything written before it have
// reached the disk, and returns when the name has too.
func (p *partFile) publish(name string) error {
	if err := p.Sync(); err != nil {
		return err
	}
	if err := p.folder.flush(); err != nil {
		return err
	}
	if err := p.keep(name); err != nil {
		return err
	}
	return durable.Below(p.folder.root).SyncDir(path.Dir(name))
}

// flush brings everything written so far onto the disk.
func (f *folder) flush() error {
	dir, err := f.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	return flushFiles(dir)
}

// jsonLines reads the whole lines of a state file and cuts off a torn last one,
// so that more can be appended.
func (f *folder) jsonLines(name string, line func(raw []byte) error) (*os.File, error) {
	if err := f.makeDir(name); err != nil {
		return nil, err
	}
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_RDWR, durable.PrivateFile)
	if err != nil {
		return nil, err
	}
	good, err := readLines(file, line)
	if err == nil {
		err = file.Truncate(good)
	}
	if err == nil {
		_, err = file.Seek(good, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return file, nil
}

// readLines returns how many bytes the whole lines take.
func readLines(r io.Reader, line func(raw []byte) error) (int64, error) {
	lines := bufio.NewReader(r)
	var good int64
	for {
		one, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return good, nil
		}
		if err == nil {
			err = line(one)
		}
		if err != nil {
			return good, err
		}
		good += int64(len(one))
	}
}
