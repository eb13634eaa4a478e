// Package export writes an archive into folders that other programs read.
//
// JSON writes what Telegram Desktop's "Export Telegram data" writes, byte for byte
// where the archive has the same facts:
//
//	out/                                  a whole account          one chat
//	  result.json                         about, chats …           name, type, id, messages
//	  profile_pictures/ stories/ profile_music/
//	  chats/chat_1/photos/photo_1@…jpg    media of each chat       photos/ … at the root
//	               video_files/ animations/ stickers/ voice_messages/
//	               round_video_messages/ files/ contacts/
//	  .telekeep/                          what it takes to update the folder
//
// Messages flow through one by one, and memory does not grow with their number:
//
//	archive ─► shelf ─ files ─► chats/chat_1/photos/…      written under a temporary name, checked
//	   │         │ paths                                   against the archive's SHA-256, renamed
//	   └─────► encoder ─ text ─► .telekeep/part-… ─► result.json      renamed last of all
//
// The format follows Telegram Desktop 6.1, with the service actions that later
// versions added; the quirks of its layout are kept, because programs exist that
// depend on them. It differs where that would do harm:
//
//   - the file is always valid JSON: control characters are \u00HH instead of
//     \xHH, and no object has a key twice (send_webview_data);
//   - the introductions ("about") are our own words, and names of files are made
//     safe for every system, not only for the one that runs;
//   - a file that several messages carry is written once per chat, where Telegram
//     Desktop writes the first 100,000 once per run: so the folder of a chat is
//     complete, and stays as it is when other chats grow;
//   - what an article shows among its paragraphs is listed as "rich_media", in the
//     keys of a message's own media: the format has no word for it;
//   - on demand, every message has under "telekeep" what the format drops;
//   - an export can be updated. A file keeps the path that it got first, a chat
//     its folder, and only what is missing is written.
//
// Plain and SQLite go through the same messages and hand each, with all files that it names, to
// a sink: text files of a chat, or a database.
//
//	archive ─► walk ─┬► shelf ─ files ─► chats/Ada/media/2024-05/…
//	                 └► sink ─► messages.txt messages.jsonl SHA256SUMS  |  archive.db
//
// HTML writes the pages that Telegram Desktop writes, for a browser, and a search:
//
//	out/export_results.html               a whole account; of one chat its pages stand here
//	    search.html  search/chats.js      which page can have which words: a signature of each
//	                 search/chat_1/3.js   the words of chats/chat_1/messages3.html
//	    lists/  css/  js/  images/
//	    chats/chat_1/messages.html …      1,000 messages each; topics.html of a forum
//
// A page loads nothing from the network, runs nothing but the two scripts beside it, and
// holds no markup that came from a message: its policy and the escaping both see to that.
// One page is in memory at a time. Each is written whole under a temporary name, and
// replaces the one before only if it differs.
//
// Restore writes everything the archive holds, for people who have no program at
// all: media as files, records as JSON Lines, and a list of their hashes.
//
// The package never writes outside of its folder, whatever a name or a link says;
// never deletes or overwrites what it did not write; never prints; and never
// changes the archive.
package export
