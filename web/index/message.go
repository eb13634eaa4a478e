package index

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"telekeep/archive"
)

// Flags of a message.
const (
	flagDeleted = 1 << iota
	flagLink
)

// A row is a message in the table.
type row struct {
	account, chat int64 // numbers in who
	id            int
	date          int64
	topic         int
	saved, sender int64
	kind, flags   int
	versions      int
	stands        int64 // as standingOf says
	sum, doc      int64
}

// message takes in a message, a new version of one, or one that is there already.
func (w *writer) message(ctx context.Context, p *prepared) error {
	r, err := w.rowOf(ctx, p)
	if err != nil {
		return err
	}
	r.doc = docNumber(r.date, r.id, 0)
	n, err := w.affected(ctx, "INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", r.values()...)
	if err != nil {
		return wrapMessage(r.id, err)
	}
	if n == 1 {
		return wrapMessage(r.id, w.first(ctx, r, p))
	}
	old, err := w.old(ctx, r.chat, r.id)
	if err != nil || old.sum == r.sum {
		return wrapMessage(r.id, err)
	}
	if r.stands < old.stands {
		return wrapMessage(r.id, w.before(ctx, old, r, p))
	}
	return wrapMessage(r.id, w.next(ctx, old, r, p))
}

func (r *row) values() []any {
	return []any{r.chat, r.id, r.date, r.topic, r.saved, r.sender, r.kind, r.flags, r.versions, r.stands, r.sum, r.doc}
}

func (w *writer) rowOf(ctx context.Context, p *prepared) (*row, error) {
	m := p.Message
	r := &row{
		id: m.ID, date: m.Date, topic: m.Topic, sum: p.sum, kind: numberOf(m.Content()), versions: 1, stands: standingOf(p.Record),
	}
	var err error
	for _, peer := range []struct {
		n  *int64
		id archive.PeerID
	}{{&r.account, p.Account}, {&r.chat, p.Chat}, {&r.saved, m.SavedPeer}, {&r.sender, senderOf(p.Account, p.Chat, m)}} {
		if *peer.n, err = w.number(ctx, p.Account, peer.id); err != nil {
			return nil, err
		}
	}
	if w.isGone(owned{p.Account, p.Chat}, r.chat, m.ID) {
		r.flags |= flagDeleted
	}
	if hasLink(m) {
		r.flags |= flagLink
	}
	return r, nil
}

// senderOf is who speaks: the server leaves it out where it goes without saying.
func senderOf(account, chat archive.PeerID, m *archive.Message) archive.PeerID {
	switch {
	case m.From != "":
		return m.From
	case m.Out && chat.Kind() != archive.PeerChannel:
		return account
	}
	return chat
}

func (w *writer) old(ctx context.Context, chat int64, id int) (*row, error) {
	s, err := w.statement(ctx, "SELECT flags, versions, stands, sum, doc FROM message WHERE chat = ? AND id = ?")
	if err != nil {
		return nil, err
	}
	r := new(row)
	return r, s.QueryRowContext(ctx, chat, id).Scan(&r.flags, &r.versions, &r.stands, &r.sum, &r.doc)
}

// first takes in what belongs to a message that was not there yet.
func (w *writer) first(ctx context.Context, r *row, p *prepared) error {
	wanted := r.doc
	if err := w.addDoc(ctx, r, p, 0); err != nil {
		return err
	}
	if r.doc != wanted {
		if err := w.putRow(ctx, r); err != nil {
			return err
		}
	}
	w.quarters[numbered{r.chat, quarterOf(r.date)}]++
	return w.showFiles(ctx, r, p.Message)
}

// next takes in a new version. The one before stays to be found if its text was another.
func (w *writer) next(ctx context.Context, old, r *row, p *prepared) error {
	r.versions = old.versions + 1
	r.flags |= old.flags & flagDeleted
	before, err := w.docAt(ctx, old.doc)
	if err != nil {
		return err
	}
	previous := before.previous
	same := before.body == p.body
	if old.stands < r.stands && saysSame(before.body, p) { // the words of an export, fetched
		same, r.versions = true, old.versions
	}
	if !same {
		previous = before.id
		if err := w.remark(ctx, before, func(m marks) marks { return m.with(markEarlier) }); err != nil {
			return err
		}
		if err := w.exec(ctx, "UPDATE doc SET earlier = 1 WHERE id = ?", before.id); err != nil {
			return err
		}
	} else if err := w.dropDoc(ctx, before.id); err != nil {
		return err
	}
	if err := w.addDoc(ctx, r, p, previous); err != nil {
		return err
	}
	return errors.Join(w.putRow(ctx, r), w.showFiles(ctx, r, p.Message))
}

// before takes in what an export says of a message that is there: as the earliest version, if
// none says the same.
func (w *writer) before(ctx context.Context, old, r *row, p *prepared) error {
	chain, err := w.chain(ctx, old.doc)
	if err != nil || slices.ContainsFunc(chain, func(d *document) bool { return saysSame(d.body, p) }) {
		return err
	}
	r.flags, r.versions = old.flags&flagDeleted|r.flags, 1
	if err := w.addDoc(ctx, r, p, 0); err != nil {
		return err
	}
	added, err := w.docAt(ctx, r.doc)
	if err == nil {
		err = w.remark(ctx, added, func(m marks) marks { return m.with(markEarlier) })
	}
	if err != nil {
		return err
	}
	for _, d := range chain {
		if err := w.exec(ctx, "UPDATE doc SET version = version + 1, previous = CASE previous WHEN 0 THEN ? ELSE previous END WHERE id = ?", r.doc, d.id); err != nil {
			return err
		}
	}
	return errors.Join(
		w.exec(ctx, "UPDATE doc SET earlier = 1 WHERE id = ?", r.doc),
		w.exec(ctx, "UPDATE message SET versions = versions + 1 WHERE chat = ? AND id = ?", r.chat, r.id),
	)
}

// chain are the documents of all versions of a message, the latest first.
func (w *writer) chain(ctx context.Context, doc int64) ([]*document, error) {
	var chain []*document
	for doc != 0 {
		d, err := w.docAt(ctx, doc)
		if err != nil {
			return nil, err
		}
		chain = append(chain, d)
		doc = d.previous
	}
	return chain, nil
}

// saysSame reports whether a body has the words of a message, whatever stands around them:
// exports do not tell everything, and of service messages not the words.
func saysSame(body string, p *prepared) bool {
	return p.Message.Action != nil || wordsSaid(body) == wordsSaid(p.body)
}

func wordsSaid(body string) string {
	var b strings.Builder
	for part, text := range parts(body) {
		if part == PartText {
			b.WriteString(strings.Join(strings.Fields(text), ""))
		}
	}
	return b.String()
}

func (w *writer) putRow(ctx context.Context, r *row) error {
	return w.exec(ctx, "INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", r.values()...)
}

func (w *writer) showFiles(ctx context.Context, r *row, m *archive.Message) error {
	var errs []error
	filesOf(m, func(kind archive.Content, f *archive.File) { errs = append(errs, w.show(ctx, r.chat, r.id, kind, f)) })
	return errors.Join(errs...)
}

// quarterOf is the quarter of an hour that a moment is in. All time zones begin their days
// with one.
func quarterOf(date int64) int64 {
	const quarter = 15 * 60
	if date < 0 {
		return 0
	}
	return date / quarter
}

// A document is what is searched of one version of a message.
type document struct {
	id, previous int64
	body         string
	marks        marks
}

// How the number of a document is made.
const (
	sameMoment     = 10 // bits for those of one second
	maxDate        = 1<<40 - 1
	momentsTried   = 64
	documentsOfOne = 1 << sameMoment
)

func firstDocAt(date int64) int64 { return min(max(date, 0), maxDate) << sameMoment }

// docNumber is the number that a document gets if those of the tries before are taken.
func docNumber(date int64, message int, try int64) int64 {
	return firstDocAt(date) + (int64(message)+try)&(documentsOfOne-1) + try/documentsOfOne*documentsOfOne
}

// addDoc finds a number for a document and writes it and its words.
func (w *writer) addDoc(ctx context.Context, r *row, p *prepared, previous int64) error {
	for try := range int64(documentsOfOne * momentsTried) {
		id := docNumber(r.date, r.id, try)
		n, err := w.affected(ctx, "INSERT OR IGNORE INTO doc VALUES (?, ?, ?, ?, 0, ?, ?, ?)", id, r.chat, r.id, r.versions, previous, p.body, string(r.marks()))
		if err != nil {
			return err
		}
		if n == 1 {
			r.doc = id
			w.addWords(id, p.words, r.marks())
			return nil
		}
	}
	return errNoRoom
}

func (w *writer) docAt(ctx context.Context, id int64) (*document, error) {
	s, err := w.statement(ctx, "SELECT previous, body, marks FROM doc WHERE id = ?")
	if err != nil {
		return nil, err
	}
	d := &document{id: id}
	return d, s.QueryRowContext(ctx, id).Scan(&d.previous, &d.body, &d.marks)
}

func (w *writer) dropDoc(ctx context.Context, id int64) error {
	w.dropWords(id)
	return w.exec(ctx, "DELETE FROM doc WHERE id = ?", id)
}

// remark changes the marks of a document.
func (w *writer) remark(ctx context.Context, d *document, change func(marks) marks) error {
	d.marks = change(d.marks)
	w.dropWords(d.id)
	w.addWords(d.id, wordsOf(w.folder, d.body), d.marks)
	return w.exec(ctx, "UPDATE doc SET marks = ? WHERE id = ?", string(d.marks), d.id)
}

// markDeleted marks a message and its earlier versions, if it is there.
func (w *writer) markDeleted(ctx context.Context, chat int64, id int) error {
	old, err := w.old(ctx, chat, id)
	if errors.Is(err, sql.ErrNoRows) || err == nil && old.flags&flagDeleted != 0 {
		return nil
	}
	if err != nil {
		return wrapMessage(id, err)
	}
	if err := w.exec(ctx, "UPDATE message SET flags = flags | ? WHERE chat = ? AND id = ?", flagDeleted, chat, id); err != nil {
		return err
	}
	chain, err := w.chain(ctx, old.doc)
	for _, d := range chain {
		err = errors.Join(err, w.remark(ctx, d, func(m marks) marks { return m.with(markDeleted) }))
	}
	return wrapMessage(id, err)
}
