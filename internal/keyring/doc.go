// Package keyring reads secrets from the kernel's keyring: keys of the type "user", which live in
// the kernel's memory and are gone with the machine's power. Nobody but the user they belong to,
// and root, reads them; on no disk is any of them.
//
//	keyctl padd user telekeep:writer.key @u <writer.key
//	        │                                            └─ payload, 32,767 bytes at most
//	        └─▶ user keyring ──▶ Read("telekeep:writer.key")
//
// It never makes, changes or removes a key. It exists on Linux only.
package keyring

import "errors"

// ErrNone says that there is no key of that description.
var ErrNone = errors.New("no such key in the kernel's keyring")

// ErrUnsupported says that the system has no such keyring, or does not let this process use it.
var ErrUnsupported = errors.New("the kernel's keyring cannot be used here")
