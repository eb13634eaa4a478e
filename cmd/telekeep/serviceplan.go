package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"telekeep/config"
	"telekeep/systemd"
)

// A servicePlan is what install will do. Paths are those of the system that the
// service is for; below root, where that is not this one.
type servicePlan struct {
	kind    systemd.Kind
	root    string // "" is this system
	list    string // the file that says what was made
	files   []plannedFile
	present []string // of a package or of somebody else, and just right
	before  [][]string
	after   [][]string
	waits   string // why the service is not started yet; "": it is
}

type plannedFile struct {
	path string
	text []byte
}

// planService looks at what is there and decides; it changes nothing.
func (a *app) planService(o serviceOptions) (*servicePlan, error) {
	p := &servicePlan{kind: o.kind(), root: o.root}
	home, packaged, err := a.unitFolders(o.kind())
	if err != nil {
		return nil, err
	}
	p.list = home.list
	in, err := a.serviceInstallation(p)
	if err != nil {
		return nil, err
	}
	for _, unit := range systemd.Units(p.kind) {
		p.plan(home.units, packaged, unit)
	}
	for _, dropIn := range systemd.DropIn(p.kind, in) {
		p.plan(filepath.Join(home.units, systemd.ServiceName+".d"), nil, dropIn)
	}
	for _, dropIn := range systemd.FailureDropIn(p.kind, in.Program) {
		p.plan(filepath.Join(home.units, systemd.FailureName+".d"), nil, dropIn)
	}
	if p.kind == systemd.System {
		p.plan("/etc/sysusers.d", []string{"/usr/lib/sysusers.d"}, systemd.Sysusers())
		p.plan("/etc/tmpfiles.d", []string{"/usr/lib/tmpfiles.d"}, systemd.Tmpfiles())
	}
	p.commands()
	return p, nil
}

// serviceHome is where the service's files go.
type serviceHome struct{ units, list string }

func (a *app) unitFolders(k systemd.Kind) (home serviceHome, packaged []string, err error) {
	if k == systemd.System {
		return serviceHome{"/etc/systemd/system", "/etc/telekeep/service.json"}, []string{"/usr/lib/systemd/system", "/lib/systemd/system"}, nil
	}
	settings := a.getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(settings) {
		if !filepath.IsAbs(a.getenv("HOME")) {
			return home, nil, errors.New("HOME is not set, so there is no place for a unit")
		}
		settings = filepath.Join(a.getenv("HOME"), ".config")
	}
	return serviceHome{filepath.Join(settings, "systemd/user"), filepath.Join(settings, "telekeep/service.json")}, []string{"/usr/lib/systemd/user"}, nil
}

// plan adds a file, unless the same is there already.
func (p *servicePlan) plan(folder string, packaged []string, f systemd.File) {
	for _, dir := range packaged {
		path := filepath.Join(dir, f.Name)
		if _, err := os.Stat(p.at(path)); err == nil {
			p.present = append(p.present, path)
			return
		}
	}
	p.files = append(p.files, plannedFile{filepath.Join(folder, f.Name), f.Text})
}

// at is where a path of the service's system is found from here.
func (p *servicePlan) at(path string) string {
	if p.root == "" || p.kind == systemd.User {
		return path
	}
	return filepath.Join(p.root, path)
}

// serviceInstallation reads the settings that the service will have, if they are there.
func (a *app) serviceInstallation(p *servicePlan) (systemd.Installation, error) {
	in := systemd.Installation{}
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	if err != nil {
		return in, fmt.Errorf("cannot find out where this program lies: %w", err)
	}
	in.Program = program
	if a.dir != "" {
		if in.Folder, err = filepath.Abs(a.dir); err != nil {
			return in, fmt.Errorf("folder %q: %w", a.dir, err)
		}
	}
	if p.root != "" {
		in.Program = systemd.DefaultProgram // what lies there is the other system's
		p.waits = "it belongs to another system, which starts it when it boots"
		return in, nil
	}
	if p.kind == systemd.System {
		if hidden := hiddenFrom(in.Program); hidden != "" {
			return in, withHint(fmt.Errorf("the service could not see this program: %s lies in %s", in.Program, hidden), "copy it to /usr/local/bin and call that one, or use --user")
		}
		err := a.systemInstallation(p, &in)
		return in, err
	}
	settings, err := a.settings()
	p.waits = a.waiting(err, "telekeep")
	if settings == nil && p.waits == "" {
		return in, err
	}
	return in, nil
}

// systemInstallation fills in what is special about the installation of the system's
// service.
func (a *app) systemInstallation(p *servicePlan, in *systemd.Installation) error {
	folder := in.Folder
	if folder == "" {
		folder = systemd.DefaultFolder
	}
	command := "sudo -u " + systemd.DefaultUser + " telekeep --dir " + shellWord(folder)
	settings := filepath.Join(folder, config.FileName)
	cfg, err := config.Load(settings)
	p.waits = a.waiting(err, command)
	if cfg == nil && p.waits == "" {
		return err
	}
	if cfg != nil {
		for _, dir := range cfg.Folders() {
			if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
				a.ui.warn("the vault's folder %s is not there: if it lies on a drive, run telekeep service install again once that is mounted", dir)
			}
		}
		p.waits = foreignOwner(settings, folder)
	}
	in.Writable, err = writablePlaces(folder, cfg)
	return err
}

// writablePlaces are the folders that the system's service writes to, without its own:
// every copy of the vault that is a folder counts. cfg is nil where there are no settings
// yet. What the service could not even see is an error.
func writablePlaces(folder string, cfg *config.Config) ([]string, error) {
	places := []string{folder}
	var files []string
	if cfg != nil {
		for _, dir := range cfg.Folders() {
			places = append(places, drive(dir))
		}
		places = append(places, cfg.State, cfg.Secrets)
		if cfg.Daemon.Textfile != "" {
			places = append(places, filepath.Dir(cfg.Daemon.Textfile))
		}
		if cfg.Import.Inbox != "" {
			places = append(places, cfg.Import.Inbox)
		}
		files = keyFiles(cfg)
	}
	for _, place := range slices.Concat(places, files) {
		if hidden := hiddenFrom(place); hidden != "" {
			return nil, withHint(fmt.Errorf("the service could not see %s: it lies in %s", place, hidden), "move it to a place such as /srv, or use --user")
		}
	}
	var writable []string
	for _, place := range places {
		if !within(systemd.DefaultFolder, place) && !slices.ContainsFunc(writable, func(w string) bool { return within(w, place) }) {
			writable = append(writable, place)
		}
	}
	return writable, nil
}

// keyFiles are the files that the settings name for copies in a network.
func keyFiles(cfg *config.Config) []string {
	var files []string
	for _, c := range cfg.Copies {
		files = append(files, c.Key, c.KnownHosts, c.Credentials)
	}
	return slices.DeleteFunc(files, func(f string) bool { return f == "" })
}

// drive is the mount point of the drive that the vault lies on, and the vault's folder
// where that is a part of the system.
func drive(vault string) string {
	mount := mountPoint(vault)
	if slices.Contains([]string{"/var", "/usr", "/etc", "/opt", "/home", "/root", "/tmp", "/run"}, mount) || within(mount, systemd.DefaultFolder) {
		return vault
	}
	return mount
}

// waiting says why the service cannot start if the settings lead to err; "" if that
// is no reason to wait, but an error or nothing.
func (a *app) waiting(err error, command string) string {
	if !errors.Is(err, config.ErrNotFound) {
		return ""
	}
	return fmt.Sprintf("there is no installation yet. Make one, sign in, then start it:\n  %s init\n  %s login", command, command)
}

// hiddenFrom names the folder of the system that the system's service cannot see, if
// path lies in one.
func hiddenFrom(path string) string {
	for _, dir := range []string{"/home", "/root", "/run/user", "/tmp", "/var/tmp"} {
		if within(dir, path) {
			return dir
		}
	}
	return ""
}

func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// commands are what systemd's own programs have to do before and after.
func (p *servicePlan) commands() {
	if p.kind == systemd.System && p.root == "" {
		p.before = [][]string{{"systemd-sysusers", "telekeep.conf"}, {"systemd-tmpfiles", "--create", "telekeep.conf"}}
	}
	if p.root == "" {
		p.after = append(p.after, p.systemctl("daemon-reload"))
	}
	p.after = append(p.after, p.systemctl("enable", systemd.ServiceName))
	if p.waits == "" {
		p.after = append(p.after, p.systemctl("restart", systemd.ServiceName))
	}
}

// conflict looks for files that are in the way: there, and not what would be written.
func (p *servicePlan) conflict(mine *serviceList) error {
	var same []string
	for _, f := range p.files {
		there, err := os.ReadFile(p.at(f.path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return fmt.Errorf("cannot look at %s: %w", f.path, err)
		case mine.made(f.path, there):
			continue
		case string(there) != string(f.text):
			return withHint(fmt.Errorf("%s is there, and is not what telekeep service install made", f.path),
				"move it away; changes of your own belong into systemctl edit "+strings.TrimSuffix(systemd.ServiceName, ".service"))
		}
		same = append(same, f.path)
	}
	p.files = slices.DeleteFunc(p.files, func(f plannedFile) bool { return slices.Contains(same, f.path) })
	p.present = append(p.present, same...)
	return nil
}
