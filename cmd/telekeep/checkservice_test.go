package main

import (
	"context"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"telekeep/config"
	"telekeep/daemon"
)

// healthyUnit is what systemctl says of a service with which nothing is wrong. A test in CI
// asks a real one.
const healthyUnit = "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNeedDaemonReload=no\nUser=telekeep-none\n" +
	"ProtectSystem=strict\nProtectHome=yes\nReadWritePaths=-/srv\nStateDirectory=telekeep\nNoNewPrivileges=yes\nPrivateTmp=yes\n" +
	"RestrictNamespaces=yes\nRestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\nSystemCallFilter=read write\nCapabilityBoundingSet=\n"

// withService is an installation whose service the manager of the system says this of; no
// person has one.
func withService(facts *string) *patient {
	p := &patient{config: &config.Config{Vault: "/srv/vault"}}
	p.systemctl = func(_ context.Context, args ...string) (string, error) {
		if args[0] == ofPerson {
			return "", errors.New("no bus")
		}
		return *facts, nil
	}
	return p
}

func TestCheckService(t *testing.T) {
	wants{findingSkipped, "no systemd"}.in(t, checkService(t.Context(), new(patient)))
	var facts string
	p := withService(&facts)
	for change, want := range map[string]wants{
		"":                      {findingOK, "sandbox is closed"},
		"LoadState=not-found":   {findingWarning, "not installed"},
		"LoadState=bad-setting": {findingFailure, "cannot load"},
		"ActiveState=failed":    {findingFailure, "has failed"},
		"ActiveState=failed\nResult=exit-code\nExecMainStatus=10":    {findingFailure, "settings file is missing or wrong"},
		"ActiveState=activating\nSubState=auto-restart\nNRestarts=7": {findingFailure, "tried again, 7 times"},
		"ActiveState=inactive":              {findingWarning, "nothing is backed up"},
		"UnitFileState=disabled":            {findingWarning, "does not start"},
		"NeedDaemonReload=yes":              {findingWarning, "were changed"},
		"NoNewPrivileges=no":                {findingWarning, "NoNewPrivileges"},
		"ProtectSystem=full":                {findingWarning, "ProtectSystem"},
		"User=":                             {findingWarning, "open: User"},
		"CapabilityBoundingSet=cap_chown":   {findingWarning, "CapabilityBoundingSet"},
		"RestrictNamespaces=net":            {findingWarning, "RestrictNamespaces"},
		"RestrictAddressFamilies=~":         {findingWarning, "RestrictAddressFamilies"},
		"SystemCallFilter=~":                {findingWarning, "SystemCallFilter"},
		"ReadWritePaths=/mnt /srv/vault/in": {findingFailure, "keeps it from writing"},
	} {
		facts = healthyUnit + change + "\n" // the last line of a name counts
		want.in(t, checkService(t.Context(), p))
	}
	facts = healthyUnit
	p.config.Vault = "/home/kim/vault"
	wants{findingFailure, "lies in a home"}.in(t, checkService(t.Context(), p))
	p.daemon = &daemon.Status{Alarms: []daemon.Alarm{{Kind: daemon.AlarmDisk, Copy: "vault", Text: "no room is left"}}}
	wants{findingWarning, "no room is left"}.in(t, checkService(t.Context(), p))
}

// Every folder that holds the vault is looked at, and every file that the service reads.
func TestCheckServiceOfCopies(t *testing.T) {
	facts := healthyUnit
	p := withService(&facts)
	folder := config.Where{Kind: config.KindFolder, Path: "/mnt/drive/vault"}
	p.config.Copies = []config.Copy{{Name: "drive", Where: folder}, {Name: "nas", Key: "/home/kim/.ssh/id", Where: config.Where{Kind: config.KindSFTP}}}
	found := checkService(t.Context(), p)
	wants{findingFailure, "writing to the copy drive at /mnt/drive/vault"}.in(t, found)
	wants{findingFailure, "/home/kim/.ssh/id lies in a home"}.in(t, found)
	facts += "ReadWritePaths=-/srv -/mnt/drive\n"
	for _, f := range checkService(t.Context(), p) {
		if strings.Contains(f.Text, "/mnt/drive") {
			t.Errorf("what may be written is found fault with: %+v", f)
		}
	}
}

// A unit for another installation says nothing about this one.
func TestCheckServiceOfAnother(t *testing.T) {
	facts := healthyUnit + "ExecStart={ path=/usr/bin/telekeep ; argv[]=/usr/bin/telekeep --dir /var/lib/my backup daemon ; ignore_errors=no }\n"
	p := withService(&facts)
	p.place.config = "/home/kim/tk/telekeep.toml"
	found := checkService(t.Context(), p)
	wants{findingOK, "another installation, /var/lib/my backup,"}.in(t, found)
	wants{findingWarning, "not installed for this installation"}.in(t, found)
	p.place.config = "/var/lib/my backup/telekeep.toml"
	wants{findingOK, "it is active"}.in(t, checkService(t.Context(), p))
}

// The drop-in that opened the sandbox is named.
func TestWhoOpened(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.conf"), filepath.Join(dir, "bad.conf")
	for path, text := range map[string]string{good: "[Service]\nReadWritePaths=/srv\n", bad: "[Service]\n PrivateTmp = no\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	facts := map[string]string{"DropInPaths": good + " " + bad}
	got := whoOpened(ofSystem, facts, []string{"PrivateTmp"})
	if !strings.Contains(got, bad) || strings.Contains(got, good) {
		t.Errorf("it says %q", got)
	}
	if got := whoOpened(ofSystem, facts, []string{"ProtectHome"}); !strings.Contains(got, "systemctl --system cat telekeep") {
		t.Errorf("of what no drop-in says it says %q", got)
	}
}

// What the service's user does not own is found, also deep in a folder.
func TestCheckOwners(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	deep := filepath.Join(dir, "vault", "commits", "w")
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(deep, "1.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := foreign(dir, me.Uid); got != nil {
		t.Errorf("of my own %q are not mine", got)
	}
	want := []string{dir, filepath.Join(dir, "vault"), filepath.Join(dir, "vault/commits"), deep, filepath.Join(deep, "1.json")}
	if got := foreign(dir, "4000000000"); !slices.Equal(got, want) {
		t.Errorf("of another user's %q are not its own, want %q", got, want)
	}
	p := &patient{place: place{config: filepath.Join(dir, "telekeep.toml")}, config: &config.Config{State: filepath.Join(dir, "state")}}
	if got := p.owned(ofSystem, map[string]string{"User": me.Username}); got != nil {
		t.Errorf("of my own: %+v", got)
	}
	if me.Uid == "0" {
		wants{findingFailure, "and 4 more entries there"}.in(t, p.owned(ofSystem, map[string]string{"User": "nobody"}))
	}
}
