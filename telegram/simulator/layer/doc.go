// Package layer lets a server that is built for one layer of the API answer clients
// of older ones. What it knows of a layer is the difference from today's: which
// constructors had another id and lacked which fields, and which there were not yet.
//
//	tg object ──► Encode ──► walks every field; at each constructor
//	                          │ the same in both layers: id, fields as they are
//	                          │ changed: the old id, the old fields (table/*.txt)
//	                          │ buttons: rewritten, they were one constructor each
//	                          └ not there yet: the field that may be absent is, an
//	                            element leaves its vector, else a substitute of the
//	                            class (messageMediaUnsupported), else ErrUnsayable
//	request ────► Request ──► today's id and an empty flags word where there was none
//
// How today's constructors are laid out is not written down anywhere here: it is
// read off the structs of the gotd release, by setting flags and looking which
// fields TypeInfo then shows.
//
// What an older layer says in other words (days for months) comes as zero. Layers
// without a table are not known: between two of them too much may have changed. A
// layer newer than today's is taken for today's. The package changes nothing of what it is given but the flags
// words, which gotd's own encoding sets too.
package layer
