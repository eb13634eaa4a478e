package index

import (
	"context"
	"strings"

	"telekeep/archive"
)

// A Peer is a user, a group or a channel as an account sees it.
type Peer struct {
	Account  archive.PeerID
	ID       archive.PeerID
	Name     string // "" if nobody knows it
	Username string // without the @
	Messages int    // in the chat with it
}

// Find returns whom a text names: by id (channel123), @username, phone (of an account), or
// whole name; case and accents of a name do not count, unless one has just this name.
// Account "" is all.
func (x *Index) Find(ctx context.Context, account archive.PeerID, text string) ([]Peer, error) {
	rows, err := x.db.read.QueryContext(ctx, `SELECT w.account, w.peer, w.name, w.username, w.phone, coalesce(q.messages, 0)
		FROM who w LEFT JOIN (SELECT chat, sum(messages) AS messages FROM quarter GROUP BY chat) q ON q.chat = w.n
		WHERE w.account = ? OR ? = '' ORDER BY w.n`, string(account), string(account))
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var same, alike []Peer
	f := newFolder()
	folded := foldedName(f, text)
	for rows.Next() {
		var p Peer
		var phone string
		if err := rows.Scan(&p.Account, &p.ID, &p.Name, &p.Username, &phone, &p.Messages); err != nil {
			return nil, readError(err)
		}
		switch {
		case p.isCalled(text, phone):
			same = append(same, p)
		case folded != "" && foldedName(f, p.Name) == folded:
			alike = append(alike, p)
		}
	}
	if len(same) == 0 {
		same = alike
	}
	return same, readError(rows.Err())
}

func (p Peer) isCalled(text, phone string) bool {
	return text != "" && (text == string(p.ID) || text == p.Name || p.Username != "" && strings.EqualFold(text, "@"+p.Username) ||
		phone != "" && p.Account == p.ID && strings.TrimPrefix(text, "+") == phone)
}

func foldedName(f *folder, name string) string {
	var words []string
	f.words(name, func(w word) { words = append(words, w.text) })
	return strings.Join(words, " ")
}

// Accounts returns the accounts, as they first appeared.
func (x *Index) Accounts(ctx context.Context) ([]Peer, error) {
	rows, err := x.db.read.QueryContext(ctx, `SELECT account, coalesce(max(CASE WHEN account = peer THEN name END), ''),
		coalesce(max(CASE WHEN account = peer THEN username END), '') FROM who GROUP BY account ORDER BY min(n)`)
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	var accounts []Peer
	for rows.Next() {
		var p Peer
		if err := rows.Scan(&p.Account, &p.Name, &p.Username); err != nil {
			return nil, readError(err)
		}
		p.ID = p.Account
		accounts = append(accounts, p)
	}
	return accounts, readError(rows.Err())
}
