// Package desktop takes exports that other programs made into an archive: Telegram
// Desktop's result.json and HTML pages, and the JSON of tdl.
//
//	folder, .zip, file ── Open ──▶ Export ── Import ─┬─▶ convert ──▶ sink ──▶ archive
//	                                                 │   message     │ what is known already
//	                                                 └─▶ shelf ──────┘ files, by their hash
//
// A record that comes out of it says so (archive.Origin), and counts less than what was
// fetched from Telegram: a snapshot shows it as an earlier version, or not at all where it
// says the same. What an import took is remembered in the archive's state, so that the
// same export, or a later one of the same chat, adds only what is new:
//
//	import/ACCOUNT/CHAT/BLOCK    512 message ids; of each version 11 bytes: the id within
//	                             the block, sums of its words and of all of it, and
//	                             whether its files were there
//	imported/ACCOUNT             set: there was an import of it
//	import/ACCOUNT/print/…       a sum of what was told last of a person, a chat, a contact …
//	import/ACCOUNT/full/PEER     what messages call a person
//	whole/SUM                    an export that lies there unchanged: it is not read at all
//	stretch/SUM                  some hundred messages of a result.json, and their files: they
//	                             are passed over where they stand in it again
//
// Whoever has only a name in the export, and no id, gets a negative id made of the name;
// Telegram has none such. Files have the hash of their bytes for a name (MediaSHA256).
//
// The package never asks Telegram, never reads what the vault holds, never guesses which
// chat or whose account something belongs to, never opens a file outside of the export's
// folder, and never changes the export.
package desktop
