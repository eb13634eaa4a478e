package normal

import (
	"testing"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

func TestPeers(t *testing.T) {
	photo := &archive.File{Key: "photo:9"}
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"user", User(&tg.User{ID: 1, FirstName: "A", LastName: "B", Username: "ab", Phone: "123", Contact: true, Verified: true, Premium: true, Photo: &tg.UserProfilePhoto{PhotoID: 9}}),
			&archive.Peer{ID: "user1", FirstName: "A", LastName: "B", Username: "ab", Phone: "123", Contact: true, Verified: true, Premium: true, Photo: photo}},
		{"bot", User(&tg.User{ID: 1, BotInfoVersion: 1, Fake: true}), &archive.Peer{ID: "user1", Bot: true, Scam: true}},
		{"deleted", User(&tg.User{ID: 1, Deleted: true, Min: true}), &archive.Peer{ID: "user1", Deleted: true, Min: true}},
		{"empty user", User(&tg.UserEmpty{ID: 1}), &archive.Peer{ID: "user1", Min: true}},
		{"bought names", User(&tg.User{ID: 1, Usernames: []tg.Username{{Username: "off"}, {Username: "one", Active: true}, {Username: "two", Active: true}}}),
			&archive.Peer{ID: "user1", Username: "one", Usernames: []string{"one", "two"}}},
		{"group", Chat(&tg.Chat{ID: 2, Title: "G", Noforwards: true, Photo: &tg.ChatPhoto{PhotoID: 9}}), &archive.Peer{ID: "chat2", Title: "G", Protected: true, Photo: photo}},
		{"migrated", Chat(&tg.Chat{ID: 2, Left: true, MigratedTo: &tg.InputChannel{ChannelID: 3}}), &archive.Peer{ID: "chat2", Left: true, MigratedTo: "channel3"}},
		{"forbidden group", Chat(&tg.ChatForbidden{ID: 2, Title: "G"}), &archive.Peer{ID: "chat2", Title: "G", Left: true}},
		{"empty group", Chat(&tg.ChatEmpty{ID: 2}), &archive.Peer{ID: "chat2", Min: true}},
		{"channel", Chat(&tg.Channel{ID: 3, Title: "C", Username: "c", Broadcast: true, Verified: true, Scam: true, LinkedMonoforumID: 4, AdminRights: tg.ChatAdminRights{ManageDirectMessages: true}}),
			&archive.Peer{ID: "channel3", Title: "C", Username: "c", Broadcast: true, Verified: true, Scam: true, Linked: "channel4", Answers: true}},
		{"supergroup", Chat(&tg.Channel{ID: 3, Megagroup: true, Gigagroup: true, Forum: true, Noforwards: true, Left: true, Min: true, Photo: &tg.ChatPhoto{PhotoID: 9}}),
			&archive.Peer{ID: "channel3", Megagroup: true, Gigagroup: true, Forum: true, Protected: true, Left: true, Min: true, Photo: photo}},
		{"forbidden channel", Chat(&tg.ChannelForbidden{ID: 3, Title: "C", Broadcast: true}), &archive.Peer{ID: "channel3", Title: "C", Broadcast: true, Left: true}},
		{"community", Chat(&tg.Community{ID: 3}), nil},
	} {
		same(t, c.name, c.got, c.want)
	}
}

func TestDialogType(t *testing.T) {
	const self = archive.PeerID("user1")
	for _, c := range []struct {
		want      archive.ChatType
		p, parent *archive.Peer
	}{
		{archive.ChatSaved, &archive.Peer{ID: self}, nil},
		{archive.ChatReplies, &archive.Peer{ID: "user1271266957"}, nil},
		{archive.ChatVerificationCodes, &archive.Peer{ID: "user489000"}, nil},
		{archive.ChatPersonal, &archive.Peer{ID: "user2"}, nil},
		{archive.ChatBot, &archive.Peer{ID: "user2", Bot: true}, nil},
		{archive.ChatPrivateGroup, &archive.Peer{ID: "chat3"}, nil},
		{archive.ChatPrivateSupergroup, &archive.Peer{ID: "channel3", Megagroup: true}, nil},
		{archive.ChatPublicSupergroup, &archive.Peer{ID: "channel3", Megagroup: true, Username: "g"}, nil},
		{archive.ChatPrivateChannel, &archive.Peer{ID: "channel3", Broadcast: true}, nil},
		{archive.ChatPublicChannel, &archive.Peer{ID: "channel3", Broadcast: true, Username: "c"}, nil},
		{archive.ChatPersonal, &archive.Peer{ID: "channel4", Monoforum: true, Megagroup: true}, nil},
		{archive.ChatPersonal, &archive.Peer{ID: "channel4", Monoforum: true, Megagroup: true}, &archive.Peer{Username: "c"}},
		{archive.ChatPrivateSupergroup, &archive.Peer{ID: "channel4", Monoforum: true}, &archive.Peer{Answers: true}},
		{archive.ChatPublicSupergroup, &archive.Peer{ID: "channel4", Monoforum: true}, &archive.Peer{Answers: true, Username: "c"}},
	} {
		if got := DialogType(self, c.p, c.parent); got != c.want {
			t.Errorf("%+v: %s, want %s", *c.p, got, c.want)
		}
	}
}
