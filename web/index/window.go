package index

import (
	"context"
	"slices"

	"telekeep/archive"
)

// A Place is a chat as one account sees it, or a topic of it.
type Place struct {
	Account archive.PeerID
	Chat    archive.PeerID
	Topic   int            // 0 is the whole chat
	Saved   archive.PeerID // a topic of the saved messages; "" is the whole chat
}

// A Row is a message in its place in the timeline.
type Row struct {
	ID       int
	Date     int64 // Unix seconds
	Album    int64 // the same in all of one album; 0 in none
	Kind     archive.Content
	Deleted  bool
	Edited   bool
	Versions int
}

// A timeline is the messages of a place by their positions: 12 bytes each.
type timeline struct {
	chat    int64
	changes uint64 // of the index when it was read
	ids     []int32
	dates   []int64
}

// mostTimelines is how many timelines are remembered.
const mostTimelines = 16

// mostRows is how many rows a Window gives at once.
const mostRows = 1000

// Count returns how many messages a place has. Their positions are 0 to Count-1 in the order
// of their ids, without gaps; deleted messages are among them.
func (x *Index) Count(ctx context.Context, p Place) (int, error) {
	t, err := x.timeline(ctx, p)
	if err != nil {
		return 0, err
	}
	return len(t.ids), nil
}

// Window returns the messages at the positions from on, at most limit of them and at most 1000.
func (x *Index) Window(ctx context.Context, p Place, from, limit int) ([]Row, error) {
	t, err := x.timeline(ctx, p)
	if err != nil {
		return nil, err
	}
	from = max(from, 0)
	until := min(from+min(max(limit, 0), mostRows), len(t.ids))
	if from >= until {
		return nil, nil
	}
	clause, args := p.clause(t.chat)
	rows, err := x.db.read.QueryContext(ctx, "SELECT id, date, album, kind, flags, versions FROM message WHERE "+clause+" AND id BETWEEN ? AND ? ORDER BY id",
		append(args, t.ids[from], t.ids[until-1])...)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	window := make([]Row, 0, until-from)
	for rows.Next() {
		var r Row
		var kind, flags int
		if err := rows.Scan(&r.ID, &r.Date, &r.Album, &kind, &flags, &r.Versions); err != nil {
			return nil, readError(err)
		}
		r.Kind, r.Deleted, r.Edited = contentAt(kind), flags&flagDeleted != 0, flags&flagEdited != 0
		window = append(window, r)
	}
	return window, readError(rows.Err())
}

// PositionOf returns the position of a message, or of the first one with a larger id; Count
// if there is none.
func (x *Index) PositionOf(ctx context.Context, p Place, id int) (int, error) {
	t, err := x.timeline(ctx, p)
	if err != nil {
		return 0, err
	}
	at, _ := slices.BinarySearchFunc(t.ids, id, func(have int32, want int) int { return int(have) - want })
	return at, nil
}

// PositionAt returns the position of the first message that is not before a moment, in Unix
// seconds; Count if there is none.
func (x *Index) PositionAt(ctx context.Context, p Place, date int64) (int, error) {
	t, err := x.timeline(ctx, p)
	if err != nil {
		return 0, err
	}
	at := slices.IndexFunc(t.dates, func(d int64) bool { return d >= date })
	if at < 0 {
		at = len(t.dates)
	}
	return at, nil
}

func (p Place) clause(chat int64) (string, []any) {
	switch {
	case p.Saved != "":
		return "chat = ? AND saved = (SELECT n FROM who WHERE account = ? AND peer = ?)", []any{chat, string(p.Account), string(p.Saved)}
	case p.Topic != 0:
		return "chat = ? AND topic = ?", []any{chat, p.Topic}
	}
	return "chat = ?", []any{chat}
}

// timeline returns the timeline of a place as of now.
func (x *Index) timeline(ctx context.Context, p Place) (*timeline, error) {
	x.mu.Lock()
	t, changes := x.timelines[p], x.changes
	x.mu.Unlock()
	if t != nil && t.changes == changes {
		return t, nil
	}
	t, err := x.readTimeline(ctx, p, changes)
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for other := range x.timelines { // any: reading again is cheap enough
		if len(x.timelines) < mostTimelines {
			break
		}
		delete(x.timelines, other)
	}
	x.timelines[p] = t
	return t, nil
}

func (x *Index) readTimeline(ctx context.Context, p Place, changes uint64) (*timeline, error) {
	t := &timeline{changes: changes}
	err := x.db.read.QueryRowContext(ctx, "SELECT coalesce(max(n), 0) FROM who WHERE account = ? AND peer = ?", string(p.Account), string(p.Chat)).Scan(&t.chat)
	if err != nil {
		return nil, readError(err)
	}
	clause, args := p.clause(t.chat)
	rows, err := x.db.read.QueryContext(ctx, "SELECT id, date FROM message WHERE "+clause+" ORDER BY id", args...)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int32
		var date int64
		if err := rows.Scan(&id, &date); err != nil {
			return nil, readError(err)
		}
		t.ids, t.dates = append(t.ids, id), append(t.dates, date)
	}
	return t, readError(rows.Err())
}
