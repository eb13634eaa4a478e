package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"telekeep/systemd"
)

// managerFolder is there where systemd manages the machine.
const managerFolder = "/run/systemd/system"

// systemctlTimeout is how long the service manager may take to answer.
const systemctlTimeout = 10 * time.Second

// findSystemctl returns a way to ask the service manager, nil where there is none.
func findSystemctl() func(context.Context, ...string) (string, error) {
	if _, err := os.Stat(managerFolder); err != nil {
		return nil
	}
	path, err := exec.LookPath("systemctl")
	if err != nil {
		return nil
	}
	return func(ctx context.Context, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, systemctlTimeout)
		defer cancel()
		var errs bytes.Buffer
		c := exec.CommandContext(ctx, path, args...)
		c.Stderr = &errs
		out, err := c.Output()
		if text := strings.TrimSpace(errs.String()); err != nil && text != "" {
			err = errors.New(text)
		}
		return string(out), err
	}
}

// sandboxOf are the directives that keep a broken daemon from doing harm, as systemctl
// shows them. A person's own manager can enforce only some of them.
func sandboxOf(kind string) []string {
	all := []string{"NoNewPrivileges", "RestrictSUIDSGID", "MemoryDenyWriteExecute", "LockPersonality", "RestrictRealtime"}
	if kind == "--system" {
		all = append(all, "PrivateTmp", "PrivateDevices", "ProtectKernelTunables", "ProtectKernelModules", "ProtectControlGroups", "PrivateUsers")
	}
	return all
}

// checkService looks whether a service keeps the daemon running, and at its sandbox.
func checkService(ctx context.Context, p *patient) []finding {
	all := p.daemonHere()
	if p.systemctl == nil {
		return append(all, skipped("there is no systemd here: let what starts services on this machine run telekeep daemon"))
	}
	units := 0
	for _, kind := range []string{"--system", "--user"} {
		facts, err := p.facts(ctx, kind)
		if err != nil {
			if kind == "--system" {
				all = append(all, skipped("systemctl does not answer: %s", oneLine(err)))
			}
			continue // a person without a manager of their own is nothing unusual
		}
		if facts["LoadState"] != "" && facts["LoadState"] != "not-found" {
			all = append(all, p.service(kind, facts)...)
			units++
		}
	}
	if units == 0 {
		all = append(all, warning("telekeep service install makes and starts it; with --user where you are not root",
			"%s is not installed: nothing is backed up unless somebody runs telekeep", systemd.ServiceName))
	}
	return all
}

// daemonHere says how the daemon of this installation is, if one runs.
func (p *patient) daemonHere() []finding {
	if p.daemon == nil {
		return nil
	}
	all := []finding{ok("a daemon runs since %s: %s", moment(p.daemon.Started), p.daemon.Verdict)}
	for _, alarm := range p.daemon.Alarms {
		all = append(all, warning("telekeep status says more", "the daemon says since %s: %s", moment(alarm.Since), alarm.Text).of(alarm.Account+alarm.Copy))
	}
	return all
}

// facts asks systemctl for the properties that are looked at.
func (p *patient) facts(ctx context.Context, kind string) (map[string]string, error) {
	names := slices.Concat([]string{
		"LoadState", "ActiveState", "SubState", "Result", "UnitFileState", "NeedDaemonReload", "ProtectSystem", "ProtectHome", "ReadWritePaths", "StateDirectory",
	}, sandboxOf(kind))
	out, err := p.systemctl(ctx, kind, "show", systemd.ServiceName, "--property="+strings.Join(names, ","))
	if err != nil {
		return nil, err
	}
	facts := map[string]string{}
	for line := range strings.Lines(out) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			facts[name] = value
		}
	}
	return facts, nil
}

// service judges one unit. --user, or --system.
func (p *patient) service(kind string, facts map[string]string) []finding {
	subject := systemd.ServiceName + " (" + strings.TrimPrefix(kind, "--") + ")"
	ctl := "systemctl " + kind + " "
	var all []finding
	add := func(f finding) { all = append(all, f.of(subject)) }
	switch {
	case facts["LoadState"] != "loaded":
		add(failing(exitFailure, ctl+"status telekeep", "systemd cannot load it: %s", facts["LoadState"]))
		return all
	case facts["ActiveState"] == "failed":
		add(failing(exitFailure, "journalctl "+kind+" -u telekeep says why", "it has failed (%s)", facts["Result"]))
	case facts["ActiveState"] != "active" && facts["ActiveState"] != "reloading":
		add(warning(ctl+"start telekeep", "it is %s: nothing is backed up", facts["ActiveState"]))
	default:
		add(ok("it is %s (%s)", facts["ActiveState"], facts["SubState"]))
	}
	if state := facts["UnitFileState"]; state == "disabled" || state == "masked" {
		add(warning(ctl+"enable telekeep", "it is %s: it does not start with the machine", state))
	}
	if facts["NeedDaemonReload"] == "yes" {
		add(warning(ctl+"daemon-reload, then restart telekeep", "its files were changed since systemd read them"))
	}
	return append(all, p.boxed(kind, facts, subject)...)
}

// boxed looks at the sandbox: is it closed, and does it let the daemon at the vault?
func (p *patient) boxed(kind string, facts map[string]string, subject string) []finding {
	var open []string
	for _, name := range sandboxOf(kind) {
		if facts[name] == "no" {
			open = append(open, name)
		}
	}
	strict := facts["ProtectSystem"] == "strict"
	if kind == "--system" && !strict {
		open = append(open, "ProtectSystem")
	}
	all := []finding{ok("the sandbox is closed").of(subject)}
	if len(open) > 0 {
		all = []finding{warning("a drop-in has switched it off: systemctl "+kind+" cat telekeep shows which", "its sandbox is open: %s", strings.Join(open, ", ")).of(subject)}
	}
	if p.config == nil {
		return all
	}
	if home := facts["ProtectHome"]; (home == "yes" || home == "tmpfs") && underHome(p.config.Vault) {
		return append(all, failing(exitVault, "move the vault out of /home, or set ProtectHome=no in a drop-in (systemctl "+kind+" edit telekeep)",
			"the vault %s lies in a home, which its sandbox hides", p.config.Vault).of(subject))
	}
	if strict && !writable(facts, p.config.Vault) {
		all = append(all, failing(exitVault, fmt.Sprintf("add ReadWritePaths=%s in a drop-in (systemctl %s edit telekeep)", p.config.Vault, kind),
			"its sandbox keeps it from writing to the vault %s", p.config.Vault).of(subject))
	}
	return all
}

func underHome(dir string) bool {
	for _, home := range []string{"/home", "/root", "/run/user"} {
		if within(home, dir) {
			return true
		}
	}
	return false
}

// writable reports whether a strict sandbox lets the service write to dir.
func writable(facts map[string]string, dir string) bool {
	for place := range strings.FieldsSeq(facts["ReadWritePaths"]) {
		if within(strings.TrimLeft(place, "-+"), dir) {
			return true
		}
	}
	for name := range strings.FieldsSeq(facts["StateDirectory"]) {
		if within(filepath.Join("/var/lib", name), dir) {
			return true
		}
	}
	return false
}
