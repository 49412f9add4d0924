package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// A tab is one page of its own in the browser.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	errors   []string         // what the console showed
	provoked []*regexp.Regexp // which of it the test wanted
}

// A look is how a page is to be shown.
type look struct {
	language      string // "" is en-US
	scheme        string // "" is light
	width, height int    // 0 is 1280 by 800; less than 900 wide is a phone
	place         string // of the URL, such as #auto
}

// A phone in a hand, one that is small, and one that is held across.
var phone, small, across = look{width: 390, height: 844}, look{width: 320, height: 568}, look{width: 844, height: 390}

// open loads the service's page in a new tab.
func open(t *testing.T, s *service, as look) *tab {
	t.Helper()
	first, err := chromium()
	if err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	ctx, cancel := chromedp.NewContext(first)
	b := &tab{t: t, ctx: ctx}
	end := b.watchConsole()
	t.Cleanup(func() {
		if t.Failed() {
			b.screenshot("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
		}
		end()
		cancel()
	})

	if as.language == "" {
		as.language = "en-US"
	}
	if as.scheme == "" {
		as.scheme = "light"
	}
	size := chromedp.EmulateViewport(1280, 800)
	if as.width > 0 {
		size = chromedp.EmulateViewport(int64(as.width), int64(as.height), chromedp.EmulateMobile,
			chromedp.EmulateTouch, func(m *emulation.SetDeviceMetricsOverrideParams, _ *emulation.SetTouchEmulationEnabledParams) {
				m.DeviceScaleFactor = 2
			})
	}
	version, err := chromedp.CallBrowser(ctx, browser.GetVersion, cdp.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	b.do(
		chromedp.Func(func(ctx context.Context, page *chromedp.Target) error {
			_, err := cdp.Call(ctx, page, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
				UserAgent: version.UserAgent, AcceptLanguage: as.language,
			})
			if err != nil {
				return err
			}
			// Only one tab of a browser is in front; each of these believes that it is.
			_, err = cdp.Call(ctx, page, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
			if err != nil {
				return err
			}
			_, err = cdp.Call(ctx, page, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: as.scheme}},
			})
			return err
		}),
		size,
		chromedp.Navigate(s.url+"/"+as.place),
	)
	b.wait(`document.documentElement.dataset.ready === '' || location.pathname !== '/'`)
	return b
}

// provokes says that the test will make the console show errors that match pattern.
func (b *tab) provokes(pattern string) {
	b.provoked = append(b.provoked, regexp.MustCompile(pattern))
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns the value of an expression.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// wait polls until the expression is true. (chromedp.Poll compiles its expression in the
// page, which the Content-Security-Policy rightly refuses.)
func (b *tab) wait(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(await.Patience); !eval[bool](b, `Boolean(`+expression+`)`); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("not so after %s: %s\nstate: %s\nlog: %q\nqueue: %q", await.Patience,
				expression, b.text("#state"), b.rows(""), b.queue())
		}
	}
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf(`document.querySelector(%q).textContent`, selector))
}

// rows returns the log's messages of one kind (sent, received, note), or all.
func (b *tab) rows(kind string) []string {
	b.t.Helper()
	return eval[[]string](b, fmt.Sprintf(`[...document.querySelectorAll('#log li')]
		.filter((li) => %q === '' || li.className === %[1]q).map((li) => li.querySelector('p').textContent)`, kind))
}

// queue returns the messages that wait.
func (b *tab) queue() []string {
	b.t.Helper()
	return eval[[]string](b, `[...document.querySelectorAll('#queue li p')].map((p) => p.textContent)`)
}

// waitRow waits for a message of that kind that contains text.
func (b *tab) waitRow(kind, text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`[...document.querySelectorAll('#log li.%s p')].some((p) => p.textContent.includes(%q))`, kind, text))
}

func (b *tab) waitState(state string) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`document.getElementById('state').dataset.state === %q`, state))
}

func (b *tab) toggle() {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS("#switch")))
}

func (b *tab) connect() {
	b.t.Helper()
	b.toggle()
	b.connected()
}

// connected waits until the socket is open, and the page has asked what carries it.
func (b *tab) connected() {
	b.t.Helper()
	b.waitState("open")
	b.wait(`document.getElementById('carrier').textContent !== ''`)
}

func (b *tab) checked() bool {
	b.t.Helper()
	return eval[bool](b, `document.getElementById('switch').checked`)
}

func (b *tab) screenshot(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	path := filepath.Join(shots, name+".png")
	if err == nil {
		err = os.WriteFile(path, png, 0o644)
	}
	if err != nil {
		b.t.Errorf("screenshot %s: %v", name, err)
		return
	}
	b.t.Logf("screenshot: %s", path)
}
