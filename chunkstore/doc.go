// Package chunkstore keeps bytes in a vault: cut into chunks, each stored once,
// compressed, sealed with age, listed by a signed chain of commits.
//
//	Stream.Write ─▶ chunker ─▶ worker ────────────▶ packs ─▶ Destination.Put
//	                (gear hash) id, known?, zstd     one age file each, 32 MiB
//	Writer.Commit ─▶ wait for the workers ─▶ packs ─▶ index ─▶ commit, each durable first
//
//	Reader.Chunk ◀─ id computed again ◀─ zstd ◀─ age, one range of a pack ◀─ ReadAt
//	Verify       ◀─ hashes, signatures, chain; with an owner key every chunk too
//
// docs/format.md is the normative description of everything that is stored. In the
// order of the data:
//
//	chunker, codec        where chunks end; how their bytes are stored
//	directory, packbuilder what a pack is; filling and sealing one
//	index*, commit, chain  what a commit adds; the signed links; whether they hold together
//	stream, pipeline, worker, packing, packhash  from a caller's bytes to stored packs, on all cores
//	writer, commitwriter, catchup, resume  the Writer, its commits, how it recovers
//	survey                what a Writer looks at before it goes on
//	state*                the writer's local cache, one SQLite file
//	reader, packfile, readahead  reading back
//	salvage*              reading back what is left of a damaged vault
//	verify*, problem      proving that a vault is whole
//	several, objects, heads  what copies of a vault need to know of it
//	ownerkeys             what commits list of the owners' key files
//	retire, prune, pruned  packs that nobody needs: on whose word, which, and deleting them
//	vault*, secrets, create  what a vault is, and whose
//
// A Writer holds no key that opens a pack: it seals to the vault's recipient, and
// what it needs to know again it reads from its own indexes. The code that takes over
// a commit after a crash is the code that runs after every commit.
//
// The package knows nothing of messages, never changes an object, deletes none but packs
// that a commit retired on an owner's word (Reader.DeleteRetired), never
// asks anybody, never logs, and reads a clock only to write the time of a commit.
package chunkstore
