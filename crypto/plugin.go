package crypto

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/plugin"
)

// Plugins says which age plugins may be run, and how they reach the person. A plugin is a
// program age-plugin-NAME on the search path, for keys that live in hardware: a token, a
// TPM, a secure enclave. It is started when something is sealed to its key or opened with
// it, and never to look at the text of one. The zero Plugins allows none.
type Plugins struct {
	Allow []string // names, such as "yubikey"
	// Tell shows what a plugin has to say, such as that the token waits for a touch. Nil: nobody is told.
	Tell func(text string)
	// Ask asks for a PIN or a value; secret ones must not show. Nil: nobody can be asked.
	Ask func(question string, secret bool) (string, error)
	// Confirm asks for a decision between yes and no; an empty no means that there is no
	// choice but to go on. Nil: nobody can be asked.
	Confirm func(question, yes, no string) (bool, error)
}

// ErrPlugin says that an age plugin may not be run, is not there, or failed.
var ErrPlugin = errors.New("age plugin")

// ParseRecipient is ParseRecipient, which knows the recipients of allowed plugins
// (age1NAME1…) too. A plugin that is not allowed is ErrPlugin.
func (p Plugins) ParseRecipient(s string) (Recipient, error) {
	s = strings.TrimSpace(s)
	name, _, err := plugin.ParseRecipient(s)
	if err != nil || strings.HasPrefix(s, "age1pq1") {
		return ParseRecipient(s)
	}
	if err := p.check(name); err != nil {
		return Recipient{}, err
	}
	r, err := plugin.NewRecipient(s, p.ui())
	if err != nil {
		return Recipient{}, fmt.Errorf("%w: the recipient of plugin %s is mistyped or cut off", ErrBadKey, name)
	}
	return Recipient{s, classPlugin, pluginRecipient{r}}, nil
}

// parseIdentity reads "AGE-PLUGIN-NAME-1…".
func (p Plugins) parseIdentity(s string) (Identity, error) {
	name, _, err := plugin.ParseIdentity(s)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: the key of an age plugin is mistyped or cut off", ErrBadKey)
	}
	if err := p.check(name); err != nil {
		return Identity{}, err
	}
	id, err := plugin.NewIdentity(s, p.ui())
	if err != nil {
		return Identity{}, fmt.Errorf("%w: the key of plugin %s is mistyped or cut off", ErrBadKey, name)
	}
	public := Recipient{"the key of plugin " + name, classPlugin, pluginRecipient{id.Recipient()}}
	return Identity{"", public, pluginIdentity{id}}, nil
}

func (p Plugins) check(name string) error {
	if slices.Contains(p.Allow, name) {
		return nil
	}
	return fmt.Errorf("%w: age-plugin-%s is not among the plugins that may be run", ErrPlugin, name)
}

// ui connects a plugin with whoever is there.
func (p Plugins) ui() *plugin.ClientUI {
	nobody := errors.New("nobody can be asked")
	tell := func(text string) {
		if p.Tell != nil {
			p.Tell(text)
		}
	}
	return &plugin.ClientUI{
		DisplayMessage: func(name, message string) error {
			tell(name + ": " + message)
			return nil
		},
		RequestValue: func(name, question string, secret bool) (string, error) {
			if p.Ask == nil {
				return "", nobody
			}
			return p.Ask(name+": "+question, secret)
		},
		Confirm: func(name, question, yes, no string) (bool, error) {
			if p.Confirm == nil {
				return false, nobody
			}
			return p.Confirm(name+": "+question, yes, no)
		},
		WaitTimer: func(name string) { tell("waiting for plugin " + name + "; it may want a touch") },
	}
}

// A pluginError carries a failure of a plugin through age's own wrapping, so that a token
// that is not plugged in is never reported as a damaged file.
type pluginError struct{ err error }

func (e *pluginError) Error() string { return e.err.Error() }
func (e *pluginError) Unwrap() error { return e.err }

// A pluginIdentity sorts the errors of a plugin.
type pluginIdentity struct{ *plugin.Identity }

func (i pluginIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) == 1 && nativeStanza(stanzas[0].Type) {
		return nil, age.ErrIncorrectIdentity // no plugin is started for what cannot be its own
	}
	key, err := i.Identity.Unwrap(stanzas)
	if err == nil || errors.Is(err, age.ErrIncorrectIdentity) {
		return key, err
	}
	return nil, sortPluginError(i.Name(), err)
}

// nativeStanza reports whether age itself makes stanzas of this type.
func nativeStanza(kind string) bool {
	return slices.Contains([]string{"X25519", "mlkem768x25519", "scrypt", "ssh-ed25519", "ssh-rsa"}, kind)
}

// A pluginRecipient sorts the errors of a plugin.
type pluginRecipient struct{ *plugin.Recipient }

func (r pluginRecipient) WrapWithLabels(key []byte) ([]*age.Stanza, []string, error) {
	stanzas, labels, err := r.Recipient.WrapWithLabels(key)
	if err != nil {
		err = sortPluginError(r.Name(), err)
	}
	return stanzas, labels, err
}

func (r pluginRecipient) Wrap(key []byte) ([]*age.Stanza, error) {
	stanzas, _, err := r.WrapWithLabels(key)
	return stanzas, err
}

func sortPluginError(name string, err error) error {
	if _, ok := errors.AsType[*plugin.NotFoundError](err); ok {
		return &pluginError{fmt.Errorf("%w: there is no program age-plugin-%s on the search path", ErrPlugin, name)}
	}
	return &pluginError{fmt.Errorf("%w: age-plugin-%s failed: %w", ErrPlugin, name, err)}
}
