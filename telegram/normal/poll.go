package normal

import (
	"bytes"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

func pollMedia(m *tg.MessageMediaPoll, bot archive.PeerID) *archive.Media {
	p := &archive.Poll{
		ID:       m.Poll.ID,
		Question: formatted(m.Poll.Question),
		Closed:   m.Poll.Closed,
		Quiz:     m.Poll.Quiz,
		Public:   m.Poll.PublicVoters,
		Multiple: m.Poll.MultipleChoice,
		Closes:   int64(m.Poll.CloseDate),
		Period:   m.Poll.ClosePeriod,
		Voters:   m.Results.TotalVoters,
		Answers:  []archive.PollAnswer{},
		Solution: optional(m.Results.Solution, m.Results.SolutionEntities),
		Shown:    media(m.Results.SolutionMedia, bot),
		Recent:   peerIDs(m.Results.RecentVoters),
	}
	for _, a := range m.Poll.Answers {
		p.Answers = append(p.Answers, pollAnswer(a, bot))
	}
	for _, r := range m.Results.Results {
		count(p.Answers, r)
	}
	return &archive.Media{
		Kind:     archive.MediaKindPoll,
		Poll:     p,
		Attached: media(m.AttachedMedia, bot),
	}
}

func pollAnswer(a tg.PollAnswerClass, bot archive.PeerID) archive.PollAnswer {
	switch a := a.(type) {
	case *tg.PollAnswer:
		return archive.PollAnswer{
			Text:    formatted(a.Text),
			Option:  a.Option,
			Media:   media(a.Media, bot),
			AddedBy: PeerID(a.AddedBy),
			Added:   int64(a.Date),
		}
	case *tg.InputPollAnswer:
		return archive.PollAnswer{Text: formatted(a.Text)}
	}
	return archive.PollAnswer{}
}

// count enters one line of the results at the answer it belongs to. The server
// sends no results of a poll the account has not voted in.
func count(answers []archive.PollAnswer, r tg.PollAnswerVoters) {
	for i := range answers {
		if a := &answers[i]; bytes.Equal(a.Option, r.Option) {
			a.Voters = r.Voters
			a.Chosen = a.Chosen || r.Chosen
			a.Correct = a.Correct || r.Correct
			a.Recent = peerIDs(r.RecentVoters)
			return
		}
	}
}

func todo(m *tg.MessageMediaToDo) *archive.Todo {
	out := &archive.Todo{
		Title:             formatted(m.Todo.Title),
		OthersCanAppend:   m.Todo.OthersCanAppend,
		OthersCanComplete: m.Todo.OthersCanComplete,
		Items:             todoItems(m.Todo.List),
	}
	for _, c := range m.Completions {
		for i := range out.Items {
			if item := &out.Items[i]; item.ID == c.ID {
				item.CompletedBy, item.CompletedAt = PeerID(c.CompletedBy), int64(c.Date)
			}
		}
	}
	return out
}

func todoItems(list []tg.TodoItem) []archive.TodoItem {
	items := []archive.TodoItem{}
	for _, i := range list {
		items = append(items, archive.TodoItem{ID: i.ID, Text: formatted(i.Title)})
	}
	return items
}
