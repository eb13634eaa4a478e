package desktop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"

	"telekeep/archive"
)

// wholePrefix begins the keys of the state that name exports of which everything is in the
// archive: by the hash of what was read, and by size and times of all files beside it.
const wholePrefix = "whole/"

// A whole is what an import that left nothing out has read.
type whole struct {
	Account  archive.PeerID `json:"account"`
	Chats    int            `json:"chats"`
	Messages int            `json:"messages"`
	Files    int            `json:"files"`
	Left     int            `json:"left,omitempty"` // files that the export was made without
}

// print names the export as it lies there, and how it is to be read; "" if that cannot be told
// from outside. A file that was changed since has another time of change, which nobody can set.
func (im *importer) print() string {
	if !im.export.folder || im.Find != nil {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "1 %s %s %q %q %v\n", im.origin.From, im.origin.SHA256, im.Chat, im.Location, im.New)
	err := fs.WalkDir(im.export.files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if err := im.ctx.Err(); err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		inode, changed := identity(info)
		_, err = fmt.Fprintf(h, "%q %d %d %d %d\n", name, info.Size(), info.ModTime().UnixNano(), inode, changed)
		return err
	})
	if err != nil {
		return ""
	}
	return wholePrefix + hex.EncodeToString(h.Sum(nil))
}

// known reports whether all of the export is in the archive, and fills the result then.
func (im *importer) known(print string) bool {
	if print == "" {
		return false
	}
	value, ok, err := im.to.Get(print)
	if err != nil || !ok {
		return false
	}
	var w whole
	if json.Unmarshal(value, &w) != nil || im.Account != "" && im.Account != w.Account {
		return false
	}
	r := im.result
	r.Account, r.Chats, r.Messages, r.Known, r.FilesKnown, r.FilesLeft = w.Account, w.Chats, w.Messages, w.Messages, w.Files, w.Left
	return true
}

// remember notes that all of the export is in the archive, if it is and was not changed while it
// was read. It is worth no commit of its own.
func (im *importer) remember(ctx context.Context, print string) error {
	r := im.result
	if print == "" || r.Remarks > 0 || r.Skipped > 0 || r.FilesMissing > 0 || print != im.print() {
		return nil
	}
	value, err := json.Marshal(whole{r.Account, r.Chats, r.Messages, r.FilesAdded + r.FilesKnown, r.FilesLeft})
	if err != nil {
		return err
	}
	return im.to.Apply(ctx, archive.Batch{State: map[string][]byte{print: value}, Soft: true})
}

// Forget returns the changes of the state after which every export is read again: where files
// are taken out of the archive.
func Forget(to Archive) (map[string][]byte, error) {
	state := map[string][]byte{}
	for _, prefix := range []string{wholePrefix, stretchPrefix} {
		err := to.Range(prefix, func(key string, _ []byte) error {
			state[key] = nil
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return state, nil
}
