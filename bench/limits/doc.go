// Package limits measures what the machine itself can do, so that a figure of the
// benchmarks can be read beside its limit from the same run:
//
//	memory copy | SHA-256 | ChaCha20-Poly1305 | disk: write and fsync | loopback TCP
//
// There are benchmarks here and nothing else; it never looks at our own code.
package limits
