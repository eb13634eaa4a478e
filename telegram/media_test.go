package telegram

import (
	"slices"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// fakeMediaAccount is a fakeAccount whose message 250 of the private chat
// carries a file, as made by the given function.
func fakeMediaAccount(files *fakeFiles, spoil func(*tg.Message)) *fakeServer {
	f := newFakeAccount()
	return newFakeServer(func(in any) (bin.Encoder, error) {
		switch in := in.(type) {
		case fileRequest, *tg.UploadGetFileHashesRequest:
			return files.answer(in)
		case *tg.MessagesGetHistoryRequest:
			answer, err := f.answer(in)
			for _, m := range answer.(*tg.MessagesMessagesSlice).Messages {
				if full := m.(*tg.Message); full.ID == 250 && !isChannel(in.Peer) {
					full.Media = files.media(1)
					spoil(full)
				}
			}
			return answer, err
		}
		return f.answer(in)
	})
}

// What may not be kept is not fetched, and the archive says why.
func TestMediaThatIsNotKept(t *testing.T) {
	media := func(m *tg.Message) *tg.MessageMediaDocument { return m.Media.(*tg.MessageMediaDocument) }
	cases := map[string]struct {
		spoil func(*tg.Message)
		rules Rules
		want  string // reason, "" if it is kept
	}{
		"kept":          {func(*tg.Message) {}, Rules{}, ""},
		"self-destruct": {func(m *tg.Message) { media(m).TTLSeconds = 10 }, Rules{}, archive.MissingExpiring},
		"protected":     {func(m *tg.Message) { m.Noforwards = true }, Rules{}, archive.MissingProtected},
		"kind":          {func(*tg.Message) {}, Rules{Kinds: []string{"photo"}}, archive.MissingExcluded},
		"size":          {func(*tg.Message) {}, Rules{MaxSize: 99}, archive.MissingTooLarge},
		"nothing there": {func(m *tg.Message) { media(m).Document = &tg.DocumentEmpty{ID: 1} }, Rules{}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			files, a := newFakeFiles(100), newFakeArchive()
			s := fakeMediaAccount(files, c.spoil)
			first := true
			for range 2 { // the second sync has nothing to add
				r := newFakeRun(t, s, a)
				r.rules = c.rules
				if err := r.sync(t.Context(), r.link); err != nil {
					t.Fatal(err)
				}
				told := c.want == archive.MissingExpiring || c.want == archive.MissingProtected
				if !r.result.Complete() || (r.result.MissingTotal > 0) != (told && first) {
					t.Fatalf("result %+v", r.result)
				}
				first = false
			}
			missing := a.of(archive.KindMissing)
			if c.want != "" && (len(missing) != 1 || missing[0].Missing.Reason != c.want || len(a.media) != 0) {
				t.Fatalf("missing records %v, want one that says %s", missing, c.want)
			}
			if c.want == "" && len(missing) != 0 {
				t.Fatalf("missing record %+v", missing[0].Missing)
			}
		})
	}
}

// When a rule on media changes, what it left out is fetched, without asking for
// messages again; and what it leaves out now and was not fetched yet is not.
func TestMediaRulesChange(t *testing.T) {
	files, a := newFakeFiles(100), newFakeArchive()
	s := fakeMediaAccount(files, func(*tg.Message) {})
	for step, rules := range []Rules{{MaxSize: 50}, {MaxSize: 60}, {}} {
		r := newFakeRun(t, s, a)
		r.rules = rules
		before := s.count("messages.getHistory")
		if err := r.sync(t.Context(), r.link); err != nil {
			t.Fatal(err)
		}
		if step > 0 && s.count("messages.getHistory") != before {
			t.Fatalf("step %d asks for messages", step)
		}
		if got := a.media["document:1"] != nil; got != (step == 2) {
			t.Fatalf("step %d: stored = %v", step, got)
		}
	}
	files.check(t, a, 1, true)
	for key := range a.state {
		if slices.Contains([]string{"fetch", "later", "missi"}, key[:5]) {
			t.Errorf("state %s is left", key)
		}
	}
}

// When the owner of a chat allows saving again, what was left out is fetched.
func TestMediaProtectionLifted(t *testing.T) {
	files, a := newFakeFiles(100), newFakeArchive()
	protected := true
	inner := fakeMediaAccount(files, func(*tg.Message) {})
	s := newFakeServer(func(in any) (bin.Encoder, error) {
		answer, err := inner.answer(in)
		switch in := in.(type) {
		case *tg.MessagesGetDialogsRequest:
			answer.(*tg.MessagesDialogs).Chats[0].(*tg.Channel).Noforwards = protected
		case *tg.MessagesGetHistoryRequest:
			for _, m := range answer.(*tg.MessagesMessagesSlice).Messages {
				if full := m.(*tg.Message); isChannel(in.Peer) && full.ID == 250 {
					full.Media = files.media(1)
				} else {
					full.Media = nil
				}
			}
		}
		return answer, err
	})
	for step, allowed := range []bool{false, false, true, true} {
		protected = !allowed
		r := newFakeRun(t, s, a)
		if err := r.sync(t.Context(), r.link); err != nil {
			t.Fatal(err)
		}
		if stored := a.media["document:1"] != nil; stored != allowed {
			t.Fatalf("step %d: stored = %v", step, stored)
		}
	}
	files.check(t, a, 1, true)
	equal(t, "reasons", reasons(a), []string{archive.MissingProtected})
}

// Work that is on its way moves aside when the rules change against it.
func TestMediaRulesTighten(t *testing.T) {
	files, a := newFakeFiles(100), newFakeArchive()
	files.spoil = func(int64, []byte) []byte { return nil }
	s := fakeMediaAccount(files, func(*tg.Message) {})
	inBubble(t, "all", func(t *testing.T) {
		for step, rules := range []Rules{{}, {MaxSize: 50}, {}} {
			if step == 2 {
				files.mend()
			}
			r := newFakeRun(t, s, a)
			r.rules = rules
			before := s.count("upload.getFile")
			if err := r.sync(t.Context(), r.link); err != nil {
				t.Fatal(err)
			}
			if step == 1 && (s.count("upload.getFile") != before || !r.result.Complete()) {
				t.Fatalf("a file that the rules leave out is fetched: %+v", r.result)
			}
		}
	})
	files.check(t, a, 1, true)
	equal(t, "reasons", reasons(a), []string{archive.MissingFailed, archive.MissingTooLarge})
}

// A page of which some files failed and others were left out: when the rules
// change, neither list forgets the other.
func TestMediaListsMerge(t *testing.T) {
	files, a := newFakeFiles(100), newFakeArchive()
	files.data[2] = []byte("a thumbnail")
	s := fakeMediaAccount(files, func(m *tg.Message) {
		m.Media.(*tg.MessageMediaDocument).Document.(*tg.Document).Thumbs = []tg.PhotoSizeClass{
			&tg.PhotoCachedSize{Type: "m", W: 1, H: 1, Bytes: files.data[2]},
		}
	})
	files.spoil = func(int64, []byte) []byte { return nil }
	inBubble(t, "all", func(t *testing.T) {
		for step, rules := range []Rules{{Kinds: []string{"file"}}, {}, {}} {
			if step == 2 {
				files.mend()
			}
			r := newFakeRun(t, s, a)
			r.rules, r.eager = rules, true
			if err := r.sync(t.Context(), r.link); err != nil {
				t.Fatal(err)
			}
			if stored := a.media["thumb:1"] != nil; stored != (step > 0) {
				t.Fatalf("step %d: thumbnail stored = %v", step, stored)
			}
		}
	})
	files.check(t, a, 1, true)
	if string(a.media["thumb:1"].data) != "a thumbnail" {
		t.Fatal("the thumbnail is not what the message carried")
	}
}

func reasons(a *fakeArchive) []string {
	var out []string
	for _, rec := range a.of(archive.KindMissing) {
		out = append(out, rec.Missing.Reason)
	}
	return out
}
