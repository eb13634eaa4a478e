package main

import (
	"errors"
	"fmt"
	"strings"

	"telekeep/telegram"
)

// passcodeTries is how often Telegram Desktop's passcode may be typed.
const passcodeTries = 3

// foreign reports whether the session of another program is taken over.
func (o *loginOptions) foreign() bool { return o.telethon || o.tdata != "" }

// foreignSession reads the session that another program made.
func (a *app) foreignSession(o loginOptions) (*telegram.Foreign, error) {
	if o.telethon {
		text, err := a.ui.secret("Session string")
		if err != nil {
			return nil, err
		}
		return telegram.ParseSession(text)
	}
	all, err := a.readTData(o.tdata)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range all {
		if string(f.Account) == o.user || o.user == "" && len(all) == 1 {
			return f, nil
		}
		names = append(names, string(f.Account))
	}
	list := strings.Join(names, ", ")
	if o.user != "" {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("no account %q in %s", o.user, o.tdata), hint: "there is " + list}
	}
	return nil, &failure{
		code: exitUsage, err: fmt.Errorf("%s holds %s: %s", o.tdata, plural(len(all), "account", "accounts"), list),
		hint: "choose one with --user; Telegram Desktop's settings show the id of each",
	}
}

// readTData asks for the passcode if there is one.
func (a *app) readTData(folder string) ([]*telegram.Foreign, error) {
	all, err := telegram.ReadTData(folder, "")
	for try := 1; errors.Is(err, telegram.ErrPasscode) && try <= passcodeTries; try++ {
		passcode, asked := a.ui.secret("Passcode of Telegram Desktop")
		if asked != nil {
			if try > 1 {
				return nil, err
			}
			return nil, asked
		}
		all, err = telegram.ReadTData(folder, passcode)
	}
	return all, err
}
