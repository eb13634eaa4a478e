// Package sha256pair hashes two byte sequences with SHA-256 at once on one core.
//
//	a ─▶ rounds 1-4 ─────────────▶ rounds 5-8 ─────────────▶ …
//	b ──────────▶ rounds 1-4 ─────────────▶ rounds 5-8 ────▶ …
//
// Every step of SHA-256 waits for the one before it, and a processor that has
// instructions for SHA-256 stands still for half of that time. There a second sequence
// costs little more than the first. The two know nothing of each other.
//
// The hashes are those of crypto/sha256, which also starts, pads and ends them, and does
// everything where there are no such instructions: the only thing here is the loop over
// blocks of two sequences, and what takes a hash in and out of it. The package is not for
// secrets: it keeps copies of what it hashes in registers and on the stack.
package sha256pair
