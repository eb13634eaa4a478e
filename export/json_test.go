package export

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"telekeep/archive"
)

// household is an archive with chats of many kinds.
func household() *fake {
	f := newFake()
	note := func(id int, from archive.PeerID, s string) *archive.Message {
		return &archive.Message{ID: id, Date: morning + int64(id), From: from, Text: text(s)}
	}
	photoAt := func(id int, key archive.MediaKey) *archive.Message {
		m := photoMessage(sized(file(key, "", ""), 4, 3, 0))
		m.ID, m.Date, m.From = id, morning+int64(id), "user2"
		return m
	}
	reply := note(3, "user1", "an answer in the old group")
	reply.Reply = &archive.Reply{MessageID: 2}
	newReply := note(12, "user2", "an answer in the new group")
	newReply.Reply = &archive.Reply{MessageID: 11}
	pin := &archive.Message{ID: 4, Date: morning + 4, From: "user1", Action: &archive.Action{Type: "pin_message", MessageID: 2}}
	f.add("user1", archive.ChatSaved, note(1, "user1", "to myself"))
	f.add("user2", archive.ChatPersonal,
		&archive.Message{ID: 5, Date: morning + 5, Out: true, Text: text("mine")}, note(6, "user2", "yours"), photoAt(7, "photo:1"), photoAt(8, "photo:2"))
	f.add("channel7", archive.ChatPrivateSupergroup, note(11, "user2", "in the new group"), newReply, photoAt(13, "photo:1"))
	f.add("chat6", archive.ChatPrivateGroup, note(2, "user2", "in the old group"), reply, pin)
	f.add("channel8", archive.ChatPublicChannel, note(1, "", "news"))
	f.add("user4", archive.ChatBot)
	f.chats[4].Dialog.Left = true
	f.messages["user2"][1].Deleted = true
	f.media["photo:1"], f.media["photo:2"] = []byte("content of photo:1"), []byte("content of photo:2")
	f.media["photo:3"] = []byte("the face")
	f.accounts[0].Profile.Photo = &archive.File{Key: "photo:3", Date: morning}
	f.accounts[0].Profile.Bio = "Numbers."
	return f
}

func TestWholeAccount(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	result := mustExport(t, household(), dir, utc())
	files := tree(t, dir)
	golden(t, "account.json", files[resultFile])
	if err := layoutError([]byte(files[resultFile])); err != nil {
		t.Error(err)
	}
	golden(t, "account.files", fileNames(files))
	want := Result{Chats: 5, Messages: 11, Deleted: 1, Files: Files{Written: 4, Bytes: 62}}
	if result.Chats != want.Chats || result.Messages != want.Messages || result.Deleted != want.Deleted ||
		result.Written != want.Written || result.Bytes != want.Bytes || result.Failed != 0 {
		t.Errorf("result is %+v, want %+v", *result, want)
	}
}

func TestDeletedMessagesOnRequest(t *testing.T) {
	o := utc()
	o.Deleted = true
	dir := t.TempDir()
	result := mustExport(t, household(), dir, o)
	if !strings.Contains(tree(t, dir)[resultFile], "yours") || result.Deleted != 0 {
		t.Error("the deleted message is not there")
	}
}

func TestSingleChatOfAMigratedGroup(t *testing.T) {
	f := household()
	for id, want := range map[archive.PeerID]string{
		"channel7": `"id": -999999998,`, // merged: the old group's message 2
		"chat6":    `"id": 2,`,          // asked for by itself
	} {
		o := utc()
		o.Chats = []archive.PeerID{id}
		dir := t.TempDir()
		mustExport(t, f, dir, o)
		if got := tree(t, dir)[resultFile]; !strings.Contains(got, want) || !strings.HasPrefix(got, "{\n \"name\": ") {
			t.Errorf("%s: no %s in\n%s", id, want, got)
		}
	}
}

func TestSomeChats(t *testing.T) {
	o := utc()
	o.Chats = []archive.PeerID{"user2", "channel8"}
	dir := t.TempDir()
	result := mustExport(t, household(), dir, o)
	if got := tree(t, dir)[resultFile]; result.Chats != 2 || !strings.Contains(got, `"chats": {`) || !strings.Contains(got, `"left_chats": {`) {
		t.Errorf("%d chats in\n%s", result.Chats, got)
	}
}

func TestFileThatCannotBeRead(t *testing.T) {
	f, dir := household(), t.TempDir()
	broken := errors.New("a pack is gone")
	f.broken["photo:2"] = broken
	result := mustExport(t, f, dir, utc())
	if result.Failed != 1 || len(result.Problems) != 1 || !errors.Is(result.Problems[0].Err, broken) || result.Problems[0].Key != "photo:2" {
		t.Errorf("problems are %+v", result.Problems)
	}
	report, err := json.Marshal(result)
	if want := `"failed":1,"problems":[{"key":"photo:2","error":"a pack is gone"}]`; err != nil || !strings.Contains(string(report), want) {
		t.Errorf("as JSON: %s, %v", report, err)
	}
	files := tree(t, dir)
	if !strings.Contains(files[resultFile], fileUnavailable) || len(files) != 4 {
		t.Errorf("files are\n%s", fileNames(files))
	}
	delete(f.broken, "photo:2") // healed
	whole := t.TempDir()
	mustExport(t, f, whole, utc())
	mustExport(t, f, dir, utc())
	sameTree(t, tree(t, whole), tree(t, dir))
}

// lying is an archive of which a file has other bytes than its record says, which shows when it
// was read to its end.
type lying struct{ *fake }

func (l lying) OpenMedia(ctx context.Context, k archive.MediaKey) (io.ReadCloser, error) {
	src, err := l.fake.OpenMedia(ctx, k)
	if err != nil || k != "photo:2" {
		return src, err
	}
	return io.NopCloser(io.MultiReader(src, failing{archive.ErrMediaChanged})), nil
}

// short is an archive of which a file ends too early, and nothing says so.
type short struct{ *fake }

func (s short) OpenMedia(ctx context.Context, k archive.MediaKey) (io.ReadCloser, error) {
	src, err := s.fake.OpenMedia(ctx, k)
	if err != nil || k != "photo:2" {
		return src, err
	}
	return io.NopCloser(io.LimitReader(src, 5)), nil
}

func TestContentIsChecked(t *testing.T) {
	for want, source := range map[error]Source{archive.ErrMediaChanged: lying{household()}, errContent: short{household()}} {
		dir := t.TempDir()
		result := mustExport(t, source, dir, utc())
		if result.Failed != 1 || !errors.Is(result.Problems[0].Err, want) {
			t.Errorf("problems are %+v, not %v", result.Problems, want)
		}
		for name, content := range tree(t, dir) {
			if strings.HasPrefix(content, "conte") && strings.Contains("content of photo:2", content) {
				t.Errorf("%s holds what is not the file", name)
			}
		}
	}
}

// tearing is an archive in which one message cannot be read.
type tearing struct{ *fake }

var errTorn = errors.New("torn")

func (l tearing) Messages(ctx context.Context, account, chat archive.PeerID) iter.Seq2[*archive.StoredMessage, error] {
	if chat != "channel7" {
		return l.fake.Messages(ctx, account, chat)
	}
	return func(yield func(*archive.StoredMessage, error) bool) {
		if !yield(nil, errTorn) {
			return
		}
		for _, m := range l.fake.messages[chat][1:] {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func TestMessageThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	result := mustExport(t, tearing{household()}, dir, utc())
	if result.Failed != 1 || !errors.Is(result.Problems[0].Err, errTorn) || result.Problems[0].Chat != "channel7" {
		t.Errorf("problems are %+v", result.Problems)
	}
	document := tree(t, dir)[resultFile]
	if !strings.Contains(document, `"id": 12,`) || strings.Contains(document, `"id": 11,`) {
		t.Error("not exactly the broken message is missing")
	}
}

func TestLinksDoNotLeadOut(t *testing.T) {
	f, dir, outside := household(), t.TempDir(), t.TempDir()
	mustExport(t, f, dir, utc())
	photos := filepath.Join(dir, "chats/chat_2/photos")
	if err := os.RemoveAll(photos); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, photos); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if _, err := JSON(t.Context(), f, dir, utc()); err == nil {
		t.Error("no error")
	}
	if files := tree(t, outside); len(files) != 0 {
		t.Errorf("written outside: %s", fileNames(files))
	}
}

func TestHostileNamesStayInside(t *testing.T) {
	f, parent := newFake(), t.TempDir()
	dir := filepath.Join(parent, "out")
	var messages []*archive.Message
	for i, name := range hostileNames {
		key := archive.NewMediaKey("document", int64(i))
		f.media[key] = []byte("content of " + key)
		m := documentMessage(archive.Media{File: file(key, name, ""), Thumb: file("thumb:1", "", "")})
		m.ID = i + 1
		messages = append(messages, m)
	}
	f.media["thumb:1"] = []byte("a thumbnail")
	f.add("user2", archive.ChatPersonal, messages...)
	result := mustExport(t, f, dir, utc())
	if result.Written != len(hostileNames)+1 {
		t.Errorf("%d of %d files written", result.Written, len(hostileNames)+1)
	}
	err := filepath.WalkDir(parent, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		inside := strings.HasPrefix(path, filepath.Join(dir, "chats/chat_1/files")+"/") ||
			strings.HasPrefix(path, filepath.Join(dir, stateFolder)+"/") || path == filepath.Join(dir, resultFile)
		if !inside {
			t.Errorf("%q was written", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := layoutError([]byte(tree(t, dir)[resultFile])); err != nil {
		t.Error(err)
	}
}

func TestNamesThatDifferInCaseOnly(t *testing.T) {
	f, dir := newFake(), t.TempDir()
	for i, name := range []string{"a.txt", "A.TXT", "a.txt"} {
		key := archive.NewMediaKey("document", int64(i))
		f.media[key] = []byte(key)
		m := documentMessage(archive.Media{File: file(key, name, "")})
		m.ID = i + 1
		f.add("user2", archive.ChatPersonal, m)
	}
	mustExport(t, f, dir, utc())
	const folder = "chats/chat_1/files/"
	want := folder + "A (1).TXT\n" + folder + "a (2).txt\n" + folder + "a.txt\n" + resultFile
	if got := fileNames(tree(t, dir)); got != want {
		t.Errorf("files are\n%s\nwant\n%s", got, want)
	}
}

func TestProgress(t *testing.T) {
	var last Progress
	o := utc()
	o.Progress = func(p Progress) {
		if p.Messages < last.Messages || p.Bytes < last.Bytes || p.Chat < last.Chat {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	}
	mustExport(t, household(), t.TempDir(), o)
	if want := (Progress{Chat: 5, Chats: 5, Messages: 11, Files: 4, Bytes: 62}); last != want {
		t.Errorf("%+v at the end, want %+v", last, want)
	}
}

// endless is an archive with one chat of very many messages.
type endless struct {
	*fake
	count int
}

func (e endless) Messages(context.Context, archive.PeerID, archive.PeerID) iter.Seq2[*archive.StoredMessage, error] {
	return func(yield func(*archive.StoredMessage, error) bool) {
		for i := range e.count {
			m := &archive.Message{ID: i + 1, Date: morning + int64(i), From: "user2",
				Text: text("a message of ordinary length with é and one link", entity("bold", 2, 7), entity("link", 44, 4))}
			if !yield(&archive.StoredMessage{Message: m}, nil) {
				return
			}
		}
	}
}

func TestMemoryStaysBounded(t *testing.T) {
	const count, limit = 100_000, 32 << 20
	f := newFake()
	f.add("user2", archive.ChatPersonal)
	var peak uint64
	o := utc()
	o.Progress = func(p Progress) {
		if p.Messages%(count/10) == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	dir := t.TempDir()
	mustExport(t, endless{f, count}, dir, o)
	info, err := os.Stat(filepath.Join(dir, resultFile))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() < 2*limit {
		t.Fatalf("a document of %d bytes proves nothing", info.Size())
	}
	if peak > limit {
		t.Errorf("%d MiB in use for a document of %d MiB", peak>>20, info.Size()>>20)
	}
}

func BenchmarkJSON(b *testing.B) {
	f := newFake()
	f.add("user2", archive.ChatPersonal)
	const count = 100_000
	for b.Loop() {
		dir := b.TempDir()
		if _, err := JSON(b.Context(), endless{f, count}, dir, utc()); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, resultFile))
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(info.Size())
	}
	b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
