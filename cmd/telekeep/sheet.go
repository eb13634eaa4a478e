package main

import (
	"fmt"
	"strings"

	"telekeep/chunkstore"
)

// recoverySheet prints what a person needs on the day the machine is gone. On a
// terminal it shows the owner key itself, to be written down or printed; it does
// not go into files and logs.
func (a *app) recoverySheet(in *installation, owners []chunkstore.Owner) error {
	var b strings.Builder
	put := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	put("telekeep recovery sheet")
	put("")
	put("  vault id      %s", in.vault.ID)
	put("  vault         %s", in.config.Vault)
	put("  made          %s", a.now().UTC().Format("2006-01-02"))
	for _, o := range owners {
		put("  opened by     keys/%s.age, sealed to %s", o.Name, shorten(o.Recipient.String()))
	}
	switch {
	case in.owner == nil:
		put("  owner key     the one you gave; telekeep never had its secret half")
	case a.ui.terminal && isTerminal(a.out):
		put("  owner key     %s", in.owner.String())
		put("                (also in %s)", in.place.owner)
	default:
		put("  owner key     in %s", in.place.owner)
	}
	put("")
	put("To get everything back you need the vault (any copy of it) and the owner key, on any machine:")
	put("  telekeep restore --vault %s %s --out everything", shellWord(in.config.Vault), keyFlag(in, owners))
	put("To go on backing up from a new machine:")
	put("  telekeep init --from-vault %s %s", shellWord(in.config.Vault), keyFlag(in, owners))
	put("Without telekeep: the steps in the vault's README.txt, with age and zstd.")
	put("Whoever has both can read everything; without the key nobody can, not even you.")
	put("")
	put("Settings:  %s", in.place.config)
	put("Next:      telekeep login, then telekeep sync")
	fmt.Fprint(a.out, b.String())
	if in.owner != nil {
		a.ui.hint("the owner key opens everything and does not belong on this machine: move %s to a safe place (a USB stick in a drawer, a password manager, paper)", in.place.owner)
	}
	return nil
}

// keyFlag is how a command line names the owner key.
func keyFlag(in *installation, owners []chunkstore.Owner) string {
	switch {
	case in.owner != nil:
		return "-i " + shellWord(in.place.owner)
	case owners[0].Name == passphraseOwner:
		return "--passphrase"
	}
	return "-i KEYFILE"
}

// shorten keeps the ends of a long public key.
func shorten(key string) string {
	if len(key) <= 60 {
		return key
	}
	return key[:30] + "…" + key[len(key)-12:]
}
