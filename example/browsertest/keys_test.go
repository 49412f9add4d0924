package browsertest

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// write puts text in the message box as an input method does: whole.
func (b *tab) write(text string) {
	b.t.Helper()
	b.do(chromedp.Focus(chromedp.CSS("#message")), chromedp.Func(func(ctx context.Context, page *chromedp.Target) error {
		_, err := cdp.Call(ctx, page, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// say writes a message and presses Enter.
func (b *tab) say(text string) {
	b.t.Helper()
	b.write(text)
	b.enter(0)
}

const shift = 8 // of enter

// enter presses the key, with a modifier or 0. (chromedp.KeyEvent sends the character by itself, also where
// the page has dealt with the key.)
func (b *tab) enter(modifier int64) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, page *chromedp.Target) error {
		key := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Modifiers: modifier, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13, Text: "\r"}
		if _, err := cdp.Call(ctx, page, input.DispatchKeyEvent, key); err != nil {
			return err
		}
		key.Type, key.Text = "keyUp", ""
		_, err := cdp.Call(ctx, page, input.DispatchKeyEvent, key)
		return err
	}))
}

// choose sets a field as its user would.
func (b *tab) choose(field, value string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`{
		const field = document.getElementById(%q);
		field.value = %q;
		field.dispatchEvent(new Event('change', { bubbles: true }));
	}`, field, value)))
}
