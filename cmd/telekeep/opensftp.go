package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/sftp"
	"telekeep/config"
	"telekeep/internal/durable"
	"telekeep/systemd"
)

// openSFTP opens a folder behind SSH.
func (a *app) openSFTP(ctx context.Context, cfg *config.Config, one config.Copy) (driver, error) {
	o, err := a.sftpOptions(cfg, one)
	if err != nil {
		return nil, err
	}
	d, err := sftp.Open(ctx, o)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", chunkstore.ErrNoVault, err)
	}
	if err != nil {
		return nil, strangeHost(err)
	}
	return d, nil
}

// strangeHost gives an error about a host key its exit code; it says what to do itself.
func strangeHost(err error) error {
	if _, strange := errors.AsType[*sftp.HostKeyError](err); strange {
		return &failure{code: exitVault, err: err}
	}
	return err
}

// newSFTP opens a folder behind SSH that is made if it is not there.
func (a *app) newSFTP(ctx context.Context, cfg *config.Config, one config.Copy) (driver, error) {
	o, err := a.sftpOptions(cfg, one)
	if err != nil {
		return nil, err
	}
	d, err := sftp.Open(ctx, o)
	if unknown, ok := errors.AsType[*sftp.HostKeyError](err); ok && a.ui.ask && !unknown.Changed() && !unknown.Revoked {
		if err := a.trustHost(unknown); err != nil {
			return nil, err
		}
		d, err = sftp.Open(ctx, o)
	}
	if errors.Is(err, fs.ErrNotExist) {
		d, err = sftp.Create(ctx, o)
	}
	if err != nil {
		return nil, strangeHost(err)
	}
	return d, nil
}

// trustHost asks whether a host key is the right one, and makes it known.
func (a *app) trustHost(e *sftp.HostKeyError) error {
	fmt.Fprintf(a.err, "%s shows the %s host key\n  %s\nwhich is not known. Compare it with what the server itself says:\n  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\nIs it the same? (yes/no) ",
		e.Host, e.KeyType, e.Fingerprint)
	answer, err := a.ui.line()
	if err != nil {
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(answer), "yes") {
		return &failure{code: exitVault, err: fmt.Errorf("the host key of %s was not accepted; nothing was written", e.Host)}
	}
	if err := durable.MkdirPath(filepath.Dir(e.File), durable.PrivateDir); err != nil {
		return fmt.Errorf("cannot make the folder of the host keys: %w", err)
	}
	f, err := os.OpenFile(e.File, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write the host keys: %w", err)
	}
	_, err = f.WriteString(e.Line + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("cannot write the host keys: %w", err)
	}
	return nil
}

func (a *app) sftpOptions(cfg *config.Config, one config.Copy) (sftp.Options, error) {
	w := one.Where
	o := sftp.Options{Host: w.Host, Port: w.Port, User: w.User, Path: w.Path, KnownHosts: one.KnownHosts}
	if o.User == "" {
		me, err := user.Current()
		if err != nil {
			return o, &failure{code: exitConfig, err: fmt.Errorf("copy %s names no user: write sftp://user@%s", one.Name, w.Host)}
		}
		o.User = me.Username
	}
	home := a.getenv("HOME")
	if o.KnownHosts == "" {
		o.KnownHosts = filepath.Join(home, ".ssh", "known_hosts")
	}
	var err error
	if o.KeyFile, err = a.sshKey(cfg, one); err != nil {
		return o, err
	}
	password, _, err := a.copySecret(cfg, one, "password", "")
	switch {
	case err == nil:
		text := string(bytes.TrimRight(password, "\r\n"))
		o.Password = func() (string, error) { return text, nil }
	case !errors.Is(err, errNoSecret):
		return o, err
	}
	if o.KeyFile != "" || o.Password != nil {
		return o, nil
	}
	if o.Agent = a.getenv("SSH_AUTH_SOCK"); o.Agent != "" {
		return o, nil
	}
	if o.KeyFile = usualKey(home); o.KeyFile != "" {
		return o, nil
	}
	return o, &failure{
		code: exitConfig, err: fmt.Errorf("there is no key for copy %s", one.Name),
		hint: fmt.Sprintf("make one: ssh-keygen -t ed25519 -N '' -f %s; and put %[1]s.pub into the server's authorized_keys", shellWord(filepath.Join(cfg.Secrets, one.Name+".key"))),
	}
}

// sshKey is the file of the private key of a copy; "" if it has none of its own.
func (a *app) sshKey(cfg *config.Config, one config.Copy) (string, error) {
	_, path, err := a.copySecret(cfg, one, "key", one.Key)
	switch {
	case errors.Is(err, errNoSecret):
		return "", nil
	case err != nil:
		return "", err
	case path == "": // of the service manager
		return filepath.Join(a.getenv(systemd.CredentialsVariable), one.Name+".key"), nil
	}
	return path, nil
}

// usualKey is the key that ssh itself would take, if nobody says which.
func usualKey(home string) string {
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		path := filepath.Join(home, ".ssh", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}
