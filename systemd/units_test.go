package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Every directive has a comment above it, or belongs to a group that has one.
func TestDirectivesAreExplained(t *testing.T) {
	for _, k := range []Kind{System, User} {
		for _, f := range Units(k) {
			explained := false
			for i, line := range strings.Split(string(f.Text), "\n") {
				switch {
				case strings.HasPrefix(line, "#"):
					explained = true
				case line == "":
					explained = false
				case strings.HasPrefix(line, "["), f.Name == FailureName:
				case strings.HasPrefix(line, "Description="), strings.HasPrefix(line, "Documentation="), strings.HasPrefix(line, "WantedBy="):
				case !explained:
					t.Errorf("%s of kind %d, line %d: %s has no comment", f.Name, k, i+1, line)
				}
			}
		}
	}
}

// The page says what every directive that locks the service up is for.
func TestDirectivesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/systemd.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Units(System) {
		for line := range strings.Lines(string(f.Text)) {
			name, _, found := strings.Cut(line, "=")
			if !found || strings.HasPrefix(line, "#") || strings.Contains(name, " ") {
				continue
			}
			if !strings.Contains(string(page), "`"+name+"=") {
				t.Errorf("docs/systemd.md does not explain %s= of %s", name, f.Name)
			}
		}
	}
}

func TestDropIn(t *testing.T) {
	if f := DropIn(System, Installation{Folder: DefaultFolder}); f != nil {
		t.Errorf("the unit says that already: %s", f[0].Text)
	}
	f := DropIn(System, Installation{Program: "/opt/my tools/telekeep", Folder: "/srv/50%", Writable: []string{"/mnt/big drive/vault"}})
	for _, want := range []string{
		"ExecStart=\nExecStart=\"/opt/my tools/telekeep\" --dir /srv/50%% daemon\n",
		"ExecReload=\nExecReload=\"/opt/my tools/telekeep\" --dir /srv/50%% service reload\n",
		`ReadWritePaths="-/mnt/big drive/vault"` + "\n",
	} {
		if !strings.Contains(string(f[0].Text), want) {
			t.Errorf("it lacks %q:\n%s", want, f[0].Text)
		}
	}
	if f := DropIn(User, Installation{Program: "/home/a/bin/telekeep"}); !strings.Contains(string(f[0].Text), "\nExecStart=/home/a/bin/telekeep daemon\n") {
		t.Errorf("the user's says\n%s", f[0].Text)
	}
	if f := FailureDropIn(System, DefaultProgram); f != nil {
		t.Errorf("the unit says that already: %s", f[0].Text)
	}
}

// systemd itself judges the units where it is installed.
func TestUnitsAreLockedUp(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "security", "--help").CombinedOutput(); err != nil || !strings.Contains(string(out), "--offline") {
		t.Skip("this systemd-analyze cannot judge a file")
	}
	path := filepath.Join(t.TempDir(), ServiceName)
	for _, c := range []struct {
		text string
		good bool
	}{
		{string(Units(System)[0].Text), true},
		{strings.ReplaceAll(string(Units(System)[0].Text), "PrivateUsers=yes\n", "PrivateUsers=no\nProtectHome=no\nNoNewPrivileges=no\n"), false},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--no-pager", "--threshold=13", path).CombinedOutput()
		if (err == nil) != c.good {
			t.Errorf("systemd-analyze security: %v\n%s", err, out[max(0, len(out)-200):])
		}
	}
}
