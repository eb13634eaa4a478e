package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"telekeep/archive"
	"telekeep/config"
	"telekeep/web"
	"telekeep/web/index"
)

type serveOptions struct {
	keys  keyFlags
	port  int
	index string
}

func (a *app) serveCommand() *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve -i KEY",
		Short: "Look at the archive in a browser, on this machine",
		Long: `Opens the vault with an owner key and shows it to a browser on this machine: chats, messages
with their media, search, and how the backup is. It listens on 127.0.0.1 only, prints a link
that opens once, and ends with an interrupt. Enter prints another link.

What is decrypted is in the memory of this process, and of the browser while its window is
open: nothing is written to a disk, nothing is sent anywhere else. With --index DIR the search
index stays in a folder, where whoever can read it can read your messages; the next time only
what is new is added to it. What is committed to the vault meanwhile is shown as well.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.serve(c.Context(), o) },
	}
	a.registerVault(c)
	o.keys.register(c)
	c.Flags().StringVar(&o.index, "index", "", "keep the search index in this folder, readable, for the next time (default: in memory)")
	c.Flags().IntVar(&o.port, "port", 0, "port to listen on (default: one that is free)")
	return c
}

func (a *app) serve(ctx context.Context, o serveOptions) error {
	if o.port < 0 || o.port > 65535 {
		return &failure{code: exitUsage, err: fmt.Errorf("--port %d: there is no such port", o.port)}
	}
	ids, err := a.identities(o.keys)
	if err != nil {
		return err
	}
	cfg, err := a.reading()
	if err != nil {
		return err
	}
	r, err := a.openVault(ctx, cfg, ids, true)
	if err != nil {
		return err
	}
	defer r.Close()
	ix, err := index.Open(ctx, index.Options{Vault: r.reader.Vault().ID, Dir: o.index})
	if err != nil {
		return indexFailure(err, o.index)
	}
	defer ix.Close() // all that was put into it is there
	live := newLiveVault(cfg, r, ids)
	server, err := web.New(web.Options{
		Open:   live.open,
		Health: func(ctx context.Context) (any, error) { return a.healthReport(ctx, cfg, live.now()) },
		Index:  ix,
		Newer:  live.newer,
		Every:  live.every(),
		Update: func(ctx context.Context, tell func(index.Progress)) error {
			_, err := ix.Update(ctx, archive.OpenLog(live.now().reader), tell)
			return err
		},
		Vault: r.reader.Vault().ID,
	})
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:"+strconv.Itoa(o.port))
	if err != nil {
		return withHint(fmt.Errorf("cannot listen: %w", err), "choose another port with --port, or leave it away")
	}
	address := l.Addr().String()
	a.printf("%s\n", server.Link(address))
	a.ui.hint("open this in a browser on this machine; the link opens once, Enter prints another, an interrupt ends it")
	if a.ui.ask {
		go a.moreLinks(ctx, server, address)
	}
	if err := server.Serve(ctx, l); err != nil && ctx.Err() == nil {
		return fmt.Errorf("cannot show the archive: %w", err)
	}
	return nil // an interrupt is how it is meant to end
}

// moreLinks prints a link for each line that is typed. It ends with the process.
func (a *app) moreLinks(ctx context.Context, server *web.Server, address string) {
	for lines := bufio.NewScanner(a.in); lines.Scan() && ctx.Err() == nil; {
		a.printf("%s\n", server.Link(address))
	}
}

// A healthReport is what the viewer shows of the backup.
type healthReport struct {
	Time time.Time `json:"time"`
	*statusReport
	Alone  bool          `json:"alone"`  // the vault is looked at without an installation
	Faults []problemLine `json:"faults"` // what cannot be read of it
}

// healthReport tells what status tells, and what r met; its snapshot may be nil.
func (a *app) healthReport(ctx context.Context, cfg *config.Config, r *restorer) (*healthReport, error) {
	status, err := a.statusReport(ctx, cfg, gapOptions{list: true})
	if err != nil {
		return nil, err
	}
	h := &healthReport{Time: a.now(), statusReport: status, Alone: alone(cfg), Faults: []problemLine{}}
	for _, p := range r.reader.Faults() {
		h.Faults = append(h.Faults, describeProblem(p))
	}
	if r.snapshot != nil {
		h.Faults = r.lost()
	}
	return h, nil
}
