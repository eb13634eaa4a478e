package viewer

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// serve starts telekeep serve over an installation as a process of its own, and returns the
// link.
func serve(t *testing.T, dir, key string) string {
	t.Helper()
	link, _ := start(t, dir, key)
	return link
}

func start(t *testing.T, dir, key string) (link string, pid int) {
	t.Helper()
	c := exec.Command(os.Getenv("TELEKEEP"), "serve", "--dir", dir, "-i", key)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			t.Errorf("serve ended with %v", err)
		}
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("serve printed no link")
	}
	go func() {
		for lines.Scan() {
		}
	}()
	return lines.Text(), c.Process.Pid
}

// A browser is a window of a real Chromium, and all that went wrong in it.
type browser struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu     sync.Mutex
	faults []string
	media  []int64 // the status of each answer with media
}

// chromium starts one with a new profile.
func chromium(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(1280, 860), chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("disable-features", "Translate"))
	if path, err := exec.LookPath("chromium"); err == nil {
		options = append(options, chromedp.ExecPath(path))
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, end := context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(end)
	return ctx
}

// open opens a link in a Chromium of its own.
func open(t *testing.T, link string) *browser {
	t.Helper()
	return openIn(t, chromium(t), link)
}

func openIn(t *testing.T, ctx context.Context, link string) *browser {
	t.Helper()
	b := &browser{t: t, ctx: ctx, base: link[:strings.Index(link, "#")]}
	chromedp.ListenTarget(ctx, b.hear)
	b.do(network.Enable(), log.Enable(), runtime.Enable(), page.Enable(), chromedp.Navigate(link))
	b.until("the list of chats", `document.querySelectorAll('.chat').length > 0`)
	return b
}

// hear notes what must never happen.
func (b *browser) hear(event any) {
	fault := ""
	switch e := event.(type) {
	case *page.EventJavascriptDialogOpening:
		fault = "a dialog opened: " + e.Message
		go func() { _ = chromedp.Run(b.ctx, page.HandleJavaScriptDialog(false)) }()
	case *runtime.EventExceptionThrown:
		fault = "a script failed: " + e.ExceptionDetails.Error()
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			for _, arg := range e.Args {
				fault += " " + string(arg.Value)
			}
			fault = "the console says" + fault
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
			fault = fmt.Sprintf("the log says %s %s", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventResponseReceived:
		if strings.Contains(e.Response.URL, "/media/") {
			b.mu.Lock()
			b.media = append(b.media, e.Response.Status)
			b.mu.Unlock()
		}
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, b.base) && !strings.HasPrefix(e.Request.URL, "data:image/svg+xml") { // Chromium draws its own date field with those
			fault = "a request left the viewer: " + e.Request.URL
		}
	}
	if fault != "" {
		b.mu.Lock()
		b.faults = append(b.faults, fault)
		b.mu.Unlock()
	}
}

// clean fails the test for everything that hear noted.
func (b *browser) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		b.t.Error(f)
	}
	b.faults = nil
}

func (b *browser) do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.clean()
		b.t.Fatal(err)
	}
}

// value evaluates a script, waiting for a promise.
func value[T any](b *browser, script string) T {
	b.t.Helper()
	var v T
	b.do(chromedp.Evaluate(script, &v, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return v
}

// until waits for a condition, 15 seconds at most.
func (b *browser) until(what, condition string) {
	b.t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if value[bool](b, "Boolean("+condition+")") {
			return
		}
	}
	b.clean()
	b.shot("failed")
	b.t.Fatalf("waited in vain for %s", what)
}

// at opens an address within the viewer.
func (b *browser) at(hash string) {
	b.t.Helper()
	b.do(chromedp.Evaluate(fmt.Sprintf("location.hash = %q", hash), nil))
}

// shot saves what the window shows, if SHOTS names a folder.
func (b *browser) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("SHOTS")
	if dir == "" {
		return
	}
	time.Sleep(350 * time.Millisecond)
	var data []byte
	b.do(chromedp.CaptureScreenshot(&data))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) window(width, height int64, phone bool) {
	b.do(emulation.SetDeviceMetricsOverride(width, height, 1, phone))
}

func (b *browser) dark(dark bool) {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
}
