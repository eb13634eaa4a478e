package telegram

import "telekeep/archive"

// SessionAccount is who is signed in with the session file at path, "" if nobody
// is. It takes no lock: another process may be using the session. Errors:
// ErrSessionUnreadable, ErrSessionUnsafe.
func SessionAccount(path string, s Sealer) (archive.PeerID, error) {
	saved, err := readSession(path, s)
	if err != nil || saved == nil {
		return "", err
	}
	return saved.Account, nil
}
