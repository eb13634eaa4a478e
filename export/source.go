package export

import (
	"context"
	"io"
	"iter"

	"telekeep/archive"
)

// Source is what an export reads; archive.Snapshot is one. Everything but
// Messages and OpenMedia answers from memory.
type Source interface {
	// Accounts lists the logins in the archive.
	Accounts() []archive.Account
	// Chats lists the chats of an account in the order they are exported in.
	Chats(account archive.PeerID) []archive.ChatInfo
	// Peer returns a profile as last seen.
	Peer(account, id archive.PeerID) (*archive.Peer, bool)
	// Messages goes through a chat by ascending id, newest version of each. An
	// error stands for a message that cannot be read.
	Messages(ctx context.Context, account, chat archive.PeerID) iter.Seq2[*archive.StoredMessage, error]
	// Versions returns all versions of one message, the oldest first.
	Versions(ctx context.Context, account, chat archive.PeerID, id int) ([]*archive.StoredMessage, error)
	// Media returns how a file is stored.
	Media(key archive.MediaKey) (*archive.MediaFile, bool)
	// Missing says why a file is not stored.
	Missing(key archive.MediaKey) (*archive.Missing, bool)
	// Items lists the things of a kind that an account holds, such as contacts,
	// the oldest first.
	Items(account archive.PeerID, kind archive.Kind) []*archive.Item
	// Emoji returns what a custom emoji is.
	Emoji(key archive.MediaKey) (*archive.Emoji, bool)
	// OpenMedia reads a stored file.
	OpenMedia(ctx context.Context, key archive.MediaKey) (io.ReadCloser, error)
}

// RecordSource is what Restore reads; archive.Snapshot is one.
type RecordSource interface {
	Media(key archive.MediaKey) (*archive.MediaFile, bool)
	// AllMedia goes through the stored files.
	AllMedia() iter.Seq[*archive.MediaFile]
	OpenMedia(ctx context.Context, key archive.MediaKey) (io.ReadCloser, error)
	// Lines goes through every record in the order of the archive, see archive.Snapshot. An
	// error stands for one that cannot be read, or for several.
	Lines(ctx context.Context) iter.Seq2[*archive.Record, error]
}
