package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore/copies"
	"telekeep/config"
	"telekeep/telegram"
)

// A finalReport answers somebody who is about to delete, reset or lose an account;
// status --final --json prints it.
type finalReport struct {
	Verdict  string         `json:"verdict"`
	Yes      bool           `json:"yes"`
	Accounts []finalAccount `json:"accounts"`
	Copies   []finalCopy    `json:"copies"`
	Never    []string       `json:"never"` // what no backup of an account can hold
}

// A finalAccount is one account: who it is, how complete its backup is, and what
// would be lost with it.
type finalAccount struct {
	Name  string `json:"name"`            // in the settings
	ID    string `json:"id,omitempty"`    // Telegram's
	Title string `json:"title,omitempty"` // the name that Telegram shows, if it could be asked
	Phone string `json:"phone,omitempty"`
	// CompleteUntil is the date of the last complete backup.
	CompleteUntil *time.Time `json:"complete_until,omitempty"`
	Asked         bool       `json:"asked"`               // Telegram was asked for what is new
	AskError      string     `json:"ask_error,omitempty"` // why it could not be
	New           int        `json:"new_messages"`        // that are not stored
	NewFiles      int        `json:"new_files"`           // of new and of stored messages, not stored and to be had
	// Open can still be saved, Lost cannot, or is left out on purpose.
	Open []string `json:"open"`
	Lost []string `json:"lost"`
	// Gaps are all of them, as status --gaps has them.
	Gaps    []*telegram.ChatGaps `json:"gaps,omitempty"`
	Others  *telegram.MediaGaps  `json:"other_files,omitempty"`
	holding *holding
}

// A finalCopy is one place of the vault, and whether it was read back.
type finalCopy struct {
	Name     string   `json:"name"`
	Path     string   `json:"path"` // or URL
	Verified proofs   `json:"verified"`
	Open     []string `json:"open"` // what stands in the way of relying on it
}

// neverSaved is what Telegram gives to no backup.
func neverSaved() []string {
	return []string{
		"secret chats: they exist on the devices that hold them",
		"self-destructing and view-once media",
		"messages that were deleted before a backup saw them, and the calls themselves",
	}
}

// final asks whether everything that can be saved is saved and was read back. It asks
// Telegram what is new, and says so where it cannot.
func (a *app) final(ctx context.Context, asJSON bool) error {
	cfg, err := a.settings()
	if err != nil {
		return err
	}
	r := &finalReport{Accounts: []finalAccount{}, Never: neverSaved()}
	r.Copies = a.finalCopies(ctx, cfg)
	for _, account := range cfg.Accounts {
		one, err := a.finalAccount(ctx, cfg, account)
		if err != nil {
			return err
		}
		r.Accounts = append(r.Accounts, *one)
	}
	r.decide()
	if asJSON {
		err = a.ui.json(r)
	} else {
		a.printFinal(r)
	}
	if err == nil && !r.Yes {
		err = &failure{code: exitIncomplete, err: errors.New("the account should not be deleted yet")}
	}
	return err
}

// finalCopies says of each copy whether it holds everything and was opened with a key after the
// last commit.
func (a *app) finalCopies(ctx context.Context, cfg *config.Config) []finalCopy {
	vault, all := a.vaultStatus(ctx, cfg), cfg.AllCopies()
	if vault.Problem != "" || vault.Commits == 0 {
		c := finalCopy{Name: config.VaultCopy, Path: vault.Path, Verified: vault.Verified, Open: nonEmpty(vault.Problem, vault.Damage)}
		if vault.Problem == "" {
			c.Open = append(c.Open, "nothing was backed up to it")
		}
		return []finalCopy{c}
	}
	proved, states := loadProofs(cfg), a.glance(ctx, cfg)
	var found []finalCopy
	for i, one := range all {
		own, verifying := proved.Copies[one.Name], "telekeep verify --deep -i KEY"
		if len(all) > 1 {
			verifying += " --copy " + one.Name
		}
		c := finalCopy{Name: one.Name, Path: one.URL, Verified: proofs{Files: own.Files, Deep: own.Deep}, Open: []string{}}
		if state := states[i].State; state != string(copies.Current) {
			c.Open = append(c.Open, "it is "+state+": telekeep copy sync "+one.Name)
		}
		c.Open = append(c.Open, unproved(&vault, own.Deep, verifying)...)
		if damage := vault.Damage; damage != "" && (len(all) == 1 || proved.damage(vault.ID, all[i:i+1]) != "") {
			c.Open = append(c.Open, damage)
		}
		found = append(found, c)
	}
	return found
}

// unproved says what a copy lacks of having been opened with a key after the last commit.
func unproved(vault *vaultStatus, deep *proof, verifying string) []string {
	switch {
	case deep == nil || deep.Vault != vault.ID:
		return []string{"it was never opened with an owner key: " + verifying}
	case deep.Commits != vault.Commits || deep.Time.Before(vault.LastCommit.Truncate(time.Second)):
		return []string{"it was not opened with an owner key since the last commit: " + verifying}
	case deep.Problems > 0 && vault.Damage == "":
		return []string{"when it was last opened with an owner key, " + plural(deep.Problems, "problem was", "problems were") + " found"}
	}
	return nil
}

// finalAccount says what of an account is not stored: by this machine's records, and
// by Telegram's if it can be asked.
func (a *app) finalAccount(ctx context.Context, cfg *config.Config, account config.Account) (*finalAccount, error) {
	status, err := a.accountStatus(cfg, account, gapOptions{})
	if err != nil {
		return nil, err
	}
	f := &finalAccount{Name: account.Name, ID: status.ID, Phone: account.Phone, CompleteUntil: status.CompleteUntil, Open: []string{}, Lost: []string{}}
	h := status.Holding
	switch {
	case !status.SignedIn:
		f.Open = append(f.Open, "not signed in: telekeep login")
		return f, nil
	case h == nil || h.Problem != "":
		f.Open = append(f.Open, "nothing is known about its backup: telekeep sync")
	case f.CompleteUntil == nil:
		f.Open = append(f.Open, "it was never backed up completely: telekeep sync")
	}
	f.old(a.now())
	if h != nil && h.Problem == "" {
		f.holds(h)
		f.holding, f.Gaps, f.Others = h, h.listed(gapOptions{}), &h.gaps.Others
	}
	if err := a.askForNew(ctx, cfg, account, f); err != nil {
		return nil, err
	}
	return f, nil
}

// finalAge is how old the last complete backup may be. Telegram is asked for new messages
// only; edits, deletions and stories since then take a sync. A daemon makes one an hour.
const finalAge = 2 * time.Hour

func (f *finalAccount) old(now time.Time) {
	if f.CompleteUntil != nil && now.Sub(*f.CompleteUntil) > finalAge {
		f.Open = append(f.Open, "the last complete backup is older than two hours: telekeep sync fetches what was edited since")
	}
}

// holds sorts what is not stored into what can be saved and what cannot.
func (f *finalAccount) holds(h *holding) {
	add := func(list *[]string, n int, one, many, words string) {
		if n > 0 {
			*list = append(*list, plural(n, one, many)+" "+words)
		}
	}
	if open := h.open(); open != "" {
		f.Open = append(f.Open, "still to be fetched: "+open)
	}
	add(&f.Open, h.ByClass[telegram.GapExcluded], "chat", "chats", "left out by your rules")
	add(&f.Open, h.Files[archive.MissingExcluded].Files, "file", "files", "left out by your rules")
	add(&f.Open, h.Files[archive.MissingTooLarge].Files, "file", "files", "larger than your rules allow")
	add(&f.Lost, h.ByClass[telegram.GapRefused], "chat", "chats", "that Telegram refuses")
	add(&f.Lost, h.Files[archive.MissingUnavailable].Files, "file", "files", "that Telegram does not have")
	add(&f.Lost, h.Files[archive.MissingProtected].Files, "file", "files", "whose chat's owner forbids saving")
	add(&f.Lost, h.Files[archive.MissingExpiring].Files, "file", "files", "of media that destroys itself")
}

// askForNew asks Telegram who the account is and what is not stored yet.
func (a *app) askForNew(ctx context.Context, cfg *config.Config, account config.Account, f *finalAccount) error {
	e, err := a.ask(ctx, cfg, account)
	switch {
	case ctx.Err() != nil:
		return err
	case err != nil:
		f.AskError = printable(oneLine(err))
		f.Open = append(f.Open, "Telegram could not be asked for what is new: "+f.AskError)
		return nil
	}
	sum := e.Total()
	f.Asked, f.New, f.NewFiles = true, sum.New, sum.Files+e.PendingFiles
	f.Title = strings.TrimSpace(e.Account.FirstName + " " + e.Account.LastName)
	if e.Account.Phone != "" {
		f.Phone = "+" + e.Account.Phone
	}
	if sum.New > 0 {
		f.Open = append(f.Open, plural(sum.New, "message is", "messages are")+" not stored: telekeep sync")
	}
	return nil
}

func (a *app) ask(ctx context.Context, cfg *config.Config, account config.Account) (_ *telegram.Estimate, err error) {
	b, err := a.openForBackup(ctx, cfg, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	login, err := a.openTelegram(cfg, account, b.secrets)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, login.session.Close()) }()
	return login.client.Estimate(ctx, telegram.Into(b.archive), rulesOf(cfg))
}

// sure is how many copies hold everything and were read back.
func (r *finalReport) sure() int {
	n := 0
	for _, c := range r.Copies {
		if len(c.Open) == 0 {
			n++
		}
	}
	return n
}

// decide makes the verdict: one copy that is sure is enough, and it is said that it is the only one.
func (r *finalReport) decide() {
	open, lost := 0, 0
	if r.sure() == 0 {
		for _, c := range r.Copies {
			open += len(c.Open)
		}
	}
	for _, f := range r.Accounts {
		open += len(f.Open)
		lost += len(f.Lost)
	}
	switch r.Yes = open == 0 && len(r.Accounts) > 0; {
	case len(r.Accounts) == 0:
		r.Verdict = "No: the settings name no account."
	case !r.Yes:
		r.Verdict = "No, not yet: " + plural(open, "thing", "things") + " can still be done, see below."
	case lost > 0:
		r.Verdict = "Yes. All that can be saved is saved and was read back; what is lost is listed below."
	default:
		r.Verdict = "Yes. Everything is saved and was read back."
	}
}

func (a *app) printFinal(r *finalReport) {
	put := func(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }
	put("Can the account be deleted now?  %s", r.Verdict)
	for _, f := range r.Accounts {
		put("")
		put("account      %s", strings.Join(nonEmpty(f.Name, printable(f.Title), f.Phone, f.ID), ", "))
		if f.CompleteUntil != nil {
			put("  complete   up to %s", moment(*f.CompleteUntil))
		}
		switch {
		case f.Asked && f.New == 0:
			put("  Telegram   has no message that is not stored; what was edited since the last backup only telekeep sync finds")
		case f.Asked:
			put("  Telegram   has %s that are not stored", plural(f.New, "message", "messages"))
		}
		for _, text := range f.Open {
			put("  to do      %s", text)
		}
		for _, text := range f.Lost {
			put("  lost       %s", text)
		}
		if f.holding != nil && f.holding.Chats > 0 {
			put("  gaps, of what the last backup met:")
			a.printGaps(put, f.holding, gapOptions{})
		}
	}
	for _, c := range r.Copies {
		put("")
		put("copy         %s", strings.Join(nonEmpty(c.Name, printable(c.Path)), ", "))
		for _, line := range c.Verified.inWords() {
			put("  %s", line)
		}
		for _, text := range c.Open {
			put("  to do      %s", text)
		}
	}
	put("")
	switch sure := r.sure(); {
	case len(r.Copies) == 1:
		put("There is one copy. Make another before you give up the only other place where this exists.")
	case sure == 1:
		put("One of the copies is sure. Make another sure before you give up the only other place where this exists.")
	case sure > 1:
		put("%d of %d copies are sure: they hold everything and were read back.", sure, len(r.Copies))
	}
	put("An owner key opens the copies; without one they are worth nothing. Make sure that you have it.")
	put("No backup can hold:")
	for _, text := range r.Never {
		put("  %s", text)
	}
}

func nonEmpty(words ...string) []string {
	var kept []string
	for _, w := range words {
		if w != "" {
			kept = append(kept, w)
		}
	}
	return kept
}
