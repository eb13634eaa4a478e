package archive

// StoredKey is the key of the resume state that is there if the media file is
// stored; its value is the file's size in bytes, as decimal digits. It is for
// those who read a state that nobody writes to; a Writer has HasMedia.
func StoredKey(key MediaKey) string { return statePrefixMedia + string(key) }
