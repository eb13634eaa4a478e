package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"telekeep/archive"
	"telekeep/config"
	"telekeep/telegram"
	"telekeep/telegram/desktop"
)

type importOptions struct {
	keys    keyFlags
	account string
	chat    string
	format  string
	zone    string
	make    bool
	again   bool
	asJSON  bool
}

func (a *app) importCommand() *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use:   "import PATH",
		Short: "Take an old export of Telegram Desktop into the backup",
		Long: `Takes into the vault what another program exported: Telegram Desktop's JSON (result.json)
or HTML (messages.html), of one chat or the whole account, with or without media, or
tdl's JSON. PATH is the folder, a .zip of it, or the file.

What telekeep fetched itself stays the truth: an imported message is an earlier version
of it, or none if it says the same, and an imported file stands in where Telegram's own
is not stored. Every record says which export it is from. The same export again adds
nothing, a later one what is new. A folder that was taken in whole, with all its files, is
not read again unless one of them was changed since, or --again says so. No key is needed.

An export of one chat does not say whose it is; --account does, where the vault holds
several accounts or none. HTML has no ids at all: --chat says which chat it is. With -i KEY
chats are found by their names in the archive; --new archives those that it does not have.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError(c, "takes one PATH: a folder, a .zip or a file")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains([]string{"", "json", "html"}, o.format) {
				return usageError(c, fmt.Sprintf("--format %q is not known: json and html are", o.format))
			}
			return a.importPath(c.Context(), args[0], o)
		},
	}
	o.keys.register(c)
	c.Flags().StringVar(&o.account, "account", "", "whose export it is: a name of the settings, or an id (user123)")
	c.Flags().StringVar(&o.chat, "chat", "", "which chat it is, where the export does not say: its id (user123, chat123, channel123)")
	c.Flags().StringVar(&o.format, "format", "", "json or html, of a folder that holds both (default: json, which says more)")
	c.Flags().StringVar(&o.zone, "zone", "", "time zone of dates without one, such as Europe/Berlin (default: this machine's)")
	c.Flags().BoolVar(&o.make, "new", false, "archive chats without an id, that -i does not find, under an id made of their name")
	c.Flags().BoolVar(&o.again, "again", false, "read it again, though all of it is in the archive and no file was changed since")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print what was done as JSON")
	return c
}

func (a *app) importPath(ctx context.Context, path string, o importOptions) error {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	if d := running(cfg); d != nil && !pausedAll(ctx, d) {
		result, err := a.importByDaemon(ctx, d, path, o)
		return a.reportImport(ctx, result, err, o.asJSON)
	}
	options, err := a.desktopOptions(ctx, cfg, o)
	if err != nil {
		return err
	}
	e, err := desktop.Open(path, o.format)
	if err != nil {
		return fmt.Errorf("cannot import: %w", err)
	}
	defer e.Close()
	result, err := a.importHere(ctx, cfg, e, o, options)
	return a.reportImport(ctx, result, err, o.asJSON)
}

// importByDaemon asks the daemon, which has the vault open. It never sees a key.
func (a *app) importByDaemon(ctx context.Context, d *remote, path string, o importOptions) (*desktop.Result, error) {
	if o.keys.given() {
		return nil, &failure{
			code: exitBusy, err: errors.New("a daemon runs, which takes no key to find chats by their names"),
			hint: "telekeep pause, then import, then telekeep resume; or name the chat with --chat",
		}
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("cannot import: %w", err)
	}
	bar := a.ui.progress("import", a.now())
	defer bar.end()
	result, err := d.importing(ctx, path, o, func(p desktop.Progress) { bar.show(a.now(), 0, 0, importProgress(p)) })
	if err != nil && result == nil && errors.Is(ctx.Err(), nil) && exitCode(err) == exitFailure {
		err = withHint(err, "a daemon that is a service may not see that folder: telekeep pause makes room for the import, or put the export into its inbox ([import] inbox)")
	}
	return result, err
}

// desktopOptions reads what the flags say.
func (a *app) desktopOptions(ctx context.Context, cfg *config.Config, o importOptions) (desktop.Options, error) {
	options := desktop.Options{New: o.make, Again: o.again, Location: time.Local, Now: a.now}
	if o.zone != "" {
		zone, err := time.LoadLocation(o.zone)
		if err != nil {
			return options, &failure{code: exitUsage, err: fmt.Errorf("--zone %q is not known", o.zone), hint: "zones are named like Europe/Berlin or UTC"}
		}
		options.Location = zone
	}
	if o.chat != "" {
		options.Chat = archive.PeerID(o.chat)
		if options.Chat.Kind() == "" {
			return options, &failure{code: exitUsage, err: fmt.Errorf("--chat %q is no id", o.chat), hint: "a chat is named like user123, chat123 (basic group) or channel123 (supergroup, channel); telekeep chats lists them"}
		}
	}
	var err error
	if o.keys.given() {
		if options.Find, err = a.namesInArchive(ctx, cfg, o.keys); err != nil {
			return options, err
		}
	}
	return options, nil
}

// namesInArchive reads what chats are called; it opens the vault to read, and closes it
// before anything is written.
func (a *app) namesInArchive(ctx context.Context, cfg *config.Config, k keyFlags) (func(archive.PeerID, string) []archive.PeerID, error) {
	ids, err := a.identities(k)
	if err != nil {
		return nil, err
	}
	r, err := a.openForRestore(ctx, cfg, ids)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	type called struct {
		account archive.PeerID
		name    string
	}
	chats := map[called][]archive.PeerID{}
	for _, account := range r.snapshot.Accounts() {
		for _, chat := range r.snapshot.Chats(account.ID) {
			if chat.Name == "" {
				continue
			}
			key := called{account.ID, chat.Name}
			chats[key] = append(chats[key], chat.ID)
			if p, ok := r.snapshot.Peer(account.ID, chat.ID); ok && p.FirstName != "" && p.FirstName != chat.Name {
				short := called{account.ID, p.FirstName} // over the chat Telegram Desktop writes no more
				chats[short] = append(chats[short], chat.ID)
			}
		}
	}
	return func(account archive.PeerID, name string) []archive.PeerID { return chats[called{account, name}] }, nil
}

// importHere imports in this process. It takes the lock of the local state.
func (a *app) importHere(ctx context.Context, cfg *config.Config, e *desktop.Export, o importOptions, options desktop.Options) (*desktop.Result, error) {
	b, err := a.openForBackup(ctx, cfg, nil)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	a.watchKey(cfg, b, a.warnOfKey)
	a.reportJournal(b)
	a.reportVault(b)
	if err := a.whose(cfg, b, o.account, &options); err != nil {
		return nil, err
	}
	bar := a.ui.progress("import", a.now())
	options.Progress = func(p desktop.Progress) { bar.show(a.now(), 0, 0, importProgress(p)) }
	result, err := desktop.Import(ctx, desktop.Into(b.archive), e, options)
	bar.end()
	if err != nil {
		return result, err
	}
	run := &syncRun{}
	return result, a.settleCopies(ctx, cfg, b.copies.Set, run, o.asJSON)
}

func importProgress(p desktop.Progress) string {
	return fmt.Sprintf("%s read, %s stored, %s", plural(p.Messages, "message", "messages"), plural(p.Files, "file", "files"), size(p.Bytes))
}

// whose says which accounts there are, and which one the export is of.
func (a *app) whose(cfg *config.Config, b *backup, name string, options *desktop.Options) error {
	known, err := knownAccounts(cfg, b)
	if err != nil {
		return err
	}
	options.Accounts = known
	if name == "" {
		return nil
	}
	if n, err := strconv.ParseInt(strings.TrimPrefix(name, archive.PeerUser), 10, 64); err == nil && n > 0 {
		options.Account = archive.NewPeerID(archive.PeerUser, n)
		return nil
	}
	account, err := pickAccount(cfg, name)
	if err != nil {
		return withHint(err, "--account is a name of an [[account]] section, or an id of Telegram's such as user123")
	}
	id, err := telegram.SessionAccount(sessionPath(cfg, account), sessionSealer{b.secrets.IndexIdentity})
	if err != nil {
		return err
	}
	if id == "" {
		return &failure{code: exitNotSignedIn, err: fmt.Errorf("account %s is not signed in", name), hint: "run telekeep login, or give the account's id: --account user123"}
	}
	options.Account = id
	return nil
}

// knownAccounts are those that are signed in, were backed up, or were imported.
func knownAccounts(cfg *config.Config, b *backup) ([]archive.PeerID, error) {
	known, err := desktop.Accounts(desktop.Into(b.archive))
	if err != nil {
		return nil, err
	}
	err = b.archive.Range("account/", func(key string, _ []byte) error {
		known = append(known, archive.PeerID(strings.TrimPrefix(key, "account/")))
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, account := range cfg.Accounts {
		if id, err := telegram.SessionAccount(sessionPath(cfg, account), sessionSealer{b.secrets.IndexIdentity}); err == nil && id != "" {
			known = append(known, id)
		}
	}
	slices.Sort(known)
	return slices.Compact(known), nil
}

// An importReport is what import --json prints.
type importReport struct {
	*desktop.Result
	Error string `json:"error,omitempty"`
}

// reportImport says what was done, also where it ended early.
func (a *app) reportImport(ctx context.Context, r *desktop.Result, err error, asJSON bool) error {
	err = importFailure(err)
	if r == nil {
		return err
	}
	if asJSON {
		return errors.Join(a.ui.json(importReport{r, a.reasonToStop(ctx, err)}), err)
	}
	if r.Account == "" {
		return err
	}
	writeImport(a.out, r)
	for _, n := range r.Notes {
		a.ui.warn("%s", printable(n.String()))
	}
	if more := r.Remarks - len(r.Notes); more > 0 {
		a.ui.warn("and %s more", plural(more, "remark", "remarks"))
	}
	return err
}

// writeImport says what an import did.
func writeImport(w io.Writer, r *desktop.Result) {
	put := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	put("%s: %s of %s read from %s", r.Account, plural(r.Messages, "message", "messages"), plural(r.Chats, "chat", "chats"), r.Kind)
	put("  %s added, %s known already, %s skipped", count(r.Added), count(r.Known), count(r.Skipped))
	put("  %s added (%s), %s known already", plural(r.FilesAdded, "file", "files"), size(r.Bytes), count(r.FilesKnown))
	if r.FilesLeft+r.FilesMissing > 0 {
		put("  %s not in the export: %s left out when it was made, %s lost since", plural(r.FilesLeft+r.FilesMissing, "file is", "files are"), count(r.FilesLeft), count(r.FilesMissing))
	}
	if r.Facts > 0 {
		put("  %s added on people, chats and the account", plural(r.Facts, "fact", "facts"))
	}
}

// importFailure says what to do about an error.
func importFailure(err error) error {
	if err == nil {
		return nil
	}
	if whose, ok := errors.AsType[*desktop.AccountError](err); ok {
		hint := "say whose it is with --account, by its id (user123) or its name in the settings"
		if whose.Says != "" && whose.Want == "" {
			hint = fmt.Sprintf("--account %s takes it in as an account of its own", whose.Says)
		}
		return &failure{code: exitUsage, err: err, hint: hint}
	}
	if chat, ok := errors.AsType[*desktop.ChatError](err); ok {
		hint := "say which chat it is with --chat; -i KEY finds chats by name; --new archives it as one of its own"
		if len(chat.Found) > 1 {
			hint = "choose one with --chat: " + fmt.Sprint(chat.Found)
		}
		return &failure{code: exitUsage, err: err, hint: hint}
	}
	if code := exitCode(err); code != exitFailure {
		return err
	}
	return &failure{code: exitFailure, err: fmt.Errorf("cannot import all of it: %w", err), hint: "what was read before that is kept; importing the mended file adds the rest"}
}
