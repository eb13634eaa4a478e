package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"telekeep/config"
	"telekeep/systemd"
)

// What came as a credential goes before the file; a session only fills an empty place.
func TestCredentials(t *testing.T) {
	given, secrets := t.TempDir(), filepath.Join(t.TempDir(), "secrets")
	cfg := &config.Config{Secrets: secrets, State: t.TempDir()}
	a := &app{getenv: func(name string) string {
		if name == systemd.CredentialsVariable {
			return given
		}
		return ""
	}}
	account := config.Account{Name: "main"}
	if err := a.firstSession(cfg, account); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(secrets); err == nil {
		t.Error("without a credential something was made")
	}
	for _, content := range []string{"first", "second"} {
		if err := os.WriteFile(filepath.Join(given, "main.session"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := a.firstSession(cfg, account); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(sessionPath(cfg, account))
		if err != nil || string(data) != "first" {
			t.Errorf("with %q given, the session is %q, %v", content, data, err)
		}
	}
	if err := os.WriteFile(writerKeyPath(cfg), []byte("the file"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, fromFile := a.readWriterSecrets(cfg)
	if err := os.WriteFile(filepath.Join(given, "writer.key"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, fromCredential := a.readWriterSecrets(cfg)
	if fromFile == nil || fromCredential == nil || fromFile.Error() == fromCredential.Error() {
		t.Errorf("the key of the file: %v; of the credential: %v", fromFile, fromCredential)
	}
}

// A credential that is not used because there is a file is told of, by the file's path.
func TestUnusedSessionCredential(t *testing.T) {
	given := t.TempDir()
	cfg := &config.Config{Secrets: t.TempDir(), Accounts: []config.Account{{Name: "main"}, {Name: "second"}}}
	a := &app{getenv: func(string) string { return given }}
	put := func(dir, name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said := func() string {
		var b strings.Builder
		a.tellSessions(cfg, slog.New(slog.NewTextHandler(&b, nil)))
		return b.String()
	}
	put(given, "main.session", "one")
	put(cfg.Secrets, "second.session", "two")
	if got := said(); got != "" {
		t.Errorf("with nothing unused it says %q", got)
	}
	put(cfg.Secrets, "main.session", "one")
	if got := said(); got != "" {
		t.Errorf("with a file that is the credential it says %q", got)
	}
	put(cfg.Secrets, "main.session", "newer")
	if got := said(); strings.Count(got, "\n") != 1 || !strings.Contains(got, sessionPath(cfg, cfg.Accounts[0])) {
		t.Errorf("it says %q", got)
	}
}

// Whatever step of an install fails, uninstall takes away what was made until then.
func TestInstallFails(t *testing.T) {
	for failing := range 4 {
		home := t.TempDir()
		a := &app{getenv: func(name string) string { return map[string]string{"HOME": home}[name] }, stdio: stdio{out: new(strings.Builder)}}
		p, err := a.planService(serviceOptions{user: true})
		if err != nil {
			t.Fatal(err)
		}
		p.files = slices.DeleteFunc(p.files, func(f plannedFile) bool { return !within(home, f.path) })
		n := 0
		run := func(_ context.Context, command ...string) error {
			if command[2] == "is-enabled" {
				return errors.New("disabled")
			}
			if n++; n == failing {
				return errors.New("no")
			}
			return nil
		}
		err = p.install(t.Context(), nil, run)
		if fails := failing == 1 || failing == 2; (err != nil) != fails {
			t.Fatalf("step %d fails: %v", failing, err)
		}
		list, err := readServiceList(p.list)
		if err != nil || list == nil || !list.Enabled {
			t.Fatalf("the list is %+v, %v", list, err)
		}
		if err := a.undoService(t.Context(), p, list, func(context.Context, ...string) error { return nil }); err != nil {
			t.Fatal(err)
		}
		left, err := os.ReadDir(home)
		if err != nil || len(left) > 0 {
			t.Errorf("step %d fails: uninstall leaves %v, %v", failing, left, err)
		}
	}
}

func TestHiddenFromTheService(t *testing.T) {
	for path, want := range map[string]string{
		"/home/a/vault": "/home", "/root": "/root", "/var/tmp/x": "/var/tmp", "/homes/a": "", "/srv/vault": "", "/mnt/drive": "",
	} {
		if got := hiddenFrom(path); got != want {
			t.Errorf("%s is hidden by %q, want %q", path, got, want)
		}
	}
}

func TestFailedWhy(t *testing.T) {
	for _, c := range [][3]string{
		{"exit-code", "10", "the settings file is missing or wrong (exit code 10)"},
		{"exit-code", "77", "exit code 77"},
		{"start-limit-hit", "1", "too often"},
		{"signal", "KILL", "signal KILL"},
		{"", "", "systemctl status"},
	} {
		env := map[string]string{"MONITOR_SERVICE_RESULT": c[0], "MONITOR_EXIT_STATUS": c[1]}
		if got := failedWhy(func(name string) string { return env[name] }); !strings.Contains(got, c[2]) {
			t.Errorf("%v: %q", c, got)
		}
	}
}

func TestMountPoint(t *testing.T) {
	dir := t.TempDir()
	if got := mountPoint(filepath.Join(dir, "gone")); got != filepath.Join(dir, "gone") {
		t.Errorf("of a folder that is not there it is %s", got)
	}
	if got := mountPoint("/proc/self"); got != "/proc" {
		if _, err := os.Stat("/proc/self"); err == nil {
			t.Errorf("of /proc/self it is %s", got)
		}
	}
	if got := mountPoint("/"); got != "/" {
		t.Errorf("of the root it is %s", got)
	}
}

// What the settings name outside of the service's own folder is made writable, the
// vault's drive as a whole; and no folder that the service could not see.
func TestServiceMakesWritable(t *testing.T) {
	cfg := func(vault, textfile string) *config.Config {
		c := &config.Config{Vault: vault, State: "/var/lib/telekeep/state", Secrets: "/var/lib/telekeep/secrets"}
		c.Daemon.Textfile = textfile
		return c
	}
	for _, c := range []struct {
		config *config.Config
		want   []string
		fails  bool
	}{
		{cfg("/var/lib/telekeep/vault", ""), nil, false},
		{cfg("/srv/vault", "/srv/vault-metrics/t.prom"), []string{"/srv/vault", "/srv/vault-metrics"}, false},
		{cfg("/srv/vault", "/srv/vault/t.prom"), []string{"/srv/vault"}, false},
		{cfg("/home/a/vault", ""), nil, true},
	} {
		got, err := writablePlaces(systemd.DefaultFolder, c.config)
		if (err != nil) != c.fails || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", c.config.Vault, got, err)
		}
	}
	c := cfg("/var/lib/telekeep/vault", "")
	c.Copies = []config.Copy{
		{Name: "drive", Where: config.Where{Kind: config.KindFolder, Path: "/srv/copy"}},
		{Name: "nas", Where: config.Where{Kind: config.KindSFTP, Path: "/backups"}},
	}
	if got, err := writablePlaces(systemd.DefaultFolder, c); err != nil || !slices.Equal(got, []string{"/srv/copy"}) {
		t.Errorf("of copies: %q, %v", got, err)
	}
	c.Copies[1].Key = "/root/.ssh/id"
	if _, err := writablePlaces(systemd.DefaultFolder, c); err == nil {
		t.Error("a key that the service cannot see is taken")
	}
}
