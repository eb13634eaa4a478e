package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"telekeep/config"
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

// Managers, as systemctl is told of them.
const (
	ofSystem = "--system"
	ofPerson = "--user"
)

// checkService looks whether a service keeps the daemon running, and at its sandbox.
func checkService(ctx context.Context, p *patient) []finding {
	all := p.daemonHere()
	if p.systemctl == nil {
		return append(all, skipped("there is no systemd here: let what starts services on this machine run telekeep daemon"))
	}
	units := 0
	for _, kind := range []string{ofSystem, ofPerson} {
		facts, err := p.facts(ctx, kind)
		if err != nil {
			if kind == ofSystem {
				all = append(all, skipped("systemctl does not answer: %s", oneLine(err)))
			}
			continue // a person without a manager of their own is nothing unusual
		}
		switch state := facts["LoadState"]; {
		case state == "" || state == "not-found":
		case !p.serves(facts):
			all = append(all, p.foreignUnit(kind, facts))
		default:
			all = append(all, p.service(kind, facts)...)
			units++
		}
	}
	if units == 0 {
		all = append(all, warning("telekeep service install makes and starts it; with --user where you are not root",
			"%s is not installed for this installation: nothing is backed up unless somebody runs telekeep", systemd.ServiceName))
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
	names := []string{
		"LoadState", "ActiveState", "SubState", "Result", "ExecMainStatus", "NRestarts", "UnitFileState", "NeedDaemonReload",
		"ExecStart", "User", "DropInPaths", "ReadWritePaths", "StateDirectory",
	}
	for _, g := range guards(kind) {
		names = append(names, g.name)
	}
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

// unitFolder is what --dir names in the command of a unit; "" if it names none.
func unitFolder(facts map[string]string) string {
	_, command, _ := strings.Cut(facts["ExecStart"], "argv[]=")
	_, dir, found := strings.Cut(command, " --dir ")
	if !found {
		return ""
	}
	dir, _, _ = strings.Cut(dir, " daemon ;") // a name may hold spaces: what follows it does not
	return dir
}

// serves reports whether a unit is for the installation that is looked at.
func (p *patient) serves(facts map[string]string) bool {
	dir := unitFolder(facts)
	if dir == "" {
		return p.app == nil || p.app.dir == ""
	}
	return sameFile(filepath.Join(dir, config.FileName), p.place.config)
}

func sameFile(a, b string) bool {
	if a == b {
		return true
	}
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// foreignUnit says of a unit that it is for another installation.
func (p *patient) foreignUnit(kind string, facts map[string]string) finding {
	dir := unitFolder(facts)
	if dir == "" {
		dir = "the one of the XDG folders"
	}
	f := ok("it is for another installation, %s, and was not looked at", dir)
	if filepath.IsAbs(dir) {
		f.Hint = "telekeep --dir " + shellWord(dir) + " doctor looks at that one"
	}
	return f.of(unitName(kind))
}

// unitName is what a finding about the unit is about.
func unitName(kind string) string {
	return systemd.ServiceName + " (" + strings.TrimPrefix(kind, "--") + ")"
}

// service judges one unit: does it run, will it, and at its sandbox.
func (p *patient) service(kind string, facts map[string]string) []finding {
	ctl := "systemctl " + kind + " "
	if facts["LoadState"] != "loaded" {
		return []finding{failing(exitFailure, ctl+"status telekeep", "systemd cannot load it: %s", facts["LoadState"]).of(unitName(kind))}
	}
	all := []finding{runningState(kind, facts)}
	if state := facts["UnitFileState"]; slices.Contains([]string{"disabled", "masked", "linked", "enabled-runtime"}, state) {
		hint := ctl + "enable telekeep"
		if state == "masked" {
			hint = ctl + "unmask telekeep, then " + hint
		}
		all = append(all, warning(hint, "it is %s: it does not start with the machine", state))
	}
	if facts["NeedDaemonReload"] == "yes" {
		all = append(all, warning(ctl+"daemon-reload, then restart telekeep", "its files were changed since systemd read them"))
	}
	all = append(all, p.boxed(kind, facts)...)
	all = append(all, p.owned(kind, facts)...)
	for i := range all {
		all[i] = all[i].of(unitName(kind))
	}
	return all
}

// runningState says whether a unit runs, and if not, why as far as systemd knows.
func runningState(kind string, facts map[string]string) finding {
	ctl := "systemctl " + kind + " "
	journal := "journalctl " + kind + " -u telekeep"
	why := failedWhy(func(name string) string {
		return map[string]string{"MONITOR_SERVICE_RESULT": facts["Result"], "MONITOR_EXIT_STATUS": facts["ExecMainStatus"]}[name]
	})
	switch state := facts["ActiveState"]; {
	case state == "failed":
		return failing(exitFailure, journal+"; once it is mended: "+ctl+"restart telekeep", "it has failed: %s", why)
	case facts["SubState"] == "auto-restart":
		return failing(exitFailure, journal, "it fails and is tried again, %s times by now: %s", facts["NRestarts"], why)
	case state == "active" || state == "reloading":
		return ok("it is %s (%s)", state, facts["SubState"])
	case facts["UnitFileState"] == "masked":
		return warning(ctl+"unmask telekeep, then start it", "it is %s: nothing is backed up", state)
	}
	return warning(ctl+"start telekeep", "it is %s: nothing is backed up", facts["ActiveState"])
}
