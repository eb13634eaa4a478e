package telegram

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gotd/td/session/tdesktop"

	"telekeep/archive"
)

// ReadTData reads the sessions of all accounts from a folder of Telegram
// Desktop: its tdata, or the one above. passcode is that of Telegram Desktop's
// lock, "" for none. Nothing is changed there.
//
// Errors: ErrPasscode if another passcode is needed, ErrForeignUnreadable.
func ReadTData(folder, passcode string) (_ []*Foreign, err error) {
	// gotd's reader trusts the counts in a file that can be decrypted.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the files in %s are damaged", ErrForeignUnreadable, folder)
		}
	}()
	if folder, err = findTData(folder); err != nil {
		return nil, err
	}
	accounts, err := tdesktop.Read(folder, []byte(passcode))
	switch {
	case err == nil:
	case errors.Is(err, tdesktop.ErrKeyInfoDecrypt), strings.Contains(err.Error(), "decrypt keyEncrypted"):
		return nil, ErrPasscode // gotd has no name for the second
	case errors.Is(err, tdesktop.ErrNoAccounts):
		return nil, fmt.Errorf("%w: nobody is signed in in %s", ErrForeignUnreadable, folder)
	default:
		return nil, fmt.Errorf("%w: %w", ErrForeignUnreadable, err)
	}
	var out []*Foreign
	for _, a := range accounts {
		key, ok := a.Authorization.Keys[a.Authorization.MainDC]
		if !ok {
			continue // this one is signing in, or was signed out
		}
		out = append(out, &Foreign{
			Program: "Telegram Desktop", Account: archive.NewPeerID(archive.PeerUser, int64(a.Authorization.UserID)),
			DC: a.Authorization.MainDC, Test: a.Config.Environment.Test(), key: key,
		})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: nobody is signed in in %s", ErrForeignUnreadable, folder)
	}
	return out, nil
}

// findTData finds the folder that holds Telegram Desktop's keys.
func findTData(folder string) (string, error) {
	for _, dir := range []string{folder, filepath.Join(folder, "tdata")} {
		for _, name := range []string{"key_datas", "key_data0", "key_data1"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				return dir, nil
			}
		}
	}
	return "", fmt.Errorf("%w: there is no key_datas in %s; Telegram Desktop keeps it in a folder tdata", ErrForeignUnreadable, folder)
}
