// Package web is the viewer: a server on loopback and the pages that a browser shows of an
// archive.
//
//	browser                           Server
//	  GET  /BASE/#token=…   ──────▶   a page of its own, with nothing in it
//	  POST /BASE/api/session          the token, once ──▶ a cookie that scripts cannot see
//	  GET  /BASE/api/state            how far opening is
//	  GET  /BASE/api/window?…         some messages, by position ──▶ archive.Timeline
//	  GET  /BASE/media/KEY            bytes, whole or a Range ────▶ archive.MediaAt ──▶ packs
//	  GET  /BASE/api/search?…         ──▶ web/index
//
// BASE is random, and the path of the cookie: browsers send cookies of 127.0.0.1 to whatever
// listens on any port of it, but only below this path, which nobody else knows.
//
// What people sent is text, and stays text: the server writes it as JSON, the pages put
// it on the screen as text nodes, and the browser is told by the policy of contents that nothing but
// the pages' own files may run, be fetched, or be made into markup. Files are given types from a
// short list; all others are downloads.
//
// The package never listens on anything by itself, never writes a file, never sends anything to
// where it was not asked from, and never changes the archive.
package web
