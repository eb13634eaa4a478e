package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"telekeep/archive"
)

// A shelf is where the media of one chat go: the folders, the counters in the
// names, and which file went where. A file that several messages of the chat
// carry is written once, under the name it got first.
type shelf struct {
	run    *run
	prefix string // of every path: "", "chats/chat_1/"
	shift  int    // of message ids, as in encoder

	photos, audios, videos, files, vcards int

	placed map[archive.MediaKey]placement
	taken  map[string]bool // paths of placed, as sameName has them
	state  *os.File
}

// placement is one line of a shelf's state.
type placement struct {
	Key    archive.MediaKey `json:"key"`
	Path   string           `json:"path"`
	Size   int64            `json:"size"`
	SHA256 string           `json:"sha256"`

	fresh  bool // written or checked in this run
	failed bool // tried in this run, in vain
}

// parsePlacement reads one line of the state of the shelf with this prefix.
func parsePlacement(raw []byte, prefix string) (placement, error) {
	var p placement
	if err := json.Unmarshal(raw, &p); err != nil {
		return placement{}, err
	}
	if !strings.HasPrefix(p.Path, prefix) || path.Clean(p.Path) != p.Path || !filepath.IsLocal(p.Path) {
		return placement{}, fmt.Errorf("%q is outside of this chat's folder", p.Path)
	}
	return p, nil
}

// openShelf reads what an earlier run placed here.
func (r *run) openShelf(prefix, state string) (*shelf, error) {
	s := &shelf{
		run: r, prefix: prefix,
		placed: map[archive.MediaKey]placement{}, taken: map[string]bool{},
	}
	file, err := r.folder.jsonLines(stateFolder+"/"+state+".jsonl", func(raw []byte) error {
		p, err := parsePlacement(raw, prefix)
		if err != nil {
			return err
		}
		s.placed[p.Key] = p
		s.taken[sameName(p.Path)] = true
		return nil
	})
	s.state = file
	return s, err
}

func (s *shelf) close() error { return s.state.Close() }

// store places a media file of the archive, or returns what stands in its place.
func (s *shelf) store(ctx context.Context, key archive.MediaKey, suggested string) (string, error) {
	media, ok := s.run.source.Media(key)
	if !ok {
		s.run.result.FilesMissing++
		return s.placeholder(key), nil
	}
	return s.place(ctx, stored(s.run.source, media), suggested)
}

// place writes a file under the suggested name, unless this run or an earlier
// one wrote it already, and returns its path.
func (s *shelf) place(ctx context.Context, c content, suggested string) (string, error) {
	p := s.placed[c.Key]
	switch {
	case p.failed:
		return fileUnavailable, nil
	case p.fresh:
		return p.Path, nil
	case p.Path == "":
		p.Path = s.free(s.prefix + suggested)
	case s.intact(p, c):
		s.run.result.Kept++
		return s.settle(p), nil
	}
	p.Key, p.Size, p.SHA256 = c.Key, c.Size, c.SHA256
	if err := s.remember(p); err != nil {
		return "", err
	}
	err := s.run.folder.write(ctx, p.Path, c, s.run.copied)
	if source := (*sourceError)(nil); errors.As(err, &source) {
		s.run.result.problem(Problem{Key: c.Key, Err: source.err})
		p.failed = true
		s.placed[c.Key] = p
		return fileUnavailable, nil
	}
	if err != nil {
		return "", err
	}
	s.run.result.Written++
	s.run.result.Bytes += c.Size
	return s.settle(p), nil
}

// intact says that an earlier run wrote the same bytes and that the file still
// has its size.
func (s *shelf) intact(p placement, c content) bool {
	size, ok := s.run.folder.size(p.Path)
	return ok && size == c.Size && p.SHA256 == c.SHA256
}

// settle notes that the file is there. Of what is settled only the path is kept
// in memory.
func (s *shelf) settle(p placement) string {
	s.placed[p.Key] = placement{Path: p.Path, fresh: true}
	return p.Path
}

// remember notes a placement before the file is there: a run that is killed in
// between leaves a note without a file, never a file that nobody knows.
func (s *shelf) remember(p placement) error {
	line, err := json.Marshal(p)
	if err != nil {
		return err
	}
	s.placed[p.Key] = p
	s.taken[sameName(p.Path)] = true
	_, err = s.state.Write(append(line, '\n'))
	return err
}

// free returns the path, or the first numbered one that nothing has.
func (s *shelf) free(file string) string {
	place := file
	for n := 1; s.taken[sameName(place)] || s.run.folder.exists(place); n++ {
		place = numbered(file, strconv.Itoa(n))
	}
	return place
}

func (s *shelf) placeholder(key archive.MediaKey) string {
	missing, ok := s.run.source.Missing(key)
	switch {
	case ok && (missing.Reason == archive.MissingExcluded || missing.Reason == archive.MissingPruned):
		return fileExcluded
	case ok && missing.Reason == archive.MissingTooLarge:
		return fileTooLarge
	}
	return fileUnavailable
}
