// Command modules tells what other people's code telekeep consists of.
//
//	modules licences            docs/licences.md: every module and its licence
//	modules notices             the licences' own texts, which go with the program
//	modules sbom PROGRAM        CycloneDX, of what was really linked into PROGRAM
//
//	go list ──> modules ──> licence files ──> names of licences ──> allowed?
//	program ──> build info ─────────┴──> SBOM
//
// A licence that is not known, or that would reach over to telekeep's own code, is an error.
// It never guesses from a module's name, never asks the network, and writes the same bytes
// for the same input.
package main
