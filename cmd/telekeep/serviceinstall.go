package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"telekeep/internal/durable"
	"telekeep/systemd"
)

func (a *app) serviceInstall(ctx context.Context, o serviceOptions) error {
	if !o.dryRun {
		if err := a.canService(ctx, o, runCommand); err != nil {
			return err
		}
	}
	p, err := a.planService(o)
	if err != nil {
		return err
	}
	earlier, err := readServiceList(p.at(p.list))
	if err != nil {
		return err
	}
	if err := p.conflict(earlier); err != nil {
		return err
	}
	if o.dryRun {
		a.printPlan(p)
		return nil
	}
	if err := p.install(ctx, earlier, runCommand); err != nil {
		return withHint(fmt.Errorf("cannot install the service: %w", err), "telekeep service uninstall takes away what was made")
	}
	a.explainService(p)
	return nil
}

// canService makes sure that there is a systemd to talk to, and the right to.
func (a *app) canService(ctx context.Context, o serviceOptions, run runner) error {
	switch {
	case o.root != "" && o.user:
		return &failure{code: exitUsage, err: errors.New("--root is for the service of a system, not for --user"), hint: "see telekeep service install --help"}
	case o.root != "":
		return nil
	case o.user:
		if err := run(ctx, "systemctl", "--user", "show-environment"); err != nil {
			return withHint(fmt.Errorf("this person's systemd does not answer: %w", err),
				"log in as that person directly, not with su or sudo; without systemd, start telekeep daemon by other means")
		}
		return nil
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return withHint(errors.New("systemd does not run this system"), "start telekeep daemon by what starts services here, or in a terminal; --dry-run shows the units")
	}
	if os.Geteuid() != 0 {
		return withHint(errors.New("only root can install a service of the system"), "use sudo, or --user for a service of your own")
	}
	return nil
}

// install carries the plan out. What an earlier install made and this one would not
// is taken away.
func (p *servicePlan) install(ctx context.Context, earlier *serviceList, run runner) error {
	list := listOf(p, earlier)
	was := p.root == "" && run(ctx, p.systemctl("is-enabled", "--quiet", systemd.ServiceName)...) == nil
	list.Enabled = !was || earlier != nil && earlier.Enabled
	if earlier != nil {
		if _, err := earlier.take(p.at); err != nil {
			return err
		}
	}
	if err := list.save(p.at(p.list)); err != nil {
		return err
	}
	for _, f := range p.files {
		if err := os.MkdirAll(filepath.Dir(p.at(f.path)), 0o755); err != nil {
			return err
		}
		if err := durable.CreateFile(p.at(f.path), f.text, 0o644); err != nil {
			return err
		}
	}
	for _, command := range append(p.before, p.after...) {
		if err := run(ctx, command...); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printPlan(p *servicePlan) {
	for _, path := range p.present {
		fmt.Fprintf(a.out, "# %s is there and stays\n\n", path)
	}
	for _, f := range p.files {
		fmt.Fprintf(a.out, "# would write %s\n%s\n", p.at(f.path), f.text)
	}
	for _, command := range append(p.before, p.after...) {
		fmt.Fprintf(a.out, "# would run %s\n", strings.Join(command, " "))
	}
	if p.waits != "" {
		fmt.Fprintf(a.out, "# would not start it: %s\n", p.waits)
	}
}

// explainService says what is there now and what can be done with it.
func (a *app) explainService(p *servicePlan) {
	for _, f := range p.files {
		fmt.Fprintf(a.out, "wrote %s\n", p.at(f.path))
	}
	ctl, journal := "systemctl", "journalctl -u telekeep"
	if p.kind == systemd.User {
		ctl, journal = "systemctl --user", "journalctl --user -u telekeep"
	}
	if p.waits == "" {
		fmt.Fprintf(a.out, "the service is enabled and runs\n")
	} else {
		fmt.Fprintf(a.out, "the service is enabled and not started: %s\n", p.waits)
		if p.root == "" {
			fmt.Fprintf(a.out, "  %s start telekeep\n", ctl)
		}
	}
	fmt.Fprintf(a.out, "\n  %-34s what it does now\n  %-34s what it said\n  %-34s take the settings over\n  %-34s end, and end for good\n",
		ctl+" status telekeep", journal, ctl+" reload telekeep", ctl+" stop telekeep, telekeep service uninstall")
	if p.kind == systemd.User {
		a.explainLinger()
	}
}

func (a *app) explainLinger() {
	me, err := user.Current()
	if err != nil {
		return
	}
	if _, err := os.Stat(filepath.Join("/var/lib/systemd/linger", me.Username)); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(a.out, "It runs while you are logged in. So that it runs always:\n  loginctl enable-linger\n")
	}
}

func (a *app) serviceUninstall(ctx context.Context, o serviceOptions) error {
	p := &servicePlan{kind: o.kind(), root: o.root}
	home, _, err := a.unitFolders(o.kind())
	if err != nil {
		return err
	}
	p.list = home.list
	list, err := readServiceList(p.at(p.list))
	if err != nil {
		return err
	}
	if list == nil {
		return withHint(errors.New("telekeep service install has made nothing here"), "units that a package brought are removed with the package; systemctl disable --now telekeep stops the service")
	}
	if o.dryRun {
		for _, command := range p.stop(list) {
			fmt.Fprintf(a.out, "would run %s\n", strings.Join(command, " "))
		}
		for path := range list.Files {
			fmt.Fprintf(a.out, "would remove %s\n", p.at(path))
		}
		return nil
	}
	if err := a.canService(ctx, o, runCommand); err != nil {
		return err
	}
	return a.undoService(ctx, p, list, runCommand)
}

func (a *app) undoService(ctx context.Context, p *servicePlan, list *serviceList, run runner) error {
	for _, command := range p.stop(list) {
		if err := run(ctx, command...); err != nil {
			return fmt.Errorf("cannot stop the service: %w", err)
		}
	}
	changed, err := list.take(p.at)
	if err != nil {
		return fmt.Errorf("cannot remove what was installed: %w", err)
	}
	if err := os.Remove(p.at(p.list)); err != nil {
		return fmt.Errorf("cannot remove the list of what was installed: %w", err)
	}
	list.tidy(p.at)
	if p.root == "" {
		if err := run(ctx, p.systemctl("daemon-reload")...); err != nil {
			return err
		}
	}
	for _, path := range changed {
		fmt.Fprintf(a.out, "%s was changed and stays\n", p.at(path))
	}
	fmt.Fprintln(a.out, "the service is gone; the installation and the vault are as they were")
	return nil
}

// stop is what ends the service.
func (p *servicePlan) stop(list *serviceList) [][]string {
	switch {
	case !list.Enabled:
		return nil
	case p.root != "":
		return [][]string{p.systemctl("disable", systemd.ServiceName)}
	}
	return [][]string{p.systemctl("disable", "--now", systemd.ServiceName)}
}

func (p *servicePlan) systemctl(args ...string) []string {
	command := []string{"systemctl"}
	switch {
	case p.kind == systemd.User:
		command = append(command, "--user")
	case p.root != "":
		command = append(command, "--root="+p.root)
	}
	return append(command, args...)
}
