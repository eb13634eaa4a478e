package telegram

import (
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"telekeep/archive"
)

// Of an article that the history tells only the beginning of, all is archived;
// where the server refuses, the beginning is, and its record says so.
func TestArticleIsFetchedWhole(t *testing.T) {
	paragraph := func(s string) []tg.PageBlockClass {
		return []tg.PageBlockClass{&tg.PageBlockParagraph{Text: &tg.TextPlain{Text: s}}}
	}
	for name, refusal := range map[string]error{"whole": nil, "refused": rpcError(400, "MESSAGE_ID_INVALID")} {
		t.Run(name, func(t *testing.T) {
			f, a := newFakeAccount(), newFakeArchive()
			s := newFakeServer(func(in any) (bin.Encoder, error) {
				switch in := in.(type) {
				case *tg.MessagesGetHistoryRequest:
					answer, err := f.answer(in)
					for _, m := range answer.(*tg.MessagesMessagesSlice).Messages {
						if full := m.(*tg.Message); full.ID == 200 && !isChannel(in.Peer) {
							full.Message, full.RichMessage = "", tg.RichMessage{Part: true, Blocks: paragraph("It begins")}
						}
					}
					return answer, err
				case *tg.MessagesGetRichMessageRequest:
					if refusal != nil {
						return nil, refusal
					}
					m := f.history.message(in.ID).(*tg.Message)
					m.Message, m.RichMessage = "", tg.RichMessage{Blocks: paragraph("It begins and ends")}
					return &tg.MessagesMessages{Messages: []tg.MessageClass{m}, Users: []tg.UserClass{}, Chats: []tg.ChatClass{}}, nil
				}
				return f.answer(in)
			})
			r := newFakeRun(t, s, a)
			if err := r.sync(t.Context(), r.link); err != nil {
				t.Fatal(err)
			}
			var got *archive.Message
			for _, rec := range a.of(archive.KindMessage) {
				if rec.Message.ID == 200 && rec.Chat == "user7" {
					got = rec.Message
				}
			}
			want := "It begins and ends"
			if refusal != nil {
				want = "It begins"
			}
			if got == nil || got.Rich == nil || got.Rich.Text != want || got.RichPart != (refusal != nil) {
				t.Fatalf("archived: %+v", got)
			}
			if n := s.count("messages.getRichMessage"); n != 1 || !r.result.Complete() {
				t.Errorf("%d requests, %+v", n, r.result)
			}
		})
	}
}
