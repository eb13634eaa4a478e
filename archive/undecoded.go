package archive

// An Undecoded says what an answer was to be: one message of the record's chat.
// The answer itself is the record's Raw, in a layer that the one who fetched it
// did not know. Once the message is understood it has a record of its own.
type Undecoded struct {
	Method string `json:"method"` // of the TL schema: what was asked
	// The message stands behind Skip others in the chat's messages with ids up to
	// Below, newest first.
	Below int `json:"below"`
	Skip  int `json:"skip,omitempty"`
}
