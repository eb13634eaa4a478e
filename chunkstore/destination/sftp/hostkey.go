package sftp

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// A HostKeyError is when the server shows a host key that is not the known one. Nothing
// was said to the server then, no login tried.
type HostKeyError struct {
	Host        string   // and port, as a known hosts file has it
	Fingerprint string   // of the key that was shown: SHA256:…
	KeyType     string   // of the key that was shown: ssh-ed25519 …
	Line        string   // of a known hosts file that would make it known
	File        string   // the known hosts file
	Known       []string // fingerprints that are known for the host, each with file and line; none: the host is unknown
	Revoked     bool     // the file says that this key must never be trusted
}

// Changed reports whether the host is known with other keys.
func (e *HostKeyError) Changed() bool { return len(e.Known) > 0 }

func (e *HostKeyError) Error() string {
	shown := fmt.Sprintf("%s shows the %s host key %s", e.Host, e.KeyType, e.Fingerprint)
	switch {
	case e.Revoked:
		return fmt.Sprintf("%s, which %s says must not be trusted", shown, e.File)
	case e.Changed():
		return fmt.Sprintf("%s, but is known with %s: somebody may stand between you and the server. If its keys were really changed, take the old line out and add the line %q to %s",
			shown, strings.Join(e.Known, " and "), e.Line, e.File)
	}
	return fmt.Sprintf("%s, which is not known. Compare it with what the server itself says (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub there), then add the line %q to %s",
		shown, e.Line, e.File)
}

// hostKeys returns what checks a host key and which kinds of keys to ask for: those that
// are known, or the server would show another kind that it has too.
func hostKeys(o Options) (ssh.HostKeyCallback, []string, error) {
	var files []string
	if _, err := os.Stat(o.KnownHosts); err == nil {
		files = append(files, o.KnownHosts)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("known hosts: %w", err)
	}
	check, err := knownhosts.New(files...)
	if err != nil {
		return nil, nil, fmt.Errorf("known hosts: %w", err)
	}
	callback := func(address string, remote net.Addr, key ssh.PublicKey) error {
		return hostKeyError(o, key, check(address, remote, key))
	}
	return callback, knownAlgorithms(o, check), nil
}

// hostKeyError makes the error of a check one that says what to do.
func hostKeyError(o Options, key ssh.PublicKey, err error) error {
	if err == nil {
		return nil
	}
	host := knownhosts.Normalize(o.address())
	e := &HostKeyError{Host: host, Fingerprint: ssh.FingerprintSHA256(key), KeyType: key.Type(),
		Line: knownhosts.Line([]string{host}, key), File: o.KnownHosts}
	if _, revoked := errors.AsType[*knownhosts.RevokedError](err); revoked {
		e.Revoked = true
		return e
	}
	keyErr, ok := errors.AsType[*knownhosts.KeyError](err)
	if !ok {
		return fmt.Errorf("host key of %s: %w", host, err)
	}
	for _, k := range keyErr.Want {
		e.Known = append(e.Known, fmt.Sprintf("%s (%s:%d)", ssh.FingerprintSHA256(k.Key), k.Filename, k.Line))
	}
	return e
}

// knownAlgorithms returns the algorithms of the host keys that are known, nil if none is.
// It finds them by showing a key that nobody has.
func knownAlgorithms(o Options, check ssh.HostKeyCallback) []string {
	nobodys, err := ssh.NewPublicKey(make(ed25519.PublicKey, ed25519.PublicKeySize))
	if err != nil {
		return nil
	}
	keyErr, ok := errors.AsType[*knownhosts.KeyError](check(o.address(), &net.TCPAddr{}, nobodys))
	if !ok {
		return nil
	}
	var algorithms []string
	for _, k := range keyErr.Want {
		types := []string{k.Key.Type()}
		if k.Key.Type() == ssh.KeyAlgoRSA {
			types = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
		}
		for _, t := range types {
			if !slices.Contains(algorithms, t) {
				algorithms = append(algorithms, t)
			}
		}
	}
	return algorithms
}
