package archive

import "context"

// replayStep is how many records are replayed between two words about it.
const replayStep = 5000

// A replayProgress tells how far the replay of all commits is.
type replayProgress struct {
	report func(done, total int64) // nil: nobody asked
	total  int64                   // bytes of all record streams
	before int64                   // of those that are replayed
	of     int64                   // of the one at hand
}

func newReplayProgress(ctx context.Context, src source, o SnapshotOptions) *replayProgress {
	p := &replayProgress{report: o.Progress}
	if p.report == nil {
		return p
	}
	for _, c := range src.Commits() {
		if !o.counts(c) {
			continue
		}
		if s, err := newRecordStream(ctx, src, c, true); err == nil { // what fails is told by the replay
			p.total += s.startOf(len(s.chunks))
		}
	}
	return p
}

// tell says how far the stream at hand is.
func (p *replayProgress) tell(offset int64) {
	if p.report != nil {
		p.report(p.before+offset, p.total)
	}
}

// next goes on with the stream of the next commit.
func (p *replayProgress) next() {
	p.before += p.of
	p.of = 0
	p.tell(0)
}
