package export

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"telekeep/archive"
	"telekeep/internal/resultjson"
)

// sharedData has exports that Telegram Desktop wrote. They are no part of the
// project.
const sharedData = "../../shared/data"

// TestAsTelegramDesktopWroteIt reads a real export, turns it into what would be
// archived and exports that: the two documents must be equal to the byte.
func TestAsTelegramDesktopWroteIt(t *testing.T) {
	for _, c := range []struct {
		path string
		zone *time.Location
	}{
		{"trantor/export", time.FixedZone("", 8*3600)},
	} {
		t.Run(c.path, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join(sharedData, c.path, resultFile))
			if err != nil {
				t.Skip("no real export on this machine: ", err)
			}
			f, chat := readResult(t, want)
			dir := t.TempDir()
			result := mustExport(t, f, dir, Options{Chats: []archive.PeerID{chat}, Location: c.zone})
			got, err := os.ReadFile(filepath.Join(dir, resultFile))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				at := 0
				for at < min(len(got), len(want)) && got[at] == want[at] {
					at++
				}
				t.Fatalf("differs at byte %d:\ngot  %q\nwant %q", at, around(got, at), around(want, at))
			}
			if result.Written != len(f.media) {
				t.Errorf("%d files written, %d in the archive", result.Written, len(f.media))
			}
		})
	}
}

func around(b []byte, at int) []byte { return b[max(0, at-100):min(len(b), at+100)] }

// readResult makes an archive of a single chat's export. Files hold their own
// path, so that one path is one file.
func readResult(t *testing.T, raw []byte) (*fake, archive.PeerID) {
	t.Helper()
	f := newFake()
	var chat archive.PeerID
	_, err := resultjson.Read("result.json", strings.NewReader(string(raw)), resultjson.Options{}, resultjson.Visitor{
		Chat: func(c *resultjson.Chat) error {
			chat = archive.PeerID(c.Peer())
			f.name(chat, c.Name)
			f.add(chat, archive.ChatType(c.Type))
			return nil
		},
		Message: func(c *resultjson.Chat, m *resultjson.Message) error {
			f.messages[chat] = append(f.messages[chat], &archive.StoredMessage{Message: f.fromResult(m)})
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f, chat
}

func (f *fake) name(id archive.PeerID, name *resultjson.Name) {
	if name == nil || name.Null || f.peers[id] != nil {
		return
	}
	p := &archive.Peer{ID: id, Title: name.Text}
	if id.Kind() == archive.PeerUser {
		p.FirstName, p.Title = name.Text, ""
	}
	f.peers[id] = p
}

// fromResult knows what stands in the exports that are read here.
func (f *fake) fromResult(m *resultjson.Message) *archive.Message {
	out := &archive.Message{ID: int(m.ID), Date: m.Date, Edited: m.Edited, Author: m.Author, Text: joined(m.Text)}
	out.From = archive.PeerID(m.FromID)
	f.name(out.From, m.From)
	if m.Action != "" {
		out.From = archive.PeerID(m.ActorID)
		f.name(out.From, m.Actor)
		out.Action = &archive.Action{Type: m.Action, Title: m.Title, MessageID: int(m.PinnedID)}
		if m.Photo != "" {
			out.Action.Photo = f.resultFile("photo", m.Photo, m.PhotoFileSize, m)
		}
	} else {
		out.Media = f.resultMedia(m)
	}
	if m.ReplyTo != 0 {
		out.Reply = &archive.Reply{MessageID: int(m.ReplyTo), Peer: archive.PeerID(m.ReplyToPeer)}
	}
	for _, r := range m.Reactions {
		one := archive.Reaction{Type: r.Type, Count: int(r.Count), Emoji: r.Emoji}
		for _, who := range r.Recent {
			one.Recent = append(one.Recent, archive.RecentReaction{From: archive.PeerID(who.FromID), Date: who.Date})
			f.name(archive.PeerID(who.FromID), who.From)
		}
		out.Reactions = append(out.Reactions, one)
	}
	return out
}

func (f *fake) resultMedia(m *resultjson.Message) *archive.Media {
	switch {
	case m.Photo != "":
		return &archive.Media{Kind: archive.MediaKindPhoto, File: f.resultFile("photo", m.Photo, m.PhotoFileSize, m), Spoiler: m.Spoiler}
	case m.File != "":
		out := &archive.Media{Kind: archive.MediaKindDocument, File: f.resultFile("document", m.File, m.FileSize, m)}
		out.File.Name, out.File.MIME, out.File.Duration = m.FileName, m.MIMEType, float64(m.Duration)
		if m.Thumbnail != "" {
			out.Thumb = f.resultFile("thumb", m.Thumbnail, m.ThumbnailSize, m)
		}
		out.StickerEmoji, out.Performer, out.SongTitle = m.StickerEmoji, m.Performer, m.Title
		out.Sticker = m.MediaType == "sticker"
		out.Video = m.MediaType == "video_file"
		out.Audio = m.MediaType == "audio_file"
		return out
	case m.Poll != nil:
		poll := &archive.Poll{Question: joined(m.Poll.Question), Closed: m.Poll.Closed, Voters: int(m.Poll.TotalVoters)}
		for _, a := range m.Poll.Answers {
			poll.Answers = append(poll.Answers, archive.PollAnswer{Text: joined(a.Text), Voters: int(a.Voters), Chosen: a.Chosen})
		}
		return &archive.Media{Kind: archive.MediaKindPoll, Poll: poll}
	}
	return nil
}

func (f *fake) resultFile(kind, path string, size int64, m *resultjson.Message) *archive.File {
	key := archive.MediaKey(kind + ":" + path)
	f.media[key] = []byte(path)
	return &archive.File{Key: key, Size: size, Width: int(m.Width), Height: int(m.Height)}
}

// joined turns parts back into a text with entities.
func joined(parts []resultjson.Part) archive.Text {
	var out archive.Text
	at := 0
	for _, p := range parts {
		length := len(utf16.Encode([]rune(p.Text)))
		if p.Type != partPlain {
			out.Entities = append(out.Entities, archive.Entity{
				Type: p.Type, Offset: at, Length: length,
				URL: p.Href, Language: p.Language, Collapsed: p.Collapsed, User: archive.NewPeerID("user", p.UserID),
			})
		}
		out.Text += p.Text
		at += length
	}
	return out
}

// TestSharedChecker runs the checker that is shared between projects over the
// golden files. It knows less of the format than layoutError: it takes neither
// formatted texts in polls and lists nor lists of numbers on one line.
func TestSharedChecker(t *testing.T) {
	checker, err := filepath.Abs("../../shared/tools/result-json-check")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(checker); err != nil {
		t.Skip("the shared checker is not here: ", err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3: ", err)
	}
	for _, theme := range themes {
		if theme.name == "media" || theme.name == "chat_actions" {
			continue
		}
		out, err := exec.Command(python, checker, filepath.Join("testdata", theme.name+".json")).CombinedOutput()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
}

// TestLayoutOfRealExports proves the checker in this package right: real exports
// pass, and one that was indented otherwise does not.
func TestLayoutOfRealExports(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(sharedData, "trantor/export", resultFile))
	if err != nil {
		t.Skip("no real export on this machine: ", err)
	}
	if err := layoutError(raw); err != nil {
		t.Error(err)
	}
	if layoutError([]byte(strings.Replace(string(raw), "\n  ", "\n   ", 1))) == nil {
		t.Error("a document that is indented otherwise passes")
	}
}
