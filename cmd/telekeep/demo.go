package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"telekeep/internal/durable"
	"telekeep/telegram/simulator"
	"telekeep/telegram/simulator/world"
)

// The made-up account of the demo.
const (
	demoSeed     = 2026
	demoChats    = 12
	demoMessages = 2000
	demoMedia    = 32 << 20
	// demoText is looked for in the vault, where it must not be found.
	demoText = "The key is under the blue flower pot."
)

func (a *app) demoCommand() *cobra.Command {
	var keep string
	c := &cobra.Command{
		Use:   "demo",
		Short: "See it work, with no account and no network",
		Long: `Starts a Telegram of its own on loopback with a made-up account, makes a vault in a
temporary folder, backs up, adds messages, backs up again, verifies and exports,
and shows what happened with real figures.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("dir") {
				keep = a.dir
			}
			return a.demo(c.Context(), keep)
		},
	}
	return c
}

// A demonstration runs commands as a user would type them, in this process.
type demonstration struct {
	app    *app
	dir    string
	world  *world.World
	info   simulator.Info
	folder struct{ install, telegram, out string }
}

func (a *app) demo(ctx context.Context, dir string) (err error) {
	d := &demonstration{app: a}
	if err := d.prepare(dir); err != nil {
		return err
	}
	if dir == "" { // nobody asked for the folder, and nobody could do anything with half of it
		defer func() {
			if err != nil {
				err = errors.Join(err, os.RemoveAll(d.dir))
			}
		}()
	}
	if err := d.startTelegram(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{d.firstBackup, d.secondBackup, d.check, d.readBack} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return d.conclude()
}

func (d *demonstration) prepare(dir string) error {
	var err error
	if dir == "" {
		if dir, err = os.MkdirTemp("", "telekeep-demo-"); err != nil {
			return fmt.Errorf("cannot make a folder for the demo: %w", err)
		}
	}
	if d.dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("folder %q: %w", dir, err)
	}
	entries, err := os.ReadDir(d.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot look at %s: %w", d.dir, err)
	}
	if len(entries) > 0 {
		return withHint(fmt.Errorf("the folder %s is not empty", d.dir), "the demo makes everything anew; give an empty folder, or leave --dir away")
	}
	d.folder.install = d.dir
	d.folder.telegram = filepath.Join(d.dir, "simulator")
	d.folder.out = filepath.Join(d.dir, "export")
	return nil
}

func (d *demonstration) startTelegram(ctx context.Context) error {
	d.say("A Telegram of our own, on loopback, with a made-up account of %s in %d chats.", plural(demoMessages, "message", "messages"), demoChats)
	var err error
	d.world, err = world.FromSeed(world.SeedOptions{Seed: demoSeed, Chats: demoChats, Messages: demoMessages, MediaBytes: demoMedia})
	if err != nil {
		return fmt.Errorf("cannot make up an account: %w", err)
	}
	sim, err := simulator.Start(ctx, simulator.Options{World: d.world, Out: d.folder.telegram, Control: "off"})
	if err != nil {
		return fmt.Errorf("cannot start the simulator: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = sim.Close() })
	d.info = sim.Info()
	return nil
}

func (d *demonstration) firstBackup(ctx context.Context) error {
	account := d.info.Accounts[0]
	d.say("A vault, its keys, and a sign-in.")
	if err := d.run(ctx, "", "init", "--telegram", filepath.Join(d.folder.telegram, "telegram.toml")); err != nil {
		return err
	}
	if err := d.run(ctx, account.Code+"\n"+account.Password+"\n", "login", "--phone", "+"+strings.TrimPrefix(account.Phone, "+")); err != nil {
		return err
	}
	d.say("The owner key is put away now: the machine that writes needs none.")
	if err := os.Rename(d.installed("owner.key"), d.hidden()); err != nil {
		return fmt.Errorf("cannot put the owner key away: %w", err)
	}
	d.say("The first backup.")
	return d.run(ctx, "", "sync")
}

func (d *demonstration) secondBackup(ctx context.Context) error {
	d.say("Three messages arrive, one of them with a file; then a second backup fetches just them.")
	chat := d.world.Chats(0)[0].ID
	for _, m := range []world.NewMessage{
		{Chat: chat, Text: demoText},
		{Chat: chat, Text: "And the dog has been fed."},
		{Chat: chat, Text: "The plan.", FileName: "plan.pdf", FileMIME: "application/pdf", FileSize: 300_000},
	} {
		if _, err := d.world.AddMessage(0, m); err != nil {
			return fmt.Errorf("cannot add a message: %w", err)
		}
	}
	if err := d.run(ctx, "", "sync"); err != nil {
		return err
	}
	d.say("A third finds nothing new.")
	return d.run(ctx, "", "sync")
}

func (d *demonstration) check(ctx context.Context) error {
	d.say("Is it whole? No key is needed to tell.")
	if err := d.run(ctx, "", "verify"); err != nil {
		return err
	}
	if err := d.run(ctx, "", "log"); err != nil {
		return err
	}
	bytesRead, found, err := searchFolder(d.installed("vault"), demoText)
	if err != nil {
		return err
	}
	if found {
		return errors.New("the vault holds the text of a message in the clear")
	}
	d.say("Searched all %s of the vault for the text of the first new message: not found, as it must be.", size(bytesRead))
	return nil
}

func (d *demonstration) readBack(ctx context.Context) error {
	d.say("With the owner key everything can be read again.")
	if err := d.run(ctx, "", "verify", "--deep", "-i", d.hidden()); err != nil {
		return err
	}
	if err := d.run(ctx, "", "export", "-i", d.hidden(), "--format", "json", "--out", d.folder.out); err != nil {
		return err
	}
	_, found, err := searchFolder(d.folder.out, demoText)
	if err != nil {
		return err
	}
	if !found {
		return errors.New("the export lacks the text of a message")
	}
	return nil
}

func (d *demonstration) conclude() error {
	vault, err := folderSize(d.installed("vault"))
	if err != nil {
		return err
	}
	out, err := folderSize(d.folder.out)
	if err != nil {
		return err
	}
	d.say("Done. %s of messages and media lie in a vault of %s.", size(out), size(vault))
	fmt.Fprintf(d.app.out, "  the vault      %s\n  the export     %s\n  the owner key  %s\n  to clean up    rm -r %s\n",
		d.installed("vault"), filepath.Join(d.folder.out, "result.json"), d.hidden(), d.dir)
	return nil
}

func (d *demonstration) installed(name string) string { return filepath.Join(d.folder.install, name) }
func (d *demonstration) hidden() string               { return filepath.Join(d.dir, "drawer", "owner.key") }

func (d *demonstration) say(format string, args ...any) {
	fmt.Fprintf(d.app.out, "\n# "+format+"\n", args...)
}

// run shows a command and runs it as an app of its own.
func (d *demonstration) run(ctx context.Context, stdin string, args ...string) error {
	args = append([]string{args[0], "--dir", d.folder.install}, args[1:]...)
	fmt.Fprintf(d.app.out, "$ telekeep %s\n", strings.Join(args, " "))
	if err := durable.MkdirPath(filepath.Dir(d.hidden()), durable.PrivateDir); err != nil {
		return fmt.Errorf("cannot make a drawer for the owner key: %w", err)
	}
	streams := stdio{strings.NewReader(stdin), d.app.out, d.app.err}
	sub := &app{stdio: streams, ui: newUI(streams, d.app.getenv), getenv: d.app.getenv, now: d.app.now}
	root := sub.root()
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// searchFolder looks for text in every file below dir, and says how much it read.
func searchFolder(dir, text string) (read int64, found bool, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		read += int64(len(data))
		found = found || bytes.Contains(data, []byte(text))
		return err
	})
	if err != nil {
		return 0, false, fmt.Errorf("cannot search %s: %w", dir, err)
	}
	return read, found, nil
}

func folderSize(dir string) (int64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("cannot look at %s: %w", dir, err)
	}
	return total, nil
}
