package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"telekeep/chunkstore"
	"telekeep/chunkstore/destination/local"
	"telekeep/config"
	"telekeep/crypto"
	"telekeep/internal/durable"
)

// An installation is what init makes.
type installation struct {
	place  place
	config *config.Config
	text   []byte           // of the settings file
	owner  *crypto.Identity // made by init; nil if the owner brought a key
	vault  *chunkstore.Vault
}

// beginInit makes sure that nothing is in the way, after what an init that was
// killed has left there is taken away. The settings file is what init writes last:
// where there is one, an earlier init did its work.
func (a *app) beginInit(in *installation, takeOver bool) (*undoList, error) {
	settings := filepath.Dir(in.place.config)
	marker := in.place.config + ".init"
	_, err := os.Lstat(in.place.config)
	if err == nil {
		_ = os.Remove(marker)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot look at %s: %w", in.place.config, err)
	}
	if _, err := os.Lstat(marker); errors.Is(err, fs.ErrNotExist) {
		if err := in.refuse(takeOver); err != nil {
			return nil, err
		}
	}
	made := missingFolders(settings)
	if err := durable.MkdirPath(settings, durable.PrivateDir); err != nil {
		return nil, fmt.Errorf("cannot make the folder %s: %w", settings, err)
	}
	undo, leftover, err := beginUndo(marker, made)
	if errors.Is(err, errUndoBusy) {
		return nil, &failure{code: exitBusy, err: err, hint: "wait until it has ended; if none is running, remove that file"}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot prepare %s: %w", settings, err)
	}
	if leftover {
		a.ui.warn("an init that was interrupted had left files here; they were taken away")
	}
	if err := in.refuse(takeOver); err != nil {
		return nil, errors.Join(err, undo.run())
	}
	return undo, nil
}

func (in *installation) refuse(takeOver bool) error {
	if err := refuseExisting(in.place, in.config, takeOver); err != nil || takeOver {
		return err
	}
	return refuseFull(in.config.Vault)
}

// create writes everything. The owner key comes first: a vault whose only key was
// never written would be lost at birth. The settings come last, so that no other
// command finds an installation before it is whole.
func (in *installation) create(ctx context.Context, a *app, owners []chunkstore.Owner, undo *undoList) error {
	if err := in.folders(undo, in.config.State, in.config.Secrets, in.config.Vault); err != nil {
		return err
	}
	if in.owner != nil {
		if err := undo.write(in.place.owner, in.owner.File(a.now())); err != nil {
			return fmt.Errorf("cannot write the owner key: %w", err)
		}
	}
	if err := undo.vault(in.config.Vault); err != nil {
		return fmt.Errorf("cannot make the vault: %w", err)
	}
	dst, err := local.Create(in.config.Vault)
	if err != nil {
		return fmt.Errorf("cannot make the vault: %w", err)
	}
	defer dst.Close()
	vault, secrets, err := chunkstore.Create(ctx, dst, chunkstore.CreateOptions{Owners: owners, Now: a.now})
	if err != nil {
		return fmt.Errorf("cannot make the vault: %w", err)
	}
	in.vault = vault
	return in.writeSecrets(undo, secrets)
}

func (in *installation) folders(undo *undoList, dirs ...string) error {
	for _, dir := range dirs {
		if err := undo.mkdir(dir); err != nil {
			return fmt.Errorf("cannot make the folder %s: %w", dir, err)
		}
	}
	return nil
}

// writeSecrets writes the writer's key and the settings.
func (in *installation) writeSecrets(undo *undoList, secrets *chunkstore.WriterSecrets) error {
	if err := undo.write(writerKeyPath(in.config), secrets.Marshal()); err != nil {
		return fmt.Errorf("cannot write the writer's key: %w", err)
	}
	if err := undo.write(in.place.config, in.text); err != nil {
		return fmt.Errorf("cannot write the settings: %w", err)
	}
	return nil
}
