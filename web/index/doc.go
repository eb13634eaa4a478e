// Package index makes what a vault holds searchable: a SQLite database with the text of
// all messages, in memory or in a folder that the user names.
//
//	archive.Log ──records──▶ Update ──▶ who       people and chats by number
//	(only commits               │       message   one row each: date, topic, kind …
//	 that are new)              │       doc       what is searched of a version of one
//	                            │       words     FTS5: the words of doc and its marks
//	                            │       media     files, and where they are shown
//	                            ▼       quarter   messages a chat and quarter of an hour
//	                  Search, Find, Topics, Days …
//
// # Words
//
// A folder takes texts apart, the same way for what is stored and what is looked for, so
// SQLite sees words of plain letters and digits only and nothing that people type is part
// of its query language. Case, accents and forms of one letter do not count. Scripts
// without spaces go in letter by letter and are found as phrases.
//
// A row of words has the words of one doc and, as words of a private alphabet, its marks:
// chat, sender, kind, topic, deleted, earlier version. So a filter is a part of the full-text
// query. The number of a doc is made of its date:
//
//	63      10 9       0
//	┌─────────┬─────────┐
//	│ seconds │ number  │   newest first is the order of the numbers, backwards,
//	└─────────┴─────────┘   and a range of dates is a range of numbers
//
// # On disk
//
// Without a folder nothing is: database, journal and what SQLite sorts are in memory. A
// folder holds index.db (0600), what SQLite keeps beside it while it is open, and lock. It
// belongs to one vault. It is a cache: one of another version, a torn one, and one that does
// not begin with the commits of the vault is made anew. A batch of records is one
// transaction, together with how far it got, so an Update that was killed goes on.
//
// # What the package never does
//
// It never writes outside of the folder that was named, never returns HTML, never gives what
// people type to SQLite as a query, and never puts content into an error.
package index
