package index

import (
	"context"
	"database/sql"
	"math"
	"strconv"
	"strings"

	"telekeep/archive"
)

// A Cursor says where a page of hits ended. It is good for the same query.
type Cursor string

// A Page is some of the hits of a query, the newest first.
type Page struct {
	Hits []Hit
	Next Cursor // "" if there are no more
	// Total is how many documents fit, counted up to MostCounted; More says that there are
	// more than that. Only the first page has them.
	Total int
	More  bool
}

// MostCounted is up to which number hits are counted.
const MostCounted = 1000

// A Hit is a version of a message that fits a query.
type Hit struct {
	Account    archive.PeerID
	Chat       archive.PeerID
	ChatName   string // "" if nobody knows it
	ID         int
	Topic      int
	Date       int64 // Unix seconds
	Sender     archive.PeerID
	SenderName string
	Kind       archive.Content
	Deleted    bool
	Earlier    bool // the message says something else now
	Version    int  // of the message, from 1
	Versions   int
	Part       Part   // where Snippet is from
	Snippet    []Span // the text around what was found, or the beginning
}

const (
	usualHits = 50
	mostHits  = 200
)

// Search finds messages, the newest first.
func (x *Index) Search(ctx context.Context, q Query) (*Page, error) {
	if q.Limit <= 0 {
		q.Limit = usualHits
	}
	q.Limit = min(q.Limit, mostHits)
	terms := parseText(q.Text, q.Exact)
	where, ok, err := x.where(ctx, q, terms)
	if err != nil || !ok {
		return &Page{}, err
	}
	page := &Page{}
	if page.Hits, page.Next, err = x.hits(ctx, where, q, terms); err != nil {
		return nil, err
	}
	if q.Before == "" {
		if page.Total = len(page.Hits); page.Next != "" {
			page.Total, err = x.total(ctx, where)
		}
		if page.More = page.Total > MostCounted; page.More {
			page.Total = MostCounted
		}
	}
	return page, err
}

// A condition is what a query is for SQLite.
type condition struct {
	match       string // "" fits everything
	from, until int64  // numbers of documents
}

// table is where the numbers of documents come from.
func (c condition) table() (name, column, clause string, args []any) {
	if c.match == "" {
		return "doc", "id", "", nil
	}
	return "words", "rowid", "words MATCH ? AND ", []any{c.match}
}

// where translates a query; false if nothing can fit.
func (x *Index) where(ctx context.Context, q Query, terms []term) (condition, bool, error) {
	c := condition{until: math.MaxInt64}
	if q.From > 0 {
		c.from = firstDocAt(q.From)
	}
	if q.Until != 0 {
		c.until = firstDocAt(q.Until)
	}
	if q.Before != "" {
		before, err := strconv.ParseInt(string(q.Before), 36, 64)
		if err != nil {
			return c, false, nil
		}
		c.until = min(c.until, before)
	}
	var must, not []string
	for _, t := range terms {
		if t.not {
			not = append(not, t.expression())
		} else {
			must = append(must, t.expression())
		}
	}
	marked, unmarked, ok, err := x.filters(ctx, q)
	if err != nil || !ok {
		return c, false, err
	}
	must, not = append(must, marked...), append(not, unmarked...)
	if len(must) == 0 && len(not) > 0 { // NOT needs something to take away from
		everything, err := x.everything(ctx)
		if err != nil || everything == "" {
			return c, false, err
		}
		must = append(must, everything)
	}
	c.match = match(must, not)
	return c, true, nil
}

// filters writes the filters of a query as marks; false if nothing has them.
func (x *Index) filters(ctx context.Context, q Query) (must, not []string, ok bool, err error) {
	for _, f := range []struct {
		letter string
		peers  []archive.PeerID
	}{{markAccount, given(q.Account)}, {markChat, q.Chats}, {markSender, given(q.Sender)}, {markSaved, given(q.Saved)}} {
		var marks []string
		for _, peer := range f.peers {
			more, err := x.peerMarks(ctx, f.letter, q.Account, peer)
			if err != nil {
				return nil, nil, false, err
			}
			marks = append(marks, more...)
		}
		switch {
		case len(f.peers) == 0:
		case len(marks) == 0:
			return nil, nil, false, nil
		default:
			must = append(must, anyOf(marks))
		}
	}
	if q.Topic != 0 {
		must = append(must, markExpression(numberedMark(markTopic, q.Topic)))
	}
	if len(q.Kinds) > 0 {
		var kinds []string
		for _, k := range q.Kinds {
			kinds = append(kinds, markExpression(kindMark(numberOf(k))))
		}
		must = append(must, anyOf(kinds))
	}
	for mark, choice := range map[string]Choice{markDeleted: q.Deleted, markEarlier: q.Earlier} {
		switch choice {
		case Only:
			must = append(must, markExpression(mark))
		case Hide:
			not = append(not, markExpression(mark))
		}
	}
	return must, not, true, nil
}

func given(id archive.PeerID) []archive.PeerID {
	if id == "" {
		return nil
	}
	return []archive.PeerID{id}
}

func anyOf(expressions []string) string {
	if len(expressions) == 1 {
		return expressions[0]
	}
	return "(" + strings.Join(expressions, " OR ") + ")"
}

// peerMarks are the marks of a peer: one for each account that knows it.
func (x *Index) peerMarks(ctx context.Context, letter string, account, peer archive.PeerID) ([]string, error) {
	if letter == markAccount {
		account = peer
	}
	return x.marksOf(ctx, letter, "SELECT n FROM who WHERE peer = ? AND (account = ? OR ? = '')", string(peer), string(account), string(account))
}

// everything is what every document has: the mark of one of the accounts.
func (x *Index) everything(ctx context.Context) (string, error) {
	marks, err := x.marksOf(ctx, markAccount, "SELECT n FROM who WHERE account = peer")
	if len(marks) == 0 {
		return "", err
	}
	return anyOf(marks), err
}

func (x *Index) marksOf(ctx context.Context, letter, query string, args ...any) ([]string, error) {
	rows, err := x.db.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var marks []string
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, readError(err)
		}
		marks = append(marks, markExpression(numberedMark(letter, n)))
	}
	return marks, readError(rows.Err())
}

// hits reads one page.
func (x *Index) hits(ctx context.Context, c condition, q Query, terms []term) ([]Hit, Cursor, error) {
	table, column, clause, args := c.table()
	query := `WITH found (id) AS MATERIALIZED (SELECT ` + column + ` FROM ` + table + ` WHERE ` + clause + column + ` >= ? AND ` + column + ` < ?
			ORDER BY ` + column + ` DESC LIMIT ?)
		SELECT d.id, c.account, c.peer, c.name, d.message, m.topic, m.date, coalesce(s.peer, ''), coalesce(s.name, ''), m.kind, m.flags,
			d.earlier, d.version, m.versions, d.body
		FROM found JOIN doc d ON d.id = found.id JOIN message m ON m.chat = d.chat AND m.id = d.message
			JOIN who c ON c.n = d.chat LEFT JOIN who s ON s.n = m.sender
		ORDER BY d.id DESC`
	rows, err := x.db.read.QueryContext(ctx, query, append(args, c.from, c.until, q.Limit+1)...)
	if err != nil {
		return nil, "", readError(err)
	}
	defer rows.Close()
	var hits []Hit
	var next Cursor
	var last int64
	finder := newFinder(terms)
	for rows.Next() {
		hit, id, err := scanHit(rows, finder)
		if err != nil {
			return nil, "", readError(err)
		}
		if len(hits) == q.Limit {
			next = Cursor(strconv.FormatInt(last, 36))
			break
		}
		last = id
		hits = append(hits, hit)
	}
	return hits, next, readError(rows.Err())
}

func scanHit(rows *sql.Rows, f *finder) (Hit, int64, error) {
	var h Hit
	var id int64
	var kind, flags int
	var text string
	err := rows.Scan(&id, &h.Account, &h.Chat, &h.ChatName, &h.ID, &h.Topic, &h.Date, &h.Sender, &h.SenderName, &kind, &flags,
		&h.Earlier, &h.Version, &h.Versions, &text)
	if err != nil {
		return h, 0, err
	}
	h.Kind = contentAt(kind)
	h.Deleted = flags&flagDeleted != 0
	h.Part, h.Snippet = f.snippet(text)
	return h, id, nil
}

func (x *Index) total(ctx context.Context, c condition) (int, error) {
	table, column, clause, args := c.table()
	query := "SELECT count(*) FROM (SELECT 1 FROM " + table + " WHERE " + clause + column + " >= ? AND " + column + " < ? LIMIT ?)"
	var n int
	err := x.db.read.QueryRowContext(ctx, query, append(args, c.from, c.until, MostCounted+1)...).Scan(&n)
	return n, readError(err)
}
