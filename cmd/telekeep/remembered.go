package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"telekeep/chunkstore"
	"telekeep/chunkstore/copies"
	"telekeep/config"
)

// ownHead is the last commit that this machine made, and where it is safe. The head of another vault, and
// fs.ErrNotExist for none, as of chunkstore.ReadHead.
func ownHead(ctx context.Context, cfg *config.Config) (head chunkstore.Head, where safeAt, err error) {
	head, err = chunkstore.ReadHead(ctx, statePath(cfg))
	if err != nil || head.Vault == "" { // a sync that just began has not written it yet
		return head, where, err
	}
	_, err = os.Stat(filepath.Join(cfg.State, "spool", "queue", filepath.FromSlash(chunkstore.CommitName(head.Writer, head.Seq))))
	where.waits = err == nil
	seen, err := copies.Remembered(ctx, copiesPath(cfg))
	if err != nil {
		return head, where, nil // where the copies are opened, that is told
	}
	where.seen = make(map[string]chunkstore.Head)
	for name, heads := range seen {
		for _, h := range heads {
			if h.Vault == head.Vault && h.Writer == head.Writer {
				where.seen[name] = h
			}
		}
	}
	return head, where, nil
}

// safeAt says where the last commit of this machine is.
type safeAt struct {
	waits bool                       // in the spool of this machine
	seen  map[string]chunkstore.Head // the last one that was seen at each copy
}

// elsewhere says, in words, where the commit is, if a copy need not have it because another place does:
// it waits here, or has been seen at another copy and not at this one. "" if it must be there.
func (s safeAt) elsewhere(name string, head chunkstore.Head) string {
	if s.seen[name].Seq >= head.Seq {
		return ""
	}
	if s.waits {
		return "it waits on this machine"
	}
	for other, h := range s.seen {
		if other != name && h.Seq >= head.Seq {
			return "copy " + other + " has it"
		}
	}
	return ""
}

// mustHave is what of this machine's commits must be at a copy: the last one, or the last that was seen
// there if the newer ones are elsewhere, which behind says then.
func (s safeAt) mustHave(name string, head chunkstore.Head) (heads []chunkstore.Head, behind *problemLine) {
	where := s.elsewhere(name, head)
	if where == "" {
		return []chunkstore.Head{head}, nil
	}
	if seen := s.seen[name]; seen.Seq > 0 {
		heads = append(heads, seen)
	}
	object := chunkstore.CommitName(head.Writer, head.Seq)
	return heads, &problemLine{string(copies.FaultBehind), object, fmt.Sprintf("this copy is behind: the newest commit is number %d, and %s; telekeep copy sync brings it", head.Seq, where)}
}

// copiesPath is the file in which this machine remembers the copies.
func copiesPath(cfg *config.Config) string { return filepath.Join(cfg.State, "copies.db") }
