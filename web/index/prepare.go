package index

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"iter"
	"strings"

	"telekeep/archive"
)

// A prepared record is one with what can be worked out of it alone. That is done beside
// the writing.
type prepared struct {
	*archive.Record
	body  string
	words string
	sum   int64
}

type batch struct {
	records  []prepared
	problems int
}

// prepare goes over records in batches, a few ahead of who takes them; the first skip ones
// are left out.
func prepare(ctx context.Context, records iter.Seq2[*archive.Record, error], names *nameList, skip int) iter.Seq[*batch] {
	return func(yield func(*batch) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		batches := make(chan *batch, 2)
		go func() {
			defer close(batches)
			p := &preparer{names: names, folder: newFolder()}
			p.run(ctx, records, skip, batches)
		}()
		for b := range batches {
			if !yield(b) {
				stop()
				for range batches { // until the goroutine has ended
				}
				return
			}
		}
	}
}

type preparer struct {
	names  *nameList
	folder *folder
}

func (p *preparer) run(ctx context.Context, records iter.Seq2[*archive.Record, error], skip int, out chan<- *batch) {
	b := new(batch)
	give := func() bool {
		select {
		case out <- b:
			b = new(batch)
			return true
		case <-ctx.Done():
			return false
		}
	}
	for r, err := range records {
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			b.problems++
			continue
		}
		if skip > 0 {
			skip--
			p.learn(r)
			continue
		}
		b.records = append(b.records, p.prepare(r))
		if len(b.records) == batchRecords && !give() {
			return
		}
	}
	if len(b.records) > 0 || b.problems > 0 {
		give()
	}
}

func (p *preparer) learn(r *archive.Record) {
	if r.Profile != nil && (r.Origin == nil || p.names.name(r.Account, r.Profile.ID) == "") {
		p.names.learn(r.Account, r.Profile)
	}
}

func (p *preparer) prepare(r *archive.Record) prepared {
	p.learn(r)
	r.Raw, r.Line = nil, nil
	if r.Message == nil {
		return prepared{Record: r}
	}
	text := bodyOf(r.Message, func(id archive.PeerID) string { return p.names.name(r.Account, id) })
	return prepared{Record: r, body: text, words: wordsOf(p.folder, text), sum: sumOf(r.Message)}
}

// wordsOf writes the words of a body for SQLite, with a space between.
func wordsOf(f *folder, text string) string {
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	for _, part := range parts(text) {
		if b.Len() > 0 {
			b.WriteString(partBreak + " ")
		}
		f.words(part, func(w word) {
			b.WriteString(w.text)
			b.WriteByte(' ')
		})
	}
	return b.String()
}

// sumOf is a sum of a message that is the same where nothing changed.
func sumOf(m *archive.Message) int64 {
	content, err := json.Marshal(m)
	if err != nil {
		return 0 // no message that was read is like that
	}
	h := fnv.New64a()
	_, _ = h.Write(content)
	return int64(h.Sum64()) //nolint:gosec // the bits are meant
}
