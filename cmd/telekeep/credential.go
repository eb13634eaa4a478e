package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"telekeep/config"
	"telekeep/internal/durable"
	"telekeep/systemd"
)

// credential is what the service manager hands over under that name. It goes before a
// file of the installation: who keeps a secret there has none on the disk.
func (a *app) credential(name string) ([]byte, error) {
	return systemd.Credential(a.getenv(systemd.CredentialsVariable), name)
}

// firstSession puts an account's session that came as a credential among the secrets,
// if none is there. From then on the file counts: it is written back, a credential
// cannot be. It is sealed to the writer's key, as the file is.
func (a *app) firstSession(cfg *config.Config, account config.Account) error {
	path := sessionPath(cfg, account)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // there, or OpenSession says what is wrong with it
	}
	data, err := a.credential(account.Name + ".session")
	if errors.Is(err, systemd.ErrNoCredential) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read the session that the service manager has: %w", err)
	}
	if err := os.MkdirAll(cfg.Secrets, 0o700); err != nil {
		return fmt.Errorf("cannot make the folder of secrets: %w", err)
	}
	if err := durable.CreateFile(path, data, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot store the session that the service manager has: %w", err)
	}
	return nil
}
