package viewer

import (
	"encoding/base64"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// TestWriteHostile is how run makes the export that the simulator serves. The film and the
// speech are recorded by the browser that plays them later.
func TestWriteHostile(t *testing.T) {
	dir := os.Getenv("HOSTILE_EXPORT")
	if dir == "" {
		t.Skip("run names the folder")
	}
	ctx := chromium(t)
	record := func(stream, kind string) []byte {
		script := fmt.Sprintf(`(async () => {
			%s
			const recorder = new MediaRecorder(stream, {mimeType: %q, videoBitsPerSecond: 4e6});
			const parts = [];
			recorder.ondataavailable = (e) => parts.push(e.data);
			const ended = new Promise((done) => { recorder.onstop = done; });
			recorder.start();
			await new Promise((done) => setTimeout(done, 2500));
			recorder.stop();
			await ended;
			const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
			let text = '';
			for (const b of bytes) text += String.fromCharCode(b);
			return btoa(text);
		})()`, stream, kind)
		var text string
		wait := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
		if err := chromedp.Run(ctx, chromedp.Evaluate(script, &text, wait)); err != nil {
			t.Fatal(err)
		}
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(data) < 1000 {
			t.Fatalf("%d bytes were recorded: %v", len(data), err)
		}
		return data
	}
	film := record(`const c = document.createElement('canvas'); c.width = 320; c.height = 240;
		const g = c.getContext('2d'); let n = 0;
		setInterval(() => { for (let i = 0; i < 200; i++) { g.fillStyle = 'hsl(' + ((n++ * 37) % 360) + ' 80% 50%)'; g.fillRect((n * 53) % 320, (n * 31) % 240, 24, 18); } }, 30);
		const stream = c.captureStream(25);`, "video/webm;codecs=vp8")
	speech := record(`const a = new AudioContext(); const o = a.createOscillator(); const d = a.createMediaStreamDestination();
		o.connect(d); o.start(); const stream = d.stream;`, "audio/webm;codecs=opus")
	if err := WriteHostile(dir, film, speech); err != nil {
		t.Fatal(err)
	}
}

// Nothing that people sent runs, leaves, or becomes markup, wherever it stands.
func TestHostileAccount(t *testing.T) {
	t.Parallel()
	b := open(t, serve(t, os.Getenv("HOSTILE"), os.Getenv("HOSTILE")+"/owner.key"))
	b.until("previews", `[...document.querySelectorAll('.chat .preview')].every((p) => p.textContent.trim().length > 1)`)
	b.shot("hostile-list")
	b.noMarkup("the list")
	for _, id := range value[[]string](b, `[...document.querySelectorAll('.chat')].map((c) => c.dataset.chat)`) {
		b.at("#/chat/" + id)
		b.until("messages", `document.querySelectorAll('article').length > 1 && document.querySelector('.rows').getAttribute('aria-busy') === 'false'`)
		b.do(chromedp.Evaluate(`document.querySelectorAll('.spoiler, .veil, .start').forEach((el) => el.click())`, nil))
		for range 40 {
			if value[bool](b, `(() => { const s = document.querySelector('.scroller'); s.scrollTop -= 600; return s.scrollTop === 0; })()`) {
				break
			}
		}
		b.shot("hostile-" + id)
		b.noMarkup(id)
		// What a browser would follow on a click.
		for _, href := range value[[]string](b, `[...document.querySelectorAll('a[href]')].map((a) => a.protocol)`) {
			switch href {
			case "http:", "https:", "mailto:", "tel:", "tg:", "ton:":
			default:
				t.Errorf("%s: a link leads to %s", id, href)
			}
		}
	}
	b.at("#/health")
	b.until("health", `document.querySelector('.verdict')`)
	b.noMarkup("health")
	// An attack that comes with a link.
	for _, hash := range []string{`#/chat/"><img src=x onerror=alert(1)>`, `#/chat/user12/<script>`, `#/search?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E`, `#/<script>alert(1)</script>`, `#/chat/%E0%A4%A`, `#/chat/__proto__`, `#/charts?chat=<b>`} {
		b.at(hash)
		b.noMarkup(hash)
	}
	// Of the files, none is a page, whatever the sender called it.
	for _, kind := range []string{"", "text/html", "image/svg+xml", "image/png"} {
		got := value[string](b, fmt.Sprintf(`fetch('api/window?chat=user12&count=200').then((r) => r.json()).then(async (w) => {
			const bad = [];
			for (const key of Object.keys(w.files)) {
				if (w.files[key] !== true) continue;
				const r = await fetch('media/' + key + '?type=' + encodeURIComponent(%q));
				const type = r.headers.get('Content-Type');
				if (type !== 'application/octet-stream' && type !== 'image/png' || !r.headers.get('Content-Security-Policy').startsWith('sandbox')) bad.push(key + ' ' + type);
				if (type !== 'image/png' && !r.headers.get('Content-Disposition').startsWith('attachment')) bad.push(key + ' is shown');
			}
			return bad.join(', ');
		})`, kind))
		if got != "" {
			t.Errorf("as %q: %s", kind, got)
		}
	}
	b.clean()
}

// noMarkup looks for elements and attributes that only an attack could have brought.
func (b *browser) noMarkup(where string) {
	b.t.Helper()
	found := value[string](b, `(() => {
		const bad = [];
		if (document.scripts.length !== 1) bad.push(document.scripts.length + ' scripts');
		for (const el of document.querySelectorAll('*')) {
			for (const a of el.attributes) if (/^on/i.test(a.name)) bad.push(el.tagName + ' ' + a.name);
			if (/^(IFRAME|OBJECT|EMBED|BASE|FORM|FRAME|PORTAL)$/.test(el.tagName)) bad.push(el.tagName);
			if (el.tagName === 'IMG' && !el.src.startsWith(location.origin)) bad.push(el.src);
		}
		return bad.join(', ');
	})()`)
	if found != "" {
		b.t.Errorf("%s: %s", where, found)
	}
}

// A film and a voice message sound and move, in pieces.
func TestPlays(t *testing.T) {
	t.Parallel()
	b := open(t, serve(t, os.Getenv("HOSTILE"), os.Getenv("HOSTILE")+"/owner.key"))
	b.at("#/chat/user16")
	b.until("the film", `document.querySelector('.start')`)
	b.do(chromedp.Click(".start"))
	b.until("the film to move", `document.querySelector('video')?.currentTime > 0.3 && document.querySelector('video').videoWidth === 320`)
	b.shot("film")
	b.do(chromedp.Click(".disc"))
	b.until("the voice", `document.querySelector('audio').currentTime > 0.3`)
	b.until("the film to stop for it", `document.querySelector('video').paused`)
	b.mu.Lock()
	partial := false
	for _, status := range b.media {
		partial = partial || status == 206
	}
	b.mu.Unlock()
	if !partial {
		t.Errorf("no part of a file was asked for: %v", b.media)
	}
	b.clean()
}
