// Package s3 keeps a vault in a bucket of S3-compatible object storage.
//
//	name                packs/ab/ab12….age
//	object              <prefix>/packs/ab/ab12….age
//
//	Put ─▶ HEAD: there?  ──yes──▶ the same bytes?  nil or fs.ErrExist
//	       │ no, or nobody may know
//	       ▼
//	       PUT If-None-Match: *  ──412──▶ the same bytes?  nil or fs.ErrExist
//	       SHA-256 of the bytes goes along, and the server compares
//
//	Get ─▶ GET, and from where it broke off once more, if the object is the same
//
// An object is there whole or not at all, and durable when the server says so. Many
// writers need no lock: a server that knows conditional writes lets one of two win; with
// one that does not, two machines that store other bytes under one name at the same moment
// can both believe to have won. A vault's names make that impossible for packs, which are
// named by their bytes, and a writer shares its other names with nobody.
//
// What a server does not know is left out when it says so: conditions, then SHA-256 (MD5
// goes along instead). Where the server keeps the SHA-256, Get compares it with what came.
// A server may be late to list: what a Destination has changed within ten minutes, it lists
// as it is.
//
// Longer objects than Options.PartSize go in parts. Parts of an upload that did not come
// to its end cost money on some servers: a failed Put takes them back, and the next Put in
// parts takes back those that a machine which stopped has left a week ago.
//
// It needs the rights to put, get and list objects, and no more: credentials that cannot
// delete are the best ones for a machine that only writes. Under object lock nothing can be
// deleted or exchanged before its time. The package never deletes but in Remove and Sweep,
// never logs, and puts no secret into an error.
package s3
