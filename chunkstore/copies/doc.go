// Package copies shows several places that hold one vault as one destination, and
// brings those that were away up to date.
//
//	             ┌─▶ place 1   current: packs, index, commit as they come
//	Writer ─ Put ┼─▶ place 2   behind:  packs as they come, no commit
//	             ├─▶ place 3   away:    nothing
//	             └─▶ spool     what fewer than Need places hold; always what a Writer
//	                           needs to be opened with every drive away
//
//	CatchUp(place 3)  lists both sides, then copies what lacks, each object checked
//	                  before it is written:
//	                  small things ▶ of every commit its packs ▶ its index ▶ the commit
//
//	spool/queue       every index and commit before it goes anywhere; packs that too few
//	                  places took: until Need places hold them. It counts as stored.
//	spool/keep        vault.json, keys, writers, the newest index and commit of each
//	                  writer: it answers only while places are away (Partial)
//
//	Heal, Scrub       make whole what one place has whole; heal.go says who is believed
//
// The rule that everything here keeps: no place ever holds a commit whose index, whose
// packs or whose commit before it it lacks. A place that missed something gets no
// commits until CatchUp has brought what it missed, so whatever is there can be read.
//
// Because indexes and commits are in the spool first, a place that was unplugged with a
// commit that nobody else has seen forks no chain. Drives that are never there together get
// what the others have from the spool only, and so they do if Need is their number.
//
// The errors of one place are a state of it, told once, and keep nobody from storing
// elsewhere. Before anything is written to a place it has shown that it is the right
// one: vault.json with the vault's id, the file system that it was on before, and a head
// that is not behind what this machine remembers of it.
//
// The package deletes nothing but files of its spool and what it has set aside before,
// changes no object but bad ones into what they were, never logs, and holds no key that
// opens a pack.
package copies
