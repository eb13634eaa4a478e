package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/telegram"
)

// A holding says what of an account is in the vault and what is not, and why, as
// of the last commit. It comes from this machine's state, without any key.
type holding struct {
	Chats    int                            `json:"chats"` // that the last backup knew of
	IDs      map[telegram.GapClass]int      `json:"message_ids"`
	ByClass  map[telegram.GapClass]int      `json:"chats_with"` // chats with ids of the class
	Files    map[string]telegram.MediaCount `json:"files_missing"`
	Stored   int                            `json:"messages_with_files_stored"`
	Differ   int                            `json:"chats_with_other_server_count"`
	Problem  string                         `json:"problem,omitempty"` // why nothing can be said
	complete time.Time                      // see GapMap.Complete
	gaps     *telegram.GapMap
}

// gapOptions are what status --gaps asks for.
type gapOptions struct {
	list bool
	chat string // one chat, with all its ranges
}

// holdingOf reads what this machine remembers of an account.
func (a *app) holdingOf(cfg *config.Config, account archive.PeerID, o gapOptions) (*holding, error) {
	h, err := a.readHolding(cfg, account, o)
	const rebuilt = "; the next telekeep sync rebuilds it from the vault"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &holding{Problem: "this machine's state is gone" + rebuilt}, nil
	case errors.Is(err, chunkstore.ErrStateDamaged):
		return &holding{Problem: "this machine's state is damaged" + rebuilt}, nil
	case err != nil:
		return nil, fmt.Errorf("cannot read the local state: %w", err)
	}
	return h, nil
}

func (a *app) readHolding(cfg *config.Config, account archive.PeerID, o gapOptions) (*holding, error) {
	state, err := chunkstore.ReadState(statePath(cfg))
	if err != nil {
		return nil, err
	}
	defer state.Close() // only read
	gaps, err := telegram.Gaps(state, account, telegram.GapOptions{})
	if err != nil {
		return nil, err
	}
	h := newHolding(gaps)
	if o.chat != "" { // that alone is listed; what is said of the account is of all chats
		h.gaps, err = telegram.Gaps(state, account, telegram.GapOptions{All: true, Chat: chatID(o.chat)})
	}
	return h, err
}

// chatID reads a chat's id as `telekeep chats` prints it, or as the name of a
// channel's number alone.
func chatID(text string) archive.PeerID {
	if strings.Trim(text, "0123456789") == "" {
		return archive.PeerID("channel" + text)
	}
	return archive.PeerID(text)
}

func newHolding(gaps *telegram.GapMap) *holding {
	h := &holding{
		Chats: len(gaps.Chats), IDs: map[telegram.GapClass]int{}, ByClass: map[telegram.GapClass]int{},
		Files: map[string]telegram.MediaCount{}, gaps: gaps,
	}
	if gaps.Complete > 0 {
		h.complete = time.Unix(gaps.Complete, 0).UTC()
	}
	for _, c := range gaps.Chats {
		for class, n := range c.IDs {
			h.IDs[class] += n
			h.ByClass[class]++
		}
		h.Stored += c.Media.Stored
		if c.Excess != 0 {
			h.Differ++
		}
		h.addFiles(c.Media)
	}
	h.addFiles(gaps.Others)
	return h
}

func (h *holding) addFiles(m telegram.MediaGaps) {
	for reason, n := range m.Missing {
		sum := h.Files[reason]
		h.Files[reason] = telegram.MediaCount{Files: sum.Files + n.Files, Bytes: sum.Bytes + n.Bytes}
	}
}

// open says what is still to be fetched, "" if nothing is.
func (h *holding) open() string {
	var parts []string
	if n := h.ByClass[telegram.GapPending]; n > 0 {
		parts = append(parts, fmt.Sprintf("%s in %s", plural(h.IDs[telegram.GapPending], "message id", "message ids"), plural(n, "chat", "chats")))
	}
	files := h.Files[archive.MissingFailed].Files + h.Files[telegram.MediaPending].Files
	if files > 0 {
		parts = append(parts, plural(files, "file", "files"))
	}
	return strings.Join(parts, " and ")
}

// never says what cannot be had, or is left out on purpose; "" if there is nothing
// of that kind.
func (h *holding) never() string {
	var parts []string
	if n := h.ByClass[telegram.GapRefused]; n > 0 {
		parts = append(parts, plural(n, "chat", "chats")+" refused by the server")
	}
	if n := h.ByClass[telegram.GapExcluded]; n > 0 {
		parts = append(parts, plural(n, "chat", "chats")+" left out by rules")
	}
	for _, reason := range []struct{ key, words string }{
		{archive.MissingUnavailable, "that the server does not have"},
		{archive.MissingProtected, "that may not be saved"},
		{archive.MissingExpiring, "of media that destroys itself"},
		{archive.MissingTooLarge, "too large for the rules"},
		{archive.MissingExcluded, "left out by rules"},
		{archive.MissingPruned, "left out by rules and pruned"},
	} {
		if n := h.Files[reason.key].Files; n > 0 {
			parts = append(parts, plural(n, "file", "files")+" "+reason.words)
		}
	}
	return strings.Join(parts, ", ")
}

// gapLines is how many ranges and files of a chat are listed on a screen; --json
// has all.
const gapLines = 200

func (a *app) printGaps(put func(string, ...any), h *holding, o gapOptions) {
	if h.Problem != "" {
		return
	}
	shown := 0
	for _, c := range h.gaps.Chats {
		if o.chat == "" && quiet(c) {
			continue
		}
		shown++
		put("  %s  ids 1 to %s: %s", c.Chat, count(c.Top), classes(c.IDs, c.Chat))
		if c.Server >= 0 && (c.Excess != 0 || o.chat != "") {
			text := "as many as are stored and not deleted"
			if c.Excess != 0 {
				text = fmt.Sprintf("%+d: %s", c.Excess, c.Why)
			}
			put("    the server counts %s, %s", plural(c.Server, "message", "messages"), text)
		}
		if c.Unlisted {
			put("    not in the list of chats any more: left, closed or deleted; what is stored stays")
		}
		printRanges(put, c.Chat, c.Ranges)
		printFiles(put, c.Media)
	}
	if o.chat != "" && shown == 0 {
		put("  no backup has met a chat %s; telekeep chats lists them", printable(o.chat))
	} else if shown == 0 {
		put("  no gaps in %s", plural(len(h.gaps.Chats), "chat", "chats"))
	}
	if len(h.gaps.Others.Files) > 0 {
		put("  outside of chats")
		printFiles(put, h.gaps.Others)
	}
}

// quiet reports whether there is nothing to say about a chat.
func quiet(c *telegram.ChatGaps) bool {
	return len(c.Ranges) == 0 && c.Excess == 0 && !c.Unlisted && len(c.Media.Files) == 0
}

// classes says how many ids of a chat there are of each class; of all chats if it
// is "", in which case those that are not there mean nothing.
func classes(ids map[telegram.GapClass]int, chat archive.PeerID) string {
	var parts []string
	for _, class := range []telegram.GapClass{
		telegram.GapStored, telegram.GapDeleted, telegram.GapNotThere, telegram.GapRefused, telegram.GapExcluded, telegram.GapPending,
	} {
		if n := ids[class]; n > 0 && (class != telegram.GapNotThere || chat != "") {
			parts = append(parts, count(n)+" "+classInWords(class, chat))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// classInWords names a class. Ids of users and basic groups are counted together.
func classInWords(class telegram.GapClass, chat archive.PeerID) string {
	if class == telegram.GapNotThere && chat.Kind() != archive.PeerChannel {
		return "of other chats or deleted before"
	}
	words := map[telegram.GapClass]string{
		telegram.GapStored: "stored", telegram.GapDeleted: "stored and deleted in Telegram since",
		telegram.GapNotThere: "not on the server", telegram.GapRefused: "refused by the server",
		telegram.GapExcluded: "left out by rules", telegram.GapPending: "to be fetched",
	}
	return words[class]
}

func printRanges(put func(string, ...any), chat archive.PeerID, ranges []telegram.GapRange) {
	for i, r := range ranges {
		if i == gapLines {
			put("    … and %s more; see --json", plural(len(ranges)-i, "range", "ranges"))
			return
		}
		text := classInWords(r.Class, chat)
		if r.Reason != "" {
			text += " (" + printable(r.Reason) + ")"
		}
		if r.Class == telegram.GapPending {
			text += nextTry(r.Next)
		}
		put("    %d to %d  %s", r.From, r.To, text)
	}
}

func printFiles(put func(string, ...any), m telegram.MediaGaps) {
	for i, f := range m.Files {
		if i == gapLines {
			put("    … and %s more; see --json", plural(len(m.Files)-i, "file", "files"))
			return
		}
		text := reasonInWords(missingItem{Reason: f.Reason, Detail: printable(f.Detail)})
		if f.Reason == archive.MissingFailed {
			text += nextTry(f.Next)
		}
		put("    message %d, %s %s of %s: %s", f.Message, f.Kind, f.Key, size(f.Size), text)
	}
}

func nextTry(next int64) string {
	if next == 0 {
		return "; with the next run"
	}
	return "; not before " + time.Unix(next, 0).Local().Format("2006-01-02 15:04:05")
}

// listed is what --json shows of the chats: those with gaps, or the one asked for.
func (h *holding) listed(o gapOptions) []*telegram.ChatGaps {
	if h.gaps == nil {
		return nil
	}
	if o.chat != "" {
		return h.gaps.Chats
	}
	return slices.DeleteFunc(slices.Clone(h.gaps.Chats), quiet)
}
