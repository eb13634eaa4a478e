package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// A chatLine is one chat; chats --json prints a list of them.
type chatLine struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"` // the rules' word
	Type     string `json:"type"` // Telegram Desktop's word
	Name     string `json:"name"`
	Username string `json:"username,omitempty"`
	Messages int    `json:"messages"` // by the server's count, -1 if it does not say
	// Media is how many files of each kind the server counts; MediaBytes is what the
	// rules on media allow of all files, an estimate unless MediaExact.
	Media      map[string]int `json:"media,omitempty"`
	MediaBytes int64          `json:"media_bytes"`
	MediaExact bool           `json:"media_exact"`
	Newest     int64          `json:"newest,omitempty"`
	Archived   bool           `json:"archived,omitempty"`
	Left       bool           `json:"left,omitempty"`
	Protected  bool           `json:"protected,omitempty"`
	Included   bool           `json:"included"`
	Rule       string         `json:"rule,omitempty"`
}

func (a *app) chatsCommand() *cobra.Command {
	var account string
	var asJSON bool
	c := &cobra.Command{
		Use:   "chats",
		Short: "List the account's chats and what the rules do with each",
		Long: `Lists every chat with what the rules do, its id, how many messages it has by the
server's count, and how many bytes of media the rules on media allow. A size with a
tilde is an estimate: it follows from the newest hundred messages and from how many
files of each kind the server counts.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.chats(c.Context(), account, asJSON) },
	}
	c.Flags().StringVar(&account, "account", "", "which account of the settings (default: the only one)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) chats(ctx context.Context, name string, asJSON bool) (err error) {
	login, err := a.openLogin(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, login.session.Close()) }()
	a.ui.waitFor(login.config.Telegram.Server)
	chats, err := login.client.Chats(ctx, rulesOf(login.config))
	if err != nil {
		return fmt.Errorf("cannot list the chats: %w", err)
	}
	a.ui.answered()
	unmatched := rulesOf(login.config).Unmatched(chats)
	a.warnUnmatched(unmatched)
	lines := []chatLine{}
	for _, c := range chats {
		lines = append(lines, chatLine{
			ID: string(c.ID), Kind: c.Kind, Type: string(c.Type), Name: c.Name, Username: c.Username, Messages: c.Count,
			Media: c.Media, MediaBytes: c.MediaBytes, MediaExact: c.MediaExact,
			Newest: c.Newest, Archived: c.Archived, Left: c.Left, Protected: c.Protected, Included: c.Included, Rule: c.Rule,
		})
	}
	if asJSON {
		return a.ui.json(lines)
	}
	for _, l := range lines {
		a.printf("%-8s  %-10s  %-20s  %9s  %10s  %s%s\n", ruleInWords(l), l.Kind, l.ID, countOrUnknown(l.Messages), l.mediaSize(), printable(l.Name), note(l))
	}
	return nil
}

func ruleInWords(l chatLine) string {
	if l.Included {
		return "backup"
	}
	return "left out"
}

// mediaSize is what the chat's media takes, with a tilde before an estimate.
func (l chatLine) mediaSize() string {
	switch {
	case l.Messages < 0:
		return "?"
	case l.MediaExact:
		return size(l.MediaBytes)
	}
	return "~" + size(l.MediaBytes)
}

func countOrUnknown(n int) string {
	if n < 0 {
		return "?"
	}
	return count(n)
}

func note(l chatLine) string {
	text := ""
	if l.Rule != "" {
		text += "  (rule: " + printable(l.Rule) + ")"
	}
	if l.Protected {
		text += "  (protected: messages without media)"
	}
	return text
}

// printable takes control characters out of a name that a stranger chose: a
// terminal would obey them.
func printable(name string) string {
	clean := make([]rune, 0, len(name))
	for _, r := range name {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			r = '�'
		}
		clean = append(clean, r)
	}
	return string(clean)
}
