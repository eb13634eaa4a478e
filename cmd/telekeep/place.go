package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"telekeep/config"
)

// A place says where an installation lies: in one folder (--dir), or spread over
// the XDG folders. The settings file may name others for vault, state and
// secrets; these are the ones that init writes into it.
type place struct {
	config  string // the settings file
	owner   string // the owner key that init makes
	vault   string
	state   string
	secrets string
}

func (a *app) place() (place, error) {
	if a.dir != "" {
		dir, err := filepath.Abs(a.dir)
		if err != nil {
			return place{}, fmt.Errorf("folder %q: %w", a.dir, err)
		}
		return place{
			config: filepath.Join(dir, config.FileName), owner: filepath.Join(dir, "owner.key"),
			vault: "vault", state: "state", secrets: "secrets",
		}, nil
	}
	home, needed := a.getenv("HOME"), false
	xdg := func(variable, fallback string) string {
		if dir := a.getenv(variable); filepath.IsAbs(dir) { // XDG: relative ones are to be ignored
			return filepath.Join(dir, "telekeep")
		}
		needed = true
		return filepath.Join(home, fallback, "telekeep")
	}
	settings := xdg("XDG_CONFIG_HOME", ".config")
	p := place{
		config: filepath.Join(settings, config.FileName), owner: filepath.Join(settings, "owner.key"),
		vault: filepath.Join(xdg("XDG_DATA_HOME", ".local/share"), "vault"),
		state: xdg("XDG_STATE_HOME", ".local/state"), secrets: filepath.Join(settings, "secrets"),
	}
	if needed && !filepath.IsAbs(home) {
		return place{}, withHint(errors.New("HOME is not set or no absolute path, so there is no default place"), "name a folder with --dir")
	}
	return p, nil
}

// settings reads the settings file of the installation.
func (a *app) settings() (*config.Config, error) {
	p, err := a.place()
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load(p.config)
	if errors.Is(err, config.ErrNotFound) {
		return nil, withHint(err, withoutSettings(filepath.Dir(p.config)))
	}
	return cfg, err
}

// withoutSettings says what to do in a folder that has no settings file, but
// possibly a vault.
func withoutSettings(dir string) string {
	for _, vault := range []string{dir, filepath.Join(dir, "vault")} {
		if isVault(vault) {
			return fmt.Sprintf("%s is a vault: read it with --vault %s; to go on writing to it from this machine, telekeep init --from-vault", vault, shellWord(vault))
		}
	}
	return "run telekeep init, or name the installation's folder with --dir; a vault alone is read with --vault"
}

func isVault(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "vault.json"))
	return err == nil
}

// registerVault is for commands that read a vault and need nothing else.
func (a *app) registerVault(c *cobra.Command) {
	c.Flags().StringVar(&a.vault, "vault", "", "folder or URL of the vault to look at; no settings file is needed then")
	c.Flags().StringVar(&a.copy, "copy", "", "look at this copy of the settings, and at no other")
}

// reading returns the settings for a command that reads the vault. With --vault
// alone they name nothing but that folder; with --dir too, what this machine
// remembers of the vault is in them.
func (a *app) reading() (*config.Config, error) {
	if a.vault != "" && a.copy != "" {
		return nil, &failure{code: exitUsage, err: errors.New("--vault and --copy do not go together"), hint: "--copy chooses a copy of the settings, --vault one that need not stand there"}
	}
	if a.vault == "" {
		cfg, err := a.settings()
		if err != nil || a.copy == "" {
			return cfg, err
		}
		one, err := pickCopy(cfg, a.copy)
		if err != nil {
			return nil, err
		}
		return onlyCopy(cfg, one), nil
	}
	where, err := config.ParseWhere(a.vault)
	if err != nil {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("--vault %w", err)}
	}
	if where.Kind == config.KindFolder {
		if where.Path, err = filepath.Abs(where.Path); err != nil {
			return nil, fmt.Errorf("folder %q: %w", a.vault, err)
		}
	}
	cfg := new(config.Config)
	if a.dir != "" {
		if cfg, err = a.settings(); err != nil {
			return nil, err
		}
	}
	return onlyCopy(cfg, config.Copy{Name: config.VaultCopy, URL: a.vault, Where: where}), nil
}

// onlyCopy are settings in which the vault lies at one place.
func onlyCopy(cfg *config.Config, one config.Copy) *config.Config {
	only := *cfg
	only.Vault, only.Copies = "", []config.Copy{one}
	if one.Name == config.VaultCopy && one.Where.Kind == config.KindFolder {
		only.Vault, only.Copies = one.Where.Path, nil
	}
	return &only
}

// pickCopy finds a copy of the settings by its name.
func pickCopy(cfg *config.Config, name string) (config.Copy, error) {
	var names []string
	for _, one := range cfg.AllCopies() {
		if one.Name == name {
			return one, nil
		}
		names = append(names, one.Name)
	}
	return config.Copy{}, &failure{code: exitUsage, err: fmt.Errorf("no copy %q in the settings", name), hint: "there is " + strings.Join(names, ", ")}
}

// alone reports whether cfg names a vault and no installation.
func alone(cfg *config.Config) bool { return cfg.State == "" }

// shellWord writes text so that a shell takes it for one word.
func shellWord(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+:@,="
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// account picks an account of the settings by name; "" means the only one.
func pickAccount(c *config.Config, name string) (config.Account, error) {
	if len(c.Accounts) == 0 {
		return config.Account{}, &failure{code: exitConfig, err: errors.New("the settings name no account"), hint: "add a section [[account]] with a name"}
	}
	if name == "" {
		if len(c.Accounts) > 1 {
			return config.Account{}, &failure{code: exitUsage, err: errors.New("there is more than one account"), hint: "choose one with --account"}
		}
		return c.Accounts[0], nil
	}
	for _, account := range c.Accounts {
		if account.Name == name {
			return account, nil
		}
	}
	return config.Account{}, &failure{code: exitUsage, err: fmt.Errorf("no account %q in the settings", name), hint: "see the [[account]] sections"}
}
