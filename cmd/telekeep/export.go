package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/export"
)

type exportOptions struct {
	keys     keyFlags
	format   string
	out      string
	account  string
	choice   choiceFlags
	at       string
	deleted  bool
	versions bool
	extended bool
	asJSON   bool
}

// An exporter writes a snapshot in one format.
type exporter func(ctx context.Context, source export.Source, dir string, o export.Options) (*export.Result, error)

// exporters are the formats, and the file by which a folder of each is known.
var exporters = map[string]struct {
	write exporter
	file  string
}{
	"json":   {export.JSON, "result.json"},
	"html":   {export.HTML, "search.html"},
	"files":  {export.Plain, "SHA256SUMS"},
	"sqlite": {export.SQLite, "archive.db"},
}

func (a *app) exportCommand() *cobra.Command {
	var o exportOptions
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the archive in formats that others read",
		Long: `Writes the whole account, or what --chat, --topic, --from, --until and --kind choose, into a folder:

  json     Telegram Desktop's layout: result.json and the media in its folders; with one --chat
           in the form of a single chat's export
  html     pages for a browser, laid out like Telegram Desktop's, with a search that needs no network;
           open export_results.html, or messages.html with one --chat
  files    a folder for each chat: its messages as text, its media under names with dates
  sqlite   archive.db, a database of all messages with a search index, and the same media folders

Run again into the same folder, it adds what is new; it never leaves half a file. Dates are in
this machine's time zone; set TZ to choose another. --at shows the archive as it was at the end of a day
(2024-05-31), at a moment (2024-05-31T18:00) or with a commit (as telekeep log names it: 1a2b3c4d/12).

Telegram Desktop's JSON has no place for albums, topics, quotes, link previews, counters, deletions and earlier
versions. --deleted and --versions add those two, --extended the whole record of every message, under a
key of its own ("telekeep") that other programs pass over.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.out == "" {
				return usageError(c, "where to? --out is missing")
			}
			if _, ok := exporters[o.format]; !ok {
				return usageError(c, fmt.Sprintf("--format %q is not known: use %s", o.format, strings.Join(slices.Sorted(maps.Keys(exporters)), ", ")))
			}
			return a.export(c.Context(), o)
		},
	}
	a.registerVault(c)
	o.keys.register(c)
	o.choice.register(c)
	c.Flags().StringVar(&o.format, "format", "json", "json, html, files or sqlite")
	c.Flags().StringVar(&o.out, "out", "", "folder to write to; new, empty, or an earlier export")
	c.Flags().StringVar(&o.account, "account", "", "which account of the archive: its id (user123), @username, phone or name (default: the only one)")
	c.Flags().StringVar(&o.at, "at", "", "the archive as it was then: a day, a moment or a commit (default: the newest)")
	c.Flags().BoolVar(&o.deleted, "deleted", false, "write messages too that Telegram reported as deleted, marked as such")
	c.Flags().BoolVar(&o.versions, "versions", false, "write earlier versions of edited messages too, and deleted ones, marked as such")
	c.Flags().BoolVar(&o.extended, "extended", false, "json: add to every message what the format drops, under the key \"telekeep\"")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print what was done as JSON")
	return c
}

func (a *app) export(ctx context.Context, o exportOptions) error {
	selection, err := o.choice.selection(time.Local)
	if err != nil {
		return err
	}
	r, commit, err := a.openReadingAt(ctx, o.keys, o.at)
	if err != nil {
		return err
	}
	defer r.Close()
	if len(r.snapshot.Accounts()) == 0 {
		return a.nothingToRead(r, o.asJSON)
	}
	format := exporters[o.format]
	if err := r.keepEarlier(o.out, format.file); err != nil {
		return err
	}
	account, err := archivedAccount(r.snapshot, o.account)
	if err != nil {
		return err
	}
	chats, total, err := pickChats(r.snapshot, account, o.choice.chats)
	if err != nil {
		return err
	}
	state := "" // the newest
	if commit != nil {
		state = commit.Head().String()
	}
	bar := a.ui.progress("export", a.now())
	result, err := format.write(ctx, r.snapshot, o.out, export.Options{
		Account: account, Chats: chats, Selection: selection, At: state, Location: time.Local,
		Deleted: o.deleted, Versions: o.versions, Extras: o.extended,
		Progress: func(p export.Progress) {
			bar.show(a.now(), int64(p.Messages), total, plural(p.Files, "file", "files"))
		},
	})
	bar.end()
	if err != nil {
		return fmt.Errorf("cannot export: %w", err)
	}
	return a.printExport(o, r, commit, result)
}

func (a *app) printExport(o exportOptions, r *restorer, commit *chunkstore.Commit, result *export.Result) error {
	lost, problems := withFailures(r.lost(), result.Failures)
	if o.asJSON {
		return errors.Join(a.ui.json(exportReport{result, describeState(commit), problems == 0, r.lost()}), damageFailure(problems))
	}
	a.printLost(lost, problems)
	if commit != nil {
		a.printf("as of commit %s/%d of %s\n", commit.Writer[:8], commit.Seq, commit.Time.Local().Format(time.DateTime))
	}
	a.printf("%s: %s, %s, %s written (%s), %s in place\n", o.out, plural(result.Chats, "chat", "chats"),
		plural(result.Messages, "message", "messages"), plural(result.Written, "file", "files"), size(result.Bytes), count(result.Kept))
	if result.Deleted > 0 {
		a.printf("%s left out: Telegram reported them as deleted; --deleted writes them\n", plural(result.Deleted, "message is", "messages are"))
	}
	if result.FilesMissing > 0 {
		a.printf("%s not in the archive: the export has a note in their place\n", plural(result.FilesMissing, "file is", "files are"))
	}
	return damageFailure(problems)
}

// An exportReport is what export --json prints.
type exportReport struct {
	*export.Result
	At    *logLine      `json:"at,omitempty"` // the commit that --at chose
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
		if err := a.ui.json(exportReport{Result: new(export.Result), Vault: lost}); err != nil {
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

// pickChats finds the chats of an account that texts name, all for none, and how many
// messages they have.
func pickChats(s *archive.Snapshot, account archive.PeerID, texts []string) (chats []archive.PeerID, messages int64, err error) {
	all := s.Chats(account)
	if len(texts) == 0 {
		for _, chat := range all {
			messages += int64(chat.Messages)
		}
		return nil, messages, nil
	}
	for _, text := range texts {
		chat, err := pickChat(s, account, all, text)
		if err != nil {
			return nil, 0, err
		}
		if !slices.Contains(chats, chat.ID) {
			chats = append(chats, chat.ID)
			messages += int64(chat.Messages)
		}
	}
	return chats, messages, nil
}

// pickChat finds the chat that a text names.
func pickChat(s *archive.Snapshot, account archive.PeerID, all []archive.ChatInfo, text string) (archive.ChatInfo, error) {
	var found []archive.ChatInfo
	var ids []archive.PeerID
	for _, chat := range all {
		if isCalled(s, account, chat, text) {
			found, ids = append(found, chat), append(ids, chat.ID)
		}
	}
	switch len(found) {
	case 0:
		return archive.ChatInfo{}, withHint(fmt.Errorf("no chat %q in the archive", text), "a chat is named by its id, as in channel123, its @username, or its whole name; telekeep chats lists them")
	case 1:
		return found[0], nil
	}
	return archive.ChatInfo{}, withHint(fmt.Errorf("%d chats are called %q", len(found), text), "name one by its id: "+fmt.Sprint(ids))
}

func isCalled(s *archive.Snapshot, account archive.PeerID, chat archive.ChatInfo, text string) bool {
	if string(chat.ID) == text || chat.Name == text {
		return true
	}
	peer, ok := s.Peer(account, chat.ID)
	return ok && peer.Username != "" && "@"+peer.Username == text
}
