package telegram

import (
	"context"

	"telekeep/archive"
)

// A Chat is one chat of the account and what the rules do with it.
type Chat struct {
	ID       archive.PeerID
	Type     archive.ChatType
	Kind     string // the rules' word: personal, bot, group, supergroup, channel, saved
	Name     string
	Username string // without the @
	Pinned   bool
	Archived bool  // in the account's own sense: moved to the folder of archived chats
	Left     bool  // the account is no member any more
	Newest   int64 // date of the newest message, Unix seconds, 0 if unknown
	// Count is the number of messages, -1 if the server does not say.
	Count int
	// Media is how many files of each kind (see MediaRules) the server counts; nil
	// if it does not say. It counts no stickers and no thumbnails.
	Media map[string]int
	// MediaBytes are the files that the rules on media allow, whether or not they
	// include the chat: all of them if MediaExact, else an estimate from the newest
	// hundred messages and from Media.
	MediaBytes int64
	MediaExact bool
	// Protected: the owner forbids saving, so media is not fetched.
	Protected bool
	// Included says whether the rules include the chat, and Rule which of them
	// decided; "" if it is simply all or nothing.
	Included bool
	Rule     string

	named named
}

// Chats lists every chat of the account, archived ones included, with what the
// rules do. It asks for the number of messages and of files of each, and for a
// page of the newest messages, which is two calls for each chat. Errors: those of
// Sync.
func (c *Client) Chats(ctx context.Context, rules Rules) ([]Chat, error) {
	self := c.Account()
	if self == "" {
		return nil, ErrNotSignedIn
	}
	var out []Chat
	err := c.connect(ctx, c.newGates(nil), func(ctx context.Context, l *link) error {
		chats, err := l.dialogs(ctx, self, func(archive.PeerID) int64 { return 0 })
		if err != nil {
			return err
		}
		if err := l.findFolders(ctx, rules, self, chats); err != nil {
			return err
		}
		for _, found := range chats {
			chat := found.describe(rules)
			if err := l.cost(ctx, found, rules, &chat); err != nil {
				return err
			}
			out = append(out, chat)
		}
		return nil
	})
	return out, err
}

func (c *chat) describe(rules Rules) Chat {
	included, rule := rules.chat(c.named())
	return Chat{
		ID: c.id, Type: c.dialog.Type, Kind: chatKind(c.dialog.Type), Name: peerName(c.peer), Username: c.peer.Username,
		Pinned: c.dialog.Pinned, Archived: c.dialog.Folder == archiveFolder, Left: c.dialog.Left, Newest: int64(c.date),
		Protected: c.peer.Protected, Included: included, Rule: rule, named: c.named(),
	}
}
