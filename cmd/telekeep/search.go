package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"telekeep/archive"
	"telekeep/export"
	"telekeep/web/index"
)

type searchOptions struct {
	keys    keyFlags
	choice  choiceFlags
	account string
	sender  string
	deleted bool
	limit   int
	dir     string
	asJSON  bool
}

func (a *app) searchCommand() *cobra.Command {
	var o searchOptions
	c := &cobra.Command{
		Use:   "search WORDS -i KEY",
		Short: "Find messages by their words",
		Long: `Finds messages, the newest first: texts and captions, names of files, polls, previews of links,
shared contacts, what service messages tell, and what messages said before they were edited.

A message has all of the words. Case and accents do not count. In Chinese, Japanese, Korean, Thai
and other scripts without spaces any part of a text is found.

  holiday plan        both words, wherever they stand
  "holiday plan"      just this
  holi*               words that begin so
  'holiday -plan'     without this word; in quotes of the shell, or it would be a flag

Without words it lists what the filters choose. Each search reads the whole archive, unless --index
names a folder for what was read: the next search there reads only what is new. The folder then
holds the text of the messages as it is, not encrypted: keep it where only you can read it, and
remove it when it is not needed any more. Without --index nothing is written to a disk.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return a.search(c.Context(), strings.Join(quoted(args), " "), o)
		},
	}
	a.registerVault(c)
	o.keys.register(c)
	o.choice.register(c)
	c.Flags().StringVar(&o.account, "account", "", "only this account of the archive: its id (user123), @username, phone or name")
	c.Flags().StringVar(&o.sender, "sender", "", "only what this person wrote: id (user123), @username or name")
	c.Flags().BoolVar(&o.deleted, "deleted", false, "only messages that Telegram reported as deleted")
	c.Flags().IntVar(&o.limit, "limit", 50, "how many hits to print at most; 0 prints all")
	c.Flags().StringVar(&o.dir, "index", "", "folder to keep the index in, not encrypted (default: memory only)")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print the hits as JSON")
	return c
}

// quoted puts quotes around what was one argument: the shell has taken its quotes away.
func quoted(args []string) []string {
	for i, arg := range args {
		if word := strings.TrimPrefix(arg, "-"); len(args) > 1 && strings.ContainsAny(arg, " \t") && !strings.Contains(arg, `"`) {
			args[i] = arg[:len(arg)-len(word)] + `"` + word + `"`
		}
	}
	return args
}

func (a *app) search(ctx context.Context, text string, o searchOptions) error {
	if o.limit < 0 {
		return &failure{code: exitUsage, err: fmt.Errorf("--limit %d is no number of hits", o.limit)}
	}
	selection, err := o.choice.selection(time.Local)
	if err != nil {
		return err
	}
	ids, err := a.identities(o.keys)
	if err != nil {
		return err
	}
	cfg, err := a.reading()
	if err != nil {
		return err
	}
	r, err := a.openVault(ctx, cfg, ids, true)
	if err != nil {
		return err
	}
	defer r.Close()
	x, problems, err := a.openIndex(ctx, r, o.dir)
	if err != nil {
		return err
	}
	defer x.Close()
	q, err := a.searchQuery(ctx, x, text, selection, o)
	if err != nil {
		return err
	}
	return a.printHits(ctx, x, q, o, len(r.reader.Faults())+problems)
}

// openIndex opens an index and brings it up to date. It returns how many records cannot be
// read.
func (a *app) openIndex(ctx context.Context, r *restorer, dir string) (*index.Index, int, error) {
	x, err := index.Open(ctx, index.Options{Vault: r.reader.Vault().ID, Dir: dir})
	if err != nil {
		return nil, 0, indexFailure(err, dir)
	}
	bar := a.ui.progress("index", a.now())
	p, err := x.Update(ctx, archive.OpenLog(r.reader), func(p index.Progress) {
		bar.show(a.now(), int64(p.Commits), int64(p.Of), plural(p.Records, "record", "records"))
	})
	bar.end()
	if err != nil {
		return nil, 0, errors.Join(updateFailure(err, dir), x.Close())
	}
	return x, p.Problems, nil
}

// updateFailure tells a full disk, on which an index can be, from a vault that cannot be read.
func updateFailure(err error, dir string) error {
	if dir != "" && errors.Is(err, syscall.ENOSPC) {
		return &failure{code: exitNoSpace, err: fmt.Errorf("no room for the index in %s: %w", dir, err), hint: "make room and run the same command again: it goes on where it was; or search without --index"}
	}
	return fmt.Errorf("cannot read the archive: %w", err)
}

func indexFailure(err error, dir string) error {
	err = fmt.Errorf("cannot open the index %s: %w", dir, err)
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return &failure{code: exitNoSpace, err: err, hint: "make room there, name another folder with --index, or search without it"}
	case errors.Is(err, index.ErrOtherVault):
		return &failure{code: exitVault, err: err, hint: "name another folder with --index, or remove this one: an index can be made anew at any time"}
	case errors.Is(err, index.ErrBusy):
		return &failure{code: exitBusy, err: err, hint: "wait for it, or search without --index"}
	case errors.Is(err, index.ErrForeign):
		return &failure{code: exitUsage, err: err, hint: "name a folder that is new or empty, or that holds an index"}
	}
	return err
}

// searchQuery translates the flags.
func (a *app) searchQuery(ctx context.Context, x *index.Index, text string, s export.Selection, o searchOptions) (index.Query, error) {
	q := index.Query{Text: text, Exact: true, Topic: s.Topic, Kinds: s.Contents}
	if !s.From.IsZero() {
		q.From = s.From.Unix()
	}
	if !s.Until.IsZero() {
		q.Until = s.Until.Unix()
	}
	if o.deleted {
		q.Deleted = index.Only
	}
	if o.account != "" {
		found, err := a.findPeer(ctx, x, "", o.account, "account", func(p index.Peer) bool { return p.ID == p.Account })
		if err != nil {
			return q, err
		}
		q.Account = found
	}
	for _, name := range o.choice.chats {
		chat, err := a.findPeer(ctx, x, q.Account, name, "chat", func(p index.Peer) bool { return p.Messages > 0 })
		if err != nil {
			return q, err
		}
		q.Chats = append(q.Chats, chat)
	}
	if o.sender != "" {
		sender, err := a.findPeer(ctx, x, q.Account, o.sender, "sender", func(index.Peer) bool { return true })
		if err != nil {
			return q, err
		}
		q.Sender = sender
	}
	return q, nil
}

// findPeer returns whom a text names, if it is one.
func (a *app) findPeer(ctx context.Context, x *index.Index, account archive.PeerID, text, what string, fits func(index.Peer) bool) (archive.PeerID, error) {
	peers, err := x.Find(ctx, account, text)
	if err != nil {
		return "", fmt.Errorf("cannot search: %w", err)
	}
	different := make(map[archive.PeerID]bool)
	var ids []string
	for _, p := range peers {
		if fits(p) && !different[p.ID] {
			different[p.ID] = true
			ids = append(ids, string(p.ID))
		}
	}
	switch len(ids) {
	case 0:
		return "", withHint(fmt.Errorf("no %s %q in the archive", what, text), "it is named by its id, as in channel123 or user123, its @username, or its whole name")
	case 1:
		return archive.PeerID(ids[0]), nil
	}
	return "", withHint(fmt.Errorf("%d in the archive are called %q", len(ids), text), "name one by its id: "+strings.Join(ids, ", "))
}
