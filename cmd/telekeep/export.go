package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"telekeep/archive"
	"telekeep/export"
)

type exportOptions struct {
	keys    keyFlags
	format  string
	out     string
	chat    string
	account string
	deleted bool
	extras  bool
	asJSON  bool
}

func (a *app) exportCommand() *cobra.Command {
	var o exportOptions
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the archive in Telegram Desktop's format",
		Long: `Writes Telegram Desktop's folder layout: result.json and the media in its folders.
The whole account, or with --chat one chat in the form of a single chat's export.

Dates in result.json are in this machine's time zone, as Telegram Desktop has
them; set TZ to choose another. Telegram Desktop's format has no place for albums,
topics, quotes, link previews, counters, deletions and earlier versions: --extras adds
the whole record of every message under a key of its own. Run again into the same folder, it adds what is new.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.out == "" {
				return usageError(c, "where to? --out is missing")
			}
			if o.format != "json" {
				return usageError(c, fmt.Sprintf("--format %q is not known: json is", o.format))
			}
			return a.export(c.Context(), o)
		},
	}
	a.registerVault(c)
	o.keys.register(c)
	c.Flags().StringVar(&o.format, "format", "json", "json")
	c.Flags().StringVar(&o.out, "out", "", "folder to write to; new, empty, or an earlier export")
	c.Flags().StringVar(&o.account, "account", "", "which account of the archive: its id (user123), @username, phone or name (default: the only one)")
	c.Flags().StringVar(&o.chat, "chat", "", "only this chat: its id (channel123), @username or name")
	c.Flags().BoolVar(&o.deleted, "deleted", false, "write messages too that Telegram reported as deleted")
	c.Flags().BoolVar(&o.extras, "extras", false, "add to every message what the format drops, under the key \"telekeep\"")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print what was done as JSON")
	return c
}

func (a *app) export(ctx context.Context, o exportOptions) error {
	r, err := a.openReading(ctx, o.keys)
	if err != nil {
		return err
	}
	defer r.Close()
	if len(r.snapshot.Accounts()) == 0 {
		return a.nothingToRead(r, o.asJSON)
	}
	if err := r.keepEarlier(o.out, "result.json"); err != nil {
		return err
	}
	account, err := archivedAccount(r.snapshot, o.account)
	if err != nil {
		return err
	}
	chats, total, err := pickChats(r.snapshot, account, o.chat)
	if err != nil {
		return err
	}
	bar := a.ui.progress("export", a.now())
	result, err := export.JSON(ctx, r.snapshot, o.out, export.Options{
		Account: account, Chats: chats, Location: time.Local, Deleted: o.deleted, Extras: o.extras,
		Progress: func(p export.Progress) {
			bar.show(a.now(), int64(p.Messages), total, plural(p.Files, "file", "files"))
		},
	})
	bar.end()
	if err != nil {
		return fmt.Errorf("cannot export: %w", err)
	}
	lost, problems := withFailures(r.lost(), result.Failures)
	if o.asJSON {
		return errors.Join(a.ui.json(exportReport{result, problems == 0, r.lost()}), damageFailure(problems))
	}
	a.printLost(lost, problems)
	a.printf("%s: %s, %s, %s written (%s), %s in place\n", o.out, plural(result.Chats, "chat", "chats"),
		plural(result.Messages, "message", "messages"), plural(result.Written, "file", "files"), size(result.Bytes), count(result.Kept))
	if result.Deleted > 0 {
		a.printf("%s left out: Telegram reported them as deleted; --deleted writes them\n", plural(result.Deleted, "message is", "messages are"))
	}
	if result.FilesMissing > 0 {
		a.printf("%s not in the archive: result.json has a note in their place\n", plural(result.FilesMissing, "file is", "files are"))
	}
	return damageFailure(problems)
}

// An exportReport is what export --json prints.
type exportReport struct {
	*export.Result
	OK    bool          `json:"ok"`
	Vault []problemLine `json:"vault_problems"` // found before anything was read
}

// nothingToRead tells a vault that nothing was backed up to from one whose records
// are all unreadable.
func (a *app) nothingToRead(r *restorer, asJSON bool) error {
	lost := r.lost()
	if len(lost) == 0 {
		return withHint(errors.New("nothing is backed up yet"), "run telekeep sync first")
	}
	if asJSON {
		if err := a.ui.json(exportReport{new(export.Result), false, lost}); err != nil {
			return err
		}
	} else {
		a.printLost(lost, len(lost))
	}
	return &failure{code: exitProblems, err: errors.New("the vault is damaged: no record of it can be read"), hint: "another copy of the vault may have it whole"}
}

// openReading opens the installation's vault with the owner keys of k.
func (a *app) openReading(ctx context.Context, k keyFlags) (*restorer, error) {
	ids, err := a.identities(k)
	if err != nil {
		return nil, err
	}
	cfg, err := a.reading()
	if err != nil {
		return nil, err
	}
	return a.openForRestore(ctx, cfg, ids)
}

// pickChats finds the chat of an account that text names, all for "", and how many
// messages they have.
func pickChats(s *archive.Snapshot, account archive.PeerID, text string) ([]archive.PeerID, int64, error) {
	var found []archive.PeerID
	var messages int64
	for _, chat := range s.Chats(account) {
		if text == "" || isCalled(s, account, chat, text) {
			messages += int64(chat.Messages)
			found = append(found, chat.ID)
		}
	}
	if text == "" {
		return nil, messages, nil
	}
	switch len(found) {
	case 0:
		return nil, 0, withHint(fmt.Errorf("no chat %q in the archive", text), "a chat is named by its id, as in channel123, its @username, or its whole name; telekeep chats lists them")
	case 1:
		return found, messages, nil
	}
	return nil, 0, withHint(fmt.Errorf("%d chats are called %q", len(found), text), "name one by its id: "+fmt.Sprint(found))
}

func isCalled(s *archive.Snapshot, account archive.PeerID, chat archive.ChatInfo, text string) bool {
	if string(chat.ID) == text || chat.Name == text {
		return true
	}
	peer, ok := s.Peer(account, chat.ID)
	return ok && peer.Username != "" && "@"+peer.Username == text
}
