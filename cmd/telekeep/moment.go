package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
)

// openReadingAt opens the installation's vault with the owner keys of k, as it was at a day, a
// moment or a commit, and returns the newest commit that counts; "" is the newest of all, and nil.
func (a *app) openReadingAt(ctx context.Context, k keyFlags, at string) (*restorer, *chunkstore.Commit, error) {
	if at == "" {
		r, err := a.openReading(ctx, k)
		return r, nil, err
	}
	ids, err := a.identities(k)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := a.reading()
	if err != nil {
		return nil, nil, err
	}
	r, err := a.openVault(ctx, cfg, ids, true)
	if err != nil {
		return nil, nil, err
	}
	c, err := pickCommit(r.reader.Commits(), at, time.Local)
	if err == nil {
		r.snapshot, err = archive.OpenSnapshot(ctx, r.reader, archive.SnapshotOptions{Commit: c, KeepGoing: true})
	}
	if err != nil {
		return nil, nil, errors.Join(err, r.Close())
	}
	return r, c, nil
}

// describeState is the commit as log --json has it; nil for the newest.
func describeState(c *chunkstore.Commit) *logLine {
	if c == nil {
		return nil
	}
	line := describeCommit(c)
	return &line
}

// pickCommit finds the newest commit of a day (its end counts) or a moment, or the one that text
// names as log (1a2b3c4d/12), as status (12-3f2a91bc5d6e7f80) or as log --json does (its hash).
func pickCommit(commits []*chunkstore.Commit, text string, zone *time.Location) (*chunkstore.Commit, error) {
	moment, err := parseMoment(text, zone)
	if err != nil {
		return namedCommit(commits, strings.ToLower(text))
	}
	if len(text) == len(time.DateOnly) {
		moment = moment.AddDate(0, 0, 1).Add(-1)
	}
	var newest *chunkstore.Commit
	for _, c := range commits {
		if !c.Time.After(moment) && (newest == nil || !c.Time.Before(newest.Time)) {
			newest = c
		}
	}
	if newest == nil {
		return nil, withHint(fmt.Errorf("nothing was backed up at %s", text), "telekeep log lists the commits with their dates")
	}
	return newest, nil
}

// hashDigits is how much of a commit's hash names it.
const hashDigits = 8

func namedCommit(commits []*chunkstore.Commit, text string) (*chunkstore.Commit, error) {
	var found *chunkstore.Commit
	many := false
	for _, c := range commits {
		if isNamed(c, text) {
			found, many = c, found != nil
		}
	}
	switch {
	case many:
		return nil, &failure{code: exitUsage, err: fmt.Errorf("--at %q names several commits", text), hint: "write more digits: telekeep log --json has the whole hash"}
	case found == nil && len(text) >= 4 && slices.ContainsFunc(commits, func(c *chunkstore.Commit) bool { return strings.HasPrefix(c.Writer, text) }):
		return nil, &failure{code: exitUsage, err: fmt.Errorf("--at %q names a writer, and no commit of it", text), hint: "add the number of the commit, as in " + text + "/1; telekeep log lists the commits"}
	case found == nil:
		return nil, &failure{code: exitUsage, err: fmt.Errorf("--at %q is no date and no commit of this vault", text), hint: momentHint + "; telekeep log lists the commits (1a2b3c4d/12)"}
	}
	return found, nil
}

func isNamed(c *chunkstore.Commit, text string) bool {
	if writer, seq, ok := strings.Cut(text, "/"); ok {
		n, err := strconv.ParseUint(seq, 10, 64)
		return err == nil && n == c.Seq && writer != "" && strings.HasPrefix(c.Writer, writer)
	}
	return c.Matches(text) || len(text) >= hashDigits && strings.HasPrefix(c.Hash.String(), text)
}
