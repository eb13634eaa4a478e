package systemd

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

func TestHandler(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(NewHandler(&out, slog.LevelInfo))
	log.Debug("not told")
	log.Info("begun", "accounts", 2)
	log.With("account", "main").WithGroup("copy").Warn("slow", "level", 3)
	log.Error("ended", "error", "two\nlines")
	want := `<6>msg=begun accounts=2
<4>msg=slow account=main copy.level=3
<3>msg=ended error="two\nlines"
`
	if out.String() != want {
		t.Errorf("wrote\n%swant\n%s", out.String(), want)
	}
	out.Reset()
	slog.New(NewHandler(&out, slog.LevelDebug)).Debug("told")
	if out.String() != "<7>msg=told\n" {
		t.Errorf("wrote %q", out.String())
	}
}

// Lines of many goroutines stay whole.
func TestHandlerConcurrent(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(NewHandler(&out, slog.LevelInfo))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				log.With("a", 1).Info("one")
			}
		})
	}
	group.Wait()
	if n := strings.Count(out.String(), "<6>msg=one a=1\n"); n != 400 {
		t.Errorf("%d whole lines of 400", n)
	}
}

func TestStderrIsJournal(t *testing.T) {
	t.Setenv("JOURNAL_STREAM", "1:1") // another file than any stream of a test
	if StderrIsJournal() {
		t.Error("standard error of a test is no journal")
	}
}
