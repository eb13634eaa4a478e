package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"telekeep/archive"
	"telekeep/chunkstore"
	"telekeep/config"
	"telekeep/crypto"
	"telekeep/telegram"
)

// The two constructors below are telekeep's security statement. openForBackup
// gets the settings and nothing else: it finds the writer's secrets, which open
// no pack, and the vault's public recipient. openForRestore is the only place
// that is handed an owner's identity.

// A backup is an installation opened to write.
type backup struct {
	copies  *copySet
	done    func() error              // gives the copies back
	secrets *chunkstore.WriterSecrets // as they were when it was opened
	store   *chunkstore.Writer
	archive *archive.Writer

	taking  sync.Mutex
	sealsTo string // fingerprint of a vault key; guarded by taking
	unwatch func() // ends watchKey
}

// A copyOpener opens the copies to write; done gives them back.
type copyOpener func(ctx context.Context, secrets *chunkstore.WriterSecrets) (set *copySet, done func() error, err error)

// openForBackup opens the installation to write, with the copies of the settings or with
// those that somebody has open.
func (a *app) openForBackup(ctx context.Context, cfg *config.Config, open copyOpener) (_ *backup, err error) {
	b := new(backup)
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if b.secrets, err = a.readWriterSecrets(cfg); err != nil {
		return nil, err
	}
	if open == nil {
		open = a.ownCopies(cfg)
	}
	b.sealsTo = b.secrets.Fingerprint()
	if b.copies, b.done, err = open(ctx, b.secrets); err != nil {
		return nil, err
	}
	if err := refusedAll(b.copies.Set); err != nil {
		return nil, err
	}
	b.store, err = chunkstore.OpenWriter(ctx, b.copies, chunkstore.WriterOptions{
		Secrets: b.secrets, StatePath: statePath(cfg), Now: a.now,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot open the vault to write: %w", err)
	}
	b.archive, err = archive.OpenWriter(ctx, b.store, archive.WriterOptions{
		Journal: filepath.Join(cfg.State, "journal"), Secrets: b.secrets, Now: a.now,
		DueBytes: cfg.Commit.EveryBytes, DueAge: cfg.Commit.AfterTime,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot open the archive to write: %w", err)
	}
	return b, nil
}

// Close gives everything back. It commits nothing: what is not committed stays
// in the journal.
func (b *backup) Close() error {
	var errs []error
	if b.unwatch != nil {
		b.unwatch()
	}
	if b.archive != nil {
		errs = append(errs, b.archive.Close())
	}
	if b.store != nil {
		errs = append(errs, b.store.Close())
	}
	if b.done != nil {
		errs = append(errs, b.done())
	}
	return errors.Join(errs...)
}

// A restorer is a vault opened to read.
type restorer struct {
	destination driver
	reader      *chunkstore.Reader
	snapshot    *archive.Snapshot
}

// openForRestore opens a damaged vault too: what cannot be read of it is in lost.
func (a *app) openForRestore(ctx context.Context, cfg *config.Config, identities []crypto.Identity) (*restorer, error) {
	return a.openSnapshot(ctx, cfg, identities, true, archive.SnapshotOptions{})
}

// openSnapshot opens a vault to read, a damaged one too; newest says that the newest commits that
// this machine remembers must be there, and are missed otherwise.
func (a *app) openSnapshot(ctx context.Context, cfg *config.Config, identities []crypto.Identity, newest bool, o archive.SnapshotOptions) (_ *restorer, err error) {
	r, err := a.openVault(ctx, cfg, identities, newest)
	if err != nil {
		return nil, err
	}
	o.KeepGoing = true
	if r.snapshot, err = archive.OpenSnapshot(ctx, r.reader, o); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot read the archive: %w", err), r.Close())
	}
	return r, nil
}

// openVault opens a vault to read, and no snapshot of it yet.
func (a *app) openVault(ctx context.Context, cfg *config.Config, identities []crypto.Identity, newest bool) (_ *restorer, err error) {
	r := new(restorer)
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if r.destination, err = a.openToRead(ctx, cfg); err != nil {
		return nil, err
	}
	r.reader, err = readVault(ctx, cfg, r.destination, chunkstore.ReaderOptions{Identities: identities}, newest)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// readVault opens what is good of a vault at a place.
func readVault(ctx context.Context, cfg *config.Config, place driver, o chunkstore.ReaderOptions, newest bool) (*chunkstore.Reader, error) {
	o.Damaged = true
	if newest && !alone(cfg) {
		// So that newest commits that are gone are missed.
		if head, where, err := ownHead(ctx, cfg); err == nil && head.Vault != "" && !where.waits {
			o.Heads = append(o.Heads, head)
		}
	}
	reader, err := chunkstore.OpenReader(ctx, place, o)
	if err != nil {
		return nil, fmt.Errorf("cannot open the vault to read: %w", err)
	}
	return reader, nil
}

func (r *restorer) Close() error {
	if r.destination == nil {
		return nil
	}
	return r.destination.Close()
}

func (a *app) readWriterSecrets(cfg *config.Config) (*chunkstore.WriterSecrets, error) {
	if alone(cfg) {
		return nil, fmt.Errorf("the vault is looked at without an installation: %w", fs.ErrNotExist)
	}
	path := writerKeyPath(cfg)
	data, err := a.writerKey(cfg)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{
			code: exitKey, err: fmt.Errorf("the writer's key is not there: %w", err),
			hint: "without it this machine cannot write to the vault; put it back, or make a new installation with telekeep init. One that systemd hands to the service as a credential is seen by the service's user while it runs",
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the writer's key: %w", err)
	}
	defer clear(data)
	secrets, err := chunkstore.ParseWriterSecrets(data)
	if err != nil {
		return nil, &failure{
			code: exitKey, err: fmt.Errorf("the writer's key %s: %w", path, err),
			hint: "without it this machine cannot write to the vault; put back a whole copy of it, or make a new installation with telekeep init",
		}
	}
	return secrets, nil
}

func writerKeyPath(cfg *config.Config) string { return filepath.Join(cfg.Secrets, writerKeyName) }

// writerKeyName is what the file of the writer's key is called, and its credential.
const writerKeyName = "writer.key"

func statePath(cfg *config.Config) string { return filepath.Join(cfg.State, "index.db") }

func sessionPath(cfg *config.Config, account config.Account) string {
	return filepath.Join(cfg.Secrets, account.Name+".session")
}

// sessionSealer seals sessions to the writer's index key.
type sessionSealer struct{ identity crypto.Identity }

func (s sessionSealer) Seal(data []byte) ([]byte, error) {
	return crypto.SealBytes(data, s.identity.Recipient())
}
func (s sessionSealer) Open(sealed []byte) ([]byte, error) {
	return crypto.OpenBytes(sealed, s.identity)
}

// A login is an account's session with a client for it. The session is locked to
// this process until it is closed.
type login struct {
	config  *config.Config
	account config.Account
	client  *telegram.Client
	session *telegram.Session
}

// openLogin opens the session of an account of the settings; "" is the only one.
func (a *app) openLogin(name string) (*login, error) {
	cfg, err := a.settings()
	if err != nil {
		return nil, err
	}
	account, err := pickAccount(cfg, name)
	if err != nil {
		return nil, err
	}
	secrets, err := a.readWriterSecrets(cfg)
	if err != nil {
		return nil, err
	}
	return a.openTelegram(cfg, account, secrets)
}

// connectTimeout is how long somebody who waits at a terminal is kept waiting for the
// first answer of a server.
const connectTimeout = 20 * time.Second

// openTelegram connects nothing yet: it opens the session and prepares a client.
func (a *app) openTelegram(cfg *config.Config, account config.Account, secrets *chunkstore.WriterSecrets) (*login, error) {
	if err := a.firstSession(cfg, account); err != nil {
		return nil, fmt.Errorf("account %s: %w", account.Name, err)
	}
	session, err := telegram.OpenSession(sessionPath(cfg, account), sessionSealer{secrets.IndexIdentity})
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", account.Name, err)
	}
	t := cfg.Telegram
	client, err := telegram.New(telegram.Options{
		APIID: t.APIID, APIHash: t.APIHash, Server: t.Server, DC: t.DC, PublicKeys: t.Keys, Session: session, Now: a.now,
		ConnectTimeout: connectTimeout,
	})
	if err != nil {
		return nil, errors.Join(err, session.Close())
	}
	return &login{cfg, account, client, session}, nil
}
