package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) logoutCommand() *cobra.Command {
	var account string
	c := &cobra.Command{
		Use:   "logout",
		Short: "End the session on the server and remove it here",
		Long: `Ends the session on Telegram's side, so that it vanishes from the account's list
of devices, and removes its file. What is backed up stays.

Where Telegram does not confirm it, the file is kept.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.logout(c.Context(), account) },
	}
	c.Flags().StringVar(&account, "account", "", "which account of the settings (default: the only one)")
	return c
}

func (a *app) logout(ctx context.Context, name string) (err error) {
	login, err := a.openLogin(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, login.session.Close()) }()
	a.ui.waitFor(login.config.Telegram.Server)
	if err := login.client.Logout(ctx); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "account %s is signed out\n", login.account.Name)
	return nil
}
