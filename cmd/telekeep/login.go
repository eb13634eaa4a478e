package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"telekeep/telegram"
)

type loginOptions struct {
	account, phone string
	qr, telethon   bool
	tdata, user    string
}

// check refuses flags that do not go together.
func (o *loginOptions) check() error {
	ways := 0
	for _, on := range []bool{o.qr, o.telethon, o.tdata != ""} {
		if on {
			ways++
		}
	}
	switch {
	case ways > 1:
		return errors.New("--qr, --tdata and --telethon exclude each other")
	case o.user != "" && o.tdata == "":
		return errors.New("--user goes with --tdata")
	}
	return nil
}

func (a *app) loginCommand() *cobra.Command {
	var o loginOptions
	c := &cobra.Command{
		Use:   "login",
		Short: "Sign in to Telegram",
		Long: `Signs in to Telegram with a code that Telegram sends, and the password where
two-step verification is on. On a terminal it asks; otherwise it reads code and
password from standard input, one a line.

--qr shows a QR code instead, to be scanned by a Telegram app that is signed in
already (Settings, Devices, Link Desktop Device). Where standard error is no
terminal, only the link in it is printed.

--tdata FOLDER and --telethon take over a session that another program made: from
Telegram Desktop's folder tdata (its passcode is asked for), or a session string of
Telethon, GramJS or Pyrogram, which is read from standard input or asked for, and
never stands on the command line, where others see it. The session is tried before
it replaces anything. From then on no other program may use it: Telegram ends a
session that is used from two places at once. Signing in anew is safer.

The session is sealed to this machine's key and used by one process at a time.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 { // which may be a secret: it is not repeated
				return usageError(c, "takes no argument; a session string is read from standard input")
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return usageError(c, err.Error())
			}
			return a.login(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.phone, "phone", "", "phone number in international form, +…")
	f.StringVar(&o.account, "account", "", "which account of the settings (default: the only one)")
	f.BoolVar(&o.qr, "qr", false, "sign in by a QR code")
	f.StringVar(&o.tdata, "tdata", "", "take over the session of Telegram Desktop in this folder")
	f.StringVar(&o.user, "user", "", "which account of --tdata, if there are several: user… as the error lists them")
	f.BoolVar(&o.telethon, "telethon", false, "take over a session string from standard input")
	return c
}

func (a *app) login(ctx context.Context, o loginOptions) (err error) {
	login, err := a.openLogin(o.account)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, login.session.Close()) }()
	if o.phone == "" {
		o.phone = login.account.Phone
	}
	self, err := a.signIn(ctx, login, o)
	already := errors.Is(err, telegram.ErrSignedIn)
	if err != nil && !already {
		return loginError(err)
	}
	if already && o.foreign() {
		return withHint(fmt.Errorf("%w as %s; nothing was taken over", err, printable(self.Name())), "telekeep logout first, if that session shall be replaced")
	}
	if already {
		fmt.Fprintf(a.out, "signed in already as %s\n", printable(self.Name()))
		return nil
	}
	fmt.Fprintf(a.out, "signed in as %s; the session is in %s\n", printable(self.Name()), sessionPath(login.config, login.account))
	if err := a.noteTrouble(login.config, login.account.Name, "", nil); err != nil {
		return err
	}
	if o.foreign() {
		a.ui.warn("from now on this session is telekeep's: quit the other program and never use it there again, or Telegram ends it for both")
	}
	a.ui.hint("telekeep chats shows what will be backed up, telekeep sync does it")
	return nil
}

func (a *app) signIn(ctx context.Context, l *login, o loginOptions) (self *telegram.Self, err error) {
	if o.foreign() {
		f, err := a.foreignSession(o)
		if err != nil {
			return nil, err
		}
		return l.client.Import(ctx, f, o.phone)
	}
	if o.qr {
		a.ui.waitFor(l.config.Telegram.Server)
		return l.client.LoginQR(ctx, o.phone, a.showQR, asker{a.ui})
	}
	if o.phone == "" {
		if o.phone, err = a.ui.question("Phone number (+…)"); err != nil {
			return nil, err
		}
	}
	a.ui.waitFor(l.config.Telegram.Server)
	return l.client.Login(ctx, o.phone, asker{a.ui})
}

// showQR draws a QR code over the one before.
func (a *app) showQR(q telegram.QR) error {
	a.ui.answered()
	lines, err := drawQR(q.Link)
	if err != nil {
		return err
	}
	switch {
	case !a.ui.terminal, a.ui.width() <= max(qrWidth(lines), len(q.Link)): // a line that wraps would spoil the drawing
		fmt.Fprintln(a.err, q.Link)
		return nil
	case q.Try == 1:
		fmt.Fprintln(a.err, "In a Telegram app that is signed in: Settings, Devices, Link Desktop Device. Scan this:")
	default:
		fmt.Fprintf(a.err, "\x1b[%dA", len(lines)+qrFooter)
	}
	lines = append(lines, q.Link, fmt.Sprintf("good for %.0f s; the next one follows by itself", q.Valid.Round(time.Second).Seconds()))
	for _, line := range lines {
		fmt.Fprintf(a.err, "\x1b[2K%s\n", line)
	}
	return nil
}

// loginError adds what the user can do.
func loginError(err error) error {
	if flood, ok := errors.AsType[*telegram.FloodError](err); ok {
		return &failure{
			code: exitNetwork, err: fmt.Errorf("the next sign-in is allowed in %s", flood.Wait),
			hint: "wait that long; every try before makes it longer",
		}
	}
	for _, h := range []struct {
		is   error
		hint string
	}{
		{telegram.ErrPhoneInvalid, "give it in international form with country code, such as +15550100200"},
		{telegram.ErrPhoneUnknown, "telekeep makes no accounts: sign up in a Telegram app first"},
		{telegram.ErrPhoneBanned, "Telegram's app shows how to write to its support"},
		{telegram.ErrTooManyTries, "wait a day; every try before makes it longer. Where an app is signed in, telekeep login --qr needs no code"},
		{telegram.ErrCodeInvalid, "run telekeep login again and type the newest code that Telegram sent"},
		{telegram.ErrCodeExpired, "run telekeep login again: a new code is sent"},
		{telegram.ErrEmailNeeded, "set a login e-mail in a Telegram app, or use telekeep login --qr"},
		{telegram.ErrPasswordInvalid, "this is the password of two-step verification, not the code; run telekeep login again"},
		{telegram.ErrQRNotScanned, "run it again and scan the code with a Telegram app that is signed in"},
		{telegram.ErrAccountOther, "the backup of one account does not go on with another: add a section [[account]] for it and name it with --account, or run telekeep logout first"},
		{telegram.ErrForeignEnded, "sign in anew with telekeep login or telekeep login --qr"},
		{telegram.ErrForeign, "a session works only with the server that made it: check [telegram] server, or sign in anew with telekeep login"},
		{telegram.ErrForeignUnreadable, "telekeep login --qr needs nothing but a Telegram app that is signed in"},
		{telegram.ErrPasscode, "it is the one that Telegram Desktop asks for when it starts, not the password of two-step verification"},
		{telegram.ErrPhoneOther, "add a section [[account]] for it and name it with --account, or run telekeep logout first"},
	} {
		if errors.Is(err, h.is) {
			return withHint(err, h.hint)
		}
	}
	return err
}

// asker answers Telegram's questions from the terminal or standard input.
type asker struct{ ui *ui }

func (q asker) Code(_ context.Context, where telegram.Delivery) (string, error) {
	if q.ui.ask {
		fmt.Fprintf(q.ui.err, "Telegram has sent a code (%s).\n", printable(where.String()))
	}
	code, err := q.ui.question("Code")
	return strings.TrimSpace(code), err
}

func (q asker) Password(_ context.Context, hint string) (string, error) {
	prompt := "Password"
	if hint != "" && q.ui.ask {
		prompt = fmt.Sprintf("Password (your hint: %s)", printable(hint))
	}
	return q.ui.secret(prompt)
}
