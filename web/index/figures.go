package index

import (
	"cmp"
	"context"
	"slices"
	"time"

	"telekeep/archive"
)

// A Day is how many messages a chat had on one day.
type Day struct {
	Day      string // 2026-11-23
	Account  archive.PeerID
	Chat     archive.PeerID
	Messages int
}

// Days counts messages by day and chat, in the order of the days. "" is all accounts or all
// chats. A day is one of the time zone.
func (x *Index) Days(ctx context.Context, account, chat archive.PeerID, zone *time.Location) ([]Day, error) {
	rows, err := x.db.read.QueryContext(ctx, `SELECT w.account, w.peer, q.quarter, q.messages FROM quarter q JOIN who w ON w.n = q.chat
		WHERE (w.account = ? OR ? = '') AND (w.peer = ? OR ? = '')`, string(account), string(account), string(chat), string(chat))
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	sums := make(map[Day]int)
	for rows.Next() {
		var d Day
		var quarter int64
		var messages int
		if err := rows.Scan(&d.Account, &d.Chat, &quarter, &messages); err != nil {
			return nil, readError(err)
		}
		d.Day = time.Unix(quarter*15*60, 0).In(zone).Format(time.DateOnly)
		sums[d] += messages
	}
	days := make([]Day, 0, len(sums))
	for d, n := range sums {
		d.Messages = n
		days = append(days, d)
	}
	slices.SortFunc(days, func(a, b Day) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Chat, b.Chat))
	})
	return days, readError(rows.Err())
}

// A Store is what the files of one kind take that a chat shows.
type Store struct {
	Account archive.PeerID
	Chat    archive.PeerID
	Kind    archive.Content
	Files   int   // different ones
	Bytes   int64 // of them
}

// Storage sums up the stored files by chat and kind, the largest sum first. A file that
// several chats show is in the sum of each.
func (x *Index) Storage(ctx context.Context, account archive.PeerID) ([]Store, error) {
	rows, err := x.db.read.QueryContext(ctx, `SELECT w.account, w.peer, s.kind, count(*), sum(s.size) FROM
			(SELECT DISTINCT shown.chat, shown.kind, media.n, media.size FROM shown JOIN media ON media.n = shown.media WHERE media.stored) s
			JOIN who w ON w.n = s.chat
		WHERE w.account = ? OR ? = '' GROUP BY 1, 2, 3 ORDER BY 5 DESC`, string(account), string(account))
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var stores []Store
	for rows.Next() {
		var s Store
		var kind int
		if err := rows.Scan(&s.Account, &s.Chat, &kind, &s.Files, &s.Bytes); err != nil {
			return nil, readError(err)
		}
		s.Kind = contentAt(kind)
		stores = append(stores, s)
	}
	return stores, readError(rows.Err())
}

// Saved is what it saves that a file is stored once, of those that are stored.
type Saved struct {
	Shown         int   // how often messages show files
	ShownBytes    int64 // what that would take as files of its own
	Files         int   // different by Telegram's own ids
	Bytes         int64
	Contents      int // different by what is in them
	ContentsBytes int64
}

// Saved sums up the files that messages show.
func (x *Index) Saved(ctx context.Context, account archive.PeerID) (Saved, error) {
	var s Saved
	err := x.db.read.QueryRowContext(ctx, `WITH used AS (
			SELECT shown.media, count(*) AS times FROM shown JOIN who w ON w.n = shown.chat WHERE w.account = ? OR ? = '' GROUP BY 1
		), kept AS (SELECT m.n, m.size, m.sha, used.times FROM used JOIN media m ON m.n = used.media WHERE m.stored)
		SELECT coalesce(sum(times), 0), coalesce(sum(times * size), 0), count(*), coalesce(sum(size), 0),
			count(DISTINCT coalesce(sha, n)), coalesce((SELECT sum(size) FROM (SELECT max(size) AS size FROM kept GROUP BY coalesce(sha, n))), 0)
		FROM kept`, string(account), string(account)).Scan(&s.Shown, &s.ShownBytes, &s.Files, &s.Bytes, &s.Contents, &s.ContentsBytes)
	return s, readError(err)
}

// A Count is how many messages belong to a peer.
type Count struct {
	Account  archive.PeerID
	Peer     archive.PeerID
	Name     string // "" if nobody knows it
	Messages int
}

// Chats counts the messages of all chats, the largest count first.
func (x *Index) Chats(ctx context.Context) ([]Count, error) {
	return x.counts(ctx, `SELECT w.account, w.peer, w.name, sum(q.messages) FROM quarter q JOIN who w ON w.n = q.chat GROUP BY q.chat ORDER BY 4 DESC`)
}

// Senders counts who wrote how much in a chat, the largest count first, at most 200.
func (x *Index) Senders(ctx context.Context, account, chat archive.PeerID) ([]Count, error) {
	return x.counts(ctx, `SELECT w.account, w.peer, w.name, count(*) FROM message m JOIN who w ON w.n = m.sender
		WHERE m.chat = (SELECT n FROM who WHERE account = ? AND peer = ?) GROUP BY m.sender ORDER BY 4 DESC LIMIT 200`, string(account), string(chat))
}

func (x *Index) counts(ctx context.Context, query string, args ...any) ([]Count, error) {
	rows, err := x.db.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var counts []Count
	for rows.Next() {
		var c Count
		if err := rows.Scan(&c.Account, &c.Peer, &c.Name, &c.Messages); err != nil {
			return nil, readError(err)
		}
		counts = append(counts, c)
	}
	return counts, readError(rows.Err())
}
