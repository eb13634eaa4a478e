package resultjson

import "strings"

// The values of Chat.Type.
const (
	SavedMessages     = "saved_messages"
	Replies           = "replies"
	VerificationCodes = "verification_codes"
	PersonalChat      = "personal_chat"
	BotChat           = "bot_chat"
	PrivateGroup      = "private_group"
	PrivateSupergroup = "private_supergroup"
	PublicSupergroup  = "public_supergroup"
	PrivateChannel    = "private_channel"
	PublicChannel     = "public_channel"
)

// A Chat is one chat of an export without its messages.
type Chat struct {
	Name *Name  // nil: not written (saved messages, replies, verification codes)
	Type string // one of the constants above, or what a later version made up
	ID   int64  // bare
	Left bool   // of the list of chats the account has left
	Line int

	Unknown []KeyValue
}

// Peer returns the chat's id as messages name it.
func (c *Chat) Peer() Peer {
	switch c.Type {
	case PrivateGroup:
		return NewPeer(Group, c.ID)
	case PrivateSupergroup, PublicSupergroup, PrivateChannel, PublicChannel:
		return NewPeer(Channel, c.ID)
	}
	if strings.HasSuffix(c.Type, "group") || strings.HasSuffix(c.Type, "channel") {
		return NewPeer(Channel, c.ID)
	}
	return NewPeer(User, c.ID)
}

// settle takes the marks off an id that an export of 2020 or 2021 wrote as
// kind<<32 plus the bare id. Ids of users have outgrown 32 bits since, so the
// first message has to tell the version: those exports wrote ids as numbers.
func (c *Chat) settle(first *Message) {
	const mask = 1<<32 - 1
	kind, _ := c.Peer().Split()
	switch {
	case kind != User && c.ID>>32 == 2:
		c.ID &= mask
	case kind == User && c.ID>>32 == 1 && first != nil && first.numericIDs:
		c.ID &= mask
	}
}

// adopt settles what a message alone cannot tell: exports of 2020 and 2021 did
// not distinguish groups from channels.
func (c *Chat) adopt(m *Message) {
	if !m.numericIDs || c.Type != PrivateGroup {
		return
	}
	old := NewPeer(Channel, c.ID)
	for _, p := range []*Peer{&m.FromID, &m.ActorID} {
		if *p == old {
			*p = c.Peer()
		}
	}
}
