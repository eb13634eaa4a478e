package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/telegram"
)

// A syncRun is what sync --json prints: the sums of all accounts, and each of them.
type syncRun struct {
	syncCounts
	Accounts []*syncReport `json:"accounts"`
	Vault    []problemLine `json:"vault_problems"`  // what is gone of the vault, by names and lengths
	Copies   []copyOutcome `json:"copies"`          // how each copy of the vault is afterwards
	Error    string        `json:"error,omitempty"` // why the run ended early
}

// sum adds the accounts up. A run that ended before it had a report says why.
func (r *syncRun) sum(reason string) {
	for _, one := range r.Accounts {
		r.add(&one.syncCounts)
	}
	r.Error = reason
}

// syncCounts are the numbers of one account's run, or of all of them.
type syncCounts struct {
	Chats        int     `json:"chats"`
	Messages     int     `json:"messages"`       // new ones stored
	Edited       int     `json:"edited"`         // new versions stored
	Deleted      int     `json:"deleted"`        // deletions recorded
	Items        int     `json:"account_items"`  // what the account holds besides chats: new, changed, or gone from the server's lists
	Media        int     `json:"media"`          // files stored
	MediaKnown   int     `json:"media_known"`    // files of new messages that were stored already
	LeftOut      int     `json:"media_left_out"` // files of new messages that a rule leaves out
	BytesFetched int64   `json:"bytes_fetched"`  // of media, over the network
	BytesRead    int64   `json:"bytes_read"`     // given to the chunk store
	BytesNew     int64   `json:"bytes_new"`      // of chunks that were not stored yet
	Packs        int     `json:"packs"`
	PackBytes    int64   `json:"pack_bytes"`
	Commits      int     `json:"commits"`
	MissingTotal int     `json:"missing_total"` // files of this run that are not stored
	MissingRetry int     `json:"missing_retry"` // of them: the next run tries again
	FloodWait    float64 `json:"flood_wait_seconds"`
	Seconds      float64 `json:"seconds"`
}

func (c *syncCounts) add(o *syncCounts) {
	c.Chats += o.Chats
	c.Messages += o.Messages
	c.Edited += o.Edited
	c.Deleted += o.Deleted
	c.Items += o.Items
	c.Media += o.Media
	c.MediaKnown += o.MediaKnown
	c.LeftOut += o.LeftOut
	c.BytesFetched += o.BytesFetched
	c.BytesRead += o.BytesRead
	c.BytesNew += o.BytesNew
	c.Packs += o.Packs
	c.PackBytes += o.PackBytes
	c.Commits += o.Commits
	c.MissingTotal += o.MissingTotal
	c.MissingRetry += o.MissingRetry
	c.FloodWait += o.FloodWait
	c.Seconds += o.Seconds
}

// A syncReport is what one run did for one account.
type syncReport struct {
	Account string `json:"account"`
	syncCounts
	Missing   []missingItem `json:"missing"`         // the first thousand
	Warnings  []string      `json:"warnings"`        // what the server refused and a backup can do without
	Unmatched []string      `json:"rules_unmatched"` // rules of [chats] that mean no chat
	Failures  []chatFailure `json:"failures"`
	// Unknown counts what is in the archive as it came because this version has no
	// words for it, by its name in Telegram's own language; of all runs.
	Unknown map[string]int `json:"unknown,omitempty"`
	// TakeoutAfter is when a data export that was asked for may begin.
	TakeoutAfter *time.Time `json:"takeout_after,omitempty"`
	Finished     time.Time  `json:"finished,omitzero"`
	// CompleteUntil is when the run began, if everything asked for is there.
	CompleteUntil *time.Time `json:"complete_until,omitempty"`
	Error         string     `json:"error,omitempty"` // why the run ended early
}

func emptySyncReport(account string) *syncReport {
	return &syncReport{Account: account, Missing: []missingItem{}, Warnings: []string{}, Unmatched: []string{}, Failures: []chatFailure{}}
}

// A missingItem is a file that is not in the archive, and why.
type missingItem struct {
	Chat    string `json:"chat"`
	Message int    `json:"message"`
	File    string `json:"file"`
	Reason  string `json:"reason"`
	Detail  string `json:"detail,omitempty"`
	Retry   bool   `json:"retry"` // the next run tries again
}

// A chatFailure is a chat that could not be read to its end.
type chatFailure struct {
	Chat  string `json:"chat"`
	Error string `json:"error"`
	// Refused: the account may not read it. There is nothing to try again.
	Refused bool `json:"refused"`
}

func newSyncReport(account string, r *telegram.Result, before, after chunkstore.Stats) *syncReport {
	report := emptySyncReport(account)
	report.syncCounts = syncCounts{
		Chats: r.Chats, Messages: r.Messages, Edited: r.Edited, Deleted: r.Deleted, Items: r.Items,
		Media: r.Media, MediaKnown: r.MediaKnown, BytesFetched: r.MediaBytes,
		BytesRead: after.BytesIn - before.BytesIn, BytesNew: after.BytesNew - before.BytesNew,
		Packs: int(after.Packs - before.Packs), PackBytes: after.PackBytes - before.PackBytes,
		Commits: int(after.Commits - before.Commits), FloodWait: r.FloodWaited.Seconds(),
		LeftOut: r.MediaLeft, MissingTotal: r.MissingTotal, MissingRetry: r.MissingFailed,
	}
	report.Unknown = r.Unknown
	report.Warnings = append(report.Warnings, r.Warnings...)
	report.Unmatched = append(report.Unmatched, r.Unmatched...)
	if !r.CompleteUntil.IsZero() {
		report.CompleteUntil = &r.CompleteUntil
	}
	if !r.TakeoutAfter.IsZero() {
		after := r.TakeoutAfter.UTC()
		report.TakeoutAfter = &after
	}
	for _, m := range r.Missing {
		report.Missing = append(report.Missing, missingItem{
			Chat: string(m.Chat), Message: m.MessageID, File: string(m.Key), Reason: m.Reason, Detail: m.Detail, Retry: m.Reason == archive.MissingFailed,
		})
	}
	for _, f := range r.Failures {
		report.Failures = append(report.Failures, chatFailure{Chat: string(f.Chat), Error: f.Reason, Refused: f.Refused})
	}
	return report
}

// unknownLine says how much is archived that this version does not understand.
func unknownLine(r *syncReport) string {
	total := 0
	for _, n := range r.Unknown {
		total += n
	}
	return fmt.Sprintf("%s of kinds that this version does not know (%s), kept as they came", plural(total, "record", "records"),
		printable(strings.Join(slices.Sorted(maps.Keys(r.Unknown)), ", ")))
}

// listedMissing is how many missing files are listed by name on a screen; --json
// has the first thousand.
const listedMissing = 20

func (a *app) printSync(r *syncReport) {
	put := func(format string, args ...any) { a.printf(format+"\n", args...) }
	nothing := r.Messages+r.Edited+r.Deleted+r.Items+r.Media+r.Packs == 0
	if nothing && r.Error != "" {
		return // the error says it all
	}
	if nothing {
		put("%s: nothing new in %s; no pack written", r.Account, plural(r.Chats, "chat", "chats"))
	} else {
		put("%s: %s looked at in %.1f s", r.Account, plural(r.Chats, "chat", "chats"), r.Seconds)
		put("  messages   %s new, %s edited, %s deleted", count(r.Messages), count(r.Edited), count(r.Deleted))
		if r.Items > 0 {
			put("  account    %s of contacts, stories, sessions, folders and the like, new or changed", plural(r.Items, "thing", "things"))
		}
		put("  media      %s stored (%s fetched), %s known already", plural(r.Media, "file", "files"), size(r.BytesFetched), count(r.MediaKnown))
		put("  bytes      %s read, %s new", size(r.BytesRead), size(r.BytesNew))
		put("  written    %s, %s, %s", plural(r.Packs, "pack", "packs"), size(r.PackBytes), plural(r.Commits, "commit", "commits"))
	}
	if r.FloodWait >= 1 && r.Error == "" { // a run that was stopped did not wait for it
		put("  waited     %.0f s because Telegram asked to", r.FloodWait)
	}
	if r.TakeoutAfter != nil {
		put("  export     Telegram lets it begin after %s, or at once if you confirm it on another device; this run did without", r.TakeoutAfter.Local().Format("2006-01-02 15:04"))
	}
	for _, w := range r.Warnings {
		put("  refused    %s", printable(w))
	}
	for _, f := range r.Failures {
		what := "failed "
		if f.Refused {
			what = "refused"
		}
		put("  %s    %s: %s", what, f.Chat, printable(f.Error))
	}
	if r.LeftOut > 0 {
		put("  left out   %s by the rules of [media]", plural(r.LeftOut, "file", "files"))
	}
	if r.MissingTotal > 0 {
		put("  not stored %s:", plural(r.MissingTotal, "file", "files"))
	}
	for i, m := range r.Missing {
		if i == listedMissing {
			put("    … and %s more; see --json", count(r.MissingTotal-i))
			break
		}
		put("    %s%s: %s", whereabouts(m), m.File, reasonInWords(m))
	}
}

// warnUnmatched points out rules that choose nothing: a misspelt name would leave
// a chat out, or in, without a word.
func (a *app) warnUnmatched(rules []string) {
	for _, rule := range rules {
		a.ui.warn("no chat is meant by %q in [chats]", printable(rule))
	}
}

// whereabouts says where a file stands, in front of its name. Custom emoji and
// what belongs to the account stand in no message.
func whereabouts(m missingItem) string {
	if m.Message == 0 {
		return ""
	}
	return fmt.Sprintf("%s message %d, ", m.Chat, m.Message)
}

func reasonInWords(m missingItem) string {
	words := map[string]string{
		"excluded": "left out by [media] kinds", "too_large": "larger than [media] max_size",
		"unavailable": "the server does not have it", "protected": "the chat's owner forbids saving",
		"self_destruct": "self-destructing media is not kept", "failed": "failed, will be tried again",
	}
	text, ok := words[m.Reason]
	if !ok {
		text = m.Reason
	}
	if m.Detail != "" {
		text += " (" + m.Detail + ")"
	}
	return text
}
