package archive

import (
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
)

// DrillOptions say how much a drill reads.
type DrillOptions struct {
	// Bytes is about how much media is read: one file at least, if there is one, and as
	// many as fit besides.
	Bytes int64
	// Messages is how many versions of messages are read.
	Messages int
	// Random chooses; nil means anew each time.
	Random *rand.Rand
}

// A DrillReport says what a drill read, and what of that cannot be restored.
type DrillReport struct {
	Records   int   // all that there are: every one was read and decoded when the snapshot was opened
	Media     int   // files that were read whole, and have the hash that was stored with them
	MediaOf   int   // files that there are
	Bytes     int64 // of the files that were read
	Messages  int   // versions of messages that were read
	MessageOf int   // that there are
	// Problems lists those of the snapshot, and what the drill could not read.
	Problems []Problem
}

// Drill restores a random sample of the archive from end to end and keeps nothing of it: it
// opens the packs, checks each chunk against its id, puts files together and compares them
// with their hash, and decodes records. An error is that ctx ended; what cannot be read is
// a Problem.
func (s *Snapshot) Drill(ctx context.Context, o DrillOptions) (*DrillReport, error) {
	if o.Random == nil {
		o.Random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	report := &DrillReport{Records: s.records, MediaOf: len(s.media), Problems: slices.Clone(s.problems)}
	for _, key := range s.sampleMedia(o) {
		n, err := s.drillMedia(ctx, key)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			report.Problems = append(report.Problems, Problem{"media " + string(key), err})
			continue
		}
		report.Media, report.Bytes = report.Media+1, report.Bytes+n
	}
	return report, s.drillMessages(ctx, o, report)
}

// sampleMedia chooses files.
func (s *Snapshot) sampleMedia(o DrillOptions) []MediaKey {
	keys := slices.Sorted(maps.Keys(s.media))
	o.Random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	var chosen []MediaKey
	room := o.Bytes
	for i, key := range keys {
		size := s.media[key].size
		if i > 0 && size > room {
			continue
		}
		chosen, room = append(chosen, key), room-size
	}
	return chosen
}

// drillMedia reads one file to its end, where its size and hash are compared.
func (s *Snapshot) drillMedia(ctx context.Context, key MediaKey) (int64, error) {
	r, err := s.OpenMedia(ctx, key)
	if err != nil {
		return 0, err
	}
	defer r.Close() // read only
	return io.Copy(io.Discard, r)
}

// drillMessages reads versions of messages, of all chats alike.
func (s *Snapshot) drillMessages(ctx context.Context, o DrillOptions, report *DrillReport) error {
	var logs []*chatLog
	for _, account := range s.order {
		a := s.accounts[account]
		for _, id := range a.order {
			logs = append(logs, a.chats[id])
			report.MessageOf += len(a.chats[id].refs)
		}
	}
	chosen := sampleOf(report.MessageOf, o.Messages, o.Random)
	reader, first := s.recordReader(ctx), 0
	for _, c := range logs {
		var picks []pick
		for len(chosen) > 0 && chosen[0] < first+len(c.refs) {
			picks = append(picks, pick{ref: c.refs[chosen[0]-first], number: 1, count: 1})
			chosen = chosen[1:]
		}
		first += len(c.refs)
		c.load(reader, picks)
		for _, p := range picks {
			if p.err != nil {
				report.Problems = append(report.Problems, Problem{"a message", p.err})
				continue
			}
			report.Messages++
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// sampleOf chooses n different numbers below total, ascending; all if there are no more.
func sampleOf(total, n int, random *rand.Rand) []int {
	if n >= total {
		all := make([]int, total)
		for i := range all {
			all[i] = i
		}
		return all
	}
	chosen := make(map[int]bool, n)
	for len(chosen) < n {
		// The last of each range stands in for one that was chosen already (Floyd).
		last := total - n + len(chosen)
		pick := random.IntN(last + 1)
		if chosen[pick] {
			pick = last
		}
		chosen[pick] = true
	}
	return slices.Sorted(maps.Keys(chosen))
}
