// Package telegram pulls one account out of a Telegram server into an archive.
// Nothing else of ours knows gotd, the MTProto client it stands on.
//
//	          ┌ Session   the login: one sealed file, one process
//	Client ───┤
//	          └ link      the connection while it lasts
//	              │
//	    caller: waits at the flood gate, limits, tries again
//	     │                        │
//	home data centre         pool of connections to each data centre
//	     │                        │
//	dialogs ▶ updates ▶ history   │
//	     │ pages of messages      │ parts of files
//	     ▼                        ▼
//	   batch ──▶ Archive ◀── download: length, server's hashes
//	     │          ▲
//	     └─ work ───┘  files to fetch, in the state, newest first, held back
//	                   until all text is there
//
// A sync asks who it is, lists the chats, takes the edits and deletions since
// the last time, and then reads each chat's history from its newest message
// down, as far as it is not covered yet. Media comes when all text is there, and
// that of the last day meanwhile. Every page of messages goes into the archive in
// one step with the note that it is there (chatState.Covered) and the files it
// names; so a sync can be killed at any moment, and the next one goes on with the
// rest.
//
// Follow does the same and then stays:
//
//	connection ──▶ inbox ──▶ boxes: in order of their counts ──▶ batch ──▶ disk
//	                           │ a gap, a new connection, "too long"
//	                           └──▶ difference, or history ──▶ batch
//
// One goroutine owns all state of chats, whether it reads a history or takes
// pushes between two pages of one.
//
// Before all that somebody signs in: by a code (Login), by a QR code (LoginQR), or
// with the session of another program (ParseSession, ReadTData, Import). The key of
// a sign-in lives in memory until the server has said whose it is; then it takes
// the file's place. Nothing the server says later makes the file forget it: only
// Logout does, and the account's move to another data centre.
//
// What is the truth: the history. Updates only tell what changed in messages
// that are archived already. What is absent is never taken for deleted.
//
// The package never sends a message, marks nothing as read, and changes nothing
// in the account. It keeps no self-destructing media and none that its owner
// protects. It stores no byte of a file that was not checked. It logs no names,
// texts or phone numbers, never prints, and holds neither an account's messages
// nor the list of its media in memory.
//
// Beside it: normal turns TL objects into records, simulator is a Telegram on
// loopback. docs/decisions.md lists what gotd does not do and where it is done
// here instead.
package telegram
