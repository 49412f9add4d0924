package browsertest

import (
	"context"
	"fmt"
	"sync"

	"github.com/chromedp/chromedp"

	"example.com/wsecho/wsecho/wsechotest/await"
)

var closeChromium = func() {}

// chromium starts one browser for all tests.
var chromium = sync.OnceValues(func() (context.Context, error) {
	ctx, cancelAllocator := chromedp.NewExecAllocator(context.Background(),
		chromedp.NoFirstRun,
		chromedp.NoSandbox, // CI runs as root
		chromedp.Headless,
		chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(await.Patience),
		chromedp.IgnoreCertErrors, // -tls signs its own
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		// Several tabs are looked at in turn, and none of them is to fall asleep.
		chromedp.Flag("disable-background-timer-throttling", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.Flag("disable-renderer-backgrounding", true),
	)
	ctx, cancel := chromedp.NewContext(ctx)
	closeChromium = func() { cancel(); cancelAllocator() }
	return ctx, chromedp.Do(ctx)
})

// watchConsole collects what the console shows as wrong: exceptions, errors and warnings,
// failed requests, and what the Content-Security-Policy refused. end fails the test for
// each that it did not provoke.
func (b *tab) watchConsole() (end func()) {
	const last = "the test has ended"
	messages := chromedp.Console(b.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for m, err := range messages {
			if err != nil || m.Text == last {
				return
			}
			if m.IsException() || m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning {
				b.mu.Lock()
				b.errors = append(b.errors, m.Text+" "+m.URL)
				b.mu.Unlock()
			}
		}
	}()
	return func() {
		// What came before this has been seen once this has.
		if err := chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf("console.log(%q)", last))); err != nil {
			b.t.Errorf("the page is gone: %v", err)
			return
		}
		<-ended
	next:
		for _, text := range b.errors {
			for _, pattern := range b.provoked {
				if pattern.MatchString(text) {
					continue next
				}
			}
			b.t.Errorf("the console shows an error: %s", text)
		}
	}
}
