package archive

// An Emoji is a custom emoji: a small sticker that stands in texts, in reactions
// and beside names. Those name its document's number alone.
type Emoji struct {
	File File   `json:"file"`
	Alt  string `json:"alt,omitempty"` // the ordinary emoji in whose place it stands
	// Set is the number of the set of stickers that it belongs to, 0 if unknown.
	Set  int64 `json:"set,omitempty"`
	Free bool  `json:"free,omitempty"` // for all to use, without Telegram Premium
	// TextColor says that it is drawn in the colour of the text around it.
	TextColor bool `json:"text_color,omitempty"`
}
