package telegram

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"telekeep/archive"
	"telekeep/telegram/normal"
)

// folderRule begins a rule that names chats by a folder of the account.
const folderRule = "folder:"

// archivedFolder is what rules call the folder of archived chats.
const archivedFolder = "archive"

// findFolders asks in which folders the chats are, if any rule wants to know. A
// server that does not say makes the rule meaningless, which is an error: a chat
// that should be left out must not be fetched for that.
func (l *link) findFolders(ctx context.Context, rules Rules, self archive.PeerID, chats []*chat) error {
	if !slices.ContainsFunc(rules.allNames(), func(name string) bool { return strings.HasPrefix(name, folderRule) }) {
		return nil
	}
	answer, err := l.api.MessagesGetDialogFilters(ctx)
	if err != nil {
		return fmt.Errorf("rules on folders: %w", err)
	}
	for _, c := range chats {
		c.folders = nil
		if c.dialog.Folder == archiveFolder {
			c.folders = append(c.folders, archivedFolder)
		}
	}
	for i, f := range answer.Filters {
		folder, ok := normal.Folder(f, i+1, self)
		if !ok {
			continue
		}
		for _, c := range chats {
			if inFolder(folder, c) {
				c.folders = append(c.folders, folder.Title.Text)
			}
		}
	}
	return nil
}

// inFolder reports whether a folder shows a chat. That it may hide chats that are
// muted or have nothing unread counts for nothing: it would change from hour to
// hour what is backed up.
func inFolder(f *archive.Folder, c *chat) bool {
	switch {
	case slices.Contains(f.Exclude, c.id):
		return false
	case slices.Contains(f.Include, c.id), slices.Contains(f.Pinned, c.id):
		return true
	case f.ExcludeArchived && c.dialog.Folder == archiveFolder:
		return false
	}
	switch chatKind(c.dialog.Type) {
	case "bot":
		return f.Bots
	case "group", "supergroup":
		return f.Groups
	case "channel":
		return f.Channels
	case "personal":
		if c.peer.Contact {
			return f.Contacts
		}
		return f.NonContacts
	}
	return false
}
