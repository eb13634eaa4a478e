package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"telekeep/config"
)

// A guard is one directive that keeps a broken daemon from doing harm.
type guard struct {
	name   string
	closed func(value string) bool // as systemctl shows it; "": this systemd does not know it
}

// guards are the directives that are looked at. A person's own manager can enforce only
// some of them.
func guards(kind string) []guard {
	on := func(value string) bool { return value != "no" }
	var all []guard
	for _, name := range []string{"NoNewPrivileges", "RestrictSUIDSGID", "MemoryDenyWriteExecute", "LockPersonality", "RestrictRealtime"} {
		all = append(all, guard{name, on})
	}
	all = append(all,
		guard{"RestrictNamespaces", func(v string) bool { return v == "" || v == "yes" }},
		guard{"RestrictAddressFamilies", ordinaryFamilies},
		guard{"SystemCallFilter", func(v string) bool { return v != "~" }}, // a list of none that are forbidden
	)
	if kind != ofSystem {
		return all
	}
	for _, name := range []string{
		"PrivateTmp", "PrivateDevices", "PrivateUsers", "PrivateMounts", "PrivateIPC", "ProtectHome", "ProtectKernelTunables",
		"ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups", "ProtectClock", "ProtectHostname",
	} {
		all = append(all, guard{name, on})
	}
	return append(all,
		guard{"ProtectSystem", func(v string) bool { return v == "strict" }},
		guard{"ProtectProc", func(v string) bool { return v != "default" }},
		guard{"DevicePolicy", func(v string) bool { return v != "auto" }},
		guard{"CapabilityBoundingSet", func(v string) bool { return v == "" }},
		guard{"AmbientCapabilities", func(v string) bool { return v == "" }},
		guard{"User", func(v string) bool { return v != "" && v != "root" && v != "0" }},
	)
}

// ordinaryFamilies reports whether a list of families of sockets has none in it but the
// local and the internet's.
func ordinaryFamilies(list string) bool {
	for family := range strings.FieldsSeq(list) {
		if !slices.Contains([]string{"AF_UNIX", "AF_INET", "AF_INET6", "none"}, family) {
			return false
		}
	}
	return true
}

// boxed looks at the sandbox: is it closed, and does it let the daemon at what it needs?
func (p *patient) boxed(kind string, facts map[string]string) []finding {
	var open []string
	for _, g := range guards(kind) {
		if !g.closed(facts[g.name]) {
			open = append(open, g.name)
		}
	}
	all := []finding{ok("the sandbox is closed")}
	if len(open) > 0 {
		all = []finding{warning(whoOpened(kind, facts, open), "its sandbox is open: %s", strings.Join(open, ", "))}
	}
	if p.config == nil {
		return all
	}
	for _, place := range p.written() {
		all = append(all, keptOut(kind, facts, place)...)
	}
	for _, file := range keyFiles(p.config) {
		if hidesHomes(facts) && underHome(file) {
			all = append(all, failing(exitVault, "move it out of the homes, beside the secrets for example, and name it in the settings", "the file %s lies in a home, which its sandbox hides", file))
		}
	}
	return all
}

// hidesHomes reports whether a unit sees no homes.
func hidesHomes(facts map[string]string) bool {
	return facts["ProtectHome"] == "yes" || facts["ProtectHome"] == "tmpfs"
}

// serviceLacks says what to do so that the service of this installation can use its copies;
// "" if it can, or if there is none. For after a copy was added.
func (a *app) serviceLacks(ctx context.Context) string {
	p := &patient{app: a, systemctl: findSystemctl()}
	if p.systemctl == nil {
		return ""
	}
	if p.place, p.loadErr = a.place(); p.loadErr == nil {
		p.config, p.loadErr = a.settings()
	}
	if p.config == nil {
		return ""
	}
	facts, err := p.facts(ctx, ofSystem)
	if err != nil || facts["LoadState"] != "loaded" || !p.serves(facts) {
		return ""
	}
	for _, f := range p.boxed(ofSystem, facts) {
		if f.State == findingFailure {
			return f.Text + ": " + f.Hint
		}
	}
	return ""
}

// A neededPlace is a folder that the daemon writes to.
type neededPlace struct {
	what, path string
	code       int // that doctor ends with if it cannot
}

// written are the folders that the settings have the daemon write to.
func (p *patient) written() []neededPlace {
	cfg := p.config
	var all []neededPlace
	for _, c := range cfg.AllCopies() {
		if c.Where.Kind != config.KindFolder {
			continue
		}
		what := "the vault"
		if c.Name != config.VaultCopy {
			what = "the copy " + c.Name + " at"
		}
		all = append(all, neededPlace{what, c.Where.Path, exitVault})
	}
	all = append(all, neededPlace{"the state", cfg.State, exitFailure}, neededPlace{"the secrets", cfg.Secrets, exitFailure})
	if cfg.Daemon.Textfile != "" {
		all = append(all, neededPlace{"the metrics", filepath.Dir(cfg.Daemon.Textfile), exitFailure})
	}
	return slices.DeleteFunc(all, func(n neededPlace) bool { return n.path == "" })
}

// keptOut says that the sandbox hides a folder or makes it read-only, if it does.
func keptOut(kind string, facts map[string]string, place neededPlace) []finding {
	if hidesHomes(facts) && underHome(place.path) {
		return []finding{failing(place.code, "move it out of the homes, to /srv for example; or make it a service of the person whose home it is: telekeep service install --user",
			"%s %s lies in a home, which its sandbox hides", place.what, place.path)}
	}
	if facts["ProtectSystem"] != "strict" || writable(facts, place.path) {
		return nil
	}
	hint := "sudo telekeep service install writes the drop-in anew; call it while the drive is mounted, if it is one"
	if kind == ofPerson {
		hint = fmt.Sprintf("add ReadWritePaths=-%s in a drop-in (systemctl %s edit telekeep)", place.path, kind)
	}
	return []finding{failing(place.code, hint, "its sandbox keeps it from writing to %s %s", place.what, place.path)}
}

// whoOpened says which drop-ins have opened the sandbox, as far as that can be read.
func whoOpened(kind string, facts map[string]string, open []string) string {
	var guilty []string
	for path := range strings.FieldsSeq(facts["DropInPaths"]) {
		data, _ := os.ReadFile(path) // one that cannot be read is not named
		for line := range strings.Lines(string(data)) {
			name, _, set := strings.Cut(strings.TrimSpace(line), "=")
			if set && slices.Contains(open, strings.TrimSpace(name)) && !slices.Contains(guilty, path) {
				guilty = append(guilty, path)
			}
		}
	}
	if len(guilty) == 0 {
		return "systemctl " + kind + " cat telekeep shows what its files say"
	}
	return "take that out of " + strings.Join(guilty, ", ") + ", then systemctl " + kind + " daemon-reload and restart telekeep"
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
