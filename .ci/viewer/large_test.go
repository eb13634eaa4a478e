package viewer

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestFirstScreen measures how soon a large vault is on the screen, and how it scrolls. It is for
// people who want figures: LARGE names an installation's folder with its owner.key.
func TestFirstScreen(t *testing.T) {
	dir := os.Getenv("LARGE")
	if dir == "" {
		t.Skip("LARGE names no installation")
	}
	begun := time.Now()
	link, pid := start(t, dir, filepath.Join(dir, "owner.key"))
	printed := time.Since(begun)
	ctx := chromium(t)
	if err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil { // the browser's own start is not counted
		t.Fatal(err)
	}
	waited := time.Since(begun) - printed
	b := openIn(t, ctx, link)
	t.Logf("the link after %d ms, the list of chats %d ms after the command", printed.Milliseconds(), (time.Since(begun) - waited).Milliseconds())
	t.Logf("memory then: %s", memory(t, pid))
	chat := b.largest()
	at := time.Now()
	b.at("#/chat/" + chat)
	b.until("messages", `document.querySelectorAll('article').length > 20`)
	t.Logf("%d messages in all; the chat with most, %s, after %d ms", value[int](b, `fetch('api/chats').then((r) => r.json()).then((d) => d.accounts[0].chats.reduce((n, c) => n + c.messages, 0))`),
		value[string](b, `document.querySelector('[role=slider]').getAttribute('aria-valuetext')`), time.Since(at).Milliseconds())
	got := value[[]float64](b, `(async () => {
		const s = document.querySelector('.scroller'), times = [];
		const end = performance.now() + 10000;
		let last = performance.now(), most = 0;
		while (performance.now() < end) {
			s.scrollTop -= 60;
			await new Promise((done) => requestAnimationFrame(done));
			times.push(performance.now() - last);
			last = performance.now();
			most = Math.max(most, document.querySelectorAll('.timeline *').length);
		}
		times.sort((a, b) => a - b);
		return [times.length, times[Math.floor(times.length * 0.5)], times[Math.floor(times.length * 0.99)], most];
	})()`)
	t.Logf("scrolling 10 s by 60 pixels a frame: %.0f frames, half of them within %.1f ms, 99 %% within %.1f ms; at most %.0f elements", got[0], got[1], got[2], got[3])
	jumps := value[[]float64](b, `(async () => {
		const chat = location.hash.split('/')[2], times = [];
		const total = (await (await fetch('api/window?count=1&chat=' + chat)).json()).total;
		for (let i = 0; i < 40; i++) {
			const at = performance.now();
			await (await fetch('api/window?count=80&chat=' + chat + '&from=' + Math.floor((total * ((i * 37) % 40)) / 40))).json();
			times.push(performance.now() - at);
		}
		times.sort((a, b) => a - b);
		return [times[20], times[39]];
	})()`)
	t.Logf("80 messages from anywhere: half of the times within %.0f ms, always within %.0f ms", jumps[0], jumps[1])
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end) && !value[bool](b, `fetch('api/state').then((r) => r.json()).then((s) => s.index.ready)`); {
		time.Sleep(200 * time.Millisecond)
	}
	t.Logf("the index is there %d ms after the command; memory then: %s", (time.Since(begun) - waited).Milliseconds(), memory(t, pid))
	b.clean()
}

// memory is what a process has of its own.
func memory(t *testing.T, pid int) string {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			return fmt.Sprintf("%d MiB", kib>>10)
		}
	}
	return "unknown"
}
