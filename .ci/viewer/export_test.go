package viewer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// exported opens a page of an export as a file, with no network in between: whatever asks for
// something outside of the folder is a fault.
func exported(t *testing.T, dir, name string) *browser {
	t.Helper()
	if dir == "" {
		t.Fatal("run names no export")
	}
	b := &browser{t: t, ctx: chromium(t), base: "file://" + dir + "/"}
	chromedp.ListenTarget(b.ctx, b.hear)
	b.do(network.Enable(), log.Enable(), runtime.Enable(), page.Enable(), chromedp.Navigate(b.base+name))
	return b
}

// page opens another page of the same export.
func (b *browser) page(name string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + name))
}

// pagesOf are all pages of an export.
func pagesOf(t *testing.T, dir string) []string {
	t.Helper()
	var pages []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && strings.HasSuffix(path, ".html") && !strings.Contains(path, "/files/") {
			name, _ := filepath.Rel(dir, path)
			pages = append(pages, name)
		}
		return err
	})
	if err != nil || len(pages) < 5 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	return pages
}

// The pages of an export: a thousand messages each, linked in order, no wider than a phone, dark where
// the system is, and searched without a network.
func TestExportedPages(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("PAGES")
	b := exported(t, dir, "export_results.html")
	b.shot("export-start")
	// Every message of the longest chat stands on one page, and each page leads to the next.
	longest := ""
	for _, p := range pagesOf(t, dir) {
		if strings.HasSuffix(p, "/messages3.html") {
			longest = filepath.Dir(p)
		}
	}
	if longest == "" {
		t.Fatal("no chat has three pages")
	}
	total := 0
	for n := 1; ; n++ {
		name := "messages.html"
		if n > 1 {
			name = fmt.Sprintf("messages%d.html", n)
		}
		b.page(longest + "/" + name)
		got := value[map[string]any](b, `({
			messages: document.querySelectorAll('.message:not([id^="message-"])').length,
			next: document.querySelector('a.pagination[href="messages`+fmt.Sprint(n+1)+`.html"]') !== null,
		})`)
		count := int(got["messages"].(float64))
		total += count
		if got["next"] == true && count != 1000 || count > 1000 || count == 0 {
			t.Errorf("%s has %d messages", name, count)
		}
		if n == 1 {
			b.shot("export-chat")
		}
		if got["next"] != true {
			break
		}
	}
	t.Logf("%s: %d messages", longest, total)
	if _, err := os.Stat(filepath.Join(dir, longest, fmt.Sprintf("messages%d.html", total/1000+2))); err == nil {
		t.Error("there is a page that no page leads to")
	}
	// An album is one message, its pictures side by side.
	album := ""
	for _, p := range pagesOf(t, dir) {
		if data, err := os.ReadFile(filepath.Join(dir, p)); err != nil {
			t.Fatal(err)
		} else if strings.Contains(string(data), `data-album="`) {
			album = p
		}
	}
	if album == "" {
		t.Fatal("no page has an album")
	}
	b.page(album)
	b.until("the album", `document.querySelectorAll('.media_wrap.album').length > 0`)
	b.do(chromedp.Evaluate(`document.querySelector('.media_wrap.album').scrollIntoView({block: 'center'})`, nil))
	if !value[bool](b, `[...document.querySelectorAll('.media_wrap.album')].some((a) => { const tops = [...a.children].map((c) => c.getBoundingClientRect().top); return tops.length > 1 && tops[0] === tops[1]; })`) {
		t.Errorf("%s: no album has pictures side by side", album)
	}
	b.shot("export-album")
	b.page(longest + "/messages.html")
	// Colours and widths.
	brightness := `(() => { const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number); return r + g + b; })()`
	if light := value[int](b, brightness); light < 600 {
		t.Errorf("light pages have a background of %d", light)
	}
	b.dark(true)
	if dark := value[int](b, brightness); dark > 200 {
		t.Errorf("dark pages have a background of %d", dark)
	}
	b.shot("export-dark")
	b.window(390, 844, true)
	for _, p := range []string{"export_results.html", "search.html", "lists/chats.html", longest + "/messages.html"} {
		b.page(p)
		b.shot("export-phone-" + strings.NewReplacer("/", "-", ".html", "").Replace(p))
		if wide := value[int](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("%s is %d pixels too wide for a phone", p, wide)
		}
	}
	b.window(1280, 860, false)
	b.dark(false)
	// The search finds words, and a hit leads to its message.
	b.page("search.html#q=geregn")
	b.until("hits", `document.querySelectorAll('#search_results a[href*="#"]').length > 2`)
	b.shot("export-search")
	b.do(chromedp.Evaluate(`document.querySelector('#search_results a[href*="#"]').click()`, nil))
	b.until("the message", `location.hash.startsWith('#go_to_') || location.hash.startsWith('#message')`)
	b.until("its words", `/geregn/i.test(document.querySelector(location.hash.replace('go_to_', ''))?.textContent || '')`)
	b.clean()
}

// Nothing that people sent runs, leaves, or becomes markup in a page of an export either.
func TestHostileExport(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("HOSTILE_PAGES")
	b := exported(t, dir, "export_results.html")
	scripts := `[...document.scripts].map((s) => s.src).filter((s) => !/^file:.*\/(js\/(script|search)|search\/[a-z0-9_\/]+)\.js$/.test(s)).join(' ')`
	for _, p := range pagesOf(t, dir) {
		b.page(p)
		b.do(chromedp.Evaluate(`document.querySelectorAll('.spoiler, details > summary').forEach((el) => el.click())`, nil))
		if strings.Contains(p, "messages") {
			b.shot("export-hostile-" + strings.NewReplacer("/", "-", ".html", "").Replace(p))
		}
		if foreign := value[string](b, scripts); foreign != "" {
			t.Errorf("%s has scripts that are not its own: %s", p, foreign)
		}
		if bad := value[string](b, `[...document.querySelectorAll('iframe, object, embed, base, frame, img[onerror], svg[onload], meta[http-equiv=refresh]')].map((el) => el.outerHTML.slice(0, 80)).join(' ')`); bad != "" {
			t.Errorf("%s: %s", p, bad)
		}
		for _, protocol := range value[[]string](b, `[...new Set([...document.querySelectorAll('a[href]')].map((a) => a.protocol))]`) {
			switch protocol {
			case "file:", "http:", "https:", "mailto:", "tel:", "tg:", "ton:":
			case ":": // no address at all, like https://javascript:alert(15): it leads nowhere
			default:
				t.Errorf("%s: a link leads to %s", p, protocol)
			}
		}
		if away := value[string](b, `[...document.querySelectorAll('a[href^="file:"]')].filter((a) => !a.href.startsWith(`+fmt.Sprintf("%q", b.base)+`)).map((a) => a.href).join(' ')`); away != "" {
			t.Errorf("%s: a link leads out of the folder: %s", p, away)
		}
	}
	for _, q := range []string{"alert", "img", "javascript", `<img src=x onerror=alert(1)>`} {
		b.page("search.html")
		b.do(chromedp.Evaluate(fmt.Sprintf(`document.getElementById('query').value = %q; document.getElementById('search_form').requestSubmit()`, q), nil))
		b.until("an answer", `document.getElementById('search_status').textContent.trim() !== '' && !/…/.test(document.getElementById('search_status').textContent)`)
		if bad := value[int](b, `document.querySelectorAll('#search_results img[src="x"], #search_results script, #search_results svg').length`); bad > 0 {
			t.Errorf("%q finds markup", q)
		}
	}
	b.shot("export-hostile-search")
	b.clean()
}
