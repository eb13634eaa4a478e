package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"telekeep/config"
	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

type simulatorOptions struct {
	export   string
	seed     world.SeedOptions
	media    string
	password string
	members  int
	takeout  time.Duration
	server   simulator.Options
	faults   []string
}

func (a *app) simulatorCommand() *cobra.Command {
	var o simulatorOptions
	c := &cobra.Command{
		Use:   "simulator",
		Short: "Run a Telegram of our own on loopback",
		Long: `Serves an account over real MTProto on loopback until it is interrupted: one read
from a Telegram Desktop export (--export), or a made-up one of any size (--seed).

It writes into --out, once it listens:
  telegram.toml   [telegram] and [[account]] for telekeep init --telegram
  account.json    phone, code and password to sign in with
  server.pem      the servers' public key
  control.json    where the control API is

` + simulator.FaultHelp + `

The control API takes the same faults at run time, adds, edits and deletes
messages, and counts requests; its root page lists its calls.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.server.Out == "" {
				return usageError(c, "where to write telegram.toml? --out is missing")
			}
			return a.simulator(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.export, "export", "", "serve the account of this Telegram Desktop export (folder with result.json)")
	f.Uint64Var(&o.seed.Seed, "seed", 1, "make up an account from this number")
	f.IntVar(&o.seed.Chats, "chats", 0, "chats of a made-up account (default 12)")
	f.IntVar(&o.seed.Messages, "messages", 0, "messages of a made-up account (default 2000)")
	f.BoolVar(&o.seed.Kinds, "kinds", false, "add a chat with one message of every kind to a made-up account")
	f.StringVar(&o.media, "media", "", "distinct media of a made-up account (default \"32 MiB\")")
	f.StringVar(&o.password, "password", "", "ask for this password at sign-in (two-step verification)")
	f.IntVar(&o.members, "members", 0, "accounts beside the first, in the same channels and supergroups")
	f.DurationVar(&o.takeout, "takeout-delay", 0, "how long the first takeout is put off")
	f.StringVar(&o.server.Listen, "listen", "127.0.0.1:0", "address of the first data centre")
	f.StringVar(&o.server.Out, "out", "", "folder for telegram.toml, account.json, server.pem")
	f.StringVar(&o.server.Control, "control", "", "address of the control API, or off (default 127.0.0.1:0)")
	f.StringArrayVar(&o.faults, "fault", nil, "what goes wrong from the start; may be repeated")
	return c
}

func (a *app) simulator(ctx context.Context, o simulatorOptions) error {
	for _, text := range o.faults {
		fault, err := simulator.ParseFault(text)
		if err != nil {
			return &failure{code: exitUsage, err: fmt.Errorf("--fault %q: %w", text, err), hint: "telekeep simulator --help lists the faults"}
		}
		o.server.Faults = append(o.server.Faults, fault)
	}
	w, err := a.world(o)
	if err != nil {
		return err
	}
	if err := w.AddMembers(o.members, world.Options{Password: o.password}); err != nil {
		return fmt.Errorf("cannot make %s: %w", plural(o.members, "account more", "accounts more"), err)
	}
	o.server.World = w
	o.server.Now = a.now
	o.server.Ready = func(i simulator.Info) {
		fmt.Fprintf(a.out, "listening on %s (data centre %d), control on %s\n", i.Server, i.DC, i.Control)
	}
	if err := simulator.Run(ctx, o.server); err != nil && ctx.Err() == nil {
		return fmt.Errorf("simulator: %w", err)
	}
	return nil // an interrupt is how it is meant to end
}

// listedWarnings is how many things of an export that cannot be served are
// listed: an export without its media has one for each message.
const listedWarnings = 20

func (a *app) world(o simulatorOptions) (*world.World, error) {
	options := world.Options{Password: o.password, TakeoutDelay: o.takeout, Now: a.now}
	if o.export != "" {
		w, warnings, err := world.FromExport(o.export, options)
		if err != nil {
			return nil, fmt.Errorf("cannot serve the export %s: %w", o.export, err)
		}
		for i, w := range warnings {
			if i == listedWarnings {
				a.ui.warn("and %s more of this kind", count(len(warnings)-i))
				break
			}
			a.ui.warn("%s", w)
		}
		return w, nil
	}
	o.seed.Options = options
	if o.media != "" {
		n, err := config.ParseSize(o.media)
		if err != nil {
			return nil, &failure{code: exitUsage, err: fmt.Errorf("--media: %w", err)}
		}
		o.seed.MediaBytes = n
	}
	w, err := world.FromSeed(o.seed)
	if err != nil {
		return nil, fmt.Errorf("cannot make up an account: %w", err)
	}
	return w, nil
}
