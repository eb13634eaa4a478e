// Package world is what the simulated Telegram holds and how it answers.
//
//	export folder --FromExport--.                       .--> updates to the sessions (OnUpdates)
//	                             >--> World --Methods--<
//	seed ----------FromSeed-----'       ^               '--> answers, by TL id of the request
//	                                    |
//	             AddMessage, EditMessage, DeleteMessages, Faults
//
// A World is one account and all it can see: people, groups, channels, their
// messages and files. Messages lie in chats as positions in ascending order of
// id. The first of them come from the export or are functions of the seed, made
// anew each time they are asked for, so that a million of them take no memory;
// what is added, edited or deleted later lies over them:
//
//	position  0 … base.len()-1          base.len() …
//	          base (export or seed)     added
//	          edited[id], deleted[id] take precedence
//
// The answers follow the real server's rules where a client could trip over
// them: access hashes are checked, file references expire, pages are short where
// messages were deleted, and a file is only to be had at its data centre.
//
// The package knows nothing of connections, keys and sign-in, and it never
// lets a shared TL object out: encoding one writes to it.
package world
