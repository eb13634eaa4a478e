package web

import (
	"net/http"
	"slices"
	"strings"

	"telekeep/archive"
)

// A peerView is what the pages show of a user, a group or a channel.
type peerView struct {
	Name     string           `json:"name,omitempty"`
	Kind     string           `json:"kind"` // user, bot, group, supergroup, channel
	Username string           `json:"username,omitempty"`
	Photo    archive.MediaKey `json:"photo,omitempty"` // if it is stored
	Deleted  bool             `json:"deleted,omitempty"`
	Verified bool             `json:"verified,omitempty"`
	Scam     bool             `json:"scam,omitempty"`
	Forum    bool             `json:"forum,omitempty"`
	Self     bool             `json:"self,omitempty"`
}

func viewPeer(s *archive.Snapshot, account, id archive.PeerID) peerView {
	p, ok := s.Peer(account, id)
	if !ok {
		return peerView{Kind: id.Kind(), Self: id == account}
	}
	v := peerView{
		Name: nameOf(p), Kind: kindOfPeer(p), Username: p.Username, Deleted: p.Deleted, Verified: p.Verified, Scam: p.Scam,
		Forum: p.Forum, Self: id == account,
	}
	if p.Photo != nil {
		if _, stored := s.Media(p.Photo.Key); stored {
			v.Photo = p.Photo.Key
		}
	}
	return v
}

func nameOf(p *archive.Peer) string {
	if p.Title != "" {
		return p.Title
	}
	return strings.TrimSpace(p.FirstName + " " + p.LastName)
}

func kindOfPeer(p *archive.Peer) string {
	switch {
	case p.Bot:
		return "bot"
	case p.Broadcast:
		return "channel"
	case p.Megagroup || p.Gigagroup || p.Monoforum:
		return "supergroup"
	case p.ID.Kind() == archive.PeerChat:
		return "group"
	}
	return p.ID.Kind()
}

// A chatView is one line of the list of chats.
type chatView struct {
	ID       archive.PeerID   `json:"id"`
	Peer     peerView         `json:"peer"`
	Type     archive.ChatType `json:"type,omitempty"`
	Messages int              `json:"messages"`
	Newest   int64            `json:"newest,omitempty"`
	Pinned   int              `json:"pinned,omitempty"` // its place among the pinned, from 1
	Archived bool             `json:"archived,omitempty"`
	Left     bool             `json:"left,omitempty"`
	Topics   bool             `json:"topics,omitempty"`
	Draft    string           `json:"draft,omitempty"`
}

type folderView struct {
	Title string           `json:"title"`
	Chats []archive.PeerID `json:"chats"`
}

type accountView struct {
	ID      archive.PeerID `json:"id"`
	Peer    peerView       `json:"peer"`
	Chats   []chatView     `json:"chats"`
	Folders []folderView   `json:"folders"`
}

// chats lists the chats of all accounts. It reads nothing from the vault.
func (s *Server) chats(snapshot *archive.Snapshot, w http.ResponseWriter, _ *http.Request) error {
	accounts := []accountView{}
	for _, account := range snapshot.Accounts() {
		a := accountView{ID: account.ID, Peer: viewPeer(snapshot, account.ID, account.ID), Chats: []chatView{}, Folders: []folderView{}}
		pinned, drafts := pinnedChats(snapshot, account.ID), draftsOf(snapshot, account.ID)
		for _, chat := range snapshot.Chats(account.ID) {
			a.Chats = append(a.Chats, viewChat(snapshot, account.ID, chat, pinned, drafts))
		}
		for _, item := range snapshot.Items(account.ID, archive.KindFolder) {
			if !item.Unlisted && item.Folder != nil {
				a.Folders = append(a.Folders, viewFolder(snapshot, account.ID, item.Folder, a.Chats))
			}
		}
		accounts = append(accounts, a)
	}
	answer(w, map[string]any{"accounts": accounts, "problems": len(snapshot.Problems())})
	return nil
}

func viewChat(s *archive.Snapshot, account archive.PeerID, chat archive.ChatInfo, pinned map[archive.PeerID]int, drafts map[string]string) chatView {
	v := chatView{
		ID: chat.ID, Peer: viewPeer(s, account, chat.ID), Messages: chat.Messages, Newest: chat.Newest, Pinned: pinned[chat.ID],
		Draft: drafts[string(chat.ID)], Topics: chat.ID == account,
	}
	v.Topics = v.Topics || v.Peer.Forum
	if d := chat.Dialog; d != nil {
		v.Type, v.Archived, v.Left = d.Type, d.Folder == 1, d.Left
		if d.Pinned && v.Pinned == 0 {
			v.Pinned = len(pinned) + 1
		}
	}
	return v
}

// pinnedChats numbers the pinned chats of both lists.
func pinnedChats(s *archive.Snapshot, account archive.PeerID) map[archive.PeerID]int {
	places := make(map[archive.PeerID]int)
	for _, item := range s.Items(account, archive.KindPinned) {
		if item.Unlisted || item.Pinned == nil || item.Item == "saved" {
			continue
		}
		for i, id := range item.Pinned.Chats {
			places[id] = i + 1
		}
	}
	return places
}

// draftsOf returns the beginnings of messages that were not sent, by chat.
func draftsOf(s *archive.Snapshot, account archive.PeerID) map[string]string {
	drafts := make(map[string]string)
	for _, item := range s.Items(account, archive.KindDraft) {
		if !item.Unlisted && item.Draft != nil {
			drafts[item.Item] = shorten(item.Draft.Text.Text, previewLength)
		}
	}
	return drafts
}

// viewFolder picks the chats of a folder: those that it names, and those of the kinds that
// it takes in. Whether a chat is muted or read is in no archive, so that leaves none out.
func viewFolder(s *archive.Snapshot, account archive.PeerID, f *archive.Folder, chats []chatView) folderView {
	v := folderView{Title: f.Title.Text, Chats: []archive.PeerID{}}
	for _, c := range chats {
		named := slices.Contains(f.Pinned, c.ID) || slices.Contains(f.Include, c.ID)
		if named || takesIn(s, account, f, c) && !slices.Contains(f.Exclude, c.ID) && !(f.ExcludeArchived && c.Archived) {
			v.Chats = append(v.Chats, c.ID)
		}
	}
	return v
}

func takesIn(s *archive.Snapshot, account archive.PeerID, f *archive.Folder, c chatView) bool {
	switch c.Peer.Kind {
	case "group", "supergroup":
		return f.Groups
	case "channel":
		return f.Channels
	case "bot":
		return f.Bots
	case "user":
		if p, ok := s.Peer(account, c.ID); ok && p.Contact {
			return f.Contacts
		}
		return f.NonContacts
	}
	return false
}
