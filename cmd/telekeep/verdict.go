package main

import (
	"fmt"
	"strings"
	"time"
)

// verdict is the one sentence on top of status.
func verdict(r *statusReport) string {
	if r.Vault.Problem != "" {
		return "not backed up: " + r.Vault.Problem
	}
	if len(r.Accounts) == 0 {
		return "the settings name no account"
	}
	var all []string
	if r.Vault.Damage != "" {
		all = append(all, "the vault is damaged: "+r.Vault.Damage)
	}
	for i := range r.Accounts {
		account := &r.Accounts[i]
		text := account.verdict()
		switch {
		case account.Trouble != nil && account.SignedIn:
			text = "account " + account.Name + " is not backed up any more: " + account.Trouble.Error + "; " + text
		case account.Trouble != nil || len(r.Accounts) > 1:
			text = "account " + account.Name + ": " + text
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// verdict says up to which moment the account is complete, and what is missing.
func (a *accountStatus) verdict() string {
	h := a.Holding
	switch {
	case !a.SignedIn:
		return "not signed in: telekeep login"
	case h == nil || h.Problem != "":
		text := "nothing is known about the backup"
		if h != nil {
			text += ": " + h.Problem
		}
		return text
	case h.Chats == 0:
		return "never backed up" + a.howToBegin()
	}
	text := "never complete so far"
	if a.CompleteUntil != nil {
		text = "complete up to " + moment(*a.CompleteUntil)
	}
	if last := a.LastSync; last != nil && last.Error != "" {
		text += "; the last run ended early: " + printable(last.Error)
	}
	if open := h.open(); open != "" {
		text += "; still to be fetched: " + open
	}
	if never := h.never(); never != "" {
		text += "; not in the backup: " + never
	}
	return text
}

// howToBegin says what to do about a backup that never came to its end.
func (a *accountStatus) howToBegin() string {
	if a.atWork {
		return " so far; the daemon is at work on it"
	}
	return ": telekeep sync"
}

func moment(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// completeUntil is the later of what the vault's state and the report of the last
// run say: a run that stored nothing new is remembered by its report only.
func completeUntil(h *holding, last *syncReport) *time.Time {
	var latest time.Time
	if h != nil {
		latest = h.complete
	}
	if last != nil && last.CompleteUntil != nil && last.CompleteUntil.After(latest) {
		latest = *last.CompleteUntil
	}
	if latest.IsZero() {
		return nil
	}
	return &latest
}

// vaultVerdict is the sentence about a vault that is looked at by itself.
func vaultVerdict(v *vaultStatus) string {
	switch {
	case v.Problem != "":
		return "not a whole vault: " + v.Problem
	case v.Damage != "":
		return "not a whole vault: " + v.Damage
	case v.Commits == 0:
		return "a vault that nothing was backed up to yet"
	}
	return fmt.Sprintf("the chain of commits is whole up to %s; telekeep verify checks every file", moment(v.LastCommit))
}
