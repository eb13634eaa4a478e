package main

import (
	"fmt"
	"strings"

	"telekeep/archive"
)

// archivedAccount finds the account of an archive that text names: by id,
// @username, phone or name. "" is the only one.
func archivedAccount(s *archive.Snapshot, text string) (archive.PeerID, error) {
	accounts := s.Accounts()
	var found, all []string
	for _, account := range accounts {
		name := accountTitle(account)
		all = append(all, name)
		if isAccount(account, text) {
			found = append(found, string(account.ID))
		}
	}
	list := "there is " + strings.Join(all, ", ")
	switch {
	case text == "" && len(accounts) == 1:
		return accounts[0].ID, nil
	case text == "":
		return "", &failure{
			code: exitUsage, err: fmt.Errorf("the archive holds %s", plural(len(accounts), "account", "accounts")),
			hint: "choose one with --account: " + list,
		}
	case len(found) == 0:
		return "", &failure{code: exitUsage, err: fmt.Errorf("no account %q in the archive", text), hint: list}
	case len(found) > 1:
		return "", &failure{code: exitUsage, err: fmt.Errorf("%d accounts are called %q", len(found), text), hint: "name one by its id: " + strings.Join(found, ", ")}
	}
	return archive.PeerID(found[0]), nil
}

func isAccount(a archive.Account, text string) bool {
	if text == "" || string(a.ID) == text {
		return true
	}
	p := a.Profile
	if p == nil {
		return false
	}
	name := strings.TrimSpace(p.FirstName + " " + p.LastName)
	return text == name || p.Username != "" && text == "@"+p.Username || p.Phone != "" && strings.TrimPrefix(text, "+") == p.Phone
}

// accountTitle is an account's id with its name.
func accountTitle(a archive.Account) string {
	if a.Profile == nil {
		return string(a.ID)
	}
	name := printable(strings.TrimSpace(a.Profile.FirstName + " " + a.Profile.LastName))
	return fmt.Sprintf("%s (%s)", a.ID, name)
}
