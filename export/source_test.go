package export

import "telekeep/archive"

// A snapshot is what everything here is made for.
var (
	_ Source       = (*archive.Snapshot)(nil)
	_ RecordSource = (*archive.Snapshot)(nil)
)
