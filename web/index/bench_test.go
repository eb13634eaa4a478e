package index

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"telekeep/archive"
)

// bigLog makes up messages as they are read: 60 chats, one of them with a third of all,
// words as frequent as those of a language, a tenth in Japanese, a tenth with a photo.
type bigLog struct {
	messages int
	commits  int
	extra    int // commits of 100 messages behind them
}

const bigWords = 60_000

func (l *bigLog) Commits() []archive.LogCommit {
	var list []archive.LogCommit
	for i := range l.commits + l.extra {
		list = append(list, archive.LogCommit{Writer: "w", Seq: uint64(i + 1), Hash: strconv.Itoa(i)})
	}
	return list
}

func (l *bigLog) Records(_ context.Context, i int) iter.Seq2[*archive.Record, error] {
	return func(yield func(*archive.Record, error) bool) {
		each := l.messages / l.commits
		from := i * each
		if i >= l.commits {
			from, each = l.messages+100*(i-l.commits), 100
		}
		g := newBigText(uint64(i))
		for n := from; n < from+each; n++ {
			if !yield(g.record(n), nil) {
				return
			}
		}
	}
}

type bigText struct {
	r    *rand.Rand
	zipf *rand.Zipf
}

func newBigText(seed uint64) *bigText {
	r := rand.New(rand.NewPCG(seed, 7))
	return &bigText{r, rand.NewZipf(r, 1.15, 4, bigWords-1)}
}

// bigWord is the nth most frequent word.
func bigWord(n int) string {
	const syllables = "ka to mi re sol ba ne di pu ro ve la so ti gu han wer sta mol rin"
	parts := strings.Fields(syllables)
	var b strings.Builder
	for n += 20; n > 0; n /= len(parts) {
		b.WriteString(parts[n%len(parts)])
	}
	return b.String()
}

func (g *bigText) record(n int) *archive.Record {
	chat := archive.NewPeerID(archive.PeerChannel, int64(1+g.r.IntN(60)))
	if n%3 == 0 {
		chat = "channel1"
	}
	m := &archive.Message{ID: n + 1, Date: 1_500_000_000 + int64(n)*200, From: archive.NewPeerID(archive.PeerUser, int64(10+g.r.IntN(500)))}
	var b strings.Builder
	for range 2 + g.r.IntN(16) {
		if n%10 == 0 {
			b.WriteRune(rune(0x4e00 + g.zipf.Uint64()%2000))
			continue
		}
		b.WriteString(bigWord(int(g.zipf.Uint64())) + " ")
	}
	m.Text.Text = b.String()
	if n%10 == 1 {
		m.Media = &archive.Media{Kind: archive.MediaKindPhoto, File: &archive.File{Key: archive.NewMediaKey(archive.MediaPhoto, int64(n/3)), Size: 100_000}}
	}
	return &archive.Record{Kind: archive.KindMessage, Account: me, Chat: chat, Message: m}
}

// BenchmarkIndex builds an index of INDEX_MESSAGES messages (100,000; in the folder INDEX_DIR,
// or in memory), opens it again with 100 new ones, and looks for what people type.
func BenchmarkIndex(b *testing.B) {
	messages := 100_000
	if n, err := strconv.Atoi(os.Getenv("INDEX_MESSAGES")); err == nil {
		messages = n
	}
	dir := os.Getenv("INDEX_DIR")
	for b.Loop() {
		log := &bigLog{messages: messages, commits: 100}
		start := time.Now()
		x := open(b, dir)
		update(b, x, log)
		report(b, float64(messages)/time.Since(start).Seconds(), "msg/s")
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		report(b, float64(m.Sys)/1e6, "go-MB")
		report(b, float64(peak())/1e6, "peak-MB")
		if dir != "" {
			if err := x.Close(); err != nil {
				b.Fatal(err)
			}
			info, err := os.Stat(filepath.Join(dir, databaseName))
			if err != nil {
				b.Fatal(err)
			}
			report(b, float64(info.Size())/1e6, "file-MB")
			start = time.Now()
			x = open(b, dir)
			log.extra = 1
			update(b, x, log)
			report(b, float64(time.Since(start).Milliseconds()), "again-ms")
		}
		searches(b, x)
	}
}

func report(b *testing.B, value float64, unit string) { b.ReportMetric(value, unit) }

// peak is the most memory that the process had, in bytes; 0 where nobody tells.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kB int64
	_, _ = fmt.Sscan(rest, &kB)
	return kB << 10
}

// searches types words letter by letter, alone and with filters.
func searches(b *testing.B, x *Index) {
	kinds := map[string]func(q *Query){
		"typing":  func(*Query) {},
		"chat":    func(q *Query) { q.Chats = []archive.PeerID{"channel7"} },
		"sender":  func(q *Query) { q.Sender = "user77" },
		"both":    func(q *Query) { q.Chats, q.Sender = []archive.PeerID{"channel7"}, "user77" },
		"kind":    func(q *Query) { q.Kinds = []archive.Content{archive.ContentPhoto} },
		"dates":   func(q *Query) { q.From, q.Until = 1_510_000_000, 1_512_000_000 },
		"deleted": func(q *Query) { q.Deleted = Hide },
	}
	var all []float64
	for name, change := range kinds {
		var times []float64
		g := newBigText(99)
		for range 40 {
			first, second := bigWord(int(g.zipf.Uint64())), bigWord(int(g.zipf.Uint64()))
			text := first + " " + second
			for n := 1; n <= len(text); n++ {
				q := Query{Text: text[:n]}
				change(&q)
				start := time.Now()
				if _, err := x.Search(b.Context(), q); err != nil {
					b.Fatal(err)
				}
				t := float64(time.Since(start).Microseconds()) / 1000
				times = append(times, t)
				if t > 300 && testing.Verbose() {
					b.Logf("%s %q: %.0f ms", name, q.Text, t)
				}
			}
		}
		slices.Sort(times)
		all = append(all, times...)
		b.Logf("%-8s p50 %.1f ms, p99 %.1f ms, most %.1f ms", name, times[len(times)/2], times[len(times)*99/100], times[len(times)-1])
	}
	slices.Sort(all)
	report(b, all[len(all)/2], "p50-ms")
	report(b, all[len(all)*99/100], "p99-ms")
}
