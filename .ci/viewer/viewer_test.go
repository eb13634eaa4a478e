package viewer

import (
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// most is how many elements the timeline may have, however long the chat is.
const most = 6000

func large(t *testing.T) *browser {
	t.Helper()
	return open(t, serve(t, os.Getenv("VAULT"), os.Getenv("VAULT")+"/owner.key"))
}

// A chat of many thousand messages from its end to its beginning, with few elements at a time
// and none left out.
func TestScrolls(t *testing.T) {
	t.Parallel()
	b := large(t)
	first := value[float64](b, `performance.getEntriesByName('first-screen')[0].startTime`)
	t.Logf("first screen after %.0f ms", first)
	b.at("#/chat/" + b.largest())
	b.until("messages", `document.querySelectorAll('.row').length > 20`)
	total := value[int](b, `Number(document.querySelector('[role=slider]').getAttribute('aria-valuemax'))`)
	// Going up by a page at a time, each message is met in its place.
	got := value[string](b, `(async () => {
		const s = document.querySelector('.scroller'), seen = new Set();
		let most = 0, still = 0, wait = 0, worst = 0;
		for (let i = 0; i < 4000 && still < 60; i++) {
			const before = performance.now();
			for (const r of document.querySelectorAll('.row')) seen.add(Number(r.dataset.place));
			most = Math.max(most, document.querySelectorAll('.timeline *').length);
			const places = [...document.querySelectorAll('.row')].map((r) => Number(r.dataset.place));
			for (let k = 1; k < places.length; k++) if (places[k] !== places[k - 1] + 1) return 'after ' + places[k - 1] + ' comes ' + places[k];
			const top = s.scrollTop;
			s.scrollTop -= s.clientHeight * 0.9;
			await new Promise((done) => requestAnimationFrame(done));
			worst = Math.max(worst, performance.now() - before);
			still = s.scrollTop === top && top === 0 ? still + 1 : 0;
			if (still) await new Promise((done) => setTimeout(done, 10));
		}
		return JSON.stringify([seen.size, most, Math.min(...seen), Math.round(worst)]);
	})()`)
	var seen, elements, lowest, worst int
	if _, err := fmt.Sscanf(got, "[%d,%d,%d,%d]", &seen, &elements, &lowest, &worst); err != nil {
		t.Fatal(got)
	}
	if seen != total || lowest != 0 || elements > most {
		t.Errorf("%d of %d messages seen, %d elements, the first at %d", seen, total, elements, lowest)
	}
	t.Logf("%d messages, at most %d elements, the longest frame %d ms", seen, elements, worst)
	b.clean()
}

// What is under the eyes stays there when messages come in above.
func TestStaysInPlace(t *testing.T) {
	t.Parallel()
	b := large(t)
	b.at("#/chat/" + b.largest())
	b.until("messages", `document.querySelectorAll('.row').length > 20`)
	moved := value[float64](b, `(async () => {
		const s = document.querySelector('.scroller');
		let worst = 0;
		for (let i = 0; i < 120; i++) {
			s.scrollTop -= 150;
			const box = s.getBoundingClientRect();
			const row = [...document.querySelectorAll('.row')].find((r) => r.getBoundingClientRect().top > box.top);
			const before = row.getBoundingClientRect().top;
			await new Promise((done) => setTimeout(done, 12));
			if (row.isConnected) worst = Math.max(worst, Math.abs(row.getBoundingClientRect().top - before));
		}
		return worst;
	})()`)
	if moved > 2 {
		t.Errorf("messages jumped by %.0f pixels", moved)
	}
	b.clean()
}

func TestJumps(t *testing.T) {
	t.Parallel()
	b := large(t)
	chat := b.largest()
	// A link to a message.
	id := value[int](b, fmt.Sprintf(`fetch('api/window?chat=%s&from=777&count=1').then((r) => r.json()).then((w) => w.messages[0].id)`, chat))
	b.at(fmt.Sprintf("#/chat/%s/%d", chat, id))
	b.until("the message", fmt.Sprintf(`document.activeElement?.closest('.row')?.dataset.id === '%d'`, id))
	b.shot("deep-link")
	// A date.
	b.do(chromedp.Evaluate(`(() => { const d = document.querySelector('.date-field'); d.value = '2023-05-17'; d.dispatchEvent(new Event('change')); })()`, nil))
	b.until("the date", `document.querySelector('.floating').textContent.includes('2023')`)
	day := value[string](b, `(() => { const top = document.querySelector('.scroller').getBoundingClientRect().top; const row = [...document.querySelectorAll('.row')].find((r) => r.getBoundingClientRect().bottom > top + 10); return row.querySelector('time')?.dateTime || ''; })()`)
	if day < "2023-05-16" || day > "2023-06-01" {
		t.Errorf("the date led to %s", day)
	}
	// The bar, by keys.
	b.do(chromedp.Focus(".bar-side"), chromedp.KeyEvent(kb.Home))
	b.until("the first message", `document.querySelector('.row[data-place="0"]')`)
	b.do(chromedp.KeyEvent(kb.End))
	b.until("the newest message", `document.querySelector('.timeline.at-end')`)
	// And by the mouse.
	b.do(chromedp.Evaluate(`(() => {
		const bar = document.querySelector('.bar-side'), box = bar.getBoundingClientRect();
		bar.setPointerCapture = () => {};
		for (const type of ['pointerdown', 'pointerup']) bar.dispatchEvent(new PointerEvent(type, {clientY: box.top + box.height / 2, pointerId: 1, bubbles: true}));
	})()`, nil))
	b.until("the middle", `Math.abs(Number(document.querySelector('[role=slider]').getAttribute('aria-valuenow')) / Number(document.querySelector('[role=slider]').getAttribute('aria-valuemax')) - 0.5) < 0.02`)
	// A link within the chat: what a message answers.
	b.at(fmt.Sprintf("#/chat/%s", chat))
	b.until("the end", `document.querySelector('.timeline.at-end')`)
	b.clean()
}

func TestKeys(t *testing.T) {
	t.Parallel()
	b := large(t)
	b.at("#/chat/" + b.largest())
	b.until("messages", `document.querySelector('.timeline.at-end')`)
	at := func() int {
		return value[int](b, `Number(document.activeElement?.closest('.row')?.dataset.place ?? -1)`)
	}
	b.do(chromedp.KeyEvent("k"))
	first := at()
	b.do(chromedp.KeyEvent("k"), chromedp.KeyEvent("k"))
	if got := at(); first < 0 || got >= first {
		t.Errorf("k leads from %d to %d", first, got)
	}
	b.do(chromedp.KeyEvent("j"))
	if got := at(); got >= first {
		t.Errorf("j leads to %d", got)
	}
	b.do(chromedp.KeyEvent("/"))
	b.until("the field", `document.activeElement.id === 'search'`)
	b.do(chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent(kb.Escape)) // the first clears what the driver typed
	b.until("the field to be left", `document.activeElement.id !== 'search'`)
	b.do(chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent(kb.Escape))
	b.until("the first page", `location.hash === '#/'`)
	b.clean()
}

// Search as you type, with filters, and from a hit to its message.
func TestSearches(t *testing.T) {
	t.Parallel()
	b := large(t)
	b.do(chromedp.Focus("#search"), chromedp.SendKeys("#search", "geregn"))
	b.until("hits", `document.querySelectorAll('.hit mark').length > 5 && !document.querySelector('.indexing')`)
	b.shot("search")
	if bad := value[string](b, `[...document.querySelectorAll('.hit')].find((h) => !/geregn/i.test(h.querySelector('mark')?.textContent))?.textContent || ''`); bad != "" {
		t.Errorf("this was found: %s", bad)
	}
	// All that is found comes, as far as one scrolls.
	b.do(chromedp.Evaluate(`document.querySelector('.results').scrollTop = 1e6`, nil))
	b.until("more hits", `document.querySelectorAll('.hit').length > 45`)
	b.do(chromedp.Evaluate(`document.querySelectorAll('.hit')[42].click()`, nil))
	b.until("the message", `document.querySelector('.lit')?.textContent.toLowerCase().includes('geregn')`)
	b.shot("search-hit")
	// Filters.
	b.do(chromedp.Click(".filter-button"))
	b.until("the chat that is open as a filter", `document.querySelector('.filters select').value === location.hash.split('/')[2]`)
	b.do(chromedp.Evaluate(`(() => { const [where, by, kind] = document.querySelectorAll('.filters select'); where.value = ''; kind.value = 'voice'; document.querySelector('#search').value = ''; kind.dispatchEvent(new Event('change')); })()`, nil))
	b.until("voice messages", `document.querySelectorAll('.hit').length > 3 && !document.querySelector('.hit mark')`)
	b.shot("search-filters")
	if bad := value[int](b, `Promise.all([...document.querySelectorAll('.hit')].slice(0, 8).map(async (hit) => {
		const [, , chat, id] = hit.getAttribute('href').split('/');
		const w = await (await fetch('api/window?count=1&chat=' + chat + '&id=' + id)).json();
		return w.messages.some((m) => m.media?.voice) ? 0 : 1;
	})).then((all) => all.reduce((a, b) => a + b, 0))`); bad != 0 {
		t.Errorf("%d hits are no voice messages", bad)
	}
	b.do(chromedp.Evaluate(`document.querySelector('.clear').click()`, nil))
	b.until("the list of chats", `!document.querySelector('.hit') && document.querySelectorAll('.chat').length > 5`)
	b.at("#/search?q=tyres")
	b.until("hits of a link", `document.querySelectorAll('.hit mark').length > 0 && document.querySelector('#search').value === 'tyres'`)
	b.clean()
}

// The charts show the figures of the archive.
func TestCharts(t *testing.T) {
	t.Parallel()
	b := large(t)
	b.at("#/charts")
	b.until("charts", `document.querySelectorAll('.bars rect').length > 20 && document.querySelectorAll('.ring circle').length > 1 && !document.querySelector('.charts [role=status]')`)
	b.window(1280, 2600, false)
	b.shot("charts")
	sums := value[[]int](b, `Promise.all([fetch('api/chats').then((r) => r.json()), fetch('api/figures').then((r) => r.json())]).then(([c, f]) =>
		[c.accounts[0].chats.reduce((n, c) => n + c.messages, 0), f.days.reduce((n, d) => n + d.messages, 0), f.saved.shown, f.saved.contents])`)
	if sums[0] != sums[1] || sums[0] == 0 {
		t.Errorf("%d messages in the chats, %d on the days", sums[0], sums[1])
	}
	if sums[3] == 0 || sums[2] < sums[3] {
		t.Errorf("%d files are shown, of %d contents", sums[2], sums[3])
	}
	b.window(1280, 860, false)
	b.at("#/charts?chat=" + b.largest())
	b.until("one chat", `document.querySelector('.chart-box.goes')`)
	b.do(chromedp.Click(".chart-box"))
	b.until("what was written then", `document.querySelectorAll('article').length > 5`)
	b.clean()
}

// Every control says what it is to somebody who does not see it, and nothing is wider than a phone.
func TestNamesAndWidths(t *testing.T) {
	t.Parallel()
	b := large(t)
	b.until("previews", `document.querySelector('.chat .preview')?.textContent.trim().length > 1`)
	b.shot("start")
	pages := []string{"#/", "#/health", "#/charts", "#/chat/" + b.largest(), "#/chat/channel1900000001", "#/chat/channel1900000001/60"}
	for _, phone := range []bool{false, true} {
		if phone {
			b.window(390, 844, true)
		}
		for i, page := range pages {
			b.at(page)
			b.until("the page", `document.querySelector('article, .verdict, .welcome, .bars')`)
			b.shot(fmt.Sprintf("page%d-%v", i, phone))
			nameless := value[string](b, `[...document.querySelectorAll('button, a[href], input, select, [role=slider], [role=button]')].filter((el) => el.checkVisibility() &&
				!(el.getAttribute('aria-label') || el.textContent.trim() || el.labels?.length || el.title)).map((el) => el.outerHTML.slice(0, 120)).join('\n')`)
			if nameless != "" {
				t.Errorf("%s: without a name: %s", page, nameless)
			}
			if wide := value[int](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
				t.Errorf("%s: %d pixels too wide (phone: %v)", page, wide, phone)
			}
		}
	}
	b.dark(true)
	b.at("#/chat/channel1900000001/60")
	b.until("dark", `getComputedStyle(document.querySelector('.head')).backgroundColor === 'rgb(23, 32, 42)'`)
	b.shot("phone-dark")
	b.clean()
}

// largest is the chat with the most messages.
func (b *browser) largest() string {
	return value[string](b, `fetch('api/chats').then((r) => r.json()).then((d) => d.accounts[0].chats.sort((a, b) => b.messages - a.messages)[0].id)`)
}
