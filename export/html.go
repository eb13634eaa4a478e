package export

import (
	"context"
	"path"

	"telekeep/archive"
)

// The pages of an export.
const (
	indexPage  = "export_results.html" // of a whole account
	searchPage = "search.html"
	topicsPage = "topics.html" // of one chat
	listsDir   = "lists/"
)

// pageMessages is how many messages a page has.
const pageMessages = 1000

// HTML writes pages as Telegram Desktop does, with the same names, classes and layout:
// messages.html, messages2.html … with 1,000 messages each, for one chat or below
// export_results.html for the whole account; and what those lack: a search that works
// without a network, topics, link previews, albums, marks of what was edited or deleted,
// and with Options.Versions the earlier versions. Options.Extras changes nothing.
//
// The pages load nothing from elsewhere, and nothing that a message holds runs in them. A
// folder that holds the same export is updated: pages that would not change are not
// touched, each of the others is replaced all at once. Errors are those of JSON.
func HTML(ctx context.Context, source Source, dir string, o Options) (*Result, error) {
	r, chats, err := prepare(source, dir, kindHTML, o)
	if err != nil {
		return nil, err
	}
	defer r.folder.close()
	h := &pages{run: r}
	return r.result, h.export(ctx, chats)
}

// pages is an HTML export on its way.
type pages struct {
	*run
	index *searchIndex
	lists []listed // of the first page
}

func (h *pages) export(ctx context.Context, chats []chat) (err error) {
	if err := h.assets(); err != nil {
		return err
	}
	if h.index, err = h.folder.newSearchIndex(h.zone); err != nil {
		return err
	}
	defer h.index.drop()
	if len(h.options.Chats) == 1 {
		err = h.singleChat(ctx, chats[0])
	} else {
		err = h.wholeAccount(ctx, chats)
	}
	if err != nil {
		return err
	}
	if err := h.index.finish(); err != nil {
		return err
	}
	return h.folder.flush()
}

func (h *pages) singleChat(ctx context.Context, c chat) error {
	h.progress.Chat = 1
	_, err := h.chat(ctx, c, "", "")
	if err != nil {
		return err
	}
	return h.searchPage("messages.html")
}

func (h *pages) wholeAccount(ctx context.Context, chats []chat) error {
	var ids []archive.PeerID
	for _, c := range chats {
		ids = append(ids, c.ID)
	}
	if err := h.folder.chatFolders(ids); err != nil {
		return err
	}
	if err := h.holdings(ctx); err != nil {
		return err
	}
	here, left := split(chats)
	if err := h.chatList(ctx, "chats", "Chats", aboutChats, here); err != nil {
		return err
	}
	if len(left) == 0 {
		if _, err := h.folder.forget(listsDir + "left_chats.html"); err != nil {
			return err
		}
	} else {
		if err := h.chatList(ctx, "left_chats", "Left chats", aboutLeftChats, left); err != nil {
			return err
		}
	}
	if err := h.searchPage(indexPage); err != nil {
		return err
	}
	return h.indexPage()
}

// chat writes the pages of one chat and returns how many messages they have.
func (h *pages) chat(ctx context.Context, c chat, prefix, back string) (int, error) {
	state := "chat"
	if prefix != "" {
		state = path.Base(prefix)
	}
	s, err := h.openShelf(prefix, state)
	if err != nil {
		return 0, err
	}
	defer s.close()
	b := h.newBook(ctx, c, s, back)
	defer b.drop()
	for _, part := range []struct {
		id    archive.PeerID
		shift int
	}{{c.before, migratedShift}, {c.ID, 0}} {
		if part.id == "" {
			continue
		}
		b.chat, b.shift, s.shift = part.id, part.shift, part.shift
		if err := h.each(ctx, part.id, b.message); err != nil {
			return 0, err
		}
	}
	h.result.Chats++
	return b.total, b.close()
}

// title is how a chat is called.
func (h *pages) title(c chat) string {
	switch c.kind(h.names) {
	case archive.ChatSaved:
		return "Saved messages"
	case archive.ChatReplies:
		return "Replies"
	case archive.ChatVerificationCodes:
		return "Verification Codes"
	}
	if name := h.names.peer(c.ID); name != "" {
		return name
	}
	return deletedAccount
}

// deletedAccount stands where somebody has no name.
const deletedAccount = "Deleted Account"
