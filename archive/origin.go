package archive

import "encoding/json"

// An Origin says that a record was not fetched from Telegram but taken out of a file
// that another program wrote: an export. What was fetched is the truth beside it, also
// where the export was imported later: see Snapshot.
type Origin struct {
	From string `json:"from"` // one of the Origin… strings
	// SHA256 is that of the file that was read, hex; of an export in several files, that
	// of the list of their hashes.
	SHA256 string `json:"sha256"`
	// Exported is when the file was made, Unix seconds, as far as its folder's name or
	// its date tell.
	Exported int64 `json:"exported,omitempty"`
	// Unknown are keys of the export that this version does not understand.
	Unknown map[string]json.RawMessage `json:"unknown,omitempty"`
}

// The kinds of exports that records are taken from.
const (
	OriginDesktopJSON = "telegram-desktop-json"
	OriginDesktopHTML = "telegram-desktop-html"
	OriginTdl         = "tdl"
)

// MediaSHA256 begins the key of a media file that came from an export, where nothing
// tells Telegram's own id of it: behind it stands the hash of its bytes, hex. The same
// file in ten exports has one key.
const MediaSHA256 = "sha256"

// MediaAbsent begins the key that stands in an imported message for a file that the
// export did not hold: behind it stands why, one of the Missing… strings.
const MediaAbsent = "absent"

// A standing orders what is told about one thing: what was fetched stands above all that
// was imported, a later export above an earlier one.
type standing int64

// fetched is the standing of what Telegram itself said.
const fetched = standing(1<<63 - 1)

// standing of a record. Exports of one time stand in the order of what they tell.
func (o *Origin) standing() standing {
	if o == nil {
		return fetched
	}
	rank := standing(0)
	switch o.From {
	case OriginDesktopJSON:
		rank = 2
	case OriginTdl:
		rank = 1
	}
	return standing(min(max(o.Exported, 0), 1<<40))<<2 | rank
}
