package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"telekeep/chunkstore"
)

// takeOver makes an installation that goes on where another machine has ended: with
// an owner key it reads that machine's secrets, which lie sealed in the vault. The
// vault is read and not changed.
func (a *app) takeOver(ctx context.Context, o initOptions) error {
	in, err := a.newInstallation(o, o.from)
	if err != nil {
		return err
	}
	undo, err := a.beginInit(in, true)
	if err != nil {
		return err
	}
	secrets, err := a.recoverSecrets(ctx, in, o)
	if err == nil {
		err = in.folders(undo, in.config.State, in.config.Secrets)
	}
	if err == nil {
		err = in.writeSecrets(undo, secrets)
	}
	if err != nil {
		return errors.Join(err, undo.run())
	}
	if err := undo.done(); err != nil {
		return fmt.Errorf("cannot end the work of init: %w", err)
	}
	fmt.Fprintf(a.out, "this machine goes on as writer %s of vault %s\n\n  vault      %s\n  settings   %s\n  next       telekeep login, then telekeep sync\n",
		secrets.WriterID, in.vault.ID, in.config.Vault, in.place.config)
	a.ui.hint("the old machine must not write to this vault or a copy of it any more: end its telekeep and delete its secrets folder, or two chains of commits will not fit together")
	return nil
}

func (a *app) recoverSecrets(ctx context.Context, in *installation, o initOptions) (*chunkstore.WriterSecrets, error) {
	ids, err := a.identities(o.keys)
	if err != nil {
		return nil, err
	}
	dst, err := a.openAny(ctx, in.config)
	if err != nil {
		return nil, err
	}
	defer dst.Close()
	if in.vault, err = chunkstore.OpenVault(ctx, dst); err != nil {
		return nil, fmt.Errorf("cannot open the vault %s: %w", in.config.Vault, err)
	}
	key, err := chunkstore.OpenVaultKey(ctx, dst, ids)
	if err != nil {
		return nil, fmt.Errorf("cannot open the vault %s: %w", in.config.Vault, err)
	}
	writer, err := pickWriter(in.vault, o.writer)
	if err != nil {
		return nil, err
	}
	secrets, err := chunkstore.RecoverSecrets(ctx, dst, key, writer)
	if err != nil {
		return nil, withHint(fmt.Errorf("cannot take over writer %s: %w", writer, err), "another copy of the vault may have its secrets whole")
	}
	return secrets, nil
}

// pickWriter finds the writer whose id begins with text; "" is the only one.
func pickWriter(v *chunkstore.Vault, text string) (string, error) {
	var ids []string
	for _, w := range v.Writers {
		if strings.HasPrefix(w.ID, text) {
			ids = append(ids, w.ID)
		}
	}
	switch {
	case len(ids) == 1:
		return ids[0], nil
	case len(ids) > 1:
		return "", &failure{code: exitUsage, err: errors.New("the vault has several writers"), hint: "choose the one whose machine this one replaces with --writer: " + strings.Join(ids, ", ")}
	case len(v.Faults) > 0:
		return "", fmt.Errorf("the writer's entry cannot be read: %w", v.Faults[0].Err)
	}
	return "", &failure{code: exitVault, err: fmt.Errorf("the vault has no writer %s", text)}
}
