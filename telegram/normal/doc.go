// Package normal turns what Telegram sends (TL objects, as gotd decodes them)
// into the records of the archive. It is the one place that knows both
// vocabularies.
//
//	tg.MessageClass --Message--> archive.Message    what the record says
//	       |        --Files----> []FileRef          what there is to download
//	       '--------Raw--------> TL bytes           what the record keeps beside it
//	tg.UserClass    --User-----> archive.Peer
//	tg.ChatClass    --Chat-----> archive.Peer --DialogType--> archive.ChatType
//
// The words and the rules (which size of a photo counts, what makes a document
// a video, which reactions come first) are those of Telegram Desktop's export,
// so that its result.json can be written from the archive later. What that
// export drops is kept in fields of its own. What even those do not hold is in
// the raw bytes: decoding them and calling Message again gives the same record,
// so a later version of this package can read more out of an old archive. The
// list of what is in the raw bytes alone is testdata/raw-only.txt.
//
// Everything here is a pure function of its arguments: no clock, no network, no
// state. Nothing is refused: a constructor this code does not know becomes
// "unknown" or Unsupported. It never decides what is downloaded or stored; it
// never follows a link; it never treats a file's name as a path.
package normal
