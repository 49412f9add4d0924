package browsertest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// The page in each of its states, on each screen, in both languages and themes: nothing is cut off or needs
// sideways scrolling, all of it can be told apart, and axe finds nothing. The screenshots are for people.
func TestLooks(t *testing.T) {
	for screen, size := range map[string]look{"desktop": {}, "phone": phone, "small": small, "across": across} {
		for _, as := range []look{{scheme: "light", language: "en-US"}, {scheme: "dark", language: "zh-CN"}} {
			name := screen + "-" + as.scheme
			t.Run(name, func(t *testing.T) {
				as.width, as.height = size.width, size.height
				s := start(t)
				front := before(t, s, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })

				refused := open(t, front, as)
				refused.provokes(socketFailed)
				refused.toggle()
				refused.waitState("failed")
				refused.wait(`document.getElementById('state').textContent.length > 10`)
				refused.looksRight(name + "-refused")

				b := open(t, s, as)
				b.looksRight(name + "-first")
				b.say("waits for later")
				b.looksRight(name + "-queue")
				b.do(chromedp.Click(chromedp.CSS("#connect")))
				b.waitState("open")
				for _, m := range []string{"Hello from a phone on the train", "你好，这条消息很长，看看它在窄屏幕上怎样换行，会不会挤到外面去。", strings.Repeat("w", 120), "two\nlines", "שלום עולם"} {
					b.write(m)
					b.do(chromedp.Click(chromedp.CSS("#send")))
				}
				b.wait(`document.querySelectorAll('#log .received').length === 6`)
				b.looksRight(name + "-open")
				b.open("#figures")
				b.wait(`document.querySelector('#figures td')`)
				b.looksRight(name + "-figures")
				b.open("#extras")
				b.do(chromedp.Evaluate[chromedp.Void](`{
					document.getElementById('sample').value = 'huge';
					document.getElementById('send-sample').click();
					document.getElementById('code').value = '999';
					document.getElementById('close').click();
				}`))
				b.wait(`document.querySelector('#log li[data-state=refused]')`)
				b.connected()
				b.looksRight(name + "-extras")
				b.open("#settings")
				b.choose("target", "room")
				b.choose("name", "小明")
				b.wait(`document.querySelector('#present:not([hidden])')`)
				b.say("anybody here?")
				b.looksRight(name + "-room")
				b.provokes(socketFailed)
				b.provokes(fetchFailed)
				s.Kill()
				b.waitState("waiting")
				b.say("after the crash")
				b.looksRight(name + "-lost")
			})
		}
	}
}

// The documentation is a page of its own.
func TestLooksOfTheDocumentation(t *testing.T) {
	s := start(t)
	for name, as := range map[string]look{"desktop-help": {place: "help.html"}, "phone-help": {width: 390, height: 844, scheme: "dark", place: "help.html"}} {
		open(t, s, as).looksRight(name)
	}
}

// open opens one of the page's details, and closes its others.
func (b *tab) open(selector string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`for (const d of document.querySelectorAll('details')) {
		d.open = Boolean(d.closest(%q));
	}`, selector)))
}

// looksRight takes a screenshot, and fails the test for what is wrong with what it shows.
func (b *tab) looksRight(name string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`new Promise((frame) => requestAnimationFrame(() => setTimeout(frame)))`, chromedp.EvalAwaitPromise)) // the log scrolls with it
	b.screenshot(name)
	for what, script := range map[string]string{
		"out of sight":              outOfSight,
		"too small for a finger":    tooSmall,
		"hardly told apart":         faint,
		"nobody can use this (axe)": axe(b),
	} {
		got, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
		if err != nil {
			b.t.Fatalf("%s: %v", what, err)
		}
		if len(got) > 0 {
			b.t.Errorf("%s: %s:\n%s", name, what, strings.Join(got, "\n"))
		}
	}
}

// outOfSight lists what a reader would have to scroll sideways for, the box to write in if it is below the
// window, and what covers the conversation.
const outOfSight = `(() => {
	const wrong = [];
	const root = document.documentElement;
	if (root.scrollWidth > root.clientWidth) wrong.push('the page is ' + root.scrollWidth + ' wide');
	const box = (id) => document.getElementById(id)?.getBoundingClientRect();
	const [talk, message, panel] = [box('talk'), box('message'), box('panel')];
	if (!talk) return wrong;
	if (message.bottom > innerHeight) wrong.push('the message box ends at ' + message.bottom);
	if (talk.height < 90) wrong.push('the conversation is ' + talk.height + ' high');
	if (panel.top < message.bottom && panel.left < message.right) wrong.push('the figures cover the message box');
	if (root.scrollHeight > Math.max(innerHeight, document.body.scrollHeight)) wrong.push('the document is ' + root.scrollHeight + ' high, for ' + innerHeight);
	return wrong;
})()`

// tooSmall lists the controls that a finger may miss (WCAG 2.2, 2.5.8 asks for 24 px).
const tooSmall = `[...document.querySelectorAll('input, select, textarea, button, summary')]
	.filter((el) => el.checkVisibility() && el.getBoundingClientRect().height < 28)
	.map((el) => el.outerHTML)`

// faint lists the controls and bubbles whose edge and ground are both less than 3:1 against what is around
// them (WCAG 2.2, 1.4.11).
const faint = `(() => {
	const light = (color) => {
		const [r, g, b] = color.match(/[\d.]+/g).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
	const clear = (color) => /rgba\(.*, 0\)/.test(color);
	const ground = (el) => { // what is painted behind it
		while (el && clear(getComputedStyle(el).backgroundColor)) el = el.parentElement;
		return getComputedStyle(el || document.body).backgroundColor;
	};
	return [...document.querySelectorAll('input, select, textarea, button:not(.quiet), #talk li:not(.note) p')]
		.filter((el) => el.checkVisibility() && !el.matches(':disabled'))
		.map((el) => {
			const style = getComputedStyle(el);
			const around = ground(el.parentElement);
			const edge = parseFloat(style.borderTopWidth) > 0 && !clear(style.borderTopColor) ? ratio(style.borderTopColor, around) : 0;
			return [Math.max(edge, ratio(ground(el), around)), el];
		})
		.filter(([best]) => best < 3)
		.map(([best, el]) => best.toFixed(2) + ' ' + el.outerHTML.slice(0, 100));
})()`

// axeCore is the library's text, from npm.
var axeCore = sync.OnceValues(func() ([]byte, error) {
	return os.ReadFile(filepath.Join("node_modules", "axe-core", "axe.min.js"))
})

// axe returns a script that lists what axe finds, once the library is in the page.
func axe(b *tab) string {
	b.t.Helper()
	text, err := axeCore()
	if err != nil {
		b.t.Fatalf("run npm ci in example/browsertest first: %v", err)
	}
	if !eval[bool](b, `'axe' in window`) {
		b.do(chromedp.Evaluate[chromedp.Void](string(text) + `; undefined`))
	}
	return `axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) =>
		id + ': ' + help + ': ' + nodes.map(({ html, failureSummary }) => html.slice(0, 120) + ' ' + failureSummary).join('; ')))`
}
