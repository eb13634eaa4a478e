package sftp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// A login is how a user shows who it is.
type login struct {
	o   Options
	key func() (ssh.Signer, error) // of KeyFile, read once
}

func newLogin(o Options) *login {
	return &login{o: o, key: sync.OnceValues(func() (ssh.Signer, error) { return readKey(o) })}
}

// methods returns the ways to sign in, in the order in which they are tried, and what
// closes the agent's connection afterwards.
func (l *login) methods(ctx context.Context) (methods []ssh.AuthMethod, done func(), err error) {
	done = func() {}
	var signers []ssh.Signer
	if l.o.KeyFile != "" {
		key, err := l.key()
		if err != nil {
			return nil, nil, err
		}
		signers = append(signers, key)
	}
	if l.o.Agent != "" {
		socket, err := new(net.Dialer).DialContext(ctx, "unix", l.o.Agent)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: there is no SSH agent: %w", ErrLogin, err)
		}
		done = func() { socket.Close() }
		inAgent, err := agent.NewClient(socket).Signers()
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("%w: ask the SSH agent: %w", ErrLogin, err), socket.Close())
		}
		signers = append(signers, inAgent...)
	}
	if len(signers) > 0 {
		methods = append(methods, ssh.PublicKeys(signers...))
	}
	if l.o.Password != nil {
		methods = append(methods, ssh.PasswordCallback(l.o.Password), ssh.KeyboardInteractive(l.answer))
	}
	return methods, done, nil
}

// answer gives the password to a server that asks for it as a question.
func (l *login) answer(_, _ string, questions []string, echos []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i := range questions {
		if echos[i] {
			return nil, errors.New("the server asks for more than a password")
		}
		password, err := l.o.Password()
		if err != nil {
			return nil, err
		}
		answers[i] = password
	}
	return answers, nil
}

func readKey(o Options) (ssh.Signer, error) {
	data, err := os.ReadFile(o.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("%w: read the SSH key: %w", ErrLogin, err)
	}
	key, err := ssh.ParsePrivateKey(data)
	if _, sealed := errors.AsType[*ssh.PassphraseMissingError](err); sealed && o.Passphrase != nil {
		var passphrase string
		if passphrase, err = o.Passphrase(); err == nil {
			key, err = ssh.ParsePrivateKeyWithPassphrase(data, []byte(passphrase))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the SSH key %s: %w", ErrLogin, o.KeyFile, err)
	}
	return key, nil
}

// refused makes the error of a login one that says what to do.
func (l *login) refused(err error) error {
	if l.o.KeyFile == "" {
		return fmt.Errorf("%w of %s: %w", ErrLogin, l.o.User, err)
	}
	key, keyErr := l.key()
	if keyErr != nil {
		return keyErr
	}
	public := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey())))
	return fmt.Errorf("%w of %s with the key of %s: the line %q must stand in the authorized_keys of that user there: %w",
		ErrLogin, l.o.User, l.o.KeyFile, public, err)
}
