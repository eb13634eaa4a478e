package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"telekeep/crypto"
)

// keyFlags are the flags of every command that reads what is stored.
type keyFlags struct {
	files      []string
	passphrase bool
	plugins    []string
}

func (k *keyFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVarP(&k.files, "identity", "i", nil, "owner key file that opens the vault; may be repeated")
	c.Flags().BoolVar(&k.passphrase, "passphrase", false, "open the vault with a passphrase (asked for, or one line on standard input)")
	c.Flags().StringArrayVar(&k.plugins, "plugin", nil, "allow an age plugin by its name, such as yubikey, beside [keys] plugins of the settings")
}

func (k *keyFlags) given() bool { return len(k.files) > 0 || k.passphrase }

// identities reads the owner keys. They live in this process only.
func (a *app) identities(k keyFlags) ([]crypto.Identity, error) {
	if !k.given() {
		return nil, &failure{code: exitKey, err: errors.New("reading what is stored needs an owner key"), hint: "give its file with -i FILE, or --passphrase"}
	}
	var ids []crypto.Identity
	for _, path := range k.files {
		found, err := a.identityFile(path, a.plugins(k.plugins))
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
	}
	if k.passphrase {
		text, err := a.ui.secret("Passphrase")
		if err != nil {
			return nil, err
		}
		id, err := crypto.PassphraseIdentity(text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (a *app) identityFile(path string, plugins crypto.Plugins) ([]crypto.Identity, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{code: exitKey, err: fmt.Errorf("there is no key file %s", path), hint: "name the owner key's file with -i; it may lie on another machine or stick"}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the key file %s: %w", path, err)
	}
	defer f.Close()
	ids, err := plugins.ParseIdentities(f, func() (string, error) { return a.ui.secret("Passphrase of " + path) })
	if errors.Is(err, crypto.ErrWrongKey) {
		return nil, &failure{code: exitKey, err: fmt.Errorf("key file %s: %w", path, err), hint: "the file itself is locked with a passphrase, and this was another one; type it again"}
	}
	if errors.Is(err, crypto.ErrPlugin) {
		return nil, &failure{code: exitKey, err: fmt.Errorf("key file %s: %w", path, err), hint: pluginHint}
	}
	if err != nil {
		return nil, &failure{code: exitKey, err: fmt.Errorf("key file %s: %w", path, err), hint: "an owner key file has a line AGE-SECRET-KEY-…, or is an OpenSSH private key"}
	}
	return ids, nil
}
