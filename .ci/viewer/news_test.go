package viewer

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// writeChat writes an export of one chat with the messages from one id to another.
func writeChat(t *testing.T, dir string, from, to int) {
	t.Helper()
	messages := []object{}
	for id := from; id <= to; id++ {
		text := fmt.Sprintf("This is message %d.", id)
		messages = append(messages, object{"id": id, "type": "message", "date": "2024-01-01T00:00:00", "date_unixtime": strconv.Itoa(1704067200 + 60*id), "from": "Ida", "from_id": "user21",
			"text": text, "text_entities": []object{{"type": "plain", "text": text}}})
	}
	data, err := json.Marshal(messages)
	if err == nil { // in the order that Telegram Desktop has
		err = os.WriteFile(filepath.Join(dir, "result.json"), fmt.Appendf(nil, `{"name": "Club", "type": "private_supergroup", "id": 77, "messages": %s}`, data), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What is added to the vault while somebody reads is told, shown on request, and moves nothing: not
// even if it stands before what is in view.
func TestNews(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	work := filepath.Join(dir, "t")
	call := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(os.Getenv("TELEKEEP"), args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	add := func(from, to int) {
		t.Helper()
		writeChat(t, dir, from, to)
		call("import", "--dir", work, "--account", "user7", dir)
	}
	call("init", "--dir", work)
	add(1001, 1300)
	b := open(t, serve(t, work, filepath.Join(work, "owner.key")))
	b.at("#/chat/channel77/1100")
	b.until("the message", `document.querySelector('.lit')?.textContent.includes('message 1100.')`)
	at := `document.querySelector('.row[data-id="1100"]').getBoundingClientRect().top`
	before := value[float64](b, at)

	add(901, 1000)
	b.until("the news", `!document.querySelector('.news').hidden && document.querySelector('.news button')`)
	b.shot("news")
	b.do(chromedp.Evaluate(`document.querySelector('.news button').click()`, nil))
	b.until("what is new", `document.querySelector('.head').textContent.includes('400 messages') && document.querySelector('.row[data-id="1100"]')?.dataset.place === '199'`)
	if moved := value[float64](b, at) - before; moved < -2 || moved > 2 {
		t.Errorf("the message that was read moved by %.0f pixels", moved)
	}
	if value[bool](b, `!document.querySelector('.news').hidden`) {
		t.Error("what is shown is still told as new")
	}

	// Who reads the newest message sees the one that follows it.
	b.at("#/chat/channel77")
	b.do(chromedp.Focus(".bar-side"), chromedp.Evaluate(`document.querySelector('.newest').click()`, nil))
	b.until("the end", `document.querySelector('.timeline.at-end')`)
	add(1301, 1302)
	b.until("more news", `!document.querySelector('.news').hidden`)
	b.do(chromedp.Evaluate(`document.querySelector('.news button').click()`, nil))
	b.until("the newest message", `document.querySelector('.timeline.at-end .row[data-id="1302"]')`)

	// Who scrolls before that has no message left out, either.
	add(801, 900)
	b.until("news again", `!document.querySelector('.news').hidden`)
	got := value[string](b, `(async () => {
		const s = document.querySelector('.scroller'), seen = new Set();
		for (let i = 0, still = 0; i < 3000 && still < 40; i++) {
			const rows = [...document.querySelectorAll('.row')].map((r) => Number(r.dataset.id));
			for (let k = 1; k < rows.length; k++) if (rows[k] !== rows[k - 1] + 1) return 'after ' + rows[k - 1] + ' comes ' + rows[k];
			for (const id of rows) seen.add(id);
			const top = s.scrollTop;
			s.scrollTop -= s.clientHeight * 0.8;
			await new Promise((done) => requestAnimationFrame(done));
			still = s.scrollTop === top && top === 0 ? still + 1 : 0;
			if (still) await new Promise((done) => setTimeout(done, 20));
		}
		return seen.size + ' from ' + Math.min(...seen);
	})()`)
	if got != "502 from 801" {
		t.Errorf("seen: %s", got)
	}
	b.clean()
}
