package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// In high contrast the system's colours replace every background: the switch must still show
// where it ends, and which way it is.
func TestForcedColors(t *testing.T) {
	s := start(t)
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			b := open(t, s, look{})
			b.do(chromedp.Func(func(ctx context.Context, page *chromedp.Target) error {
				_, err := cdp.Call(ctx, page, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{
						{Name: "forced-colors", Value: "active"},
						{Name: "prefers-color-scheme", Value: scheme},
						{Name: "prefers-reduced-motion", Value: "reduce"},
					},
				})
				return err
			}))
			off := b.switchColors()
			b.connect()
			b.screenshot("forced-colors-" + scheme)
			on := b.switchColors()
			for state, got := range map[string]switchColors{"off": off, "on": on} {
				if got.ground == got.edge || got.left == got.right {
					t.Errorf("%s, the switch shows %+v", state, got)
				}
			}
			if off.left == on.left && off.right == on.right {
				t.Errorf("on or off, the switch shows %+v", on)
			}
		})
	}
}

// switchColors are those beside the switch, at its edge, and where its thumb is when it is
// off and when it is on.
type switchColors struct{ ground, edge, left, right color.Color }

func (b *tab) switchColors() switchColors {
	b.t.Helper()
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		b.t.Fatal(err)
	}
	box := eval[[]float64](b, `(({ left, right, top, bottom }) => [left, right, top, bottom])(document.getElementById('switch').getBoundingClientRect())`)
	r := image.Rect(int(box[0]), int(box[2]), int(box[1]), int(box[3]))
	mid := (r.Min.Y + r.Max.Y) / 2
	return switchColors{
		ground: img.At(r.Min.X-8, mid),
		edge:   img.At(r.Min.X+r.Dx()/2, r.Min.Y),
		left:   img.At(r.Min.X+r.Dy()/2, mid),
		right:  img.At(r.Max.X-r.Dy()/2, mid),
	}
}

// A screen reader finds every row in a list, and tells the regions apart by their names.
func TestAccessibilityTree(t *testing.T) {
	b := open(t, start(t), look{})
	b.connect()
	b.say("hello")
	b.waitRow("received", "hello")
	b.toggle()
	b.waitState("off")
	b.say("waits")
	tree, err := chromedp.Run(b.ctx, func(ctx context.Context, page *chromedp.Target) ([]*accessibility.Node, error) {
		got, err := cdp.Call(ctx, page, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		return got.Nodes, err
	})
	if err != nil {
		t.Fatal(err)
	}
	roles := map[accessibility.NodeID]string{}
	for _, n := range tree {
		roles[n.NodeID] = word(n.Role)
	}
	items, regions := 0, map[string]string{} // by name
	for _, n := range tree {
		switch role, name := word(n.Role), word(n.Name); role {
		case "listitem":
			if items++; roles[n.ParentID] != "list" {
				t.Errorf("a row is in a %q, not a list", roles[n.ParentID])
			}
		case "region", "log", "complementary":
			if other := regions[name]; other != "" || name == "" {
				t.Errorf("both %s and %s are named %q", other, role, name)
			}
			regions[name] = role
		}
	}
	if want := eval[int](b, `document.querySelectorAll('#talk li').length`); items != want || want != 4 {
		t.Errorf("%d of %d rows are list items, want 4", items, want)
	}
	if len(regions) != 4 {
		t.Errorf("the regions are %q, want the settings, the conversation, its log and the figures", regions)
	}
}

// word is a role or a name, of JSON.
func word(v *accessibility.Value) (s string) {
	if v != nil {
		json.Unmarshal(v.Value, &s)
	}
	return s
}
