// Package archive says what a backup is: records, resume state and media files on
// their way into a vault (Writer), and the archive as of one commit on its way out
// (Snapshot).
//
// # Record stream
//
// Records are only ever appended. Those of one commit, one behind the other, are its
// record stream, which is cut into chunks, most of them behind a record:
//
//	{"v":1,"kind":"message","account":"user1",…,"raw":212}⏎    one line of JSON
//	<212 bytes: the TL object as Telegram sent it>⏎            if "raw" is there
//	{"v":1,"kind":"media",…,"media":{"key":"photo:7",…,"chunks":["3f…","a0…"]}}⏎
//
// AppendRecord writes the fields in the order of the Record type, without spaces, so
// the same record always gives the same bytes. A Decoder returns every record, those
// of kinds and with fields that it does not know with their line as it stands, and
// refuses what a later version wrote.
//
// # Journal
//
// Every step of a Writer is in a local journal before it has its effect:
//
//	Apply, BeginMedia, WritePart, Finish
//	    │ 1                               ┌─ record stream ─┐
//	    ├──▶ journal (a sealed frame)     │                 ▼
//	    └──▶ effect ──────────────────────┼─ media ──▶ chunkstore ──▶ vault
//	      2                               │                 ▲
//	                                      └─ state ─────────┘
//
// What the store has taken since the last commit may be gone with the process; what
// is in the journal is not, because the kernel has it. OpenWriter takes the journal's
// entries through the same effects and stands where the last call returned: nothing
// is fetched twice but what was in flight. Sync makes that hold for power cuts too.
//
// The journal is a folder of segments, each one crypto.FrameWriter sealed to the
// writer's index key. A segment is never written again after its process ended; the
// next one says how many entries of it count:
//
//	00000007.journal   builds on commit 4            begin part part batch …
//	00000008.journal   after 7, which counts for 31  part finish batch …
//	                   └─ commit 5 ─┐
//	00000009.journal   builds on commit 5            begin part   (the carry)
//
// A commit holds all steps before it. Then a new segment takes the place of the old
// ones. It carries what the vault cannot know: of each media file in flight, the bytes
// behind its last cut. How far the file got up to that cut is part of the commit, as
// resume state, so that even a writer that lost its journal goes on from there. A process
// that ends between the commit and the new segment leaves segments that build on the
// commit before; of those, only the media in flight count.
//
// When the disk of the journal is full, a commit empties it. A segment that could not take
// an entry is given up, and the next one goes on from what it holds.
//
// What an fsync that failed should have written may be gone from the disk, though it can
// be read and though the next fsync succeeds. So a file NNNNNNNN.journal.doubt says that one
// failed: the next process writes that segment anew before it trusts it, and removes the note.
//
// Files of an import, which are still there afterwards, go past the journal: MediaStream.
//
// A damaged journal is used up to the damage; what was behind it is fetched again.
//
// # Snapshot
//
// OpenSnapshot replays all streams up to a moment and keeps, for each version of a
// message, 16 bytes: id, a sum to notice versions in which nothing changed, and the
// place of the record. Records are read when they are asked for.
//
// # What the package never does
//
// It never reads back what it wrote (the Writer holds no key for that), never changes
// or removes a record, never decides that something is deleted because it is absent,
// never talks to Telegram, and never puts content or names into an error.
package archive
