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

// TestFirstScreen measures how soon a large vault is on the screen, and how it scrolls: LARGE names an
// installation's folder with its owner.key. It fails for what must not be however slow a machine is.
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
	for end := time.Now().Add(5 * time.Minute); !value[bool](b, `fetch('api/state').then((r) => r.json()).then((s) => s.index.ready)`); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the index does not get ready")
		}
	}
	t.Logf("the index is there %d ms after the command; memory then: %s", (time.Since(begun) - waited).Milliseconds(), memory(t, pid))
	for _, pixels := range []int{-60, -600} { // somebody who reads, and who looks for something
		s := value[map[string]float64](b, fmt.Sprintf(scrolls, pixels))
		t.Logf("scrolling 6 s by %d pixels a frame: %.0f frames, half of them within %.1f ms, 99 %% within %.1f ms, all within %.0f ms; at most %.0f elements, %.1f MiB of the page",
			-pixels, s["frames"], s["p50"], s["p99"], s["worst"], s["elements"], s["memory"]/(1<<20))
		if s["blank"] > 0 || s["elements"] > most || s["frames"] < 10 {
			t.Errorf("%.0f frames of %.0f had nothing in them; %.0f elements", s["blank"], s["frames"], s["elements"])
		}
	}
	jumps := value[[]float64](b, `(async () => {
		const chat = location.hash.split('/')[2], times = [];
		const total = (await (await fetch('api/window?count=1&chat=' + chat)).json()).total;
		for (let i = 0; i < 100; i++) {
			const from = Math.floor((total * ((i * 37) % 100)) / 100), at = performance.now();
			const w = await (await fetch('api/window?count=80&chat=' + chat + '&from=' + from)).json();
			times.push(performance.now() - at);
			if (w.messages.length !== 80 || w.messages[79].place !== w.from + 79) return [];
		}
		times.sort((a, b) => a - b);
		return [times[50], times[99]];
	})()`)
	if len(jumps) != 2 {
		t.Fatal("80 messages were asked for, and others came")
	}
	t.Logf("80 messages from anywhere: half of the times within %.0f ms, always within %.0f ms", jumps[0], jumps[1])
	shown := value[[]float64](b, `(async () => {
		const bar = document.querySelector('.bar-side'), times = [];
		const total = Number(bar.getAttribute('aria-valuemax')), box = bar.getBoundingClientRect();
		bar.setPointerCapture = () => {};
		for (let i = 0; i < 30; i++) {
			const share = ((i * 11 + 5) % 30) / 30, before = performance.now();
			for (const type of ['pointerdown', 'pointerup']) bar.dispatchEvent(new PointerEvent(type, {clientY: box.top + box.height * share, pointerId: 1, bubbles: true}));
			while (Math.abs(Number(bar.getAttribute('aria-valuenow')) / total - share) > 0.01 || document.querySelector('.rows').getAttribute('aria-busy') === 'true') {
				await new Promise((done) => requestAnimationFrame(done));
				if (performance.now() - before > 10000) return [];
			}
			times.push(performance.now() - before);
		}
		times.sort((a, b) => a - b);
		return [times[15], times[29]];
	})()`)
	if len(shown) != 2 {
		t.Fatal("the bar led nowhere")
	}
	t.Logf("a jump with the bar until it is drawn: half of the times within %.0f ms, always within %.0f ms", shown[0], shown[1])
	b.clean()
}

// scrolls scrolls for 6 seconds by some pixels a frame, and tells how long frames took, how many had no
// message in the middle of the window, and what the page had in it.
const scrolls = `(async () => {
	const s = document.querySelector('.scroller'), times = [], by = %d;
	const end = performance.now() + 6000;
	let last = performance.now(), elements = 0, blank = 0;
	while (performance.now() < end) {
		s.scrollTop += by;
		await new Promise((done) => requestAnimationFrame(done));
		times.push(performance.now() - last);
		last = performance.now();
		elements = Math.max(elements, document.querySelectorAll('.timeline *').length);
		const box = s.getBoundingClientRect();
		const seen = document.elementsFromPoint(box.left + box.width / 2, box.top + box.height / 2);
		if (!seen.some((el) => el.classList.contains('rows'))) blank++;
	}
	times.sort((a, b) => a - b);
	const at = (share) => times[Math.floor(times.length * share)];
	return {frames: times.length, p50: at(0.5), p99: at(0.99), worst: times[times.length - 1], elements, blank, memory: performance.memory.usedJSHeapSize};
})()`

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
