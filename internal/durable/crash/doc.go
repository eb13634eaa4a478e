// Package crash says what a power cut could leave of the files that a program wrote.
//
//	program ──▶ Disk ──▶ a real Tree, so that the program can read what it wrote
//	             │ every create, write, fsync, rename, remove, mkdir and fsync of a directory
//	             ▼
//	          Replay ──step by step──▶ State, State, … : what may be there after a cut here
//
// The rules are those of a file system that promises no more than fsync says. Bytes are
// durable once their file was synced, names once their directory was. Of what is not
// durable any part may be there: of a file's bytes all, none, the first ones, the first
// ones with zeros behind them up to the whole length, or some sectors; of the changes of a
// directory any, whatever the order they were made in. A directory whose own name
// was lost takes everything below with it. What was lost by an fsync that failed stays
// lost, and no later fsync speaks of it.
//
// It is for tests. It never syncs anything: the real files are not what is tested. It does
// not know files that are changed in place, hard links, or a rename that is torn in two.
package crash
