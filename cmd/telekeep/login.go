package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"telekeep/telegram"
)

func (a *app) loginCommand() *cobra.Command {
	var phone, account string
	c := &cobra.Command{
		Use:   "login",
		Short: "Sign in to Telegram",
		Long: `Signs in to Telegram with a code that Telegram sends, and the password where
two-step verification is on. On a terminal it asks; otherwise it reads code and
password from standard input, one a line.

The session is sealed to this machine's key and used by one process at a time.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.login(c.Context(), account, phone) },
	}
	c.Flags().StringVar(&phone, "phone", "", "phone number in international form, +…")
	c.Flags().StringVar(&account, "account", "", "which account of the settings (default: the only one)")
	return c
}

func (a *app) login(ctx context.Context, name, phone string) (err error) {
	login, err := a.openLogin(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, login.session.Close()) }()
	if phone == "" {
		phone = login.account.Phone
	}
	if phone == "" {
		if phone, err = a.ui.question("Phone number (+…)"); err != nil {
			return err
		}
	}
	self, err := login.client.Login(ctx, phone, asker{a.ui})
	if err != nil {
		return a.loginError(err)
	}
	fmt.Fprintf(a.out, "signed in as %s; the session is in %s\n", printable(self.Name()), sessionPath(login.config, login.account))
	a.ui.hint("telekeep chats shows what will be backed up, telekeep sync does it")
	return nil
}

func (a *app) loginError(err error) error {
	switch {
	case errors.Is(err, telegram.ErrPhoneInvalid):
		return withHint(err, "give it in international form with country code, such as +15550100200")
	case errors.Is(err, telegram.ErrCodeInvalid):
		return withHint(err, "run telekeep login again and type the newest code that Telegram sent")
	case errors.Is(err, telegram.ErrPasswordInvalid):
		return withHint(err, "this is the password of two-step verification, not the code; run telekeep login again")
	}
	return err
}

// asker answers Telegram's questions from the terminal or standard input.
type asker struct{ ui *ui }

func (q asker) Code(_ context.Context, where telegram.Delivery) (string, error) {
	if q.ui.ask {
		fmt.Fprintf(q.ui.err, "Telegram has sent a code (%s).\n", where)
	}
	code, err := q.ui.question("Code")
	return strings.TrimSpace(code), err
}

func (q asker) Password(_ context.Context, hint string) (string, error) {
	prompt := "Password"
	if hint != "" && q.ui.ask {
		prompt = fmt.Sprintf("Password (your hint: %s)", hint)
	}
	return q.ui.secret(prompt)
}
