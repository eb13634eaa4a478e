package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"telekeep/config"
	"telekeep/internal/durable"
	"telekeep/internal/keyring"
	"telekeep/systemd"
)

// credential is what the service manager hands over under that name, or else, where the settings
// say so, what the kernel's keyring holds. It goes before a file of the installation: who keeps
// a secret there has none on the disk. systemd.ErrNoCredential if neither has any.
func (a *app) credential(cfg *config.Config, name string) ([]byte, error) {
	data, err := systemd.Credential(a.getenv(systemd.CredentialsVariable), name)
	if cfg.Keyring == "" || !errors.Is(err, systemd.ErrNoCredential) {
		return data, err
	}
	key := cfg.Keyring + ":" + name
	data, err = keyring.Read(key)
	switch {
	case errors.Is(err, keyring.ErrNone):
		return nil, systemd.ErrNoCredential
	case err != nil:
		return nil, &failure{
			code: exitKey, err: fmt.Errorf("cannot read %s: %w", key, err),
			hint: "the settings ask for the kernel's keyring (keyring = …): leave that out to use files, or see telekeep doctor",
		}
	}
	return data, nil
}

// runningCredentials is where systemd keeps those of the system's service while it runs,
// readable by its user alone.
const runningCredentials = "/run/credentials/" + systemd.ServiceName

// writerKey reads the writer's key: the credential, or the file. Where there is neither,
// what the service that runs was given, so that its user's other commands see it too.
func (a *app) writerKey(cfg *config.Config) ([]byte, error) {
	data, err := a.credential(cfg, writerKeyName)
	if !errors.Is(err, systemd.ErrNoCredential) {
		return data, err
	}
	data, err = readSecretFile(writerKeyPath(cfg))
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	if given, from := systemd.Credential(runningCredentials, writerKeyName); from == nil {
		return given, nil
	}
	return nil, err
}

// writerKeyIsCredential reports whether the daemon gets the writer's key from the service
// manager, as far as can be seen while it runs, or from the kernel's keyring.
func (a *app) writerKeyIsCredential(cfg *config.Config) bool {
	if _, err := a.credential(cfg, writerKeyName); !errors.Is(err, systemd.ErrNoCredential) {
		return true
	}
	if _, err := systemd.Credential(runningCredentials, writerKeyName); err == nil {
		return true
	}
	_, err := os.Stat(writerKeyPath(cfg))
	return errors.Is(err, fs.ErrNotExist)
}

// tellSessions says which sessions that came as credentials are not used, because there
// is a file by now: nobody should wonder why a new credential changes nothing.
func (a *app) tellSessions(cfg *config.Config, log *slog.Logger) {
	for _, account := range cfg.Accounts {
		given, err := a.credential(cfg, account.Name+".session")
		if err != nil {
			continue // none, or firstSession says what is wrong with it
		}
		path := sessionPath(cfg, account)
		if there, err := os.ReadFile(path); err == nil && !bytes.Equal(given, there) {
			log.Info("session", "account", account.Name, "what", "the file counts, not the credential, which cannot be written back: remove the file to begin with the credential again", "file", path)
		}
	}
}

// firstSession puts an account's session that came as a credential among the secrets,
// if none is there. From then on the file counts: it is written back, a credential
// cannot be. It is sealed to the writer's key, as the file is.
func (a *app) firstSession(cfg *config.Config, account config.Account) error {
	path := sessionPath(cfg, account)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // there, or OpenSession says what is wrong with it
	}
	data, err := a.credential(cfg, account.Name+".session")
	if errors.Is(err, systemd.ErrNoCredential) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read the session that the service manager or the keyring has: %w", err)
	}
	if err := durable.MkdirPath(cfg.Secrets, durable.PrivateDir); err != nil {
		return fmt.Errorf("cannot make the folder of secrets: %w", err)
	}
	if err := durable.CreateFile(path, data, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot store the session that the service manager or the keyring has: %w", err)
	}
	return nil
}
