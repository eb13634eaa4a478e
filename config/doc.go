// Package config holds telekeep's settings: one struct tree whose comments are
// the manual, a strict reader, and the commented file that init writes.
//
//	telekeep.toml --> Load --> Config (paths absolute, sizes in bytes, keys parsed)
//	                    |
//	                    +--> *Error: every problem at once, each with file, line and key
//
// The reader refuses what it does not know: a misspelt key is an error and never
// a setting that is silently not there. Relative paths count from the folder of
// the file. The package reads files and nothing else: it opens no vault, makes
// no folder and knows no command line.
package config
