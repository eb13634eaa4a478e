package index

import (
	"context"
	"strconv"

	"telekeep/archive"
)

// Topics returns the ids of the messages of a chat by topic, ascending: the topic is named by
// the id of the message that began it, 1 the general one; in the saved messages, and in the
// direct messages of a channel, by the peer.
func (x *Index) Topics(ctx context.Context, account, chat archive.PeerID) (map[string][]int, error) {
	rows, err := x.db.read.QueryContext(ctx, `SELECT m.id, m.topic, coalesce(s.peer, '') FROM message m LEFT JOIN who s ON s.n = m.saved
		WHERE m.chat = (SELECT n FROM who WHERE account = ? AND peer = ?) ORDER BY m.id`, string(account), string(chat))
	if err != nil {
		return nil, readError(err)
	}
	defer rows.Close()
	topics := make(map[string][]int)
	for rows.Next() {
		var id, topic int
		var saved string
		if err := rows.Scan(&id, &topic, &saved); err != nil {
			return nil, readError(err)
		}
		if saved == "" && account != chat {
			saved = strconv.Itoa(max(topic, 1))
		}
		topics[saved] = append(topics[saved], id)
	}
	return topics, readError(rows.Err())
}
