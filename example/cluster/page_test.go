package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// A page whose node is told to end goes on at another by itself: what is said on either side meanwhile is there, once
// and in the same order on both.
func TestPageMovesWithItsNode(t *testing.T) {
	p := startProgram(t, 2, "-nodes", "2")
	browser := startBrowser(t)
	one, two := openPage(t, browser, p.node[0].addr), openPage(t, browser, p.node[1].addr)
	for i, tab := range []*page{one, two} {
		tab.wait(fmt.Sprintf("document.getElementById('node').textContent === %q", p.node[i].addr))
		tab.wait("document.getElementById('here').textContent.startsWith('guest-')")
	}
	one.say("hello")
	two.hears("hello")

	ending, err := os.FindProcess(p.node[0].pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := ending.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		one.say(fmt.Sprintf("one %d", i))
		two.say(fmt.Sprintf("two %d", i))
	}
	one.wait(fmt.Sprintf("document.getElementById('node').textContent === %q", p.node[1].addr))
	one.say("moved")
	for _, tab := range []*page{one, two} {
		tab.hears("moved")
		tab.wait("document.querySelectorAll('#log .waiting').length === 0")
		tab.wait("document.querySelectorAll('#log li:not(.note):not(.waiting)').length >= 42") // what two has said may come behind
	}
	said := one.words()
	if other := two.words(); said != other {
		t.Errorf("one page shows\n%s\nthe other\n%s", said, other)
	}
	for i := range 20 {
		for _, who := range []string{"one", "two"} {
			if n := strings.Count(said+"\n", fmt.Sprintf(": %s %d\n", who, i)); n != 1 {
				t.Errorf("%s %d is there %d times", who, i, n)
			}
		}
	}
	if strings.Contains(one.notes()+two.notes(), "missing") {
		t.Errorf("a page says that something may be missing: %s", one.notes()+two.notes())
	}
}

// page is a tab of the browser.
type page struct {
	t   *testing.T
	ctx context.Context
}

func startBrowser(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*await.Patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, chromedp.NoFirstRun, chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(await.Patience),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-background-timer-throttling", true), // both tabs are to stay awake
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.Flag("disable-renderer-backgrounding", true))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	return ctx
}

func openPage(t *testing.T, browser context.Context, addr string) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	tab := &page{t, ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate("http://"+addr+"/")); err != nil {
		t.Fatal(err)
	}
	return tab
}

// wait waits until a condition of the page holds.
func (p *page) wait(condition string) {
	p.t.Helper()
	await.Poll(p.t, condition+"; it notes "+p.notes(), func() bool { return p.text(condition) == "true" })
}

func (p *page) say(text string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.SendKeys(chromedp.CSS("input"), text+kb.Enter)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) hears(text string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("[...document.querySelectorAll('#log li:not(.waiting)')].some((li) => li.textContent.endsWith(%q))", ": "+text))
}

// words returns the messages that have come, one a line.
func (p *page) words() string { return p.lines("#log li:not(.note):not(.waiting)") }

// notes returns what the page says itself.
func (p *page) notes() string { return p.lines("#log .note") }

func (p *page) lines(selector string) string {
	return p.text(fmt.Sprintf("[...document.querySelectorAll(%q)].map((li) => li.textContent).join('\\n')", selector))
}

// text returns what an expression of the page is, as a string.
func (p *page) text(expression string) string {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}
