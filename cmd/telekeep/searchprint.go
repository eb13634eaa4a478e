package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"telekeep/archive"
	"telekeep/web/index"
)

// A searchLine is a hit as search --json prints it.
type searchLine struct {
	Account    archive.PeerID  `json:"account"`
	Chat       archive.PeerID  `json:"chat"`
	ChatName   string          `json:"chat_name,omitempty"`
	ID         int             `json:"id"`
	Topic      int             `json:"topic,omitempty"`
	Date       time.Time       `json:"date"`
	Sender     archive.PeerID  `json:"sender,omitempty"`
	SenderName string          `json:"sender_name,omitempty"`
	Kind       archive.Content `json:"kind"`
	Deleted    bool            `json:"deleted,omitempty"`
	Earlier    bool            `json:"earlier,omitempty"` // the message was edited since
	Version    int             `json:"version"`
	Versions   int             `json:"versions"`
	Link       string          `json:"link,omitempty"`
	Part       string          `json:"part"`
	Snippet    []snippetSpan   `json:"snippet"`
}

type snippetSpan struct {
	Text  string `json:"text"`
	Match bool   `json:"match,omitempty"`
}

// A searchReport is what search --json prints.
type searchReport struct {
	Hits []searchLine `json:"hits"`
	More bool         `json:"more"` // there are more than --limit
	OK   bool         `json:"ok"`   // everything in the vault could be searched
}

// printHits prints the hits of q; problems is how much of the vault cannot be read.
func (a *app) printHits(ctx context.Context, x *index.Index, q index.Query, o searchOptions, problems int) error {
	report := searchReport{Hits: []searchLine{}, OK: problems == 0}
	printed, total, more := 0, 0, true
	for more && (o.limit == 0 || printed < o.limit) {
		if q.Limit = 200; o.limit > 0 {
			q.Limit = min(q.Limit, o.limit-printed)
		}
		page, err := x.Search(ctx, q)
		if err != nil {
			return fmt.Errorf("cannot search: %w", err)
		}
		if q.Before == "" {
			total = page.Total
		}
		for _, hit := range page.Hits {
			printed++
			if o.asJSON {
				report.Hits = append(report.Hits, searchLineOf(hit))
			} else {
				a.printHit(hit)
			}
		}
		q.Before, more = page.Next, page.Next != ""
	}
	if o.asJSON {
		report.More = more
		if err := a.ui.json(report); err != nil {
			return err
		}
	} else {
		a.sayTotal(printed, total, more)
	}
	return searchDamage(problems)
}

func (a *app) sayTotal(printed, total int, more bool) {
	switch {
	case printed == 0:
		a.ui.hint("nothing was found; a * behind a word finds all that begin so")
	case more && total >= index.MostCounted:
		a.ui.hint("there are more than %s; --limit says how many to print", count(total))
	case more:
		a.ui.hint("there are %s; --limit says how many to print", count(total))
	}
}

func searchDamage(problems int) error {
	if problems == 0 {
		return nil
	}
	return &failure{
		code: exitProblems, err: fmt.Errorf("the vault is damaged: %s; what can be read of it was searched", plural(problems, "thing cannot be read", "things cannot be read")),
		hint: "telekeep verify lists what is wrong; another copy of the vault may have it whole",
	}
}

func searchLineOf(h index.Hit) searchLine {
	l := searchLine{
		Account: h.Account, Chat: h.Chat, ChatName: h.ChatName, ID: h.ID, Topic: h.Topic, Date: time.Unix(h.Date, 0).UTC(),
		Sender: h.Sender, SenderName: h.SenderName, Kind: h.Kind, Deleted: h.Deleted, Earlier: h.Earlier,
		Version: h.Version, Versions: h.Versions, Link: messageLink(h.Chat, h.ID), Part: h.Part.String(), Snippet: []snippetSpan{},
	}
	for _, s := range h.Snippet {
		l.Snippet = append(l.Snippet, snippetSpan(s))
	}
	return l
}

// printHit prints two lines: where it is, and what stands there.
func (a *app) printHit(h index.Hit) {
	where := []string{time.Unix(h.Date, 0).Format("2006-01-02 15:04"), nameOrID(h.ChatName, h.Chat)}
	if h.Sender != h.Chat {
		where = append(where, nameOrID(h.SenderName, h.Sender))
	}
	if h.Kind != archive.ContentText {
		where = append(where, string(h.Kind))
	}
	if h.Deleted {
		where = append(where, "deleted")
	}
	if h.Earlier {
		where = append(where, fmt.Sprintf("version %d of %d", h.Version, h.Versions))
	}
	where = append(where, fmt.Sprintf("%s/%d", h.Chat, h.ID))
	if link := messageLink(h.Chat, h.ID); link != "" {
		where = append(where, link)
	}
	a.printf("%s\n", strings.Join(where, "  "))
	var b strings.Builder
	for _, s := range h.Snippet {
		b.WriteString(a.emphasis(printable(s.Text), s.Match))
	}
	if text := strings.TrimSpace(b.String()); text != "" {
		a.printf("    %s\n", text)
	}
}

func nameOrID(name string, id archive.PeerID) string {
	if name = strings.TrimSpace(printable(name)); name == "" {
		return string(id)
	}
	return name
}

// emphasis makes a text bold on a terminal.
func (a *app) emphasis(text string, on bool) string {
	if !on || !a.bold() {
		return text
	}
	return "\x1b[1m" + text + "\x1b[22m"
}

// bold reports whether standard output is a terminal that wants it.
func (a *app) bold() bool {
	return isTerminal(a.out) && a.getenv("TERM") != "dumb" && a.getenv("NO_COLOR") == ""
}

// messageLink is a link that Telegram's apps open, "" where they know none. It opens for
// members of the chat.
func messageLink(chat archive.PeerID, id int) string {
	if id <= 0 {
		return ""
	}
	switch chat.Kind() {
	case archive.PeerChannel:
		return fmt.Sprintf("https://t.me/c/%d/%d", chat.Num(), id)
	case archive.PeerUser:
		return fmt.Sprintf("tg://openmessage?user_id=%d&message_id=%d", chat.Num(), id)
	case archive.PeerChat:
		return fmt.Sprintf("tg://openmessage?chat_id=%d&message_id=%d", chat.Num(), id)
	}
	return ""
}
