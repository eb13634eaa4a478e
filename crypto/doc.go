// Package crypto is everything telekeep does with keys: sealing and opening
// with age, naming bytes with keyed BLAKE3, signing with Ed25519, and the
// sealed frames of a local journal.
//
//	people      Recipient ──Seal──▶ ┌──────────────┐ ──Open──▶ Identity
//	            (public)            │ one age file │           (secret)
//	                                └──────────────┘
//	chunks      Key.ID(plaintext)   = BLAKE3 keyed, 32 bytes
//	statements  Key.MAC(context, m) = BLAKE3 keyed with a key derived for context
//	commits     SigningKey.Sign(m)  = Ed25519, 64 bytes
//	journal     head│frame│frame│…  = one sealed key, then ChaCha20-Poly1305
//
// Everything that is sealed is an age v1 file, so the stock age tool opens it.
// The types here are values: a Recipient may be printed and stored anywhere, an
// Identity, a Key or a SigningKey prints as a placeholder through package fmt
// and log/slog and gives its secret only when String is called by name.
//
// Errors are sorted before they leave the package. ErrWrongKey means that the
// bytes look whole but none of the given keys opens them. ErrDamaged means that
// no key will open them: they were cut, changed, or are something else. An error
// of the reader underneath is neither; it is passed on wrapped. age cannot tell
// a changed key stanza from one made for somebody else, so damage in the few
// hundred bytes that hold the sealed file key shows as ErrWrongKey; who knows the
// hash of the file should check it first.
//
// The package never reads a file, never asks a terminal, never logs, and never
// chooses between keys: callers pass exactly those that may be used.
package crypto
